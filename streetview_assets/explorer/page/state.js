/**
 * What a person has chosen, and who is told when it changes.
 * @typedef {object} State
 * @property {number} layout
 * @property {string} colour
 * @property {Uint8Array} passes whether an image passes all filters
 * @property {Uint8Array} selected
 * @property {number} focus row of the image that is looked at, -1: none
 * @property {number} hovered code of the cluster that is pointed at, -1: none
 * @property {'all'|string} tab
 * @property {Record<string, Set<number>>} only codes that are let through, by column
 * @property {[number, number]|null} months
 * @property {[number, number]|null} headings
 * @property {Record<string, [number, number]>} ranges of values of areas, by key
 * @property {Record<string, string>} names of clusters, given by a person
 */

const listeners = /** @type {((what: string) => void)[]} */ ([]);

/** @param {(what: string) => void} listener */
export const onChange = (listener) => listeners.push(listener);

/** @param {string} what `filters`, `selection`, `focus`, `layout`, `colour`, `hover`, `names` */
export const changed = (what) => listeners.forEach((listener) => listener(what));

/** @param {number} count @returns {State} */
export function newState(count) {
  return {
    layout: 0, colour: 'cluster', passes: new Uint8Array(count).fill(1),
    selected: new Uint8Array(count), focus: -1, hovered: -1, tab: 'all', only: {},
    months: null, headings: null, ranges: {}, names: {},
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
    const { values } = study.areas.values.find((/** @type {any} */ one) => one.key === key);
    const { codes } = study.coded.area;
    for (let i = 0; i < passes.length; i += 1) {
      const value = values[codes[i]];
      if (!(value >= low && value <= high)) passes[i] = 0;
    }
  }
}

/** Whether a direction lies between two, clockwise. @param {number} deg @param {number} from @param {number} to */
const isBetween = (deg, from, to) => (((deg - from) % 360) + 360) % 360 <= (((to - from) % 360) + 360) % 360;

/** @param {Uint8Array} mask @returns {number[]} */
export function rowsOf(mask) {
  const rows = [];
  for (let i = 0; i < mask.length; i += 1) if (mask[i]) rows.push(i);
  return rows;
}

/**
 * Writes what can be passed on into the address.
 * @param {State} state
 * @param {import('./data.js').Study} study
 * @param {string} layout its name
 */
export function writeAddress(state, study, layout) {
  const told = new URLSearchParams();
  if (state.layout) told.set('layout', layout);
  if (state.colour !== 'cluster') told.set('colour', state.colour);
  for (const [name, wanted] of Object.entries(state.only)) {
    for (const code of wanted) told.append(name, study.coded[name].texts[code] ?? '');
  }
  if (state.months) told.set('months', state.months.join('-'));
  if (state.headings) told.set('headings', state.headings.join('-'));
  for (const [key, range] of Object.entries(state.ranges)) told.set(`range.${key}`, range.join('~'));
  if (state.focus >= 0) told.set('image', study.ids[state.focus]);
  const selected = rowsOf(state.selected);
  if (selected.length && selected.length <= 50) {
    told.set('selected', selected.map((row) => study.ids[row]).join('.'));
  }
  history.replaceState(null, '', `#${told}`);
}

/**
 * Takes what the address says, as far as the study has it.
 * @param {State} state
 * @param {import('./data.js').Study} study
 * @param {string[]} layouts their names
 */
export function readAddress(state, study, layouts) {
  const told = new URLSearchParams(location.hash.slice(1));
  const rows = new Map(study.ids.map((id, row) => [id, row]));
  state.layout = Math.max(0, layouts.indexOf(told.get('layout') ?? ''));
  state.colour = told.get('colour') ?? state.colour;
  for (const name of Object.keys(study.coded)) {
    const codes = told.getAll(name).map((text) => study.coded[name].texts.indexOf(text)).filter((code) => code >= 0);
    if (codes.length) state.only[name] = new Set(codes);
  }
  state.months = pair(told.get('months'), '-');
  state.headings = pair(told.get('headings'), '-');
  for (const one of study.areas.values) {
    const range = pair(told.get(`range.${one.key}`), '~');
    if (range) state.ranges[one.key] = range;
  }
  state.focus = rows.get(told.get('image') ?? '') ?? -1;
  for (const id of (told.get('selected') ?? '').split('.')) {
    const row = rows.get(id);
    if (row !== undefined) state.selected[row] = 1;
  }
}

/** @param {string|null} text @param {string} between @returns {[number, number]|null} */
function pair(text, between) {
  const parts = (text ?? '').split(between).map(Number);
  return text && parts.length === 2 && parts.every(Number.isFinite) ? [parts[0], parts[1]] : null;
}
