import { byId, element, fill, say } from '../elements.js';
import { areaPaintings, paintings } from '../study/painting.js';
import { changed, selectRows } from '../study/state.js';
import { chooseTheme } from '../theme.js';
import { search } from './search.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

/**
 * Sets up the bar at the top: layouts, colours, tools, search, and the tabs of narrow screens.
 * @param {Study} study @param {State} state
 * @param {import('../views/layouts.js').Choice[]} layouts
 * @param {import('../views/pair.js').Pair} pair
 */
export function setUpBar(study, state, layouts, pair) {
  const layout = /** @type {HTMLSelectElement} */ (byId('layout'));
  fill(layout, ...layouts.map((one, number) => element('option', { value: number, selected: number === state.layout }, one.name)));
  layout.addEventListener('change', () => { state.layout = Number(layout.value); changed('layout'); });
  for (const what of /** @type {('colour'|'areas')[]} */ (['colour', 'areas'])) {
    const chooser = /** @type {HTMLSelectElement} */ (byId(what));
    chooser.addEventListener('change', () => { state[what] = chooser.value; changed('colour'); });
  }
  byId('areas-label').hidden = !study.areas.count;
  showColours(study, state);
  byId('lasso').addEventListener('click', () => pair.lasso.set(!pair.lasso.isOn()));
  for (const one of byId('modes').querySelectorAll('button')) {
    one.addEventListener('click', () => {
      state.mode = /** @type {import('../study/state.js').Mode} */ (one.dataset.mode);
      for (const other of byId('modes').querySelectorAll('button')) other.setAttribute('aria-pressed', String(other === one));
    });
  }
  byId('reset').addEventListener('click', () => pair.fly(null));
  byId('theme').addEventListener('click', () => { chooseTheme(); pair.repaint(); });
  byId('search').addEventListener('submit', (event) => { event.preventDefault(); find(study, state, pair); });
  setUpTabs();
}

/** Lists the colours by their names, which change with the names of clusters. @param {Study} study @param {State} state */
export function showColours(study, state) {
  fill(byId('colour'), ...options(paintings(study, state), state.colour));
  fill(byId('areas'), element('option', { value: '' }, 'as the images'), ...options(areaPaintings(study, state), state.areas));
}

/** @param {{key: string, label: string, under: string}[]} choices @param {string} chosen */
function options(choices, chosen) {
  const headings = [...new Set(choices.map((one) => one.under))];
  return headings.map((under) => element('optgroup', { label: under }, ...choices.filter((one) => one.under === under)
    .map((one) => element('option', { value: one.key, selected: one.key === chosen }, one.label))));
}

/** @param {Study} study @param {State} state @param {import('../views/pair.js').Pair} pair */
async function find(study, state, pair) {
  const found = await search(study, /** @type {HTMLInputElement} */ (byId('query')).value);
  say('notice', found.note);
  selectRows(state, found.rows);
  if (found.rows.length) pair.fly(found.rows);
}

function setUpTabs() {
  const tabs = document.querySelectorAll('button[data-tab]');
  for (const tab of tabs) {
    tab.addEventListener('click', () => {
      byId('main').dataset.tab = /** @type {HTMLElement} */ (tab).dataset.tab;
      for (const one of tabs) one.setAttribute('aria-pressed', String(one === tab));
    });
  }
  byId('main').dataset.tab = 'plane';
}
