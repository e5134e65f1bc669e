import { css } from './colours.js';
import { monthText } from './data.js';
import { csvOf, download, factsOf, geojsonOf } from './downloads.js';
import { byId, counted, element, fill } from './elements.js';
import { groupName } from './painting.js';
import { changed, rowsOf } from './state.js';
import { thumbnail } from './sprites.js';

/** @typedef {import('./data.js').Study} Study @typedef {import('./state.js').State} State */

const SHOWN = 60;
const FILTERED = [['authority', 'Authority'], ['cluster', 'Cluster'], ['category', 'Category'], ['provider', 'Provider']];

/** @param {import('./painting.js').Painting} painting */
export function showLegend(painting) {
  const { groups, scale, label } = painting;
  const swatch = (/** @type {any} */ colour) => {
    const made = element('span', { class: 'swatch', 'aria-hidden': 'true' });
    made.style.background = css(colour);
    return made;
  };
  if (!scale) {
    fill(byId('legend'), element('h2', {}, label), element('ul', { class: 'legend' },
      ...groups.slice(0, SHOWN).map((one) => element('li', {}, swatch(one.colour), one.text))));
    return;
  }
  const bar = element('div', { class: 'ramp', role: 'img', 'aria-label': `from ${short(scale.low)} to ${short(scale.high)}` });
  bar.style.background = `linear-gradient(to right, ${scale.stops.map(css).join(', ')})`;
  fill(byId('legend'), element('h2', {}, label), bar,
    element('div', { class: 'ends' }, element('span', {}, short(scale.low)), element('span', {}, short(scale.high))));
}

/** @param {number} value */
export const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)).toLocaleString('en', { useGrouping: Math.abs(value) > 9999 }) : 'unknown');

/** @param {Study} study @param {State} state */
export function showFilters(study, state) {
  const passing = rowsOf(state.passes).length;
  const parts = FILTERED.filter(([name]) => study.coded[name].texts.length > 1).map(([name, label]) => choices(study, state, name, label));
  parts.push(dates(study, state), directions(state), ...ranges(study, state));
  fill(byId('filters'),
    element('h2', {}, 'Filters ', element('small', { id: 'passing' }, `${counted(passing)} of ${counted(study.count)} images`)),
    element('button', { class: 'plain', disabled: passing === study.count, onclick: () => {
      Object.assign(state, { only: {}, months: null, headings: null, ranges: {} });
      changed('filters');
    } }, 'Show all'),
    ...parts.filter((part) => part !== null));
}

/** @param {Study} study @param {State} state @param {string} name @param {string} label */
function choices(study, state, name, label) {
  const { codes, texts } = study.coded[name];
  const counts = new Uint32Array(texts.length + 1);
  for (let row = 0; row < study.count; row += 1) if (state.passes[row]) counts[codes[row]] += 1;
  const wanted = state.only[name] ?? new Set();
  const box = (/** @type {string} */ text, /** @type {number} */ code) => element('label', {},
    element('input', { type: 'checkbox', checked: wanted.has(code), onchange: (/** @type {any} */ event) => {
      if (event.target.checked) wanted.add(code); else wanted.delete(code);
      state.only[name] = wanted;
      changed('filters');
    } }), groupName(state, name, text), element('small', {}, ` ${counted(counts[code])}`));
  return element('details', { open: wanted.size > 0, data: { filter: name } }, element('summary', {}, label), ...texts.map(box));
}

/** @param {Study} study @param {State} state */
function dates(study, state) {
  const known = Array.from(study.month).filter(Boolean);
  const [first, last] = [Math.min(...limits(known)), Math.max(...limits(known))];
  if (!known.length || first === last) return null;
  const [from, to] = state.months ?? [first, last];
  return range('Date', first, last, from, to, monthText, (low, high) => { state.months = low === first && high === last ? null : [low, high]; }, state.months !== null, 'month');
}

/** The least and the most, of as many as there may be. @param {number[]} values */
const limits = (values) => values.reduce((found, value) => [Math.min(found[0], value), Math.max(found[1], value)], [Infinity, -Infinity]);

/** @param {State} state */
function directions(state) {
  const [from, to] = state.headings ?? [0, 360];
  return range('Heading', 0, 360, from, to, (deg) => `${deg}°`, (low, high) => { state.headings = low === 0 && high === 360 ? null : [low, high]; }, state.headings !== null, 'heading');
}

/** @param {Study} study @param {State} state */
function ranges(study, state) {
  return study.areas.values.filter((/** @type {any} */ one) => one.key !== 'image_count').map((/** @type {any} */ one) => {
    const known = Array.from(/** @type {Float32Array} */ (one.values)).filter(Number.isFinite);
    const [low, high] = limits(known);
    if (!(low < high)) return null;
    const [from, to] = state.ranges[one.key] ?? [low, high];
    return range(one.label, low, high, from, to, short, (least, most) => {
      if (least <= low && most >= high) delete state.ranges[one.key];
      else state.ranges[one.key] = [least, most];
    }, one.key in state.ranges, one.key);
  });
}

/**
 * @param {string} label @param {number} least @param {number} most @param {number} from @param {number} to
 * @param {(value: number) => string} told @param {(low: number, high: number) => void} set @param {boolean} open @param {string} key
 */
function range(label, least, most, from, to, told, set, open, key) {
  const step = Number.isInteger(least) && Number.isInteger(most) ? 1 : 'any';
  const said = element('output', {}, `${told(from)} to ${told(to)}`);
  const slider = (/** @type {number} */ value, /** @type {string} */ which) => /** @type {HTMLInputElement} */ (element('input', {
    type: 'range', min: least, max: most, step, value, 'aria-label': `${label}, ${which}`,
    oninput: () => { said.textContent = `${told(Number(low.value))} to ${told(Number(high.value))}`; },
    onchange: () => { set(Math.min(Number(low.value), Number(high.value)), Math.max(Number(low.value), Number(high.value))); changed('filters'); },
  }));
  const low = slider(from, 'least');
  const high = slider(to, 'most');
  return element('details', { open, data: { filter: key } }, element('summary', {}, label), low, high, said);
}

/**
 * @param {Study} study @param {State} state @param {import('./painting.js').Painting} how
 * @param {(rows: number[]) => void} fly @param {(text: string, name: string) => void} rename
 */
export function showGroups(study, state, how, fly, rename) {
  const { codes, texts } = study.coded.cluster;
  if (!texts.length) { fill(byId('groups')); return; }
  const rows = texts.map(() => /** @type {number[]} */ ([]));
  for (let row = 0; row < study.count; row += 1) if (codes[row] < texts.length) rows[codes[row]].push(row);
  const most = Math.max(1, ...rows.map((one) => one.length));
  fill(byId('groups'), element('h2', {}, 'Clusters'), element('ul', { class: 'groups' }, ...texts.map((text, code) => {
    const bar = element('span', { class: 'share' });
    bar.style.width = `${(100 * rows[code].length) / most}%`;
    bar.style.background = css(how.groups[code]?.column === 'cluster' ? how.groups[code].colour : [120, 120, 120]);
    const name = /** @type {HTMLInputElement} */ (element('input', {
      value: groupName(state, 'cluster', text), maxlength: 80, 'aria-label': `Name of cluster ${text}`,
      onchange: () => rename(text, name.value),
    }));
    return element('li', {
      data: { cluster: text },
      onmouseenter: () => { state.hovered = code; changed('hover'); },
      onmouseleave: () => { state.hovered = -1; changed('hover'); },
    },
    element('button', { class: 'cover', 'aria-label': `Go to cluster ${text}`, onclick: () => fly(rows[code]) },
      rows[code].length ? thumbnail(study, rows[code][Math.floor(rows[code].length / 2)], 44) : null),
    element('div', {}, name, bar, element('small', {}, `${counted(rows[code].length)} images, ${(100 * rows[code].length / study.count).toFixed(1)} %`)));
  })));
}

/** @param {Study} study @param {State} state @param {(row: number) => void} look */
export function showSelection(study, state, look) {
  const rows = rowsOf(state.selected);
  const facts = () => rows.map((row) => factsOf(study, state, row));
  const { name } = study.about;
  const button = (/** @type {string} */ text, /** @type {() => void} */ act, id = '') => element('button', { disabled: !rows.length, onclick: act, id: id || null }, text);
  fill(byId('selection'),
    element('h2', {}, 'Selection ', element('small', { id: 'selected' }, `${counted(rows.length)} images`)),
    rows.length ? profile(study, state, rows) : element('p', { class: 'hint' }, 'Draw round images with the lasso, in either view: shift adds, alt takes away.'),
    element('div', { class: 'buttons' },
      button('CSV', () => download(`${name}-selection.csv`, 'text/csv', csvOf(facts())), 'csv'),
      button('GeoJSON', () => download(`${name}-selection.geojson`, 'application/geo+json', geojsonOf(facts())), 'geojson'),
      button('Ids', () => download(`${name}-selection.txt`, 'text/plain', rows.map((row) => study.ids[row]).join('\n') + '\n'), 'ids'),
      button('Clear', () => { state.selected.fill(0); changed('selection'); }, 'clear')),
    element('div', { class: 'sheet' }, ...rows.slice(0, SHOWN).map((row) => element('button', {
      'aria-label': `Image ${study.ids[row]}`, onclick: () => look(row),
    }, thumbnail(study, row, 48)))),
    rows.length > SHOWN ? element('p', { class: 'hint' }, `and ${counted(rows.length - SHOWN)} more`) : null);
}

/** Compares the clusters of a selection with those of all. @param {Study} study @param {State} state @param {number[]} rows */
function profile(study, state, rows) {
  const column = study.coded.cluster.texts.length ? 'cluster' : 'authority';
  const { codes, texts } = study.coded[column];
  const all = new Uint32Array(texts.length + 1);
  const mine = new Uint32Array(texts.length + 1);
  for (const code of Array.from(codes)) all[code] += 1;
  for (const row of rows) mine[codes[row]] += 1;
  const share = (/** @type {number} */ count, /** @type {number} */ of) => `${((100 * count) / of).toFixed(0)} %`;
  const head = element('tr', {}, ...['', 'here', 'of all'].map((text) => element('th', { scope: 'col' }, text)));
  const lines = texts.map((text, code) => [text, code]).filter(([, code]) => mine[/** @type {number} */ (code)]);
  return element('table', {}, element('thead', {}, head), element('tbody', {}, ...lines.map(([text, code]) => element('tr', {},
    element('th', { scope: 'row' }, groupName(state, column, /** @type {string} */ (text))),
    element('td', {}, share(mine[/** @type {number} */ (code)], rows.length)), element('td', {}, share(all[/** @type {number} */ (code)], study.count))))));
}
