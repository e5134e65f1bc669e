/**
 * What the page is told of a study: columns of numbers, one entry an image, all in one order.
 * @typedef {object} Study
 * @property {any} about the part `study` of the manifest
 * @property {number} count images
 * @property {any} manifest
 * @property {string[]} ids
 * @property {(string|null)[]} files
 * @property {Float32Array} place longitude and latitude
 * @property {Float32Array} heading NaN: not told
 * @property {Uint16Array} month months since 1900-01, 0: not known
 * @property {Uint32Array} duplicate row of the image that it repeats, `count`: none
 * @property {Record<string, {codes: ArrayLike<number>, texts: string[]}>} coded
 * @property {{name: string, places: Float32Array}[]} layouts
 * @property {{rows: Uint32Array, cosines: Float32Array, each: number}|null} neighbours
 * @property {any} areas
 * @property {{vertices: Float32Array, starts: Uint32Array}} roads
 * @property {Uint8Array|null} hasThumbnail
 */

const ARRAYS = { Float32Array, Uint8Array, Uint16Array, Uint32Array };

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
export async function json(told) {
  return (await fetched(told.file)).json();
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
  const codes = ['area', 'authority', 'cluster', 'category', 'provider', 'credit'];
  const [ids, files, place, heading, month, duplicate, areas, roads, neighbours, hasThumbnail] =
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
      counting(manifest.atlas ? numbers(manifest.atlas.isThere) : Promise.resolve(null), 'thumbnails'),
    ]);
  /** @type {Study['coded']} */
  const coded = {};
  await Promise.all(
    codes.map(async (name) => {
      coded[name] = { codes: await counting(numbers(told[name]), name), texts: told[name].texts ?? [] };
    }),
  );
  coded.area.texts = areas.facts.code;
  const layouts = await Promise.all(
    manifest.layouts.map(async (/** @type {any} */ one) => ({
      name: one.name,
      places: await counting(numbers(one), one.name),
    })),
  );
  return {
    about: manifest.study, count: manifest.count, manifest, ids, files, place, heading, month,
    duplicate, coded, layouts, neighbours, areas, roads, hasThumbnail,
  };
}

/** @param {any} told */
async function lines(told) {
  const [vertices, starts] = await Promise.all([numbers(told.vertices), numbers(told.starts)]);
  return { vertices, starts };
}

/** @param {any} told */
async function loadNeighbours(told) {
  if (!told) return null;
  const [rows, cosines] = await Promise.all([numbers(told.rows), numbers(told.cosines)]);
  return { rows, cosines, each: told.rows.across };
}

/** @param {any} told */
async function loadAreas(told) {
  const [facts, rings, polygon, owner] = await Promise.all([
    json(told.facts), lines(told.rings), numbers(told.polygon), numbers(told.owner),
  ]);
  const values = await Promise.all(
    told.values.map(async (/** @type {any} */ one) => ({ ...one, values: await numbers(one) })),
  );
  /** @type {{area: number, rings: [number, number][][]}[]} */
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
