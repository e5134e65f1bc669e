import { codes, numbers } from './data.js';

/**
 * What moves the predictions of areas, the farthest first; by the place of the area.
 * @typedef {object} Influences
 * @property {Map<number, {row: number, change: number}[]>} images
 * @property {Map<number, {label: string, change: number}[]>} words
 */

/** @param {any} told @returns {Promise<Influences|null>} */
export async function loadInfluences(told) {
  if (!told) return null;
  const [area, change, row, wordArea, wordChange, label] = await Promise.all([
    numbers(told.images.area), numbers(told.images.change), numbers(told.images.row),
    numbers(told.words.area), numbers(told.words.change), codes(told.words.label),
  ]);
  return {
    images: byArea(area, (at) => ({ row: row[at], change: change[at] })),
    words: byArea(wordArea, (at) => ({ label: label.texts[label.codes[at]], change: wordChange[at] })),
  };
}

/** @template T @param {ArrayLike<number>} areas @param {(at: number) => T} told @returns {Map<number, T[]>} */
function byArea(areas, told) {
  const found = new Map();
  for (let at = 0; at < areas.length; at += 1) {
    if (!found.has(areas[at])) found.set(areas[at], []);
    found.get(areas[at]).push(told(at));
  }
  return found;
}
