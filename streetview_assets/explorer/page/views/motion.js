const MOVE_MS = 700;
const LONGEST_STEP_MS = 200;
/** A frame that takes long leaves out none of the way. */

/**
 * Leads images from one layout to another.
 * @param {Float32Array} from
 * @param {Float32Array} to
 * @param {(places: Float32Array) => void} show
 */
export function animate(from, to, show) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (still || from.length !== to.length || !from.length) {
    show(to);
    return;
  }
  let [last, gone] = [0, 0];
  const step = (/** @type {number} */ now) => {
    gone += Math.min(now - (last || now), LONGEST_STEP_MS);
    last = now;
    const share = Math.min(1, gone / MOVE_MS);
    if (share >= 1) {
      show(to);
      return;
    }
    const eased = share * share * (3 - 2 * share);
    show(from.map((place, at) => (Number.isFinite(place) ? place + (to[at] - place) * eased : to[at])));
    requestAnimationFrame(step);
  };
  show(from);
  requestAnimationFrame(step);
}
