/**
 * Says where to look from so that images fill a view; null where there are none, or no room.
 * @param {Float32Array} places `across` numbers an image
 * @param {number} across
 * @param {number[]|null} rows null: all
 * @param {HTMLElement} parent of the view
 * @param {boolean} onMap
 * @param {boolean} isSpace
 */
export function fitted(places, across, rows, parent, onMap, isSpace) {
  const { clientWidth: width, clientHeight: height } = parent;
  const box = boxOf(places, across, rows);
  if (!box || !width || !height) return null;
  if (onMap) return overMap(box, width, height);
  return isSpace ? roundSpace(box, width, height) : overPlane(box, width, height);
}

/** @param {Float32Array} places @param {number} across @param {number[]|null} rows */
export function boxOf(places, across, rows) {
  const [low, high] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
  const count = rows ? rows.length : places.length / across;
  for (let at = 0; at < count; at += 1) {
    const first = across * (rows ? rows[at] : at);
    if (!Number.isFinite(places[first])) continue;
    for (let axis = 0; axis < across; axis += 1) {
      low[axis] = Math.min(low[axis], places[first + axis]);
      high[axis] = Math.max(high[axis], places[first + axis]);
    }
  }
  return Number.isFinite(low[0]) ? { low, high } : null;
}

/** @param {{low: number[], high: number[]}} box @param {number} width @param {number} height */
function overPlane({ low, high }, width, height) {
  const zoom = Math.log2(Math.min(width / (high[0] - low[0] || 0.1), height / (high[1] - low[1] || 0.1)) * 0.92);
  return { target: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0], zoom, maxZoom: 16, minZoom: zoom - 3 };
}

/** @param {{low: number[], high: number[]}} box @param {number} width @param {number} height */
function roundSpace({ low, high }, width, height) {
  const across = Math.hypot(...low.map((value, axis) => high[axis] - value)) || 0.1;
  const zoom = Math.log2((Math.min(width, height) / across) * 1.15);
  return { target: low.map((value, axis) => (value + high[axis]) / 2), zoom, rotationX: 18, rotationOrbit: -25, maxZoom: 16, minZoom: zoom - 3 };
}

/** @param {{low: number[], high: number[]}} box @param {number} width @param {number} height */
export function overMap({ low, high }, width, height) {
  const tall = Math.max(mercator(high[1]) - mercator(low[1]), 1e-4);
  const wide = Math.max(high[0] - low[0], 1e-4);
  const zoom = Math.log2(Math.min(width / ((wide / 360) * 512), height / ((tall / 360) * 512)) * 0.9);
  return { longitude: (low[0] + high[0]) / 2, latitude: (low[1] + high[1]) / 2, zoom: Math.min(18, zoom), pitch: 0, bearing: 0, maxZoom: 21, minZoom: 1 };
}

/** How far north a latitude is on a map of Mercator, in degrees. @param {number} latitude */
const mercator = (latitude) => (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360));
