import { byId, counted, element, fill } from '../elements.js';
import { css } from '../study/colours.js';
import { groupName, painting } from '../study/painting.js';
import { changed, selectRows } from '../study/state.js';
import { thumbnail } from '../views/sprites.js';
import { profile } from './profile.js';
import { percent } from './wording.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const COVER_PX = 52;

/**
 * Lists the clusters: the image nearest to the centre, the name, the size, what is in it.
 * @param {Study} study @param {State} state
 * @param {(rows: number[]) => void} fly @param {(cluster: string, name: string) => void} rename
 */
export function showClusters(study, state, fly, rename) {
  const { codes, texts } = study.coded.cluster;
  if (!texts.length) return fill(byId('groups'));
  const rows = texts.map(() => /** @type {number[]} */ ([]));
  for (let row = 0; row < study.count; row += 1) if (codes[row] < texts.length) rows[codes[row]].push(row);
  const most = Math.max(1, ...rows.map((one) => one.length));
  return fill(byId('groups'), element('h2', {}, 'Clusters'), element('ul', { class: 'groups' },
    ...texts.map((text, code) => cluster(study, state, { text, code, rows: rows[code], size: rows[code].length / most }, fly, rename))));
}

/**
 * @param {Study} study @param {State} state
 * @param {{text: string, code: number, rows: number[], size: number}} one `size` as a share of the largest
 * @param {(rows: number[]) => void} fly @param {(cluster: string, name: string) => void} rename
 */
function cluster(study, state, { text, code, rows, size }, fly, rename) {
  const called = groupName(state, 'cluster', text);
  const name = /** @type {HTMLInputElement} */ (element('input', {
    value: called, maxlength: 80, 'aria-label': `Name of cluster ${text}`, onchange: () => rename(text, name.value),
  }));
  const point = (/** @type {number} */ to) => () => { state.hovered = to; changed('hover'); };
  const cover = study.manifest.images.cluster.covers[code];
  return element('li', { data: { cluster: text }, onmouseenter: point(code), onmouseleave: point(-1) },
    element('button', { class: 'cover', 'aria-label': `Go to ${called}`, title: 'Go there', onclick: () => fly(rows) }, thumbnail(study, cover, COVER_PX)),
    element('div', {}, name, bar(study, state, code, size),
      element('small', {}, `${counted(rows.length, 'image')}, ${percent(rows.length / study.count)} `),
      element('button', { class: 'plain', onclick: () => selectRows(state, rows.filter((row) => state.passes[row])) }, 'select'),
      inside(study, state, rows)));
}

/** @param {Study} study @param {State} state @param {number} code @param {number} size */
function bar(study, state, code, size) {
  const { groups } = painting(study, state);
  const made = element('span', { class: 'share' });
  made.style.width = `${100 * size}%`;
  made.style.background = css(groups[code]?.column === 'cluster' ? groups[code].colour : [120, 120, 120]);
  return made;
}

/** What is in a cluster, reckoned when it is opened. @param {Study} study @param {State} state @param {number[]} rows */
function inside(study, state, rows) {
  const details = /** @type {HTMLDetailsElement} */ (element('details', { class: 'inside' }, element('summary', {}, 'profile')));
  details.addEventListener('toggle', () => { if (details.open && details.children.length < 2) details.append(profile(study, state, rows, 'cluster')); });
  return details;
}
