import { fitted } from './fitting.js';
import { imageLayers } from './image_layers.js';
import { nearOnes } from './near.js';
import { onSprite } from './sprites.js';

const { Deck, OrthographicView, OrbitView, MapView } = /** @type {any} */ (globalThis).deck;

const SETTLED_MS = 120;

/**
 * One of the two views: where images lie, and how that is drawn.
 * @typedef {object} View
 * @property {any} deck
 * @property {HTMLElement} parent
 * @property {() => Float32Array} places `across` numbers an image
 * @property {() => Uint8Array} colours four numbers an image
 * @property {(row: number) => [number, number]} onScreen where an image is, in pixels of the view
 * @property {(places: Float32Array, colours: Uint8Array) => void} show
 * @property {(isSpace: boolean) => void} turn makes it one on a plane, or in space
 * @property {(rows: number[]|null) => void} fit
 * @property {() => void} redraw
 */

/**
 * @param {object} options
 * @param {HTMLElement} options.parent
 * @param {import('../study/data.js').Study} options.study
 * @param {import('../study/state.js').State} options.state
 * @param {boolean} options.onMap
 * @param {(row: number) => void} options.onPick
 * @param {() => any[]} options.ground layers below the images
 * @returns {View}
 */
export function makeView({ parent, study, state, onMap, onPick, ground }) {
  const across = onMap ? 2 : 3;
  const name = onMap ? 'map' : 'plane';
  let places = new Float32Array(0);
  let colours = new Uint8Array(0);
  let near = /** @type {number[]} */ ([]);
  let isFitted = false;
  let isSpace = false;
  let timer = 0;
  const deck = new Deck({
    id: `${name}-canvas`,
    parent,
    onLoad: () => deck.getCanvas().setAttribute('aria-label', onMap ? 'Map of the images' : 'Images, like beside like'),
    ...eyes(onMap, false),
    viewState: onMap ? { longitude: 0, latitude: 0, zoom: 1 } : { target: [0, 0, 0], zoom: 1 },
    pickingRadius: matchMedia('(pointer: coarse)').matches ? 14 : 5,
    useDevicePixels: true,
    getCursor: ({ isDragging, isHovering }) => (isDragging ? 'grabbing' : isHovering ? 'pointer' : 'grab'),
    onViewStateChange: ({ viewState: next }) => move(next),
    onClick: (/** @type {any} */ picked) => onPick(rowPicked(picked)),
    onResize: () => { if (!isFitted) fit(null); later(); },
    layers: [],
  });
  onSprite(redraw);

  const viewport = () => deck.getViewports()[0] ?? null;
  const onScreen = (/** @type {number} */ row) => viewport().project([...places.subarray(across * row, across * row + across)]);

  /** @param {any} next */
  function move(next) {
    deck.setProps({ viewState: next });
    later();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(settle, SETTLED_MS);
  }

  /** Draws once more only where other images have come near. */
  function settle() {
    const found = nearOnes(study, state, viewport(), { places, across, isSpace });
    if (found.length === near.length && found.every((row, at) => row === near[at])) return;
    near = found;
    redraw();
  }

  function redraw() {
    deck.setProps({ layers: [...ground(), ...imageLayers({ name, study, state, places, across, colours, near, onMap })] });
  }

  /** @param {number[]|null} rows */
  function fit(rows) {
    const next = fitted(places, across, rows, parent, onMap, isSpace);
    isFitted ||= next !== null;
    if (next) move(next);
  }

  /** @param {boolean} inSpace */
  function turn(inSpace) {
    if (isSpace === inSpace) return;
    isSpace = inSpace;
    const viewState = fitted(places, across, null, parent, onMap, isSpace) ?? { target: [0, 0, 0], zoom: 1 };
    deck.setProps({ ...eyes(onMap, isSpace), viewState });
    parent.dataset.space = String(isSpace);
  }

  return {
    deck, parent, fit, turn, redraw, onScreen, places: () => places, colours: () => colours,
    show(nextPlaces, nextColours) {
      places = nextPlaces;
      colours = nextColours;
      if (!isFitted) fit(null);
      redraw();
      later();
    },
  };
}

/** Says how one looks and moves: over a map, over a plane, or round a space. @param {boolean} onMap @param {boolean} isSpace */
function eyes(onMap, isSpace) {
  const moved = { doubleClickZoom: false, keyboard: false, inertia: 200 };
  if (isSpace) return { views: new OrbitView({ id: 'space', orbitAxis: 'Y', orthographic: true }), controller: moved };
  const views = onMap ? new MapView({ id: 'map', repeat: false }) : new OrthographicView({ id: 'plane', flipY: false });
  return { views, controller: { ...moved, dragRotate: false, touchRotate: false } };
}

/** @param {any} picked what deck.gl says lies under the pointer */
function rowPicked(picked) {
  if (picked.layer?.id.includes('thumbnails')) return picked.object ?? -1;
  return picked.layer?.id.includes('dots') ? picked.index : -1;
}
