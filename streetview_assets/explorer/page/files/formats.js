import { geoparquetOf } from './geoparquet.js';

/** @typedef {import('./facts.js').Facts} Facts */

/** A text that begins like a formula is one to a spreadsheet, and gets a quote before it. @param {string|number|null} value */
function cell(value) {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? '');
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {Facts[]} facts */
export function csvOf(facts) {
  const names = Object.keys(facts[0] ?? {});
  return [names, ...facts.map((one) => names.map((name) => one[name]))].map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** @param {Facts[]} facts */
function geojsonOf(facts) {
  const features = facts.map(({ longitude, latitude, ...properties }) => ({
    type: 'Feature', properties,
    geometry: longitude === null ? null : { type: 'Point', coordinates: [longitude, latitude] },
  }));
  return JSON.stringify({ type: 'FeatureCollection', features });
}

/** @param {Facts[]} facts */
const idsOf = (facts) => `${facts.map((one) => one.image_id).join('\n')}\n`;

/**
 * The files that a selection is passed on as.
 * @type {{id: string, label: string, title: string, suffix: string, type: string, make: (facts: Facts[]) => BlobPart}[]}
 */
export const FORMATS = [
  { id: 'csv', label: 'CSV', title: 'For a spreadsheet', suffix: '.csv', type: 'text/csv', make: csvOf },
  { id: 'geojson', label: 'GeoJSON', title: 'For a map', suffix: '.geojson', type: 'application/geo+json', make: geojsonOf },
  { id: 'geoparquet', label: 'GeoParquet', title: 'For GeoPandas, DuckDB or QGIS', suffix: '.parquet', type: 'application/vnd.apache.parquet', make: geoparquetOf },
  { id: 'ids', label: 'Ids', title: 'For streetview, one a line', suffix: '.txt', type: 'text/plain', make: idsOf },
];
