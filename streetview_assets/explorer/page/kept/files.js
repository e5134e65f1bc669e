/** Names and groups as the CSV files that the study's folder takes up. */

const IMAGES_EACH = 9;

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

/** @param {string} text */
const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** @param {string} head @param {[string, string][]} lines */
const csv = (head, lines) => [head, ...lines.map((line) => line.map(cell).join(','))].join('\n') + '\n';

/**
 * A name is kept with images of its cluster, since numbers of clusters may change.
 * @param {Study} study @param {State} state
 */
export function namesFile(study, state) {
  const { codes, texts } = study.coded.cluster;
  const rows = texts.map(() => /** @type {number[]} */ ([]));
  for (let row = 0; row < study.count; row += 1) rows[codes[row]]?.push(row);
  return csv('name,image_id', Object.entries(state.names).flatMap(([cluster, name]) => {
    const members = rows[texts.indexOf(cluster)] ?? [];
    return spread(members).map((row) => /** @type {[string, string]} */ ([name, study.ids[row]]));
  }));
}

/** @param {State} state */
export const groupsFile = (state) => csv('group,image_id', Object.entries(state.groups).flatMap(([group, ids]) => ids.map((id) => /** @type {[string, string]} */ ([group, id]))));

/** Takes a few, from all over. @param {number[]} rows */
function spread(rows) {
  const count = Math.min(IMAGES_EACH, rows.length);
  return Array.from({ length: count }, (_, at) => rows[Math.floor(((at + 0.5) * rows.length) / count)]);
}
