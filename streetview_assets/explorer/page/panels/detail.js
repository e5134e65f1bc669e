import { byId, counted, element, fill } from '../elements.js';
import { factsOf } from '../files/facts.js';
import { metresBetween, moreLike, neighboursOf } from '../study/alike.js';
import { monthText } from '../study/data.js';
import { fullAddress, idOf } from '../study/full_image.js';
import { selectRows } from '../study/state.js';
import { thumbnail } from '../views/sprites.js';
import { areaOf } from './area.js';
import { list } from './facts_list.js';
import { short } from './wording.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const MORE = [8, 24, 100];
const LARGE_PX = 256;

/**
 * Shows an image: itself, other times, those most like it, its facts, its area.
 * @param {Study} study @param {State} state @param {number} row
 * @param {(row: number) => void} look @param {(rows: number[]) => void} fly
 */
export function showDetail(study, state, row, look, fly) {
  const { file, copyright, longitude, latitude, ...facts } = factsOf(study, state, row);
  const dialog = /** @type {HTMLDialogElement} */ (byId('detail'));
  const shown = element('figure', {});
  const show = (/** @type {number} */ one) => fill(shown, image(study, one), caption(study, one, String(copyright ?? '')));
  show(row);
  fill(dialog,
    element('button', { class: 'close', 'aria-label': 'Close', onclick: () => dialog.close() }, '×'),
    element('h2', {}, String(file ?? facts.image_id)),
    shown,
    element('div', { class: 'buttons' },
      element('button', { title: 'The image before (←)', 'aria-label': 'The image before', onclick: () => step(-1) }, '←'),
      element('button', { title: 'The image after (→)', 'aria-label': 'The image after', onclick: () => step(1) }, '→'),
      element('button', { onclick: () => fly([row]) }, 'Go there')),
    otherTimes(study, row, show),
    alike(study, state, row, look, fly),
    areaOf(study, state, study.coded.area.codes[row], look),
    element('details', { open: true }, element('summary', {}, 'Facts'), list({ ...facts, place: placeText(longitude, latitude) })));
  if (!dialog.open) dialog.show();
  dialog.scrollTop = 0;
}

/** @param {-1|1} by */
const step = (by) => dispatchEvent(new KeyboardEvent('keydown', { key: by < 0 ? 'ArrowLeft' : 'ArrowRight' }));

/** @param {any} longitude @param {any} latitude */
const placeText = (longitude, latitude) => (longitude === null ? null : `${latitude.toFixed(6)}, ${longitude.toFixed(6)}`);

/** The full image where it may be had, else its thumbnail. @param {Study} study @param {number} row */
function image(study, row) {
  const alt = `Image ${idOf(study, row)}`;
  const src = fullAddress(study, row);
  if (!src) return thumbnail(study, row, LARGE_PX, alt);
  const made = element('img', { class: 'full', alt, src });
  made.addEventListener('error', () => made.replaceWith(thumbnail(study, row, LARGE_PX, alt)));
  return made;
}

/** When it was taken, and whose it is. @param {Study} study @param {number} row @param {string} copyright of the image itself */
function caption(study, row, copyright) {
  const other = row - study.count;
  const { month, credit } = study.others;
  const whose = other < 0 ? copyright : credit.texts[credit.codes[other]];
  const taken = monthText(other < 0 ? study.month[row] : month[other]);
  return element('figcaption', { class: 'credit' }, taken === 'unknown' ? '' : `Taken ${taken}. `, whose || study.about.credit);
}

/** The same view at other times, and the one that counts. @param {Study} study @param {number} row @param {(row: number) => void} show */
function otherTimes(study, row, show) {
  const others = study.others.of.get(row);
  if (!others) return null;
  const { month } = study.others;
  const all = [...others.map((other) => ({ at: study.count + other, month: month[other] })), { at: row, month: study.month[row] }];
  all.sort((one, other) => one.month - other.month);
  return element('section', { class: 'times' }, element('h3', {}, 'The same view at other times'), element('div', { class: 'sheet' },
    ...all.map((one) => element('button', { onclick: () => show(one.at), 'aria-label': `Show it as in ${monthText(one.month)}` },
      thumbnail(study, one.at, 64), element('small', {}, monthText(one.month), one.at === row ? ' *' : '')))),
  element('p', { class: 'hint' }, '* counts: it is the one in clusters, models and on this page'));
}

/** @param {Study} study @param {State} state @param {number} row @param {(row: number) => void} look @param {(rows: number[]) => void} fly */
function alike(study, state, row, look, fly) {
  const found = neighboursOf(study, row);
  const twins = twinsOf(study, row);
  if (!found.length && !twins.length) return null;
  return element('section', {},
    element('h3', {}, 'Most alike'),
    element('div', { class: 'sheet' }, ...found.map(({ other, cosine }) => element('button', {
      onclick: () => look(other), 'aria-label': `Image ${study.ids[other]}, cosine ${cosine.toFixed(3)}, ${metresText(study, row, other)}`,
    }, thumbnail(study, other, 64), element('small', {}, cosine.toFixed(3)), element('small', {}, metresText(study, row, other))))),
    found.length ? element('div', { class: 'buttons', role: 'group', 'aria-label': 'Select images like this' }, 'Select like this:', ...MORE.map((most) => element('button', {
      class: 'more', 'aria-label': `${most} like this`, title: 'Neighbours, then their neighbours, the most alike first', onclick: () => {
        const rows = moreLike(study, row, most);
        selectRows(state, rows);
        fly(rows);
        /** @type {HTMLDialogElement} */ (byId('detail')).close();
      },
    }, String(most)))) : null,
    twins.length ? element('p', { class: 'twins' }, 'All but the same: ', ...twins.flatMap((twin, at) => [
      at ? ', ' : '', element('button', { class: 'plain', onclick: () => look(twin) }, study.ids[twin]),
    ])) : null);
}

/** The image that it repeats, those that repeat it or the same. @param {Study} study @param {number} row */
function twinsOf(study, row) {
  const { duplicate, count } = study;
  const first = duplicate[row] < count ? duplicate[row] : row;
  const twins = first === row ? [] : [first];
  for (let other = 0; other < count; other += 1) if (duplicate[other] === first && other !== row) twins.push(other);
  return twins;
}

/** @param {Study} study @param {number} one @param {number} other */
function metresText(study, one, other) {
  const metres = metresBetween(study, one, other);
  return Number.isFinite(metres) ? `${metres < 10000 ? short(metres) : counted(Math.round(metres / 1000))} ${metres < 10000 ? 'm' : 'km'}` : '';
}
