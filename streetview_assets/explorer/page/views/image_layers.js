import { cellOf, sprite } from './sprites.js';

const { ScatterplotLayer, IconLayer } = /** @type {any} */ (globalThis).deck;

const NEARER = 400;
/** Of so few images in view the larger thumbnails are drawn. */

/**
 * Makes the layers of the images of a view: dots, thumbnails of those that are near, a ring.
 * @param {object} what
 * @param {string} what.name of the view
 * @param {import('../study/data.js').Study} what.study
 * @param {import('../study/state.js').State} what.state
 * @param {Float32Array} what.places `across` numbers an image
 * @param {number} what.across
 * @param {Uint8Array} what.colours four numbers an image
 * @param {number[]} what.near rows of images that are shown as thumbnails
 * @param {boolean} what.onMap
 */
export function imageLayers({ name, study, state, places, across, colours, near, onMap }) {
  const spot = (/** @type {number} */ row) => places.subarray(across * row, across * row + across);
  const focus = state.focus >= 0 && Number.isFinite(places[across * state.focus]) ? [state.focus] : [];
  const cellPx = near.length ? cellSide(study, near.length) : 0;
  return [
    new ScatterplotLayer({
      id: `${name}-dots`,
      data: {
        length: study.count,
        attributes: { getPosition: { value: places, size: across }, getFillColor: { value: colours, size: 4 } },
      },
      getRadius: dotPx(study.count), radiusUnits: 'pixels', pickable: true, autoHighlight: true,
    }),
    ...thumbnailLayers({ name, study, colours, near, cellPx, spot, offset: (row) => (onMap ? offset(study, row, cellPx) : [0, 0]) }),
    new ScatterplotLayer({
      id: `${name}-focus`, data: focus, getPosition: spot, stroked: true, filled: false,
      getLineColor: [230, 60, 30], lineWidthUnits: 'pixels', getLineWidth: 3,
      getRadius: near.length ? 0.8 * cellPx : 9, radiusUnits: 'pixels', updateTriggers: { getPosition: places },
    }),
  ];
}

/**
 * @param {{name: string, study: import('../study/data.js').Study, colours: Uint8Array, near: number[], cellPx: number,
 *   spot: (row: number) => Float32Array, offset: (row: number) => number[]}} what
 */
function thumbnailLayers({ name, study, colours, near, cellPx, spot, offset }) {
  const { atlas } = study.manifest;
  const bySprite = /** @type {Map<string, number[]>} */ (new Map());
  for (const row of near) {
    const { file } = cellOf(atlas, row, cellPx);
    const rows = bySprite.get(file);
    if (rows) rows.push(row); else bySprite.set(file, [row]);
  }
  const layers = [];
  for (const [file, rows] of bySprite) {
    const bitmap = sprite(file);
    if (!bitmap) continue;
    layers.push(new IconLayer({
      id: `${name}-thumbnails-${file}`, data: rows, iconAtlas: bitmap, iconMapping: mapping(atlas, cellPx),
      getIcon: (/** @type {number} */ row) => String(row % atlas.cells), getPosition: spot, getPixelOffset: offset,
      getSize: cellPx, sizeUnits: 'pixels', pickable: true, autoHighlight: true,
      getColor: (/** @type {number} */ row) => [255, 255, 255, colours[4 * row + 3] > 100 ? 255 : 90],
      updateTriggers: { getPosition: spot, getColor: colours },
    }));
  }
  return layers;
}

/** @param {import('../study/data.js').Study} study @param {number} count in view */
function cellSide(study, count) {
  const sides = study.manifest.atlas.cellsPx;
  return count <= NEARER ? Math.max(...sides) : Math.min(...sides);
}

/** On the map the views of one place stand round it, each on the side that it looks to. @param {import('../study/data.js').Study} study @param {number} row @param {number} cellPx */
function offset(study, row, cellPx) {
  if (!Number.isFinite(study.heading[row])) return [0, 0];
  const angle = (study.heading[row] * Math.PI) / 180;
  return [Math.sin(angle) * cellPx * 0.8, -Math.cos(angle) * cellPx * 0.8];
}

/** @param {number} count of all images */
const dotPx = (count) => (count > 20000 ? 1.6 : count > 2000 ? 2.5 : 4);

const mappings = /** @type {Map<number, any>} */ (new Map());
/** @param {any} atlas @param {number} cellPx */
function mapping(atlas, cellPx) {
  if (!mappings.has(cellPx)) {
    mappings.set(cellPx, Object.fromEntries(Array.from({ length: atlas.cells }, (_, cell) => [String(cell), {
      x: (cell % atlas.cellsAcross) * cellPx, y: Math.floor(cell / atlas.cellsAcross) * cellPx,
      width: cellPx, height: cellPx, mask: false,
    }])));
  }
  return mappings.get(cellPx);
}
