/** @typedef {import('./data.js').Study} Study */

/**
 * Lists the neighbours of an image that are told, the most alike first.
 * @param {Study} study @param {number} row
 * @returns {{other: number, cosine: number}[]}
 */
export function neighboursOf(study, row) {
  const { neighbours, count } = study;
  const found = [];
  for (let rank = 0; neighbours && rank < neighbours.each; rank += 1) {
    const other = neighbours.rows[row * neighbours.each + rank];
    if (other < count) found.push({ other, cosine: neighbours.cosines[row * neighbours.each + rank] });
  }
  return found;
}

/**
 * Finds images like one: its neighbours, then theirs, the shortest way first (1 - cosine a step).
 * @param {Study} study @param {number} row @param {number} most
 * @returns {number[]} rows, itself the first
 */
export function moreLike(study, row, most) {
  const way = new Map([[row, 0]]);
  const done = new Set();
  while (done.size <= most) {
    let nearest = -1;
    for (const [one, length] of way) {
      if (!done.has(one) && (nearest < 0 || length < /** @type {number} */ (way.get(nearest)))) nearest = one;
    }
    if (nearest < 0) break;
    done.add(nearest);
    for (const { other, cosine } of neighboursOf(study, nearest)) {
      const length = /** @type {number} */ (way.get(nearest)) + 1 - cosine;
      if (length < (way.get(other) ?? Infinity)) way.set(other, length);
    }
  }
  return [...done];
}

/** How far two images are from each other, along the ground, in metres. @param {Study} study @param {number} one @param {number} other */
export function metresBetween(study, one, other) {
  const [lon1, lat1, lon2, lat2] = [study.place[2 * one], study.place[2 * one + 1], study.place[2 * other], study.place[2 * other + 1]].map((deg) => (deg * Math.PI) / 180);
  const half = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return Math.round(2 * 6371008.8 * Math.asin(Math.sqrt(half)));
}
