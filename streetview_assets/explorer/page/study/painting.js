import { ofGroup, scaleOf, UNKNOWN } from './colours.js';
import { valueOf } from './state.js';

/** @typedef {import('./data.js').Study} Study @typedef {import('./state.js').State} State */

/**
 * What the colours of images mean just now.
 * @typedef {object} Painting
 * @property {string} label
 * @property {(row: number) => [number, number, number]} of the colour of an image
 * @property {{text: string, colour: [number, number, number], column: string, code: number}[]} groups
 * @property {ReturnType<typeof scaleOf>|null} scale
 */

const GROUPED = ['cluster', 'category', 'authority', 'provider'];
const KINDS = { target: 'Areas: target', perceived: 'Areas: what people see', cluster: 'Areas: clusters', images: 'Areas: images' };

/**
 * Lists what images can be coloured by, each under a heading.
 * @param {Study} study @param {State} state
 * @returns {{key: string, label: string, under: string}[]}
 */
export function paintings(study, state) {
  const grouped = GROUPED.filter((name) => study.coded[name].texts.length > (name === 'cluster' ? 0 : 1));
  return [
    ...grouped.map((name) => ({ key: name, label: name, under: 'Images' })),
    { key: 'month', label: 'date of capture', under: 'Images' },
    ...areaPaintings(study, state),
  ];
}

/**
 * Lists what areas can be coloured by.
 * @param {Study} study @param {State} state
 * @returns {{key: string, label: string, under: string}[]}
 */
export function areaPaintings(study, state) {
  if (!study.areas.count) return [];
  return study.areas.values.map((one) => ({ key: one.key, label: valueLabel(state, one), under: KINDS[one.kind] }));
}

/** Names a value of areas, with the name that a person gave a cluster. @param {State} state @param {import('./data.js').AreaValue} value */
export const valueLabel = (state, value) => (value.kind === 'cluster' ? `share of ${groupName(state, 'cluster', value.subject)}` : value.label);

/**
 * @param {Study} study @param {State} state
 * @returns {Painting}
 */
export function painting(study, state) {
  const key = state.colour;
  if (key in study.coded) return ofGroups(study, state, key);
  const one = valueOf(study, key);
  if (one) {
    const scale = scaleOf(one.values, one.diverges);
    const { codes } = study.coded.area;
    return { label: valueLabel(state, one), of: (row) => scale.colour(one.values[codes[row]]), groups: [], scale };
  }
  const values = Float32Array.from(study.month, (month) => (month ? 1900 + (month - 1) / 12 : NaN));
  const scale = scaleOf(values, false);
  return { label: 'date of capture', of: (row) => scale.colour(values[row]), groups: [], scale };
}

/**
 * What the colours of areas mean just now; null: they are pale, all of them.
 * @param {Study} study @param {State} state
 */
export function areaPainting(study, state) {
  const one = valueOf(study, state.areas || state.colour);
  if (!one) return null;
  const scale = scaleOf(one.values, one.diverges);
  return { label: valueLabel(state, one), of: (/** @type {number} */ area) => scale.colour(one.values[area]), scale };
}

/** @param {Study} study @param {State} state @param {string} column @returns {Painting} */
function ofGroups(study, state, column) {
  const { codes, texts } = study.coded[column];
  const colours = texts.map((_, code) => ofGroup(study.manifest.colours, code));
  return {
    label: column,
    of: (row) => colours[codes[row]] ?? UNKNOWN,
    groups: texts.map((text, code) => ({ text: groupLabel(study, state, column, text), colour: colours[code], column, code })),
    scale: null,
  };
}

/** Names a group as a person has named it. @param {State} state @param {string} column @param {string} text */
export function groupName(state, column, text) {
  return column === 'cluster' ? (state.names[text] ?? `cluster ${text}`) : text;
}

/** Names a group as a person reads it: authorities by their names. @param {Study} study @param {State} state @param {string} column @param {string} text */
export function groupLabel(study, state, column, text) {
  return column === 'authority' ? (study.authorities.get(text) ?? text) : groupName(state, column, text);
}

/**
 * Paints all images: what is filtered away is pale, what is selected stands out.
 * @param {Study} study @param {State} state @param {Painting} how
 * @returns {Uint8Array} red, green, blue and opacity of each
 */
export function paint(study, state, how) {
  const painted = new Uint8Array(4 * study.count);
  const some = state.selected.includes(1);
  const { codes } = study.coded.cluster;
  for (let row = 0; row < study.count; row += 1) {
    const [red, green, blue] = how.of(row);
    let opacity = state.passes[row] ? 230 : 18;
    if (some && state.passes[row] && !state.selected[row]) opacity = 60;
    if (state.hovered >= 0 && codes[row] !== state.hovered) opacity = Math.min(opacity, 25);
    painted.set([red, green, blue, opacity], 4 * row);
  }
  return painted;
}
