import { counted } from '../elements.js';

/** @typedef {import('../study/data.js').Study} Study */

const MOST_BY_WORD = 200;

/**
 * Finds images by id, file, area or street; by words where they are told, or a server reads them.
 * @param {Study} study
 * @param {string} query
 * @returns {Promise<{rows: number[], note: string}>}
 */
export async function search(study, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return { rows: [], note: '' };
  const rows = named(study, wanted);
  if (rows.length) return { rows, note: `${counted(rows.length, 'image')} by name: ${query.trim()}` };
  const told = byTold(study, wanted);
  if (told) return told;
  if (!study.about.serves?.words) return { rows, note: `Nothing is called ${query.trim()}${choices(study)}` };
  return asked(study, query.trim());
}

/** Words that were chosen when the page was written. @param {Study} study @param {string} wanted */
function byTold(study, wanted) {
  const word = study.words?.find(({ text }) => text.toLowerCase() === wanted);
  if (!word) return null;
  const rows = Array.from(word.values.keys()).filter((row) => Number.isFinite(word.values[row]));
  rows.sort((one, other) => word.values[other] - word.values[one]);
  return { rows: rows.slice(0, MOST_BY_WORD), note: `The images most like “${word.text}”` };
}

/** @param {Study} study */
const choices = (study) => (study.words?.length ? `; words that are known: ${study.words.slice(0, 12).map(({ text }) => text).join(', ')}` : '');

/** Words that a server reads. @param {Study} study @param {string} query */
async function asked(study, query) {
  const answer = await fetch(`search?${new URLSearchParams({ query })}`);
  if (!answer.ok) return { rows: [], note: (await answer.json()).message };
  const places = new Map(study.ids.map((id, row) => [id, row]));
  const found = (await answer.json()).images.flatMap((/** @type {any} */ one) => places.get(one.image_id) ?? []);
  return { rows: found, note: `The images most like “${query}”` };
}

/** @param {Study} study @param {string} wanted */
function named(study, wanted) {
  const { code, name } = study.areas.facts;
  const areas = new Set();
  for (let area = 0; area < code.length; area += 1) {
    if (code[area].toLowerCase() === wanted || (name[area] ?? '').toLowerCase().includes(wanted)) areas.add(area);
  }
  const { codes, texts } = study.coded.street;
  const streets = new Set(texts.flatMap((text, street) => (text.toLowerCase().includes(wanted) ? [street] : [])));
  const rows = [];
  for (let row = 0; row < study.count; row += 1) {
    if (
      areas.has(study.coded.area.codes[row]) || streets.has(codes[row]) || study.ids[row].startsWith(wanted)
      || (study.files[row] ?? '').toLowerCase().includes(wanted)
    ) rows.push(row);
  }
  return rows;
}
