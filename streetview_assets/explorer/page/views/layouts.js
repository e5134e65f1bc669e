import { inSpace, monthText } from '../study/data.js';
import { groupLabel } from '../study/painting.js';

/**
 * A layout: where each image lies, and the words on it.
 * @typedef {object} Layout
 * @property {Float32Array} places three numbers an image
 * @property {boolean} isSpace whether the third is more than nought
 * @property {{text: string, place: [number, number]}[]} words
 */

/**
 * A layout that can be chosen.
 * @typedef {object} Choice
 * @property {string} name
 * @property {string} meaning what it says, and what it does not
 * @property {() => Layout} make
 */

const GAP = 2;
/** Between two blocks, in images. */

/**
 * Lists all layouts: those that were reckoned, blocks and rows, and the places themselves.
 * @param {import('../study/data.js').Study} study
 * @param {import('../study/state.js').State} state
 * @returns {Choice[]}
 */
export function allLayouts(study, state) {
  const { meaning } = study.about;
  const reckoned = study.layouts.map((one) => ({ name: one.name, meaning, make: () => ({ ...one, words: [] }) }));
  const asOnMap = { name: 'as on the map', meaning: 'Where each image was taken.', make: () => scaled({ places: study.place, words: [] }) };
  return [...reckoned, ...grids(study, state), asOnMap];
}

/**
 * Lists the layouts that need nothing but what is known of images: blocks of a group, of a year, rows in order.
 * @param {import('../study/data.js').Study} study
 * @param {import('../study/state.js').State} state
 * @returns {Choice[]}
 */
function grids(study, state) {
  const grouped = ['cluster', 'category', 'authority'].filter((name) => study.coded[name].texts.length > 1);
  const made = grouped.map((name) => ({
    name: `blocks: ${name}`,
    meaning: `A block a ${name}; places in a block mean nothing.`,
    make: () => scaled(blocks(study.coded[name].codes, study.coded[name].texts.map((text) => groupLabel(study, state, name, text)))),
  }));
  if (study.month.some(Boolean)) {
    made.push({ name: 'blocks: year', meaning: 'A block a year of capture; places in a block mean nothing.', make: () => scaled(byYear(study)) });
  }
  for (const one of study.areas.values.filter((value) => ['target', 'perceived'].includes(value.kind))) {
    made.push({
      name: `in order: ${one.label}`,
      meaning: `Row by row from the least ${one.label} of the area to the most; areas without one come last.`,
      make: () => scaled(inOrder(study, one.values)),
    });
  }
  return made;
}

/** @param {import('../study/data.js').Study} study */
function byYear(study) {
  const years = Array.from(study.month, (month) => (month ? Number(monthText(month).slice(0, 4)) : 0));
  const known = [...new Set(years)].sort((a, b) => a - b);
  return blocks(years.map((year) => known.indexOf(year)), known.map((year) => (year ? String(year) : 'unknown')));
}

/**
 * Lays images out in a square for each group, the largest first, row by row.
 * @param {ArrayLike<number>} codes
 * @param {string[]} texts
 */
function blocks(codes, texts) {
  const rows = texts.map(() => /** @type {number[]} */ ([]));
  const places = new Float32Array(2 * codes.length).fill(NaN);
  for (let row = 0; row < codes.length; row += 1) rows[codes[row]]?.push(row);
  const order = texts.map((_, code) => code).filter((code) => rows[code].length);
  order.sort((one, other) => rows[other].length - rows[one].length);
  const area = order.reduce((sum, code) => sum + (Math.ceil(Math.sqrt(rows[code].length)) + GAP) ** 2, 0);
  const across = Math.ceil(Math.sqrt(area));
  const words = [];
  let [left, top, tallest] = [0, 0, 0];
  for (const code of order) {
    const side = Math.ceil(Math.sqrt(rows[code].length));
    if (left && left + side > across) [left, top, tallest] = [0, top + tallest + 2 * GAP, 0];
    rows[code].forEach((row, at) => {
      places[2 * row] = left + (at % side);
      places[2 * row + 1] = -(top + Math.floor(at / side));
    });
    words.push({ text: texts[code], place: /** @type {[number, number]} */ ([left, -(top - GAP / 2)]) });
    left += side + GAP;
    tallest = Math.max(tallest, side);
  }
  return { places, words };
}

/**
 * Lays images out row by row as a value of their areas rises; those without one come last.
 * @param {import('../study/data.js').Study} study
 * @param {Float32Array} values
 */
function inOrder(study, values) {
  const { codes } = study.coded.area;
  const value = (/** @type {number} */ row) => (Number.isFinite(values[codes[row]]) ? values[codes[row]] : Infinity);
  const rows = Array.from({ length: study.count }, (_, row) => row);
  rows.sort((one, other) => value(one) - value(other) || one - other);
  const side = Math.ceil(Math.sqrt(study.count));
  const places = new Float32Array(2 * study.count);
  rows.forEach((row, at) => {
    places[2 * row] = at % side;
    places[2 * row + 1] = -Math.floor(at / side);
  });
  return { places, words: [] };
}

/**
 * Brings places to the size of other layouts, so that one leads into the other.
 * @param {{places: Float32Array, words: Layout['words']}} layout two numbers an image
 * @returns {Layout}
 */
function scaled({ places, words }) {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < places.length; at += 2) {
    if (!Number.isFinite(places[at])) continue;
    left = Math.min(left, places[at]);
    right = Math.max(right, places[at]);
    bottom = Math.min(bottom, places[at + 1]);
    top = Math.max(top, places[at + 1]);
  }
  const size = Math.max(right - left, top - bottom) / 2 || 1;
  const [x, y] = [(left + right) / 2, (bottom + top) / 2];
  return {
    isSpace: false,
    places: inSpace(places.map((place, at) => (place - (at % 2 ? y : x)) / size)),
    words: words.map(({ text, place }) => ({ text, place: [(place[0] - x) / size, (place[1] - y) / size] })),
  };
}
