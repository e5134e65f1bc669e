/**
 * Writes structs by Thrift's compact protocol, in which Parquet tells what is in a file.
 * @see https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

const CODES = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 };
const LONG_LIST = 15;

/**
 * A field: its number, its type, its value; of a list the type of what is in it as well.
 * @typedef {[number, keyof typeof CODES, any, (keyof typeof CODES)?]} Field
 */

/** @param {Field[]} fields in the order of their numbers @returns {number[]} */
export function struct(fields) {
  const bytes = [];
  let last = 0;
  for (const [number, type, value, of] of fields) {
    bytes.push(((number - last) << 4) | CODES[type], ...written(type, value, of));
    last = number;
  }
  return [...bytes, 0];
}

/** @param {keyof typeof CODES} type @param {any} value @param {keyof typeof CODES} [of] @returns {number[]} */
function written(type, value, of) {
  if (type === 'struct') return struct(value);
  if (type === 'binary') {
    const bytes = new TextEncoder().encode(value);
    return [...varint(bytes.length), ...bytes];
  }
  if (type !== 'list') return varint(2 * value);
  const code = CODES[of ?? 'struct'];
  const head = value.length < LONG_LIST ? [(value.length << 4) | code] : [0xf0 | code, ...varint(value.length)];
  return [...head, ...value.flatMap((/** @type {any} */ one) => written(of ?? 'struct', one))];
}

/** Seven bits a byte, the lowest first. @param {number} value whole, not below nought */
export function varint(value) {
  const bytes = [];
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  return [...bytes, left];
}
