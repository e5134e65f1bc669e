import { factsOf } from './downloads.js';
import { byId, element, fill } from './elements.js';
import { short } from './side.js';
import { thumbnail } from './sprites.js';

/** @typedef {import('./data.js').Study} Study @typedef {import('./state.js').State} State */

/**
 * Shows an image: itself, its facts, its area, and those most like it.
 * @param {Study} study @param {State} state @param {number} row @param {(row: number) => void} look
 */
export function showDetail(study, state, row, look) {
  const facts = factsOf(study, state, row);
  const area = study.coded.area.codes[row];
  const dialog = /** @type {HTMLDialogElement} */ (byId('detail'));
  fill(dialog,
    element('button', { class: 'close', 'aria-label': 'Close', onclick: () => dialog.close() }, '×'),
    element('h2', {}, facts.file || facts.image_id),
    picture(study, row),
    element('p', { class: 'credit' }, facts.copyright || study.about.credit),
    list({ ...facts, copyright: '', file: '', longitude: '', latitude: '', place: `${facts.latitude.toFixed(6)}, ${facts.longitude.toFixed(6)}` }),
    areaOf(study, area),
    alike(study, row, look));
  if (!dialog.open) dialog.show();
  /** @type {HTMLElement|null} */ (dialog.querySelector('.close'))?.focus({ preventScroll: true });
}

/** @param {Study} study @param {number} row */
function picture(study, row) {
  if (!study.about.serves) return thumbnail(study, row, 256);
  const image = element('img', { class: 'full', alt: `Image ${study.ids[row]}`, src: `image/${encodeURIComponent(study.ids[row])}` });
  image.addEventListener('error', () => image.replaceWith(thumbnail(study, row, 256)));
  return image;
}

/** @param {Record<string, any>} facts */
function list(facts) {
  const told = Object.entries(facts).filter(([, value]) => value !== '' && value !== null);
  return element('dl', {}, ...told.flatMap(([name, value]) => [element('dt', {}, name.replaceAll('_', ' ')), element('dd', {}, String(value))]));
}

/** @param {Study} study @param {number} area */
function areaOf(study, area) {
  const { facts, values } = study.areas;
  if (!facts.code[area]) return null;
  const known = values.filter((/** @type {any} */ one) => Number.isFinite(one.values[area]));
  const told = Object.fromEntries(known.map((/** @type {any} */ one) => [one.label, short(one.values[area])]));
  if (Number.isFinite(facts.lower[area])) {
    told[`${Math.round(100 * facts.interval_level[area])} % interval`] = `${short(facts.lower[area])} to ${short(facts.upper[area])}`;
  }
  return element('section', {}, element('h3', {}, `Area ${facts.name[area] ?? facts.code[area]}`), list(told), facts.reason[area] ? element('p', { class: 'hint' }, facts.reason[area]) : null);
}

/** @param {Study} study @param {number} row @param {(row: number) => void} look */
function alike(study, row, look) {
  const { neighbours, count } = study;
  const twin = study.duplicate[row];
  const found = [];
  for (let rank = 0; neighbours && rank < neighbours.each; rank += 1) {
    const other = neighbours.rows[row * neighbours.each + rank];
    if (other < count) found.push({ other, cosine: neighbours.cosines[row * neighbours.each + rank] });
  }
  return element('section', {}, found.length ? element('h3', {}, 'Most alike') : null,
    element('div', { class: 'sheet' }, ...found.map(({ other, cosine }) => element('button', {
      onclick: () => look(other), 'aria-label': `Image ${study.ids[other]}, cosine ${cosine.toFixed(3)}`,
    }, thumbnail(study, other, 64), element('small', {}, `${cosine.toFixed(3)} · ${short(metres(study, row, other))} m`)))),
    twin < count ? element('p', {}, 'All but the same as ', element('button', { class: 'plain', onclick: () => look(twin) }, study.ids[twin])) : null);
}

/** How far two images are from each other, along the ground. @param {Study} study @param {number} one @param {number} other */
function metres(study, one, other) {
  const [lon1, lat1, lon2, lat2] = [study.place[2 * one], study.place[2 * one + 1], study.place[2 * other], study.place[2 * other + 1]].map((deg) => (deg * Math.PI) / 180);
  const half = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return Math.round(2 * 6371008.8 * Math.asin(Math.sqrt(half)));
}
