/**
 * What a person has chosen, and who is told when it changes.
 * @typedef {object} State
 * @property {number} layout
 * @property {string} colour what images are coloured by
 * @property {string} areas what areas are coloured by; empty: as the images are, where that is of areas
 * @property {Uint8Array} passes whether an image passes all filters
 * @property {Uint8Array} selected
 * @property {Mode} mode what the lasso does with what it is drawn round
 * @property {number} focus row of the image that is looked at, -1: none
 * @property {number} hovered code of the cluster that is pointed at, -1: none
 * @property {Record<string, Set<number>>} only codes that are let through, by column
 * @property {[number, number]|null} months
 * @property {[number, number]|null} headings
 * @property {Record<string, [number, number]>} ranges of values of areas, by key
 * @property {Record<string, string>} names of clusters, given by a person
 * @property {Record<string, string[]>} groups of a person's own: ids of images by name
 * @typedef {'replace'|'add'|'remove'} Mode
 */

const listeners = /** @type {((what: string) => void)[]} */ ([]);

/** @param {(what: string) => void} listener */
export const onChange = (listener) => listeners.push(listener);

/** @param {string} what `filters`, `selection`, `focus`, `layout`, `colour`, `hover`, `names`, `groups` */
export const changed = (what) => listeners.forEach((listener) => listener(what));

/** @param {number} count @returns {State} */
export function newState(count) {
  return {
    layout: 0, colour: 'cluster', areas: '', passes: new Uint8Array(count).fill(1),
    selected: new Uint8Array(count), mode: 'replace', focus: -1, hovered: -1, only: {},
    months: null, headings: null, ranges: {}, names: {}, groups: {},
  };
}

/**
 * Reckons which images pass all filters.
 * @param {State} state
 * @param {import('./data.js').Study} study
 */
export function applyFilters(state, study) {
  const { passes } = state;
  passes.fill(1);
  for (const [name, wanted] of Object.entries(state.only)) {
    const { codes } = study.coded[name];
    if (wanted.size) for (let i = 0; i < passes.length; i += 1) if (!wanted.has(codes[i])) passes[i] = 0;
  }
  if (state.months) {
    const [first, last] = state.months;
    for (let i = 0; i < passes.length; i += 1) {
      if (study.month[i] < first || study.month[i] > last) passes[i] = 0;
    }
  }
  if (state.headings) {
    const [from, to] = state.headings;
    for (let i = 0; i < passes.length; i += 1) if (!isBetween(study.heading[i], from, to)) passes[i] = 0;
  }
  for (const [key, [low, high]] of Object.entries(state.ranges)) {
    const { values } = valueOf(study, key) ?? { values: new Float32Array(0) };
    const { codes } = study.coded.area;
    for (let i = 0; i < passes.length; i += 1) {
      const value = values[codes[i]];
      if (!(value >= low && value <= high)) passes[i] = 0;
    }
  }
}

/**
 * Changes what is selected, among the images that pass the filters.
 * @param {State} state @param {Uint8Array} mask @param {Mode} mode
 */
export function select(state, mask, mode) {
  for (let row = 0; row < mask.length; row += 1) {
    const inside = mask[row] && state.passes[row];
    if (mode === 'replace') state.selected[row] = inside ? 1 : 0;
    else if (inside) state.selected[row] = mode === 'add' ? 1 : 0;
  }
  changed('selection');
}

/** Selects some images and no others. @param {State} state @param {Iterable<number>} rows */
export function selectRows(state, rows) {
  state.selected.fill(0);
  for (const row of rows) state.selected[row] = 1;
  changed('selection');
}

/** @param {import('./data.js').Study} study @param {string} key */
export const valueOf = (study, key) => study.areas.values.find((one) => one.key === key) ?? null;

/** Whether a direction lies between two, clockwise. @param {number} deg @param {number} from @param {number} to */
const isBetween = (deg, from, to) => (((deg - from) % 360) + 360) % 360 <= (to - from === 360 ? 360 : (((to - from) % 360) + 360) % 360);

/** @param {Uint8Array} mask @returns {number[]} */
export function rowsOf(mask) {
  const rows = [];
  for (let i = 0; i < mask.length; i += 1) if (mask[i]) rows.push(i);
  return rows;
}
