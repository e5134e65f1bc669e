import { monthText } from './data.js';

/**
 * A layout: where each image lies on the plane, and the words on it.
 * @typedef {object} Layout
 * @property {string} name
 * @property {Float32Array} places
 * @property {{text: string, place: [number, number]}[]} words
 */

const GAP = 2;
/** Between two blocks, in images. */

/**
 * Lists the layouts that need nothing but what is known of images: blocks of a group, of a year.
 * @param {import('./data.js').Study} study
 * @param {(column: string, text: string) => string} nameOf
 * @returns {{name: string, make: () => Layout}[]}
 */
export function grids(study, nameOf) {
  const grouped = ['cluster', 'category', 'authority'].filter((name) => study.coded[name].texts.length > 1);
  const made = grouped.map((name) => ({
    name: `blocks: ${name}`,
    make: () => blocks(`blocks: ${name}`, study.coded[name].codes, study.coded[name].texts.map((text) => nameOf(name, text))),
  }));
  if (Array.from(study.month).some(Boolean)) {
    made.push({ name: 'blocks: year', make: () => byYear(study) });
  }
  for (const one of study.areas.values.filter((/** @type {any} */ value) => value.key !== 'image_count')) {
    const name = `in order: ${one.label}`;
    made.push({ name, make: () => inOrder(name, study, one.values) });
  }
  return made;
}

/** @param {import('./data.js').Study} study */
function byYear(study) {
  const years = Array.from(study.month, (month) => (month ? Number(monthText(month).slice(0, 4)) : 0));
  const known = [...new Set(years)].sort((a, b) => a - b);
  return blocks('blocks: year', years.map((year) => known.indexOf(year)), known.map((year) => (year ? String(year) : 'unknown')));
}

/**
 * Lays images out in a square for each group, the largest first, row by row.
 * @param {string} name
 * @param {ArrayLike<number>} codes
 * @param {string[]} texts
 * @returns {Layout}
 */
function blocks(name, codes, texts) {
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
  return { name, places, words };
}

/**
 * Lays images out row by row as a value of their areas rises; those without one come last.
 * @param {string} name
 * @param {import('./data.js').Study} study
 * @param {Float32Array} values
 * @returns {Layout}
 */
function inOrder(name, study, values) {
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
  return { name, places, words: [] };
}

/**
 * Leads images from one layout to another.
 * @param {Float32Array} from
 * @param {Float32Array} to
 * @param {(places: Float32Array) => void} show
 */
export function animate(from, to, show) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (still || from.length !== to.length || !from.length) {
    show(to);
    return;
  }
  const began = performance.now();
  const step = (/** @type {number} */ now) => {
    const share = Math.min(1, (now - began) / 700);
    if (share >= 1) {
      show(to);
      return;
    }
    const eased = share * share * (3 - 2 * share);
    show(from.map((place, at) => (Number.isFinite(place) ? place + (to[at] - place) * eased : to[at])));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/**
 * Brings places to the size of other layouts, so that one leads into the other.
 * @param {Layout} layout
 * @returns {Layout}
 */
export function scaled(layout) {
  const { places } = layout;
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
    ...layout,
    places: places.map((place, at) => (place - (at % 2 ? y : x)) / size),
    words: layout.words.map(({ text, place }) => ({ text, place: [(place[0] - x) / size, (place[1] - y) / size] })),
  };
}
