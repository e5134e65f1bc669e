/** Sprites of thumbnails, loaded when they are looked at and forgotten when they are not. */

const MOST = 24;
const loaded = /** @type {Map<string, ImageBitmap>} */ (new Map());
const loading = /** @type {Set<string>} */ (new Set());
const listeners = /** @type {((isLoading: number) => void)[]} */ ([]);

/** @param {(loading: number) => void} listener told when sprites are asked for and when one has come, and how many are on their way */
export const onSprite = (listener) => listeners.push(listener);
const tell = () => listeners.forEach((listener) => listener(loading.size));

/**
 * Gives a sprite, or null while it is on its way.
 * @param {string} file
 */
export function sprite(file) {
  const found = loaded.get(file);
  if (found) {
    loaded.delete(file);
    loaded.set(file, found);
    return found;
  }
  if (!loading.has(file)) {
    loading.add(file);
    load(file).finally(() => { loading.delete(file); tell(); });
  }
  return null;
}

/** @param {string} file */
async function load(file) {
  const answer = await fetch(file);
  if (!answer.ok) return;
  loaded.set(file, await createImageBitmap(await answer.blob()));
  for (const old of loaded.keys()) {
    if (loaded.size <= MOST) break;
    loaded.get(old)?.close();
    loaded.delete(old);
  }
}

/**
 * Says where the thumbnail of an image is.
 * @param {any} atlas the part `atlas` of the manifest
 * @param {number} row
 * @param {number} cellPx
 */
export function cellOf(atlas, row, cellPx) {
  const number = row % atlas.cells;
  return {
    file: atlas.sprites[String(cellPx)][Math.floor(row / atlas.cells)],
    x: (number % atlas.cellsAcross) * cellPx,
    y: Math.floor(number / atlas.cellsAcross) * cellPx,
  };
}

/**
 * Draws the thumbnail of an image on a canvas of its own.
 * @param {import('../study/data.js').Study} study
 * @param {number} row
 * @param {number} sidePx
 * @param {string} [alt] what it is called where nothing beside it says so
 * @returns {HTMLCanvasElement}
 */
export function thumbnail(study, row, sidePx, alt = '') {
  const canvas = document.createElement('canvas');
  canvas.width = sidePx;
  canvas.height = sidePx;
  canvas.className = 'thumbnail';
  canvas.setAttribute('role', 'img');
  if (alt) canvas.setAttribute('aria-label', alt); else canvas.setAttribute('aria-hidden', 'true');
  if (study.hasThumbnail?.[row]) drawOn(canvas, study, row);
  return canvas;
}

/**
 * Draws the thumbnail of an image, and waits until it is drawn.
 * @param {import('../study/data.js').Study} study
 * @param {number} row
 * @param {number} sidePx
 */
export async function thumbnailReady(study, row, sidePx) {
  const canvas = document.createElement('canvas');
  canvas.width = sidePx;
  canvas.height = sidePx;
  await drawOn(canvas, study, row);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {import('../study/data.js').Study} study @param {number} row */
async function drawOn(canvas, study, row) {
  const { atlas } = study.manifest;
  const cellPx = Math.max(...atlas.cellsPx);
  const cell = cellOf(atlas, row, cellPx);
  const draw = (/** @type {CanvasImageSource} */ source) => canvas.getContext('2d')?.drawImage(
    source, cell.x, cell.y, cellPx, cellPx, 0, 0, canvas.width, canvas.height,
  );
  const there = loaded.get(cell.file);
  if (there) draw(there); else await drawnLater(cell.file, draw);
}

const waiting = /** @type {Map<string, ((source: CanvasImageSource) => void)[]>} */ (new Map());
let isDecoding = false;

/** Draws of a sprite that is not there, when it is its turn. @param {string} file @param {(source: CanvasImageSource) => void} draw */
function drawnLater(file, draw) {
  return new Promise((done) => {
    waiting.set(file, [...(waiting.get(file) ?? []), (source) => { draw(source); done(undefined); }]);
    if (!isDecoding) decodeWaiting();
  });
}

/** Decodes sprites one after the other, each for all who draw of it: one takes 16 MB. */
async function decodeWaiting() {
  isDecoding = true;
  try {
    for (const file of waiting.keys()) {
      try {
        const bitmap = await createImageBitmap(await (await fetch(file)).blob());
        waiting.get(file)?.forEach((draw) => draw(bitmap));
        bitmap.close();
      } finally {
        waiting.delete(file);
      }
    }
  } finally {
    isDecoding = false;
  }
}
