import { element } from '../elements.js';
import { valueLabel } from '../study/painting.js';
import { list } from './facts_list.js';
import { movedBy } from './moved.js';
import { percent, short } from './wording.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const MOST_CLUSTERS = 4;
const WIDE = 240;

/**
 * Shows the area of an image: what it is, what the model says of it, what moves that, and how its images differ.
 * @param {Study} study @param {State} state @param {number} area @param {(row: number) => void} look
 */
export function areaOf(study, state, area, look) {
  const { facts, values } = study.areas;
  if (!facts.code[area]) return null;
  const known = values.filter((one) => one.kind !== 'cluster' && Number.isFinite(one.values[area]));
  return element('section', { class: 'area' }, element('h3', {}, `Area ${facts.name[area] ?? facts.code[area]}`),
    interval(study, area),
    list(Object.fromEntries(known.map((one) => [one.label, short(one.values[area])]))),
    facts.reason[area] ? element('p', { class: 'hint' }, `No prediction: ${facts.reason[area]}`) : null,
    ...movedBy(study, area, look),
    ...differs(study, state, area));
}

/** The prediction with its interval, and what is observed. @param {Study} study @param {number} area */
function interval(study, area) {
  const { lower, upper, predicted, observed, interval_level: level } = study.areas.facts;
  if (![lower[area], upper[area], predicted[area]].every(Number.isFinite)) return null;
  const told = `${Math.round(100 * level[area])} % interval ${short(lower[area])} to ${short(upper[area])}`;
  const all = study.areas.values.filter((one) => one.key === 'observed').flatMap((one) => Array.from(one.values)).filter(Number.isFinite);
  const [low, high] = [Math.min(lower[area], ...all), Math.max(upper[area], ...all)];
  const at = (/** @type {number} */ value) => (WIDE * (value - low)) / (high - low || 1);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `-4 0 ${WIDE + 8} 16`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `Predicted ${short(predicted[area])}, ${told}`);
  svg.append(
    shape('rect', { x: 0, y: 7.5, width: WIDE, height: 1, class: 'all' }),
    shape('rect', { x: at(lower[area]), y: 5, width: at(upper[area]) - at(lower[area]), height: 6, class: 'interval' }),
    shape('rect', { x: at(predicted[area]) - 1.5, y: 2, width: 3, height: 12, class: 'here' }));
  if (Number.isFinite(observed[area])) svg.append(shape('circle', { cx: at(observed[area]), cy: 8, r: 4, class: 'observed' }));
  return element('div', {}, svg, element('p', { class: 'hint' }, `${told} (bar: predicted without the area; ring: observed)`));
}

/** @param {string} name @param {Record<string, any>} attributes */
function shape(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** What its images show more and less of than those of all areas. @param {Study} study @param {State} state @param {number} area */
function differs(study, state, area) {
  const lines = study.areas.values.filter((one) => one.kind === 'cluster' && Number.isFinite(one.values[area])).map((one) => {
    const known = Array.from(one.values).filter(Number.isFinite);
    return { label: valueLabel(state, one), here: one.values[area], all: known.reduce((sum, value) => sum + value, 0) / known.length };
  });
  lines.sort((one, other) => Math.abs(other.here - other.all) - Math.abs(one.here - one.all));
  if (!lines.length) return [];
  return [element('h4', {}, 'How its images differ'),
    list(Object.fromEntries(lines.slice(0, MOST_CLUSTERS).map(({ label, here, all }) => [label, `${percent(here)}, of all areas ${percent(all)}`]))),
    element('p', { class: 'hint' }, 'The model sees all numbers of its images at once: no share of the prediction belongs to one of these alone.')];
}
