const MOST = 1200;
/** Up to so many images in view are shown as thumbnails. */

/**
 * Lists the images that a view shows, none where they are too many to be told apart.
 * @param {import('../study/data.js').Study} study
 * @param {import('../study/state.js').State} state
 * @param {any} seen the viewport; null: nothing is shown yet
 * @param {{places: Float32Array, across: number, isSpace: boolean}} laid `across` numbers an image
 * @returns {number[]} rows
 */
export function nearOnes(study, state, seen, { places, across, isSpace }) {
  if (!study.manifest.atlas || !seen) return [];
  const isIn = isSpace ? onScreen(seen, places) : inBox(seen, places, across);
  const rows = [];
  for (let row = 0; row < study.count; row += 1) {
    if (!state.passes[row] || !study.hasThumbnail?.[row] || !isIn(row)) continue;
    rows.push(row);
    if (rows.length > MOST) return [];
  }
  return rows;
}

/** Checks images in space by where they are seen. @param {any} seen @param {Float32Array} places */
function onScreen(seen, places) {
  return (/** @type {number} */ row) => {
    const [x, y] = seen.project([...places.subarray(3 * row, 3 * row + 3)]);
    return x >= 0 && y >= 0 && x <= seen.width && y <= seen.height;
  };
}

/** Checks images on a plane or a map by the box that is shown, which is quicker. @param {any} seen @param {Float32Array} places @param {number} across */
function inBox(seen, places, across) {
  const [[left, top], [right, bottom]] = [seen.unproject([0, 0]), seen.unproject([seen.width, seen.height])];
  const [west, east, south, north] = [Math.min(left, right), Math.max(left, right), Math.min(top, bottom), Math.max(top, bottom)];
  return (/** @type {number} */ row) => {
    const [x, y] = [places[across * row], places[across * row + 1]];
    return x >= west && x <= east && y >= south && y <= north;
  };
}
