import { rowsOf } from './state.js';

/** @typedef {import('./data.js').Study} Study @typedef {import('./state.js').State} State */

const MOST_SELECTED = 50;
/** Ids of so many selected images stand in the address: browsers bear no more than some thousand letters. */

/**
 * Writes what can be passed on into the address.
 * @param {State} state @param {Study} study @param {string} layout its name
 */
export function writeAddress(state, study, layout) {
  const told = new URLSearchParams();
  if (state.layout) told.set('layout', layout);
  if (state.colour !== 'cluster') told.set('colour', state.colour);
  if (state.areas) told.set('areas', state.areas);
  for (const [name, wanted] of Object.entries(state.only)) {
    for (const code of wanted) told.append(name, study.coded[name].texts[code] ?? '');
  }
  if (state.months) told.set('months', state.months.join('-'));
  if (state.headings) told.set('headings', state.headings.join('-'));
  for (const [key, range] of Object.entries(state.ranges)) told.set(`range.${key}`, range.join('~'));
  if (state.focus >= 0) told.set('image', study.ids[state.focus]);
  const selected = rowsOf(state.selected);
  if (selected.length && selected.length <= MOST_SELECTED) {
    told.set('selected', selected.map((row) => study.ids[row]).join('.'));
  }
  history.replaceState(null, '', `#${told}`);
}

/**
 * Takes what the address says, as far as the study has it.
 * @param {State} state @param {Study} study @param {string[]} layouts their names
 */
export function readAddress(state, study, layouts) {
  const told = new URLSearchParams(location.hash.slice(1));
  const rows = new Map(study.ids.map((id, row) => [id, row]));
  state.layout = Math.max(0, layouts.indexOf(told.get('layout') ?? ''));
  state.colour = told.get('colour') ?? state.colour;
  state.areas = told.get('areas') ?? '';
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
