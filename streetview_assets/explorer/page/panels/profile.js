import { element } from '../elements.js';
import { groupLabel, valueLabel } from '../study/painting.js';
import { brief, percent } from './wording.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const COLUMNS = ['cluster', 'category', 'authority'];
const MOST_GROUPS = 8;
const MOST_VALUES = 12;
const WIDE = 100;

/**
 * Compares some images with all: the groups that they are of, and the areas that they lie in.
 * @param {Study} study @param {State} state @param {number[]} rows
 * @param {string} [without] a column by which they were chosen, that tells nothing
 */
export function profile(study, state, rows, without = '') {
  const columns = COLUMNS.filter((name) => name !== without && study.coded[name].texts.length > 1);
  return element('div', { class: 'profile' },
    ...columns.map((name) => shares(study, state, name, rows)), words(study, rows), means(study, state, rows));
}

/**
 * The share of each group here and of all, those that differ most first.
 * @param {Study} study @param {State} state @param {string} name @param {number[]} rows
 */
function shares(study, state, name, rows) {
  const { codes, texts } = study.coded[name];
  const [mine, all] = [new Float64Array(texts.length + 1), new Float64Array(texts.length + 1)];
  for (let row = 0; row < study.count; row += 1) all[codes[row]] += 1 / study.count;
  for (const row of rows) mine[codes[row]] += 1 / rows.length;
  const order = texts.map((_, code) => code).filter((code) => mine[code] || all[code]);
  order.sort((one, other) => Math.abs(mine[other] - all[other]) - Math.abs(mine[one] - all[one]));
  const most = Math.max(...mine, ...all);
  const left = order.length - MOST_GROUPS;
  return table(name, [...order.slice(0, MOST_GROUPS).map((code) => line(
    groupLabel(study, state, name, texts[code]), percent(mine[code]), percent(all[code]), bars(mine[code] / most, all[code] / most))),
  left > 0 ? element('tr', {}, element('th', { scope: 'row', colspan: 4, class: 'hint' }, `${left} more differ less`)) : null]);
}

/** The words that fit better here than over all, where words were chosen. @param {Study} study @param {number[]} rows */
function words(study, rows) {
  const found = (study.words ?? []).map(({ text, values }) => {
    const told = (/** @type {Iterable<number>} */ of) => [...of].flatMap((row) => (Number.isFinite(values[row]) ? [values[row]] : []));
    return { text, here: mean(told(rows)), all: mean(told(values.keys())) };
  }).filter(({ here }) => Number.isFinite(here));
  if (!found.length) return null;
  found.sort((one, other) => Math.abs(other.here - other.all) - Math.abs(one.here - one.all));
  return table('words, mean cosine', found.slice(0, MOST_GROUPS).map(({ text, here, all }) => line(text, here.toFixed(3), all.toFixed(3), null)));
}

/**
 * The mean of what is known of the areas that images lie in, and where it lies among those of all images.
 * @param {Study} study @param {State} state @param {number[]} rows
 */
function means(study, state, rows) {
  const { codes } = study.coded.area;
  const lines = study.areas.values.filter((one) => ['target', 'perceived'].includes(one.kind)).map((one) => {
    const mine = known(one.values, codes, rows);
    if (!mine.length) return null;
    const all = inOrder(one.values, codes);
    const here = mean(mine);
    const above = all.findIndex((other) => other >= here);
    return line(valueLabel(state, one), brief(here), brief(mean(all)), strip(above < 0 ? 1 : above / all.length));
  });
  return lines.some(Boolean) ? table('areas, mean', lines.slice(0, MOST_VALUES)) : null;
}

const ordered = /** @type {WeakMap<Float32Array, number[]>} */ (new WeakMap());
/** A value of the areas of all images, in order; the same each time. @param {Float32Array} values @param {any} codes */
function inOrder(values, codes) {
  const found = ordered.get(values) ?? known(values, codes, codes.keys()).sort((a, b) => a - b);
  ordered.set(values, found);
  return found;
}

/** @param {Float32Array} values @param {any} codes @param {Iterable<number>} rows */
function known(values, codes, rows) {
  const found = [];
  for (const row of rows) if (Number.isFinite(values[codes[row]])) found.push(values[codes[row]]);
  return found;
}

/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param {string} caption @param {(Node|null)[]} lines */
function table(caption, lines) {
  const head = element('tr', {}, ...[caption, 'here', 'all'].map((text) => element('th', { scope: 'col' }, text)), element('td', {}));
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...lines));
}

/** @param {string} name @param {string} here @param {string} all @param {Node|null} drawn */
const line = (name, here, all, drawn) => element('tr', {},
  element('th', { scope: 'row', title: name }, name), element('td', {}, here), element('td', { class: 'hint' }, all),
  element('td', { class: 'drawn', 'aria-hidden': 'true' }, drawn));

/** Two bars, here over all. @param {number} here 0 to 1 @param {number} all 0 to 1 */
const bars = (here, all) => drawing(box(0, 1, WIDE * here, 6, 'here'), box(0, 8, WIDE * all, 3, 'all'));

/** A mark on the line of all images in their order, its middle half thick. @param {number} place 0 to 1 */
const strip = (place) => drawing(box(0, 5.5, WIDE, 1, 'all'), box(WIDE / 4, 4, WIDE / 2, 4, 'all'), box((WIDE - 4) * place, 1, 4, 10, 'here'));

/** @param {...SVGElement} shapes */
function drawing(...shapes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  made.setAttribute('viewBox', `0 0 ${WIDE} 12`);
  made.append(...shapes);
  return made;
}

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} kind */
function box(x, y, width, height, kind) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ x, y, width: Math.max(width, 0.5), height, class: kind })) made.setAttribute(name, String(value));
  return made;
}
