/**
 * Says where the full image is, null where there is none: of a server of ours, or a file of an export.
 * @param {import('./data.js').Study} study
 * @param {number} row of an image; of those of other times `count` more
 */
export function fullAddress(study, row) {
  if (study.about.serves) return `image/${encodeURIComponent(idOf(study, row))}`;
  return study.fullFiles?.[row] ?? null;
}

/** @param {import('./data.js').Study} study @param {number} row */
export const idOf = (study, row) => (row < study.count ? study.ids[row] : study.others.ids[row - study.count]);
