import { byId, say } from './elements.js';
import { openKept } from './kept/kept.js';
import { showKept } from './kept/panel.js';
import { setUpBar, showColours } from './panels/bar.js';
import { showClusters } from './panels/clusters.js';
import { showDetail } from './panels/detail.js';
import { showFilters } from './panels/filters.js';
import { setUpKeys } from './panels/keys.js';
import { showLegend } from './panels/legend.js';
import { showSelection } from './panels/selection.js';
import { watchPublication } from './session.js';
import { readAddress, writeAddress } from './study/address.js';
import { loadStudy } from './study/data.js';
import { paintings } from './study/painting.js';
import { applyFilters, changed, newState, onChange, select } from './study/state.js';
import './theme.js';
import { allLayouts } from './views/layouts.js';
import { makePair } from './views/pair.js';
import { onSprite } from './views/sprites.js';

/** @typedef {import('./study/data.js').Study} Study @typedef {import('./study/state.js').State} State */

/** @param {Study} study */
async function start(study) {
  const state = newState(study.count);
  const kept = await openKept(study, state);
  const layouts = allLayouts(study, state);
  readAddress(state, study, layouts.map((one) => one.name));
  const colours = paintings(study, state);
  if (!colours.some((one) => one.key === state.colour)) state.colour = colours[0].key;
  applyFilters(state, study);
  introduce(study);

  const look = (/** @type {number} */ row) => { state.focus = row; changed('focus'); };
  const pair = makePair(study, state, layouts, look);
  const show = panels(study, state, pair, look);
  setUpBar(study, state, layouts, pair);
  setUpKeys(state, pair, look);
  const caption = () => { byId('meaning').textContent = layouts[state.layout].meaning; };

  onChange((what) => {
    if (what === 'filters') applyFilters(state, study);
    if (what === 'names' || what === 'groups') {
      kept.keep(what);
      showKept(study, state, kept.isShared);
    }
    show[what]?.();
    if (what === 'layout') { pair.layOut(); caption(); } else pair.repaint();
    if (what !== 'hover') writeAddress(state, study, layouts[state.layout].name);
  });

  caption();
  showKept(study, state, kept.isShared);
  for (const what of ['filters', 'names', 'selection']) show[what]();
  pair.repaint();
  if (state.focus >= 0) show.focus();
  Object.assign(globalThis, { explorer: { study, state, ...pair, look, select: (/** @type {Uint8Array} */ mask) => select(state, mask, 'replace') } });
}

/**
 * Says which panels are shown anew when something changes.
 * @param {Study} study @param {State} state @param {import('./views/pair.js').Pair} pair @param {(row: number) => void} look
 * @returns {Record<string, () => void>}
 */
function panels(study, state, pair, look) {
  const filters = () => showFilters(study, state);
  const selection = () => showSelection(study, state, look);
  const rename = (/** @type {string} */ cluster, /** @type {string} */ name) => {
    if (name.trim() && name.trim() !== `cluster ${cluster}`) state.names[cluster] = name.trim();
    else delete state.names[cluster];
    changed('names');
  };
  const colour = () => {
    showLegend(study, state);
    showClusters(study, state, pair.fly, rename);
  };
  const focus = () => {
    if (state.focus >= 0) showDetail(study, state, state.focus, look, pair.fly);
    else /** @type {HTMLDialogElement} */ (byId('detail')).close();
  };
  const names = () => {
    colour();
    showColours(study, state);
    filters();
    selection();
  };
  return { filters, selection, groups: selection, colour, focus, names };
}

/** Says what the study is, and what is to be known of it. @param {Study} study */
function introduce({ about }) {
  byId('perception').hidden = !about.perceives;
  if (about.serves) watchPublication(about.build, (text) => say('newer', text));
  document.title = `${about.name}: explorer`;
  byId('title').textContent = about.name;
  say('notice', [about.warning, about.withoutImages].filter(Boolean).join('. '));
  byId('foot-text').textContent = about.credit;
  say('tiles-credit', about.tiles?.attribution ?? '');
  onSprite((loading) => { byId('loading').textContent = loading ? `Loading thumbnails: ${loading} to come` : ''; });
}

loadStudy((done, total, what) => {
  byId('splash-text').textContent = `Loading ${what}`;
  /** @type {HTMLProgressElement} */ (byId('splash-bar')).value = done / total;
}).then(async (study) => {
  await start(study);
  byId('splash').hidden = true;
}).catch((error) => {
  byId('splash-text').textContent = `This cannot be shown: ${error.message}`;
  console.error(error);
});
