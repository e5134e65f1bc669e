/**
 * Lets a person draw round images in a view. What lies inside the line is selected, and nothing else.
 * @param {import('./view.js').View} view
 * @param {(inside: Uint8Array, how: import('../study/state.js').Mode|null) => void} onDrawn null: as is set
 */
export function makeLasso(view, onDrawn) {
  const sheet = /** @type {SVGSVGElement} */ (document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polygon');
  sheet.classList.add('lasso');
  sheet.append(line);
  view.parent.append(sheet);
  let drawn = /** @type {[number, number][]} */ ([]);

  sheet.addEventListener('pointerdown', (event) => {
    if (!event.isPrimary) return forget();
    sheet.setPointerCapture(event.pointerId);
    drawn = [at(event)];
  });
  sheet.addEventListener('pointermove', (event) => {
    if (!drawn.length || !event.isPrimary) return;
    drawn.push(at(event));
    line.setAttribute('points', drawn.map((spot) => spot.join(',')).join(' '));
  });
  sheet.addEventListener('pointercancel', forget);
  sheet.addEventListener('pointerup', (event) => {
    const how = event.shiftKey ? 'add' : event.altKey ? 'remove' : null;
    const outline = drawn;
    forget();
    if (outline.length > 2) onDrawn(inside(view, outline), how);
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
 * Marks the images that are seen inside an outline drawn on a view: in space, all along the line of sight.
 * @param {import('./view.js').View} view
 * @param {[number, number][]} outline in pixels of the view
 * @returns {Uint8Array}
 */
export function inside(view, outline) {
  const [across, down] = [outline.map(([x]) => x), outline.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...across), Math.max(...across), Math.min(...down), Math.max(...down)];
  const mask = new Uint8Array(view.colours().length / 4);
  for (let row = 0; row < mask.length; row += 1) {
    const [x, y] = view.onScreen(row);
    if (x >= left && x <= right && y >= top && y <= bottom) mask[row] = Number(isInside(outline, x, y));
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
