import { byId, counted, element, fill } from '../elements.js';
import { send, session, told as answerOf } from '../session.js';
import { fault, interval, levelOf, shown, told } from './parts.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('./parts.js').Quality} Quality */
/**
 * @typedef {object} Among how the study's images are spread, and the place of this one
 * @property {number} image_count
 * @property {number|null} share_below
 * @property {number[]|null} counts
 * @property {number} lowest
 * @property {number} highest
 */
/** @typedef {{image_id: string, cosine: number, score: number}} Near */
/** @typedef {Quality & {among: Among, nearest: Near[]}} Answered */

/**
 * Lets an image be dropped anywhere on the page, or chosen.
 * @param {Study} study
 */
export function takeImages(study) {
  const chooser = /** @type {HTMLInputElement} */ (byId('file'));
  chooser.addEventListener('change', () => {
    if (chooser.files?.length) ask(study, chooser.files);
    chooser.value = '';
  });
  for (const name of ['dragenter', 'dragover']) {
    addEventListener(name, (event) => { event.preventDefault(); byId('drop').classList.add('over'); });
  }
  for (const name of ['dragleave', 'drop']) addEventListener(name, () => byId('drop').classList.remove('over'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    const files = /** @type {DragEvent} */ (event).dataTransfer?.files;
    if (files?.length) ask(study, files);
    else fill(byId('image-answer'), fault('That is no file: save the image first, and drop its file.'));
  });
}

let asked = 0;

/** @param {Study} study @param {FileList} files */
async function ask(study, files) {
  const [file] = files;
  const mine = (asked += 1);
  preview(file);
  const answerAt = byId('image-answer');
  fill(answerAt, element('p', { class: 'hint' }, 'Asked; the first image takes longer, since models are loaded.'));
  const answer = await answered(file).catch((error) => fault(error.message));
  if (mine !== asked) return;
  fill(answerAt,
    files.length > 1 ? element('p', { class: 'hint' }, `One image at a time: this is of ${file.name}.`) : null,
    ...(answer instanceof Node ? [answer] : [answer.status === 'ok' ? null : fault(`This image cannot be read: ${answer.reason}`), ...qualities(study, answer.qualities)]));
}

/** @param {File} file @returns {Promise<{status: string, reason: string, qualities: Answered[]}>} */
async function answered(file) {
  const { mostBytes } = await session();
  if (file.size > mostBytes) throw new Error(`The file has ${(file.size / 1e6).toFixed(1)} MB; at most ${mostBytes / 1e6} MB are taken.`);
  return answerOf(await send('perception/image', { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream' } }));
}

/** @param {File} file */
function preview(file) {
  const image = /** @type {HTMLImageElement} */ (byId('dropped'));
  URL.revokeObjectURL(image.src);
  image.hidden = true;
  image.onload = () => { image.hidden = false; };
  image.alt = file.name;
  image.src = URL.createObjectURL(file);
  byId('drop-name').textContent = file.name;
}

/** @param {Study} study @param {Answered[]} all */
function qualities(study, all) {
  const alike = new Map(/** @type {[string, Answered[]][]} */ ([]));
  for (const one of all.filter(({ nearest }) => nearest.length)) {
    const key = one.nearest.map(({ image_id }) => image_id).join(' ');
    alike.set(key, [...(alike.get(key) ?? []), one]);
  }
  return [...all.map(quality), ...Array.from(alike.values(), (same) => nearest(study, same))];
}

/** @param {Answered} one */
function quality(one) {
  const { among } = one;
  const share = among.share_below;
  return element('section', { class: 'quality', data: { quality: one.quality } },
    element('div', { class: 'said' }, element('span', { class: 'name' }, one.quality),
      one.predicted === null ? null : element('span', { class: 'value' }, told(one.predicted)),
      interval(one) ? element('span', {}, `${levelOf([one])} ${interval(one)}`) : null,
      one.score === null ? null : element('span', {}, `people say ${told(one.score)}`)),
    one.reason ? element('p', { class: 'hint' }, `Nothing is predicted: ${one.reason}`) : null,
    spread(one),
    share === null ? null : element('small', {}, `above ${Math.round(100 * share)} % of the study’s ${counted(among.image_count, 'image')}, for which ${told(among.lowest)} to ${told(among.highest)} is predicted`));
}

/** Draws how the study's images are spread, with the interval and the score in it. @param {Answered} one */
function spread({ among, predicted, lower, upper }) {
  if (!among.counts || predicted === null) return null;
  const [low, high] = [Math.min(among.lowest, predicted, lower ?? predicted), Math.max(among.highest, predicted, upper ?? predicted)];
  const at = (/** @type {number} */ value) => (100 * (value - low)) / (high - low || 1);
  const step = (among.highest - among.lowest) / among.counts.length;
  const most = Math.max(...among.counts);
  const put = (/** @type {string} */ kind, /** @type {number} */ from, /** @type {number} */ to, height = 100) => {
    const part = element('span', { class: kind });
    Object.assign(part.style, { left: `${at(from)}%`, width: `${at(to) - at(from)}%`, height: `${height}%` });
    return part;
  };
  const bars = among.counts.map((count, bin) => put('bar-of', among.lowest + bin * step, among.lowest + (bin + 1) * step, (100 * count) / most));
  const score = put('score', predicted, predicted);
  score.style.width = '';
  return element('div', {},
    element('div', { class: 'bars', role: 'img', 'aria-label': 'The place of the score among all images of the study' },
      ...bars, put('interval', lower ?? predicted, upper ?? predicted), score),
    element('div', { class: 'ends', 'aria-hidden': 'true' }, element('small', {}, told(low)), element('small', {}, told(high))));
}

/** Shows rated images that are most alike, and what they were rated. @param {Study} study @param {Answered[]} same */
function nearest(study, same) {
  const of = same.map((one) => one.quality).join(', ');
  return element('section', {}, element('h3', {}, `Rated images most alike${same.length > 4 ? '' : `: ${of}`}`),
    element('div', { class: 'nearest' }, ...same[0].nearest.map(({ image_id, cosine }, rank) => element('figure', { data: { image: image_id } },
      shown(study, image_id, 96),
      element('figcaption', {}, element('small', {}, `cosine ${cosine.toFixed(3)}`),
        ...same.map((one) => element('div', {}, `${one.quality} ${told(one.nearest[rank].score)}`)))))));
}
