import { byId, counted, element, fill } from '../elements.js';
import { told as answerOf } from '../session.js';
import { fault, interval, levelOf, shown, told } from './parts.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('./parts.js').Quality} Quality */
/** @typedef {{quality: string, mean: number|null, lower: number|null, upper: number|null, interval_level: number|null, image_count: number, reason: string|null}} OfArea */
/**
 * @typedef {object} Answer
 * @property {{image_id: string, distance_m: number, qualities: Quality[]}[]} nearest
 * @property {{area_code: string, area_name: string|null, qualities: OfArea[]}|null} area
 * @property {string|null} reason
 */

let asked = 0;

/**
 * Asks of a place, and shows what is said.
 * @param {Study} study @param {number} longitude @param {number} latitude
 * @returns {Promise<string[]>} ids of the images that it is said from
 */
export async function askPlace(study, longitude, latitude) {
  const mine = (asked += 1);
  const at = byId('place-answer');
  fill(at, element('p', { class: 'hint' }, 'Asked.'));
  try {
    const query = new URLSearchParams({ longitude: String(longitude), latitude: String(latitude) });
    const answer = /** @type {Answer} */ (await answerOf(await fetch(`perception/place?${query}`)));
    if (mine === asked) fill(at, ...placeSaid(study, answer));
    return answer.nearest.map((one) => one.image_id);
  } catch (error) {
    if (mine === asked) fill(at, fault(/** @type {Error} */ (error).message));
    return [];
  }
}

/** @param {Study} study @param {Answer} answer */
function placeSaid(study, { nearest, area, reason }) {
  return [
    reason ? element('p', { class: 'fault' }, `Nothing is said of this place itself: ${reason}.`) : ofImages(study, nearest),
    area ? ofArea(area) : element('p', { class: 'hint' }, 'It lies in no area of the study.'),
  ];
}

/** @param {Study} study @param {Answer['nearest']} nearest */
function ofImages(study, nearest) {
  const names = Array.from(new Set(nearest.flatMap((one) => one.qualities.map(({ quality }) => quality)))).sort();
  const head = nearest.map((one) => element('th', { scope: 'col', data: { image: one.image_id } }, shown(study, one.image_id, 72), `${Math.round(one.distance_m)} m`));
  const line = (/** @type {string} */ name) => element('tr', { data: { quality: name } }, element('th', { scope: 'row' }, name),
    ...nearest.map((one) => cell(one.qualities.find(({ quality }) => quality === name))));
  return element('section', {}, element('h3', {}, 'The nearest images'),
    element('p', { class: 'hint' }, `What people say of them, or would say (${levelOf(nearest.flatMap((one) => one.qualities))}).`),
    element('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'The nearest images' }, element('table', {}, element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, ''), ...head)), element('tbody', {}, ...names.map(line)))));
}

/** @param {Quality|undefined} one */
function cell(one) {
  if (!one) return element('td', {}, '–');
  if (one.score !== null) return element('td', {}, told(one.score), element('small', {}, 'rated'));
  if (one.predicted === null) return element('td', { title: one.reason ?? '' }, '–', element('small', {}, one.reason ? 'not told' : ''));
  return element('td', {}, told(one.predicted), element('small', {}, interval(one)));
}

/** @param {NonNullable<Answer['area']>} area */
function ofArea(area) {
  const line = (/** @type {OfArea} */ one) => element('tr', { data: { quality: one.quality } }, element('th', { scope: 'row' }, one.quality),
    element('td', {}, one.mean === null ? '–' : told(one.mean), element('small', {}, one.mean === null ? (one.reason ?? '') : interval(one))),
    element('td', {}, counted(one.image_count)));
  const head = ['', `mean (${levelOf(area.qualities)})`, 'images'].map((text) => element('th', { scope: 'col' }, text));
  return element('section', {}, element('h3', {}, `The area ${area.area_name ?? area.area_code}`),
    area.qualities.length
      ? element('div', { class: 'wide' }, element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...area.qualities.map(line))))
      : element('p', { class: 'hint' }, 'Nothing is known of it.'));
}
