/** Records by names that people gave: any text is a key, `__proto__` too. */

/** @template T @param {Iterable<[string, T]>} [entries] @returns {Record<string, T>} */
export function record(entries = []) {
  const made = Object.create(null);
  for (const [key, value] of entries) made[key] = value;
  return made;
}

/** @param {any} one @param {any} other */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Lists the keys whose values differ. @param {Record<string, any>} one @param {Record<string, any>} other */
export const differing = (one, other) => Array.from(new Set([...Object.keys(one), ...Object.keys(other)])).filter((key) => !same(one[key], other[key]));

/**
 * Takes what became of a record elsewhere, but for what was changed here since it was read.
 * @param {Record<string, any>} mine
 * @param {Record<string, any>} before as it was read
 * @param {Record<string, any>} now as it is elsewhere
 * @returns {boolean} whether anything is other than it was
 */
export function take(mine, before, now) {
  const taken = differing(mine, now).filter((key) => same(mine[key], before[key]));
  for (const key of taken) {
    if (key in now) mine[key] = now[key]; else delete mine[key];
  }
  return taken.length > 0;
}
