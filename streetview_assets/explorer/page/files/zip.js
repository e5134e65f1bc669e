/**
 * Packs files into a ZIP, as they are: images do not get smaller.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

const UTF8 = 0x0800;
const VERSION = 20;
const FIRST_OF_1980 = 0x21;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers of two or four bytes. @param {...[number, 2|4]} parts */
function numbers(...parts) {
  const bytes = [];
  for (const [value, size] of parts) for (let at = 0; at < size; at += 1) bytes.push((value >>> (8 * at)) & 255);
  return Uint8Array.from(bytes);
}

/**
 * @param {{name: string, content: Uint8Array}[]} files fewer than 65,536, of less than 4 GB in all
 * @returns {Uint8Array[]} the ZIP, part after part
 */
export function zipped(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, content } of files) {
    const called = new TextEncoder().encode(name);
    const told = numbers(
      [VERSION, 2], [UTF8, 2], [0, 2], [0, 2], [FIRST_OF_1980, 2],
      [crc32(content), 4], [content.length, 4], [content.length, 4], [called.length, 2], [0, 2],
    );
    parts.push(numbers([0x04034b50, 4]), told, called, content);
    directory.push(numbers([0x02014b50, 4], [VERSION, 2]), told, numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), called);
    offset += 4 + told.length + called.length + content.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [size, 4], [offset, 4], [0, 2]);
  return [...parts, ...directory, end];
}
