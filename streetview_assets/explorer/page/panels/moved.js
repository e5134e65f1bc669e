import { element } from '../elements.js';
import { thumbnail } from '../views/sprites.js';
import { list } from './facts_list.js';
import { short } from './wording.js';

/** @typedef {import('../study/data.js').Study} Study */

const MOST_WORDS = 6;

/** @param {number} change */
const signed = (change) => `${change > 0 ? '+' : ''}${short(change)}`;

/**
 * Shows what moves the prediction of an area: images that raise it, images that lower it, and words.
 * @param {Study} study @param {number} area @param {(row: number) => void} look
 * @returns {HTMLElement[]}
 */
export function movedBy(study, area, look) {
  const images = study.influences?.images.get(area) ?? [];
  const words = study.influences?.words.get(area) ?? [];
  if (!images.length && !words.length) return [];
  const sides = [['raise it', 1], ['lower it', -1]].map(([name, sign]) => ({
    name: String(name), found: images.filter((one) => Number(sign) * one.change > 0),
  }));
  return [element('h4', {}, 'What moves its prediction'),
    ...sides.filter(({ found }) => found.length).map(({ name, found }) => element('div', { role: 'group', 'aria-label': `Images that ${name}` },
      element('p', { class: 'hint' }, `Images that ${name}`),
      element('div', { class: 'sheet' }, ...found.map(({ row, change }) => element('button', {
        onclick: () => look(row), 'aria-label': `Image ${study.ids[row]}, influence ${signed(change)}`,
      }, thumbnail(study, row, 64), element('small', {}, signed(change))))))),
    words.length ? list(Object.fromEntries(words.slice(0, MOST_WORDS).map(({ label, change }) => [`without “${label}”`, signed(-change)]))) : null,
    element('p', { class: 'hint' }, 'What the prediction loses without an image, or changes by without all images most like a word, the others of this area as they are.'),
  ].filter((one) => one !== null);
}
