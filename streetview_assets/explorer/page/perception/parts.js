import { element } from '../elements.js';
import { thumbnail } from '../views/sprites.js';

/** @typedef {import('../study/data.js').Study} Study */

/**
 * What is told of a quality, of an image as in `image_perception`.
 * @typedef {object} Quality
 * @property {string} quality
 * @property {number|null} score what people say, where they rated the image itself
 * @property {number|null} predicted
 * @property {number|null} lower
 * @property {number|null} upper
 * @property {number|null} interval_level
 * @property {string|null} reason why nothing is predicted
 */

const rows = /** @type {WeakMap<Study, Map<string, number>>} */ (new WeakMap());

/**
 * Shows an image of the study: its thumbnail, else itself; one that is nowhere is told of.
 * @param {Study} study @param {string} id @param {number} sidePx
 */
export function shown(study, id, sidePx) {
  if (!rows.has(study)) rows.set(study, new Map(study.ids.map((one, row) => [one, row])));
  const row = rows.get(study)?.get(id);
  const link = (/** @type {Node} */ image) => (row === undefined ? image : element('a', { href: `index.html#image=${encodeURIComponent(id)}`, title: `Image ${id}` }, image));
  if (row !== undefined && study.hasThumbnail?.[row]) {
    const drawn = thumbnail(study, row, sidePx);
    drawn.setAttribute('role', 'img');
    drawn.setAttribute('aria-label', `Image ${id}`);
    return link(drawn);
  }
  return link(element('img', { alt: `Image ${id}`, src: `image/${encodeURIComponent(id)}`, loading: 'lazy' }));
}

/** A score as it is read. @param {number|null|undefined} value */
export const told = (value) => (typeof value === 'number' ? value.toFixed(2) : '');

/** An interval as it is read; empty of none. @param {{lower: number|null, upper: number|null, interval_level: number|null}} of */
export const interval = (of) => (of.lower === null || of.upper === null ? '' : `${told(of.lower)} to ${told(of.upper)}`);

/** @param {{interval_level: number|null}[]} all */
export function levelOf(all) {
  const known = all.find((one) => one.interval_level !== null);
  return known ? `${Math.round(100 * /** @type {number} */ (known.interval_level))} % interval` : 'interval';
}

/** Says what went wrong. @param {string} text */
export const fault = (text) => element('p', { class: 'fault', role: 'alert' }, text);
