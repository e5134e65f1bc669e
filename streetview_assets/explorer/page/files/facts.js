import { monthText } from '../study/data.js';
import { groupName } from '../study/painting.js';

/** @typedef {Record<string, string|number|null>} Facts */

/**
 * Tells all of an image as plain values; null: not known.
 * @param {import('../study/data.js').Study} study
 * @param {import('../study/state.js').State} state
 * @param {number} row
 * @returns {Facts}
 */
export function factsOf(study, state, row) {
  const text = (/** @type {string} */ name) => study.coded[name].texts[study.coded[name].codes[row]] ?? null;
  const number = (/** @type {number} */ value) => (Number.isFinite(value) ? value : null);
  const area = study.coded.area.codes[row];
  const cluster = text('cluster');
  return {
    image_id: study.ids[row],
    file: study.files[row] ?? null,
    longitude: number(study.place[2 * row]),
    latitude: number(study.place[2 * row + 1]),
    captured_on: study.month[row] ? monthText(study.month[row]) : null,
    heading_deg: number(study.heading[row]),
    street: text('street'),
    area_code: text('area'),
    area_name: study.areas.facts.name[area] ?? null,
    authority_code: text('authority'),
    cluster,
    cluster_name: cluster && groupName(state, 'cluster', cluster),
    category: text('category'),
    provider: text('provider'),
    copyright: text('credit'),
  };
}
