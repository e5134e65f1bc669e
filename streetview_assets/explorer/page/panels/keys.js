import { byId, element, fill } from '../elements.js';
import { rowsOf } from '../study/state.js';

const KEYS = [
  ['← →', 'the image before and after'], ['Escape', 'close, and put the lasso away'], ['/', 'search'],
  ['l', 'lasso: shift adds, alt takes away'], ['0', 'show all of it'], ['?', 'this list'],
  ['drag, wheel', 'move and come nearer; a layout in space turns, and moves with shift'],
  ['touch', 'one finger moves or draws the lasso, two come nearer, a tap opens an image'],
];

/**
 * Sets up what keys do, and the list of them.
 * @param {import('../study/state.js').State} state
 * @param {import('../views/pair.js').Pair} pair
 * @param {(row: number) => void} look
 */
export function setUpKeys(state, pair, look) {
  const does = /** @type {Record<string, () => void>} */ ({
    '/': () => byId('query').focus(),
    '?': help,
    l: () => pair.lasso.set(!pair.lasso.isOn()),
    0: () => pair.fly(null),
    ArrowRight: () => look(next(state, 1)),
    ArrowLeft: () => look(next(state, -1)),
  });
  byId('help').addEventListener('click', help);
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      for (const open of document.querySelectorAll('dialog[open]')) /** @type {HTMLDialogElement} */ (open).close();
      pair.lasso.set(false);
    }
    const isTyping = ['INPUT', 'SELECT', 'TEXTAREA'].includes(/** @type {HTMLElement} */ (event.target).tagName);
    if (isTyping || event.ctrlKey || event.metaKey || !(event.key in does)) return;
    event.preventDefault();
    does[event.key]();
  });
}

/** Gives the next image that passes the filters, -1 where none does. @param {import('../study/state.js').State} state @param {number} step */
function next(state, step) {
  const rows = rowsOf(state.passes);
  const place = rows.indexOf(state.focus);
  return rows.length ? rows[(Math.max(place, step < 0 ? 0 : -1) + step + rows.length) % rows.length] : -1;
}

function help() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('keys'));
  fill(dialog, element('h2', {}, 'Keys'), element('dl', {}, ...KEYS.flatMap(([key, does]) => [element('dt', {}, key), element('dd', {}, does)])),
    element('button', { onclick: () => dialog.close() }, 'Close'));
  dialog.showModal();
}
