import { loadInfluences } from './influences.js';

/**
 * What the page is told of a study: columns of numbers, one entry an image, all in one order.
 * @typedef {object} Study
 * @property {any} about the part `study` of the manifest
 * @property {number} count images
 * @property {any} manifest
 * @property {Map<string, string>} authorities their names, by code
 * @property {string[]} ids
 * @property {(string|null)[]} files
 * @property {Float32Array} place longitude and latitude
 * @property {Float32Array} heading NaN: not told
 * @property {Uint16Array} month months since 1900-01, 0: not known
 * @property {Uint32Array} duplicate row of the image that it repeats, `count`: none
 * @property {Record<string, {codes: ArrayLike<number>, texts: string[]}>} coded
 * @property {{name: string, places: Float32Array, isSpace: boolean}[]} layouts
 * @property {{rows: Uint32Array, cosines: Float32Array, each: number}|null} neighbours
 * @property {Areas} areas
 * @property {Others} others
 * @property {(string|null)[]|null} fullFiles where full images are, of all and then of `others`
 * @property {{vertices: Float32Array, starts: Uint32Array}} roads
 * @property {Uint8Array|null} hasThumbnail of all, and then of `others`
 * @property {{text: string, values: Float32Array}[]} words how much each image is like them, NaN: not known
 * @property {import('./influences.js').Influences|null} influences null: not asked for
 */

/**
 * @typedef {object} Areas
 * @property {number} count
 * @property {Record<string, any[]>} facts
 * @property {{area: number, rings: [number, number][][]}[]} polygons
 * @property {AreaValue[]} values
 */

/**
 * One number of each area.
 * @typedef {object} AreaValue
 * @property {string} key
 * @property {string} label
 * @property {'target'|'perceived'|'cluster'|'images'} kind
 * @property {string} subject the quality or the cluster
 * @property {boolean} diverges
 * @property {Float32Array} values
 */

/**
 * Images of other times: thumbnails and full images follow those of the images themselves.
 * @typedef {object} Others
 * @property {string[]} ids
 * @property {Uint16Array} month
 * @property {{codes: ArrayLike<number>, texts: string[]}} credit
 * @property {Map<number, number[]>} of which of them stand beside an image, by its row
 */

const ARRAYS = { Float32Array, Uint8Array, Uint16Array, Uint32Array };
const CODED = ['area', 'authority', 'cluster', 'category', 'provider', 'credit', 'street'];

/** @param {string} file @returns {Promise<Response>} */
async function fetched(file) {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file}: ${answer.status} ${answer.statusText}`);
  return answer;
}

/** @param {{file: string, type: keyof ARRAYS}} told */
export async function numbers(told) {
  return new ARRAYS[told.type](await (await fetched(told.file)).arrayBuffer());
}

/** @param {{file: string}} told */
async function json(told) {
  return (await fetched(told.file)).json();
}

/** @param {any} told */
export async function codes(told) {
  return { codes: await numbers(told), texts: told.texts ?? [] };
}

/**
 * Loads all columns.
 * @param {(done: number, total: number, what: string) => void} tell
 * @returns {Promise<Study>}
 */
export async function loadStudy(tell) {
  const manifest = await json({ file: 'data/manifest.json' });
  let done = 0;
  let total = 0;
  /** @template T @param {Promise<T>} promise @param {string} what @returns {Promise<T>} */
  const counting = async (promise, what) => {
    total += 1;
    const value = await promise;
    done += 1;
    tell(done, total, what);
    return value;
  };
  const told = manifest.images;
  const nothing = Promise.resolve(null);
  const [ids, files, place, heading, month, duplicate, areas, roads, neighbours, others, hasThumbnail, fullFiles, texts, layouts, words, influences] =
    await Promise.all([
      counting(json(told.id), 'images'),
      counting(json(told.file), 'names'),
      counting(numbers(told.place), 'places'),
      counting(numbers(told.heading), 'headings'),
      counting(numbers(told.month), 'dates'),
      counting(numbers(told.duplicate), 'duplicates'),
      counting(loadAreas(manifest.areas), 'areas'),
      counting(lines(manifest.roads), 'roads'),
      counting(loadNeighbours(manifest.neighbours), 'neighbours'),
      counting(loadOthers(manifest.others), 'other times'),
      counting(manifest.atlas ? numbers(manifest.atlas.isThere) : nothing, 'thumbnails'),
      counting(manifest.full ? json(manifest.full) : nothing, 'full images'),
      Promise.all(CODED.map((name) => counting(codes(told[name]), name))),
      Promise.all(manifest.layouts.map((/** @type {any} */ one) => counting(loadLayout(one), one.name))),
      Promise.all((manifest.words ?? []).map(async (/** @type {any} */ one) => ({ text: one.text, values: await counting(numbers(one), one.text) }))),
      counting(loadInfluences(manifest.influences), 'influences'),
    ]);
  const coded = Object.fromEntries(CODED.map((name, at) => [name, texts[at]]));
  coded.area.texts = areas.facts.code;
  const { authority: code, authorityName } = areas.facts;
  const authorities = new Map(code.flatMap((/** @type {string} */ one, /** @type {number} */ area) => (authorityName[area] ? [[one, authorityName[area]]] : [])));
  return {
    about: manifest.study, count: manifest.count, manifest, authorities, ids, files, place, heading, month,
    duplicate, coded, layouts, neighbours, areas, others, fullFiles, roads, hasThumbnail, words, influences,
  };
}

/** @param {any} told */
async function lines(told) {
  const [vertices, starts] = await Promise.all([numbers(told.vertices), numbers(told.starts)]);
  return { vertices, starts };
}

/** @param {any} told */
async function loadLayout(told) {
  const [flat, z] = await Promise.all([numbers(told), told.z ? numbers(told.z) : null]);
  return { name: told.name, places: inSpace(flat, z), isSpace: Boolean(z) };
}

/**
 * Gives places three numbers an image: those on a plane lie at nought.
 * @param {ArrayLike<number>} flat two numbers an image
 * @param {ArrayLike<number>|null} z
 */
export function inSpace(flat, z = null) {
  const places = new Float32Array((flat.length / 2) * 3);
  for (let row = 0; row < flat.length / 2; row += 1) {
    places[3 * row] = flat[2 * row];
    places[3 * row + 1] = flat[2 * row + 1];
    places[3 * row + 2] = z ? z[row] : 0;
  }
  return places;
}

/** @param {any} told */
async function loadNeighbours(told) {
  if (!told) return null;
  const [rows, cosines] = await Promise.all([numbers(told.rows), numbers(told.cosines)]);
  return { rows, cosines, each: told.rows.across };
}

/** @param {any} told @returns {Promise<Others>} */
async function loadOthers(told) {
  const [ids, rows, month, credit] = await Promise.all([
    json(told.id), numbers(told.of), numbers(told.month), codes(told.credit),
  ]);
  const of = new Map();
  rows.forEach((/** @type {number} */ row, /** @type {number} */ other) => {
    if (of.has(row)) of.get(row).push(other); else of.set(row, [other]);
  });
  return { ids, month, credit, of };
}

/** @param {any} told @returns {Promise<Areas>} */
async function loadAreas(told) {
  const [facts, rings, polygon, owner, table] = await Promise.all([
    json(told.facts), lines(told.rings), numbers(told.polygon), numbers(told.owner), numbers(told.table),
  ]);
  const values = told.values.map((/** @type {any} */ one, /** @type {number} */ at) => ({
    ...one, values: table.subarray(at * told.count, (at + 1) * told.count),
  }));
  /** @type {Areas['polygons']} */
  const polygons = [];
  for (let ring = 0; ring < polygon.length; ring += 1) {
    const number = polygon[ring];
    polygons[number] ??= { area: owner[number], rings: [] };
    polygons[number].rings.push(path(rings, ring));
  }
  return { count: told.count, facts, polygons, values };
}

/**
 * @param {{vertices: ArrayLike<number>, starts: ArrayLike<number>}} of
 * @param {number} line
 * @returns {[number, number][]}
 */
export function path(of, line) {
  const found = /** @type {[number, number][]} */ ([]);
  for (let at = of.starts[line]; at < of.starts[line + 1]; at += 1) {
    found.push([of.vertices[2 * at], of.vertices[2 * at + 1]]);
  }
  return found;
}

/** @param {number} month months since 1900-01 */
export function monthText(month) {
  if (!month) return 'unknown';
  const year = 1900 + Math.floor((month - 1) / 12);
  return `${year}-${String(((month - 1) % 12) + 1).padStart(2, '0')}`;
}
