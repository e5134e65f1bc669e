import { counted } from './elements.js';

/**
 * Finds images by id, file, area or street; by words where a server reads them.
 * @param {import('./data.js').Study} study
 * @param {string} query
 * @returns {Promise<{rows: number[], note: string}>}
 */
export async function search(study, query) {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return { rows: [], note: '' };
  const rows = named(study, wanted);
  if (rows.length || !study.about.serves?.words) {
    return { rows, note: `${counted(rows.length)} images by name: ${query.trim()}` };
  }
  const answer = await fetch(`search?${new URLSearchParams({ query: query.trim() })}`);
  if (!answer.ok) return { rows: [], note: (await answer.json()).message };
  const places = new Map(study.ids.map((id, row) => [id, row]));
  const found = (await answer.json()).images.map((/** @type {any} */ one) => places.get(one.image_id));
  return { rows: found.filter((/** @type {any} */ row) => row !== undefined), note: `The images most like “${query.trim()}”` };
}

/** @param {import('./data.js').Study} study @param {string} wanted */
function named(study, wanted) {
  const { code, name } = study.areas.facts;
  const areas = new Set();
  for (let area = 0; area < code.length; area += 1) {
    if (code[area].toLowerCase() === wanted || (name[area] ?? '').toLowerCase().includes(wanted)) areas.add(area);
  }
  const rows = [];
  for (let row = 0; row < study.count; row += 1) {
    if (
      areas.has(study.coded.area.codes[row]) || study.ids[row].startsWith(wanted)
      || (study.files[row] ?? '').toLowerCase().includes(wanted)
    ) rows.push(row);
  }
  return rows;
}
