/** Numbers as a person reads them. */

/** @param {number} value */
export const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(4)).toLocaleString('en', { useGrouping: Math.abs(value) > 9999 }) : 'unknown');

/** The same, where there is little room. @param {number} value */
export const brief = (value) => (Number.isFinite(value) ? Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 3, useGrouping: Math.abs(value) > 9999 }) : 'unknown');

/** @param {number} share 0 to 1 */
export const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 1 : 0)} %`;
