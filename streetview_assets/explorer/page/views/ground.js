import { UNKNOWN } from '../study/colours.js';

const { PathLayer, PolygonLayer, TextLayer, TileLayer, BitmapLayer } = /** @type {any} */ (globalThis).deck;

const LONGEST_WORD = 40;
const TILE_PX = 256;

/**
 * Makes the layer of the words of a layout.
 * @param {{text: string, place: [number, number]}[]} words
 * @param {boolean} isDark
 */
export function wordsOn(words, isDark) {
  return words.length === 0 ? [] : [new TextLayer({
    id: 'words', data: words, getText: (/** @type {any} */ one) => one.text.slice(0, LONGEST_WORD), getPosition: (/** @type {any} */ one) => one.place,
    getSize: 13, sizeUnits: 'pixels', getTextAnchor: 'start', getAlignmentBaseline: 'bottom', characterSet: 'auto',
    getColor: isDark ? [220, 220, 220] : [60, 60, 60], fontFamily: 'system-ui, sans-serif',
  })];
}

/**
 * Makes the layers below the images of the map: tiles where the study names some, areas, roads.
 * @param {import('../study/data.js').Study} study
 * @param {{path: [number, number][]}[]} roads
 * @param {((area: number) => number[])|null} colour of an area; null: all are pale
 * @param {boolean} isDark
 */
export function mapGround(study, roads, colour, isDark) {
  const fill = (/** @type {any} */ one) => (colour ? [...colour(one.area), 150] : [...UNKNOWN, 24]);
  return [
    ...tiles(study.about.tiles),
    new PolygonLayer({
      id: 'areas', data: study.areas.polygons, getPolygon: (/** @type {any} */ one) => one.rings,
      getFillColor: fill, getLineColor: isDark ? [90, 90, 90] : [160, 160, 160],
      lineWidthUnits: 'pixels', getLineWidth: 0.7, stroked: true, filled: true, updateTriggers: { getFillColor: colour },
    }),
    new PathLayer({
      id: 'roads', data: roads, getPath: (/** @type {any} */ one) => one.path, widthUnits: 'pixels', getWidth: 0.8,
      getColor: isDark ? [120, 120, 120, 140] : [110, 110, 110, 110],
    }),
  ];
}

/** @param {{url: string}|null} told where map tiles are to be had: with {z}, {x} and {y} */
function tiles(told) {
  if (!told) return [];
  return [new TileLayer({
    id: 'tiles', data: told.url, tileSize: TILE_PX, maxZoom: 19,
    getTileData: (/** @type {any} */ { url, signal }) => tileImage(url, signal),
    renderSubLayers: (/** @type {any} */ props) => {
      const [[west, south], [east, north]] = props.tile.boundingBox;
      return new BitmapLayer(props, { data: null, image: props.data, bounds: [west, south, east, north] });
    },
  })];
}

/** Loads a tile as an image, which is all that the page may load from another host. @param {string} url @param {AbortSignal} signal */
function tileImage(url, signal) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.crossOrigin = 'anonymous';
    // Hosts of tiles ask to be told who asks; the path, which says what is looked at, is not sent.
    image.referrerPolicy = 'strict-origin-when-cross-origin';
    image.onload = () => resolve(image);
    image.onerror = () => reject(new Error(`${url}: no such tile`));
    signal?.addEventListener('abort', () => { image.src = ''; });
    image.src = url;
  });
}
