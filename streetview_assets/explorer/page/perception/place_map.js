import { path } from '../study/data.js';
import { isDark } from '../theme.js';
import { fitted } from '../views/fitting.js';
import { mapGround } from '../views/ground.js';

const { Deck, MapView, ScatterplotLayer } = /** @type {any} */ (globalThis).deck;

const ASKED = [230, 60, 30];

/**
 * Makes a map that a place is asked of by a click.
 * @param {HTMLElement} parent
 * @param {import('../study/data.js').Study} study
 * @param {(longitude: number, latitude: number) => void} onPlace
 */
export function makePlaceMap(parent, study, onPlace) {
  const roads = Array.from({ length: study.roads.starts.length - 1 }, (_, line) => ({ path: path(study.roads, line) }));
  let place = /** @type {[number, number]|null} */ (null);
  let rows = /** @type {number[]} */ ([]);
  const deck = new Deck({
    parent,
    views: new MapView({ repeat: false }),
    initialViewState: fitted(study.place, 2, null, parent, true, false) ?? { longitude: 0, latitude: 0, zoom: 1 },
    controller: { doubleClickZoom: false, dragRotate: false, touchRotate: false },
    getCursor: ({ isDragging }) => (isDragging ? 'grabbing' : 'crosshair'),
    onClick: (/** @type {any} */ { coordinate }) => coordinate && onPlace(coordinate[0], coordinate[1]),
    layers: [],
  });

  const at = (/** @type {number} */ row) => [study.place[2 * row], study.place[2 * row + 1]];
  function draw() {
    const dark = isDark();
    deck.setProps({ layers: [
      ...mapGround(study, roads, null, dark),
      new ScatterplotLayer({ id: 'images', data: { length: study.count, attributes: { getPosition: { value: study.place, size: 2 } } },
        getFillColor: dark ? [108, 184, 240, 150] : [11, 98, 164, 130], getRadius: 2.5, radiusUnits: 'pixels' }),
      new ScatterplotLayer({ id: 'said-from', data: rows, getPosition: at, stroked: true, filled: false, getLineColor: ASKED,
        lineWidthUnits: 'pixels', getLineWidth: 2, getRadius: 7, radiusUnits: 'pixels', updateTriggers: { getPosition: rows } }),
      new ScatterplotLayer({ id: 'asked', data: place ? [place] : [], getPosition: (/** @type {any} */ one) => one, getFillColor: ASKED,
        stroked: true, getLineColor: [255, 255, 255], lineWidthUnits: 'pixels', getLineWidth: 2, getRadius: 6, radiusUnits: 'pixels' }),
    ] });
  }
  draw();
  return {
    deck, draw,
    /** @param {[number, number]} asked @param {number[]} saidFrom rows of the images that it is said from */
    mark(asked, saidFrom) { place = asked; rows = saidFrom; draw(); },
  };
}
