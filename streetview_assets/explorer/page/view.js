import { onSprite, sprite, cellOf } from './sprites.js';

const { Deck, OrthographicView, MapView, ScatterplotLayer, IconLayer, PathLayer, PolygonLayer, TextLayer } =
  /** @type {any} */ (globalThis).deck;

const NEAR = 1200;
const NEARER = 400;
/** Up to so many images in view are shown as thumbnails, of fewer the larger ones. */

/**
 * One of the two views: where images lie, and how that is drawn.
 * @typedef {object} View
 * @property {any} deck
 * @property {HTMLElement} parent
 * @property {() => Float32Array} places two numbers an image
 * @property {() => Uint8Array} colours four numbers an image
 * @property {(places: Float32Array, colours: Uint8Array) => void} show
 * @property {(rows: number[]|null) => void} fit
 * @property {() => any} viewport
 */

/**
 * @param {object} options
 * @param {HTMLElement} options.parent
 * @param {import('./data.js').Study} options.study
 * @param {import('./state.js').State} options.state
 * @param {boolean} options.onMap
 * @param {(row: number) => void} options.onPick
 * @param {() => any[]} options.ground layers below the images
 * @returns {View}
 */
export function makeView({ parent, study, state, onMap, onPick, ground }) {
  let places = new Float32Array(0);
  let colours = new Uint8Array(0);
  let thumbnails = /** @type {number[]} */ ([]);
  let viewState = /** @type {any} */ (null);
  let timer = 0;
  const name = onMap ? 'map' : 'plane';
  const deck = new Deck({
    parent,
    views: onMap ? new MapView({ repeat: false }) : new OrthographicView({ flipY: false }),
    controller: { doubleClickZoom: false, dragRotate: false, touchRotate: false, keyboard: false, inertia: 200 },
    pickingRadius: 5,
    useDevicePixels: true,
    getCursor: ({ isDragging, isHovering }) => (isDragging ? 'grabbing' : isHovering ? 'pointer' : 'grab'),
    onViewStateChange: ({ viewState: next }) => {
      viewState = next;
      deck.setProps({ viewState });
      later();
    },
    onClick: (/** @type {any} */ picked) => onPick(rowPicked(picked)),
    onResize: () => { if (!viewState) fit(null); later(); },
    layers: [],
  });
  onSpriteOf(() => redraw());

  /** @param {any} picked */
  const rowPicked = (picked) => {
    if (picked.layer?.id.includes('thumbnails')) return picked.object ?? -1;
    return picked.layer?.id.includes('dots') ? picked.index : -1;
  };

  const viewport = () => deck.getViewports()[0] ?? null;

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => { thumbnails = inView(); redraw(); }, 120);
  }

  /** Lists the images in view, none where they are too many to be told apart. */
  function inView() {
    const seen = viewport();
    if (!study.manifest.atlas || !seen) return [];
    const [[left, top], [right, bottom]] = [seen.unproject([0, 0]), seen.unproject([seen.width, seen.height])];
    const [west, east, south, north] = [Math.min(left, right), Math.max(left, right), Math.min(top, bottom), Math.max(top, bottom)];
    const rows = [];
    for (let row = 0; row < study.count; row += 1) {
      const x = places[2 * row];
      const y = places[2 * row + 1];
      if (x >= west && x <= east && y >= south && y <= north && state.passes[row] && study.hasThumbnail?.[row]) {
        rows.push(row);
        if (rows.length > NEAR) return [];
      }
    }
    return rows;
  }

  function imageLayers() {
    const layers = [
      new ScatterplotLayer({
        id: `${name}-dots`,
        data: {
          length: study.count,
          attributes: { getPosition: { value: places, size: 2 }, getFillColor: { value: colours, size: 4 } },
        },
        getRadius: dotPx(), radiusUnits: 'pixels', pickable: true, autoHighlight: true,
      }),
    ];
    const { atlas } = study.manifest;
    const cellPx = thumbnails.length && thumbnails.length <= NEARER ? Math.max(...(atlas?.cellsPx ?? [0])) : Math.min(...(atlas?.cellsPx ?? [0]));
    const bySprite = /** @type {Map<string, number[]>} */ (new Map());
    for (const row of thumbnails) {
      const { file } = cellOf(atlas, row, cellPx);
      const rows = bySprite.get(file);
      if (rows) rows.push(row); else bySprite.set(file, [row]);
    }
    for (const [file, rows] of bySprite) {
      const bitmap = sprite(file);
      if (!bitmap) continue;
      layers.push(new IconLayer({
        id: `${name}-thumbnails-${file}`, data: rows, iconAtlas: bitmap, iconMapping: mapping(atlas, cellPx),
        getIcon: (/** @type {number} */ row) => String(row % atlas.cells),
        getPosition: (/** @type {number} */ row) => [places[2 * row], places[2 * row + 1]],
        getPixelOffset: (/** @type {number} */ row) => offset(row, cellPx), getSize: cellPx, sizeUnits: 'pixels', pickable: true, autoHighlight: true,
        getColor: (/** @type {number} */ row) => [255, 255, 255, colours[4 * row + 3] > 100 ? 255 : 90],
        updateTriggers: { getPosition: places, getColor: colours },
      }));
    }
    return layers;
  }

  /** On the map the views of one place stand round it, each on the side that it looks to. @param {number} row @param {number} cellPx */
  const offset = (row, cellPx) => {
    if (!onMap || !Number.isFinite(study.heading[row])) return [0, 0];
    const angle = (study.heading[row] * Math.PI) / 180;
    return [Math.sin(angle) * cellPx * 0.8, -Math.cos(angle) * cellPx * 0.8];
  };

  const dotPx = () => (study.count > 20000 ? 1.6 : study.count > 2000 ? 2.5 : 4);

  function marks() {
    const rows = [];
    if (state.focus >= 0) rows.push(state.focus);
    return [new ScatterplotLayer({
      id: `${name}-focus`, data: rows, getPosition: (/** @type {number} */ row) => [places[2 * row], places[2 * row + 1]],
      stroked: true, filled: false, getLineColor: [230, 60, 30], lineWidthUnits: 'pixels', getLineWidth: 3,
      getRadius: thumbnails.length ? 26 : 9, radiusUnits: 'pixels', updateTriggers: { getPosition: places },
    })];
  }

  function redraw() {
    deck.setProps({ layers: [...ground(), ...imageLayers(), ...marks()] });
  }

  /** @param {number[]|null} rows */
  function fit(rows) {
    const box = boxOf(places, rows);
    const width = parent.clientWidth;
    const height = parent.clientHeight;
    if (!box || !width || !height) return;
    viewState = onMap ? mapState(box, width, height) : planeState(box, width, height);
    deck.setProps({ viewState });
    later();
  }

  return {
    deck, parent, viewport, fit, places: () => places, colours: () => colours,
    show(nextPlaces, nextColours) {
      places = nextPlaces;
      colours = nextColours;
      if (!viewState) fit(null);
      redraw();
      later();
    },
  };
}

const spriteListeners = /** @type {(() => void)[]} */ ([]);
/** @param {() => void} listener */
function onSpriteOf(listener) {
  spriteListeners.push(listener);
  onSprite(() => spriteListeners.forEach((one) => one()));
}

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

/** @param {Float32Array} places @param {number[]|null} rows */
export function boxOf(places, rows) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const count = rows ? rows.length : places.length / 2;
  for (let at = 0; at < count; at += 1) {
    const row = rows ? rows[at] : at;
    const [x, y] = [places[2 * row], places[2 * row + 1]];
    if (Number.isFinite(x) && Number.isFinite(y)) {
      box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
    }
  }
  return Number.isFinite(box[0]) ? box : null;
}

/** @param {number[]} box @param {number} width @param {number} height */
function planeState(box, width, height) {
  const [left, bottom, right, top] = box;
  const zoom = Math.log2(Math.min(width / (right - left || 0.1), height / (top - bottom || 0.1)) * 0.92);
  return { target: [(left + right) / 2, (bottom + top) / 2, 0], zoom, maxZoom: 16, minZoom: zoom - 3 };
}

/** @param {number[]} box @param {number} width @param {number} height */
export function mapState(box, width, height) {
  const [west, south, east, north] = box;
  const tall = Math.max(mercator(north) - mercator(south), 1e-4);
  const wide = Math.max(east - west, 1e-4);
  const zoom = Math.log2(Math.min(width / ((wide / 360) * 512), height / ((tall / 360) * 512)) * 0.9);
  return { longitude: (west + east) / 2, latitude: (south + north) / 2, zoom: Math.min(18, zoom), pitch: 0, bearing: 0, maxZoom: 21, minZoom: 1 };
}

/** How far north a latitude is on a map of Mercator, in degrees. @param {number} latitude */
export const mercator = (latitude) => (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360));

/**
 * Makes the layer of the words of a layout.
 * @param {{text: string, place: [number, number]}[]} words
 * @param {boolean} isDark
 */
export function wordsOn(words, isDark) {
  return [new TextLayer({
    id: 'words', data: words, getText: (/** @type {any} */ one) => one.text.slice(0, 40), getPosition: (/** @type {any} */ one) => one.place,
    getSize: 13, sizeUnits: 'pixels', getTextAnchor: 'start', getAlignmentBaseline: 'bottom', characterSet: 'auto',
    getColor: isDark ? [220, 220, 220] : [60, 60, 60], fontFamily: 'system-ui, sans-serif',
  })];
}

/**
 * Makes the layers below the images of the map: areas, coloured by a value, and roads.
 * @param {import('./data.js').Study} study
 * @param {() => {colour: (area: number) => number[], roads: {path: [number, number][]}[], isDark: boolean}} how
 */
export function mapGround(study, how) {
  const { colour, roads, isDark } = how();
  return [
    new PolygonLayer({
      id: 'areas', data: study.areas.polygons, getPolygon: (/** @type {any} */ one) => one.rings,
      getFillColor: (/** @type {any} */ one) => colour(one.area), getLineColor: isDark ? [90, 90, 90] : [160, 160, 160],
      lineWidthUnits: 'pixels', getLineWidth: 0.7, stroked: true, filled: true, updateTriggers: { getFillColor: colour },
    }),
    new PathLayer({
      id: 'roads', data: roads, getPath: (/** @type {any} */ one) => one.path, widthUnits: 'pixels', getWidth: 0.8,
      getColor: isDark ? [120, 120, 120, 140] : [110, 110, 110, 110],
    }),
  ];
}
