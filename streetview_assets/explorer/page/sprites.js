/** Sprites of thumbnails, loaded when they are looked at and forgotten when they are not. */

const MOST = 24;
const loaded = /** @type {Map<string, ImageBitmap>} */ (new Map());
const loading = /** @type {Set<string>} */ (new Set());
let ready = () => {};

/** @param {() => void} listener told when a sprite has come */
export const onSprite = (listener) => { ready = listener; };

/**
 * Gives a sprite, or null while it is on its way.
 * @param {string} file
 */
export function sprite(file) {
  const found = loaded.get(file);
  if (found) {
    loaded.delete(file);
    loaded.set(file, found);
    return found;
  }
  if (!loading.has(file)) {
    loading.add(file);
    load(file).finally(() => loading.delete(file));
  }
  return null;
}

/** @param {string} file */
async function load(file) {
  const answer = await fetch(file);
  if (!answer.ok) return;
  loaded.set(file, await createImageBitmap(await answer.blob()));
  for (const old of loaded.keys()) {
    if (loaded.size <= MOST) break;
    loaded.get(old)?.close();
    loaded.delete(old);
  }
  ready();
}

/**
 * Says where the thumbnail of an image is.
 * @param {any} atlas the part `atlas` of the manifest
 * @param {number} row
 * @param {number} cellPx
 */
export function cellOf(atlas, row, cellPx) {
  const number = row % atlas.cells;
  return {
    file: atlas.sprites[String(cellPx)][Math.floor(row / atlas.cells)],
    x: (number % atlas.cellsAcross) * cellPx,
    y: Math.floor(number / atlas.cellsAcross) * cellPx,
  };
}

/**
 * Draws the thumbnail of an image on a canvas of its own.
 * @param {any} study
 * @param {number} row
 * @param {number} sidePx
 * @returns {HTMLCanvasElement}
 */
export function thumbnail(study, row, sidePx) {
  const canvas = document.createElement('canvas');
  canvas.width = sidePx;
  canvas.height = sidePx;
  canvas.className = 'thumbnail';
  const { atlas } = study.manifest;
  if (!atlas || !study.hasThumbnail?.[row]) return canvas;
  const cellPx = Math.max(...atlas.cellsPx);
  const cell = cellOf(atlas, row, cellPx);
  const draw = (/** @type {CanvasImageSource} */ source) => canvas.getContext('2d')?.drawImage(
    source, cell.x, cell.y, cellPx, cellPx, 0, 0, sidePx, sidePx,
  );
  const there = loaded.get(cell.file);
  if (there) draw(there);
  else {
    const image = new Image();
    image.onload = () => draw(image);
    image.src = cell.file;
  }
  return canvas;
}
