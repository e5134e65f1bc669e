import { struct, varint } from './thrift.js';

/**
 * Writes GeoParquet 1.1: one row group, a page a column, plain and not compressed.
 * @see https://parquet.apache.org/docs/file-format/ and https://geoparquet.org/releases/v1.1.0/
 */

const MAGIC = new TextEncoder().encode('PAR1');
const [DOUBLE, BYTE_ARRAY] = [5, 6];
const [PLAIN, RLE] = [0, 3];
const [OPTIONAL, UTF8] = [1, 0];
const WKB_POINT = 1;
const GEO = {
  version: '1.1.0',
  primary_column: 'geometry',
  columns: { geometry: { encoding: 'WKB', geometry_types: ['Point'] } },
};

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {number} type
 * @property {boolean} isText
 * @property {(Uint8Array|null)[]} cells plain values, null where there is none
 */

/**
 * @param {import('./facts.js').Facts[]} facts
 * @returns {Uint8Array}
 */
export function geoparquetOf(facts) {
  const names = Object.keys(facts[0] ?? {}).filter((name) => name !== 'longitude' && name !== 'latitude');
  const columns = [...names.map((name) => column(name, facts.map((one) => one[name]))), geometry(facts)];
  const parts = [MAGIC];
  let offset = MAGIC.length;
  const chunks = columns.map((one) => {
    const page = pageOf(one);
    const chunk = chunkOf(one, page.length, offset);
    parts.push(page);
    offset += page.length;
    return chunk;
  });
  const foot = Uint8Array.from(footer(columns, chunks, offset - MAGIC.length, facts.length));
  return joined([...parts, foot, uint32(foot.length), MAGIC]);
}

/** @param {string} name @param {(string|number|null)[]} values @returns {Column} */
function column(name, values) {
  const isText = !values.some((value) => typeof value === 'number');
  const cells = values.map((value) => (value === null ? null : isText ? sized(new TextEncoder().encode(String(value))) : float64(Number(value))));
  return { name, type: isText ? BYTE_ARRAY : DOUBLE, isText, cells };
}

/** @param {import('./facts.js').Facts[]} facts @returns {Column} */
function geometry(facts) {
  const cells = facts.map(({ longitude, latitude }) => (longitude === null ? null
    : sized(joined([Uint8Array.of(1), uint32(WKB_POINT), float64(Number(longitude)), float64(Number(latitude))]))));
  return { name: 'geometry', type: BYTE_ARRAY, isText: false, cells };
}

/** A page: its header, which values are there, and these. @param {Column} column */
function pageOf({ cells }) {
  const there = Uint8Array.from(runs(cells.map((cell) => (cell === null ? 0 : 1))));
  const body = joined([uint32(there.length), there, ...cells.filter((cell) => cell !== null)]);
  const header = struct([[1, 'i32', 0], [2, 'i32', body.length], [3, 'i32', body.length],
    [5, 'struct', [[1, 'i32', cells.length], [2, 'i32', PLAIN], [3, 'i32', RLE], [4, 'i32', RLE]]]]);
  return joined([Uint8Array.from(header), body]);
}

/** Runs of the same level: how many, and which. @param {number[]} levels */
function runs(levels) {
  const bytes = [];
  for (let at = 0, end = 0; at < levels.length; at = end) {
    for (end = at; end < levels.length && levels[end] === levels[at];) end += 1;
    bytes.push(...varint(2 * (end - at)), levels[at]);
  }
  return bytes;
}

/** @param {Column} column @param {number} size in bytes @param {number} offset @returns {import('./thrift.js').Field[]} */
function chunkOf({ name, type, cells }, size, offset) {
  return [[2, 'i64', offset], [3, 'struct', [
    [1, 'i32', type], [2, 'list', [PLAIN, RLE], 'i32'], [3, 'list', [name], 'binary'], [4, 'i32', 0],
    [5, 'i64', cells.length], [6, 'i64', size], [7, 'i64', size], [9, 'i64', offset],
  ]]];
}

/** @param {Column[]} columns @param {any[]} chunks @param {number} size @param {number} rows */
function footer(columns, chunks, size, rows) {
  const leaves = columns.map(({ name, type, isText }) => [
    [1, 'i32', type], [3, 'i32', OPTIONAL], [4, 'binary', name], ...(isText ? [[6, 'i32', UTF8]] : []),
  ]);
  return struct([
    [1, 'i32', 1],
    [2, 'list', [[[4, 'binary', 'schema'], [5, 'i32', columns.length]], ...leaves], 'struct'],
    [3, 'i64', rows],
    [4, 'list', [[[1, 'list', chunks, 'struct'], [2, 'i64', size], [3, 'i64', rows]]], 'struct'],
    [5, 'list', [[[1, 'binary', 'geo'], [2, 'binary', JSON.stringify(GEO)]]], 'struct'],
    [6, 'binary', 'streetview_assets'],
  ]);
}

/** @param {number} value */
function uint32(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** @param {number} value */
function float64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

/** @param {Uint8Array} bytes */
const sized = (bytes) => joined([uint32(bytes.length), bytes]);

/** @param {(Uint8Array|null)[]} parts */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  let at = 0;
  for (const part of parts) {
    if (!part) continue;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
