import { css, UNKNOWN } from './colours.js';
import { loadStudy, path } from './data.js';
import { showDetail } from './detail.js';
import { byId, element, fill, say } from './elements.js';
import { animate, grids, scaled } from './grids.js';
import { makeLasso } from './lasso.js';
import { groupName, paint, painting, paintings } from './painting.js';
import { search } from './search.js';
import { watchPublication } from './session.js';
import { showFilters, showGroups, showLegend, showSelection } from './side.js';
import { applyFilters, changed, newState, onChange, readAddress, rowsOf, writeAddress } from './state.js';
import { chooseTheme, isDark } from './theme.js';
import { makeView, mapGround, wordsOn } from './view.js';

/** @typedef {import('./data.js').Study} Study @typedef {import('./state.js').State} State */

const KEYS = [
  ['← →', 'the image before and after'], ['Escape', 'close, and put the lasso away'], ['/', 'search'],
  ['l', 'lasso: shift adds, alt takes away'], ['0', 'show all of it'], ['?', 'this list'],
];

/** @param {Study} study */
function start(study) {
  const state = newState(study.count);
  const layouts = allLayouts(study, state);
  readAddress(state, study, layouts.map((one) => one.name));
  const colours = paintings(study);
  if (!colours.some((one) => one.key === state.colour)) state.colour = colours[0].key;
  applyFilters(state, study);
  state.names = namesKept(study);
  document.title = `${study.about.name}: explorer`;
  byId('title').textContent = study.about.name;
  say('notice', [study.about.warning, study.about.withoutImages].filter(Boolean).join('. '));
  byId('perception').hidden = !study.about.perceives;
  if (study.about.serves) watchPublication(study.about.build, (text) => say('newer', text));
  byId('foot').textContent = `${study.about.meaning} ${study.about.credit}`;

  let how = painting(study, state);
  const roads = Array.from({ length: study.roads.starts.length - 1 }, (_, line) => ({ path: path(study.roads, line) }));
  let laid = layouts[state.layout].make();
  const plane = makeView({ parent: byId('plane'), study, state, onMap: false, onPick: look, ground: () => wordsOn(laid.words, isDark()) });
  const map = makeView({ parent: byId('map'), study, state, onMap: true, onPick: look, ground: () => mapGround(study, ground) });
  let areaColour = areaPainting();

  function areaPainting() {
    const one = study.areas.values.find((/** @type {any} */ value) => value.key === state.colour);
    return (/** @type {number} */ area) => (one && how.scale ? [...how.scale.colour(one.values[area]), 150] : [...UNKNOWN, 24]);
  }
  function ground() {
    return { colour: areaColour, roads, isDark: isDark() };
  }

  function repaint() {
    const painted = paint(study, state, how);
    plane.show(laid.places, painted);
    map.show(study.place, painted);
  }

  /** @param {number} row */
  function look(row) {
    state.focus = row;
    changed('focus');
  }

  /** @param {Uint8Array} mask @param {'replace'|'add'|'remove'} mode */
  function select(mask, mode) {
    for (let row = 0; row < mask.length; row += 1) {
      const inside = mask[row] && state.passes[row];
      if (mode === 'replace') state.selected[row] = inside ? 1 : 0;
      else if (inside) state.selected[row] = mode === 'add' ? 1 : 0;
    }
    changed('selection');
  }
  const lassos = [makeLasso(plane, false, select), makeLasso(map, true, select)];

  /** @param {boolean} on */
  function lasso(on) {
    lassos.forEach((one) => one.set(on));
    byId('lasso').setAttribute('aria-pressed', String(on));
  }
  const isOn = () => byId('lasso').getAttribute('aria-pressed') === 'true';

  /** @param {number[]} rows */
  function fly(rows) {
    plane.fit(rows);
    map.fit(rows);
  }

  /** @param {string} cluster @param {string} name */
  function rename(cluster, name) {
    if (name.trim() && name.trim() !== `cluster ${cluster}`) state.names[cluster] = name.trim();
    else delete state.names[cluster];
    localStorage.setItem(`names of ${study.about.name}`, JSON.stringify(state.names));
    changed('names');
  }

  onChange((what) => {
    if (what === 'filters') applyFilters(state, study);
    if (what === 'colour' || what === 'names') how = painting(study, state);
    if (what === 'colour') areaColour = areaPainting();
    if (what === 'layout') {
      const before = plane.places();
      laid = layouts[state.layout].make();
      plane.show(laid.places, plane.colours());
      plane.fit(null);
      animate(before, laid.places, (places) => plane.show(places, plane.colours()));
      writeAddress(state, study, layouts[state.layout].name);
      return;
    }
    if (what === 'focus' && state.focus >= 0) showDetail(study, state, state.focus, look);
    if (['colour', 'names'].includes(what)) showLegend(how);
    if (['filters', 'names'].includes(what)) showFilters(study, state);
    if (['colour', 'names'].includes(what)) showGroups(study, state, how, fly, rename);
    if (['selection', 'names'].includes(what)) showSelection(study, state, look);
    repaint();
    if (what !== 'hover') writeAddress(state, study, layouts[state.layout].name);
  });

  const chooser = /** @type {HTMLSelectElement} */ (byId('layout'));
  fill(chooser, ...layouts.map((one, number) => element('option', { value: number, selected: number === state.layout }, one.name)));
  chooser.addEventListener('change', () => { state.layout = Number(chooser.value); changed('layout'); });
  const colour = /** @type {HTMLSelectElement} */ (byId('colour'));
  fill(colour, ...colours.map((one) => element('option', { value: one.key, selected: one.key === state.colour }, one.label)));
  colour.addEventListener('change', () => { state.colour = colour.value; changed('colour'); });
  byId('lasso').addEventListener('click', () => lasso(!isOn()));
  byId('reset').addEventListener('click', () => { plane.fit(null); map.fit(null); });
  byId('theme').addEventListener('click', () => { chooseTheme(); repaint(); });
  byId('help').addEventListener('click', help);
  byId('search').addEventListener('submit', async (event) => {
    event.preventDefault();
    const query = /** @type {HTMLInputElement} */ (byId('query')).value;
    const found = await search(study, query);
    state.selected.fill(0);
    for (const row of found.rows) state.selected[row] = 1;
    say('notice', found.note);
    changed('selection');
    if (found.rows.length) fly(found.rows);
  });
  for (const tab of document.querySelectorAll('[data-tab]')) {
    tab.addEventListener('click', () => {
      byId('main').dataset.tab = /** @type {HTMLElement} */ (tab).dataset.tab;
      for (const one of document.querySelectorAll('[data-tab]')) if (one.tagName === 'BUTTON') one.setAttribute('aria-pressed', String(one === tab));
    });
  }
  byId('main').dataset.tab = 'plane';

  addEventListener('keydown', (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === 'Escape') {
      for (const open of document.querySelectorAll('dialog[open]')) /** @type {HTMLDialogElement} */ (open).close();
      lasso(false);
    }
    if (['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName) || event.ctrlKey || event.metaKey) return;
    if (event.key === '/') { event.preventDefault(); byId('query').focus(); }
    if (event.key === '?') help();
    if (event.key === 'l') lasso(!isOn());
    if (event.key === '0') { plane.fit(null); map.fit(null); }
    if (event.key === 'ArrowRight') look(next(state, 1));
    if (event.key === 'ArrowLeft') look(next(state, -1));
  });

  showLegend(how);
  showFilters(study, state);
  showGroups(study, state, how, fly, rename);
  showSelection(study, state, look);
  repaint();
  if (state.focus >= 0) showDetail(study, state, state.focus, look);
  Object.assign(globalThis, { explorer: { study, state, plane, map, look, select, css } });
}

/**
 * Lists all layouts: those that were reckoned, blocks and rows, and the places themselves.
 * @param {Study} study @param {State} state @returns {{name: string, make: () => import('./grids.js').Layout}[]}
 */
function allLayouts(study, state) {
  const reckoned = study.layouts.map((one) => ({ name: one.name, make: () => ({ ...one, words: [] }) }));
  const made = grids(study, (column, text) => groupName(state, column, text)).map(({ name, make }) => ({ name, make: () => scaled(make()) }));
  const asOnMap = { name: 'as on the map', make: () => scaled({ name: 'as on the map', places: study.place, words: [] }) };
  return [...reckoned, ...made, asOnMap];
}

/** Gives the next image that passes the filters. @param {State} state @param {number} step */
function next(state, step) {
  const rows = rowsOf(state.passes);
  const place = rows.indexOf(state.focus);
  return rows.length ? rows[(place + step + rows.length) % rows.length] : -1;
}

/** @param {Study} study @returns {Record<string, string>} */
function namesKept(study) {
  try {
    return { ...(study.manifest.names ?? {}), ...JSON.parse(localStorage.getItem(`names of ${study.about.name}`) ?? '{}') };
  } catch {
    return { ...(study.manifest.names ?? {}) };
  }
}

function help() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('keys'));
  fill(dialog, element('h2', {}, 'Keys'), element('dl', {}, ...KEYS.flatMap(([key, does]) => [element('dt', {}, key), element('dd', {}, does)])),
    element('button', { onclick: () => dialog.close() }, 'Close'));
  dialog.showModal();
}

loadStudy((done, total, what) => {
  byId('splash-text').textContent = `Loading ${what}`;
  /** @type {HTMLProgressElement} */ (byId('splash-bar')).value = done / total;
}).then((study) => {
  start(study);
  byId('splash').hidden = true;
}).catch((error) => {
  byId('splash-text').textContent = `This cannot be shown: ${error.message}`;
  console.error(error);
});
