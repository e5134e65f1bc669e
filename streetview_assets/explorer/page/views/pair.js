import { path } from '../study/data.js';
import { areaPainting, paint, painting } from '../study/painting.js';
import { select } from '../study/state.js';
import { byId } from '../elements.js';
import { isDark } from '../theme.js';
import { mapGround, wordsOn } from './ground.js';
import { makeLasso } from './lasso.js';
import { animate } from './motion.js';
import { makeView } from './view.js';

/** @typedef {import('./view.js').View} View @typedef {import('./layouts.js').Choice} Choice */

/**
 * The two views, linked: what is chosen in one is lit in the other.
 * @typedef {object} Pair
 * @property {View} plane
 * @property {View} map
 * @property {() => void} repaint
 * @property {() => void} layOut leads images to the layout that is chosen
 * @property {(rows: number[]|null) => void} fly to some images, or to all
 * @property {{set: (on: boolean) => void, isOn: () => boolean}} lasso
 */

/**
 * @param {import('../study/data.js').Study} study
 * @param {import('../study/state.js').State} state
 * @param {Choice[]} layouts
 * @param {(row: number) => void} look
 * @returns {Pair}
 */
export function makePair(study, state, layouts, look) {
  const roads = Array.from({ length: study.roads.starts.length - 1 }, (_, line) => ({ path: path(study.roads, line) }));
  let laid = layouts[state.layout].make();
  let areas = areaPainting(study, state);
  const plane = makeView({ parent: byId('plane'), study, state, onMap: false, onPick: look, ground: () => wordsOn(laid.words, isDark()) });
  const map = makeView({ parent: byId('map'), study, state, onMap: true, onPick: look, ground: () => mapGround(study, roads, areas && areas.of, isDark()) });

  function repaint() {
    const painted = paint(study, state, painting(study, state));
    areas = areaPainting(study, state);
    plane.turn(laid.isSpace);
    plane.show(laid.places, painted);
    map.show(study.place, painted);
  }

  function layOut() {
    const before = plane.places();
    laid = layouts[state.layout].make();
    plane.show(laid.places, plane.colours());
    plane.turn(laid.isSpace);
    plane.fit(null);
    animate(before, laid.places, (places) => plane.show(places, plane.colours()));
  }

  /** @param {number[]|null} rows */
  function fly(rows) {
    plane.fit(rows);
    map.fit(rows);
  }

  const lassos = [plane, map].map((view) => makeLasso(view, (mask, mode) => select(state, mask, mode ?? state.mode)));
  const button = byId('lasso');
  const lasso = {
    isOn: () => button.getAttribute('aria-pressed') === 'true',
    set(/** @type {boolean} */ on) {
      lassos.forEach((one) => one.set(on));
      button.setAttribute('aria-pressed', String(on));
      byId('modes').hidden = !on;
    },
  };
  return { plane, map, repaint, layOut, fly, lasso };
}
