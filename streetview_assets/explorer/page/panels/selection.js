import { byId, counted, element, fill } from '../elements.js';
import { download } from '../files/download.js';
import { factsOf } from '../files/facts.js';
import { FORMATS } from '../files/formats.js';
import { MOST_ZIPPED, zipImages } from '../files/image_zip.js';
import { changed, rowsOf, selectRows } from '../study/state.js';
import { thumbnail } from '../views/sprites.js';
import { profile } from './profile.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const SHOWN = 60;
const HOW = 'Draw round images with the lasso, in either view: shift adds, alt takes away; on a touch screen choose so above.';

/**
 * Shows what is selected: how many, how it differs from all, a sheet of it, and files of it.
 * @param {Study} study @param {State} state @param {(row: number) => void} look
 */
export function showSelection(study, state, look) {
  const rows = rowsOf(state.selected);
  fill(byId('selection'),
    element('h2', {}, 'Selection ', element('small', { id: 'selected', 'aria-live': 'polite' }, `${counted(rows.length, 'image')}`)),
    rows.length ? profile(study, state, rows) : element('p', { class: 'hint' }, HOW),
    rows.length ? buttons(study, state, rows) : null,
    element('p', { id: 'zip-told', class: 'hint', role: 'status' }),
    rows.length ? keep(state, study, rows) : null,
    element('div', { class: 'sheet' }, ...rows.slice(0, SHOWN).map((row) => element('button', {
      'aria-label': `Image ${study.ids[row]}`, onclick: () => look(row),
    }, thumbnail(study, row, 48)))),
    rows.length > SHOWN ? element('p', { class: 'hint' }, `and ${counted(rows.length - SHOWN)} more`) : null,
    ...groups(study, state));
}

/** @param {Study} study @param {State} state @param {number[]} rows */
function buttons(study, state, rows) {
  const facts = () => rows.map((row) => factsOf(study, state, row));
  const name = `${study.about.name}-selection`;
  return element('div', { class: 'buttons', role: 'group', 'aria-label': 'Files of the selection' },
    ...FORMATS.map(({ id, label, title, suffix, type, make }) => element('button', {
      id, title, onclick: () => download(`${name}${suffix}`, type, make(facts())),
    }, label)),
    zipButton(study, state, rows, name),
    element('button', { id: 'clear', onclick: () => selectRows(state, []) }, 'Clear'));
}

/** @param {Study} study @param {State} state @param {number[]} rows @param {string} name */
function zipButton(study, state, rows, name) {
  const why = !study.about.mayPassOn || !study.manifest.atlas ? 'The terms of the provider restrict passing images on.'
    : rows.length > MOST_ZIPPED ? `At most ${counted(MOST_ZIPPED, 'image')} at once.` : '';
  return element('button', { id: 'zip', disabled: Boolean(why), title: why || 'The images, and whose they are', onclick: async () => {
    const tell = (/** @type {string} */ text) => { byId('zip-told').textContent = text; };
    const { content, failed } = await zipImages(study, state, rows, (done) => tell(`${counted(done)} of ${counted(rows.length, 'image')}`));
    tell(failed ? `${counted(failed, 'image')} could not be had` : '');
    download(`${name}.zip`, 'application/zip', content);
  } }, 'Images (ZIP)');
}

/** @param {State} state @param {Study} study @param {number[]} rows */
function keep(state, study, rows) {
  const name = /** @type {HTMLInputElement} */ (element('input', { maxlength: 80, required: true, placeholder: 'name of a group', 'aria-label': 'Name of a group of the selected images' }));
  return element('form', { class: 'keep', onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    state.groups[name.value.trim()] = rows.map((row) => study.ids[row]);
    changed('groups');
  } }, name, element('button', {}, 'Keep as group'));
}

/** Lists the groups of one's own. @param {Study} study @param {State} state */
function groups(study, state) {
  const names = Object.keys(state.groups).sort();
  if (!names.length) return [];
  const row = new Map(study.ids.map((id, at) => [id, at]));
  return [element('h2', {}, 'Groups of your own'), element('ul', { class: 'own' }, ...names.map((name) => element('li', { data: { group: name } },
    element('button', { class: 'plain', onclick: () => selectRows(state, state.groups[name].flatMap((id) => row.get(id) ?? [])) }, name),
    element('small', {}, ` ${counted(state.groups[name].length, 'image')} `),
    element('button', { class: 'plain', 'aria-label': `Forget the group ${name}`, onclick: () => { delete state.groups[name]; changed('groups'); } }, 'forget'))))];
}
