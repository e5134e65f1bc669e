import { byId, counted, element, fill } from '../elements.js';
import { monthText } from '../study/data.js';
import { groupLabel, valueLabel } from '../study/painting.js';
import { changed, rowsOf } from '../study/state.js';
import { short } from './wording.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const CHOSEN = [['authority', 'Authority'], ['cluster', 'Cluster'], ['category', 'Category'], ['provider', 'Provider']];
const MOST_AREAS = 40;

/** @param {Study} study @param {State} state */
export function showFilters(study, state) {
  const passing = rowsOf(state.passes).length;
  const parts = CHOSEN.filter(([name]) => study.coded[name].texts.length > 1).map(([name, label]) => choices(study, state, name, label));
  parts.push(areas(study, state), dates(study, state), directions(study, state), ranges(study, state));
  fill(byId('filters'),
    element('h2', {}, 'Filters ', element('small', { id: 'passing', 'aria-live': 'polite' }, `${counted(passing)} of ${counted(study.count, 'image')}`)),
    element('button', { class: 'plain', disabled: passing === study.count, onclick: () => {
      Object.assign(state, { only: {}, months: null, headings: null, ranges: {} });
      changed('filters');
    } }, 'Show all'),
    ...parts);
}

/** Counts the images that pass, by what they are coded as. @param {Study} study @param {State} state @param {string} name */
function countsOf(study, state, name) {
  const { codes, texts } = study.coded[name];
  const counts = new Uint32Array(texts.length + 1);
  for (let row = 0; row < study.count; row += 1) if (state.passes[row]) counts[codes[row]] += 1;
  return counts;
}

/** @param {State} state @param {string} name @param {number} code @param {boolean} isWanted */
function want(state, name, code, isWanted) {
  const wanted = state.only[name] ?? new Set();
  if (isWanted) wanted.add(code); else wanted.delete(code);
  state.only[name] = wanted;
  changed('filters');
}

/** @param {State} state @param {string} name @param {number} code @param {string} text @param {number} count */
function box(state, name, code, text, count) {
  const checked = state.only[name]?.has(code) ?? false;
  return element('label', {},
    element('input', { type: 'checkbox', checked, onchange: (/** @type {any} */ event) => want(state, name, code, event.target.checked) }),
    text, element('small', {}, ` ${counted(count)}`));
}

/** @param {Study} study @param {State} state @param {string} name @param {string} label */
function choices(study, state, name, label) {
  const counts = countsOf(study, state, name);
  return element('details', { open: (state.only[name]?.size ?? 0) > 0, data: { filter: name } }, element('summary', {}, label),
    ...study.coded[name].texts.map((text, code) => box(state, name, code, groupLabel(study, state, name, text), counts[code])));
}

/** Areas are many: one is found by typing. @param {Study} study @param {State} state */
function areas(study, state) {
  const { texts } = study.coded.area;
  if (texts.length < 2) return null;
  const { name } = study.areas.facts;
  const counts = countsOf(study, state, 'area');
  const told = (/** @type {number} */ code) => (name[code] ? `${name[code]} (${texts[code]})` : texts[code]);
  const list = element('div', {});
  const wanted = state.only.area ?? new Set();
  const find = (/** @type {string} */ query) => {
    const found = texts.map((_, code) => code).filter((code) => wanted.has(code) || (query && told(code).toLowerCase().includes(query)));
    fill(list, ...found.slice(0, MOST_AREAS).map((code) => box(state, 'area', code, told(code), counts[code])),
      found.length > MOST_AREAS ? element('p', { class: 'hint' }, `and ${counted(found.length - MOST_AREAS)} more: type more of the name`) : null);
  };
  find('');
  return element('details', { open: wanted.size > 0, data: { filter: 'area' } }, element('summary', {}, 'Area'),
    element('input', { type: 'search', 'aria-label': 'Name or code of an area', placeholder: 'name or code', oninput: (/** @type {any} */ event) => find(event.target.value.trim().toLowerCase()) }),
    list);
}

/** @param {Study} study @param {State} state */
function dates(study, state) {
  const known = Array.from(study.month).filter(Boolean);
  const [first, last] = limits(known);
  if (!known.length || first === last) return null;
  return range({
    key: 'month', label: 'Date', least: first, most: last, chosen: state.months, told: monthText,
    set: (chosen) => { state.months = chosen; },
  });
}

/** @param {Study} study @param {State} state */
function directions(study, state) {
  if (!study.heading.some(Number.isFinite)) return null;
  return range({
    key: 'heading', label: 'Heading', least: 0, most: 360, chosen: state.headings, told: (deg) => `${deg}°`, wraps: true,
    set: (chosen) => { state.headings = chosen; },
  });
}

/** @param {Study} study @param {State} state */
function ranges(study, state) {
  const parts = study.areas.values.filter((one) => one.kind !== 'images').map((one) => {
    const [least, most] = limits(Array.from(one.values).filter(Number.isFinite));
    if (!(least < most)) return null;
    return range({
      key: one.key, label: valueLabel(state, one), least, most, chosen: state.ranges[one.key] ?? null, told: short,
      set: (chosen) => { if (chosen) state.ranges[one.key] = chosen; else delete state.ranges[one.key]; },
    });
  });
  if (!parts.some(Boolean)) return null;
  return element('details', { open: Object.keys(state.ranges).length > 0, data: { filter: 'values' } }, element('summary', {}, 'Values of their areas'), ...parts);
}

/** The least and the most, of as many as there may be. @param {number[]} values */
const limits = (values) => values.reduce((found, value) => [Math.min(found[0], value), Math.max(found[1], value)], [Infinity, -Infinity]);

/**
 * A filter with two ends.
 * @param {object} what
 * @param {string} what.key @param {string} what.label @param {number} what.least @param {number} what.most
 * @param {[number, number]|null} what.chosen null: all
 * @param {(value: number) => string} what.told
 * @param {boolean} [what.wraps] whether it goes round, so that the first end may be the larger
 * @param {(chosen: [number, number]|null) => void} what.set
 */
function range({ key, label, least, most, chosen, told, wraps = false, set }) {
  const [from, to] = chosen ?? [least, most];
  const step = Number.isInteger(least) && Number.isInteger(most) ? 1 : 'any';
  const said = element('output', {}, `${told(from)} to ${told(to)}`);
  const ends = () => {
    const [one, other] = [Number(low.value), Number(high.value)];
    return wraps || one <= other ? [one, other] : [other, one];
  };
  const slider = (/** @type {number} */ value, /** @type {string} */ which) => /** @type {HTMLInputElement} */ (element('input', {
    type: 'range', min: least, max: most, step, value, 'aria-label': `${label}, ${which}`,
    oninput: () => { said.textContent = ends().map(told).join(' to '); },
    onchange: () => {
      const [one, other] = ends();
      set(one <= least && other >= most ? null : [one, other]);
      changed('filters');
    },
  }));
  const low = slider(from, wraps ? 'from' : 'least');
  const high = slider(to, wraps ? 'clockwise to' : 'most');
  return element('details', { open: chosen !== null, data: { filter: key } }, element('summary', {}, label), low, high, said);
}
