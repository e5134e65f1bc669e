import { monthText } from './data.js';
import { groupName } from './painting.js';

/** Gives files to the person in front of the page. @param {string} name @param {string} type @param {BlobPart} content */
export function download(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/**
 * Tells all of an image as plain values.
 * @param {import('./data.js').Study} study
 * @param {import('./state.js').State} state
 * @param {number} row
 */
export function factsOf(study, state, row) {
  const text = (/** @type {string} */ name) => study.coded[name].texts[study.coded[name].codes[row]] ?? '';
  const area = study.coded.area.codes[row];
  return {
    image_id: study.ids[row],
    file: study.files[row] ?? '',
    longitude: study.place[2 * row],
    latitude: study.place[2 * row + 1],
    captured_on: monthText(study.month[row]),
    heading_deg: Number.isFinite(study.heading[row]) ? study.heading[row] : '',
    area_code: text('area'),
    area_name: study.areas.facts.name[area] ?? '',
    authority_code: text('authority'),
    cluster: text('cluster'),
    cluster_name: text('cluster') ? groupName(state, 'cluster', text('cluster')) : '',
    category: text('category'),
    provider: text('provider'),
    copyright: text('credit'),
  };
}

/** A text that begins like a formula is one to a spreadsheet, and gets a quote before it. @param {any} value */
function cell(value) {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {Record<string, any>[]} facts */
export function csvOf(facts) {
  if (!facts.length) return '';
  const names = Object.keys(facts[0]);
  return [names, ...facts.map((one) => names.map((name) => one[name]))].map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** @param {Record<string, any>[]} facts */
export function geojsonOf(facts) {
  const features = facts.map(({ longitude, latitude, ...properties }) => ({
    type: 'Feature', properties,
    geometry: Number.isFinite(longitude) ? { type: 'Point', coordinates: [longitude, latitude] } : null,
  }));
  return JSON.stringify({ type: 'FeatureCollection', features });
}
