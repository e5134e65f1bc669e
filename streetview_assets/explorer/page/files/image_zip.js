import { fullAddress } from '../study/full_image.js';
import { thumbnailReady } from '../views/sprites.js';
import { factsOf } from './facts.js';
import { csvOf } from './formats.js';
import { zipped } from './zip.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

export const MOST_ZIPPED = 2000;
const SUFFIXES = /** @type {Record<string, string>} */ ({ 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' });
const THUMBNAIL_PX = 64;

/**
 * Packs images, full where they are to be had and else as thumbnails, with whose they are.
 * @param {Study} study @param {State} state @param {number[]} rows
 * @param {(done: number) => void} tell
 * @returns {Promise<{content: Uint8Array[], failed: number}>}
 */
export async function zipImages(study, state, rows, tell) {
  const files = [];
  for (const [done, row] of rows.entries()) {
    const blob = (await full(study, row)) ?? (await small(study, row));
    const name = study.ids[row].replaceAll(/[^\w-]/g, '_');
    if (blob) files.push({ name: `${name}.${SUFFIXES[blob.type] ?? 'bin'}`, content: new Uint8Array(await blob.arrayBuffer()) });
    tell(done + 1);
  }
  const text = (/** @type {string} */ name, /** @type {string} */ content) => ({ name, content: new TextEncoder().encode(content) });
  const credit = text('CREDIT.txt', `${study.about.credit}\nWhose each image is stands in images.csv.\n`);
  const about = text('images.csv', csvOf(rows.map((row) => factsOf(study, state, row))));
  return { content: zipped([...files, about, credit]), failed: rows.length - files.length };
}

/** @param {Study} study @param {number} row @returns {Promise<Blob|null>} */
async function full(study, row) {
  const address = fullAddress(study, row);
  const answer = address ? await fetch(address).catch(() => null) : null;
  return answer?.ok ? answer.blob() : null;
}

/** @param {Study} study @param {number} row @returns {Promise<Blob|null>} */
async function small(study, row) {
  if (!study.hasThumbnail?.[row]) return null;
  const canvas = await thumbnailReady(study, row, THUMBNAIL_PX);
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}
