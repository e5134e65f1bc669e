import { mercator } from './view.js';

/**
 * Lets a person draw round images in a view. What lies inside the line is selected, and nothing else.
 * @param {import('./view.js').View} view
 * @param {boolean} onMap
 * @param {(inside: Uint8Array, how: 'replace'|'add'|'remove') => void} onDrawn
 */
export function makeLasso(view, onMap, onDrawn) {
  const sheet = /** @type {SVGSVGElement} */ (document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polygon');
  sheet.classList.add('lasso');
  sheet.append(line);
  view.parent.append(sheet);
  let drawn = /** @type {[number, number][]} */ ([]);

  sheet.addEventListener('pointerdown', (event) => {
    sheet.setPointerCapture(event.pointerId);
    drawn = [at(event)];
  });
  sheet.addEventListener('pointermove', (event) => {
    if (!drawn.length) return;
    drawn.push(at(event));
    line.setAttribute('points', drawn.map((spot) => spot.join(',')).join(' '));
  });
  sheet.addEventListener('pointercancel', forget);
  sheet.addEventListener('pointerup', (event) => {
    const how = event.shiftKey ? 'add' : event.altKey ? 'remove' : 'replace';
    const outline = drawn;
    forget();
    if (outline.length > 2) onDrawn(inside(view, onMap, outline), how);
  });

  function forget() {
    drawn = [];
    line.removeAttribute('points');
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  function at(event) {
    const box = sheet.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  return { set: (/** @type {boolean} */ on) => { sheet.classList.toggle('on', on); forget(); } };
}

/**
 * Marks the images inside an outline drawn on a view.
 * @param {import('./view.js').View} view
 * @param {boolean} onMap
 * @param {[number, number][]} outline in pixels of the view
 * @returns {Uint8Array}
 */
export function inside(view, onMap, outline) {
  const seen = view.viewport();
  // A straight line on the screen is straight on Mercator's map, and bent in degrees.
  const flat = (/** @type {number} */ y) => (onMap ? mercator(y) : y);
  const spots = outline.map((spot) => seen.unproject(spot)).map(([x, y]) => [x, flat(y)]);
  const places = view.places();
  const mask = new Uint8Array(places.length / 2);
  for (let row = 0; row < mask.length; row += 1) {
    mask[row] = Number(isInside(spots, places[2 * row], flat(places[2 * row + 1])));
  }
  return mask;
}

/**
 * Says whether a place is inside an outline, by the even-odd rule.
 * @param {number[][]} outline
 * @param {number} x
 * @param {number} y
 */
export function isInside(outline, x, y) {
  let is = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i, i += 1) {
    const [ax, ay] = outline[i];
    const [bx, by] = outline[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) is = !is;
  }
  return is;
}
