import { ofGroup, scaleOf, UNKNOWN } from './colours.js';

/**
 * What the colours of images mean just now.
 * @typedef {object} Painting
 * @property {string} label
 * @property {(row: number) => [number, number, number]} of the colour of an image
 * @property {{text: string, colour: [number, number, number], column: string, code: number}[]} groups
 * @property {ReturnType<typeof scaleOf>|null} scale
 */

const GROUPED = ['cluster', 'category', 'authority', 'provider'];

/**
 * Lists what images can be coloured by.
 * @param {import('./data.js').Study} study
 * @returns {{key: string, label: string}[]}
 */
export function paintings(study) {
  const grouped = GROUPED.filter((name) => study.coded[name].texts.length > 0);
  return [
    ...grouped.map((name) => ({ key: name, label: name })),
    { key: 'month', label: 'date of capture' },
    ...study.areas.values.map((/** @type {any} */ one) => ({ key: one.key, label: `${one.label} (of the area)` })),
  ];
}

/**
 * @param {import('./data.js').Study} study
 * @param {import('./state.js').State} state
 * @returns {Painting}
 */
export function painting(study, state) {
  const key = state.colour;
  if (key in study.coded) return ofGroups(study, state, key);
  if (key === 'month') {
    const values = Float32Array.from(study.month, (month) => (month ? 1900 + (month - 1) / 12 : NaN));
    const scale = scaleOf(values, false);
    return { label: 'date of capture', of: (row) => scale.colour(values[row]), groups: [], scale };
  }
  const one = study.areas.values.find((/** @type {any} */ value) => value.key === key);
  if (!one) return painting(study, Object.assign(state, { colour: 'cluster' }));
  const scale = scaleOf(one.values, Boolean(one.diverges));
  const { codes } = study.coded.area;
  return { label: one.label, of: (row) => scale.colour(one.values[codes[row]]), groups: [], scale };
}

/**
 * @param {import('./data.js').Study} study
 * @param {import('./state.js').State} state
 * @param {string} column
 * @returns {Painting}
 */
function ofGroups(study, state, column) {
  const { codes, texts } = study.coded[column];
  const colours = texts.map((_, code) => ofGroup(study.manifest.colours, code));
  return {
    label: column,
    of: (row) => colours[codes[row]] ?? UNKNOWN,
    groups: texts.map((text, code) => ({ text: groupName(state, column, text), colour: colours[code], column, code })),
    scale: null,
  };
}

/**
 * Names a group as a person has named it.
 * @param {import('./state.js').State} state
 * @param {string} column
 * @param {string} text
 */
export function groupName(state, column, text) {
  return column === 'cluster' ? (state.names[text] ?? `cluster ${text}`) : text;
}

/**
 * Paints all images: what is filtered away is pale, what is selected stands out.
 * @param {import('./data.js').Study} study
 * @param {import('./state.js').State} state
 * @param {Painting} how
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
