/** Colours: of groups those that the colour-blind can tell apart, of values from dark to light. */

/** @typedef {[number, number, number]} Colour */

const SEQUENTIAL = ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725'];
const DIVERGING = ['#b35806', '#f1a340', '#fee0b6', '#f7f7f7', '#d8daeb', '#998ec3', '#542788'];
/** @type {Colour} */
export const UNKNOWN = [150, 150, 150];

/** @param {string} hex @returns {Colour} */
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** @param {Colour} colour */
export const css = (colour) => `rgb(${colour.join(' ')})`;

/**
 * Gives the colour of the n-th group: those of the palette first, then others spaced round the hues.
 * @param {string[]} palette
 * @param {number} number
 * @returns {Colour}
 */
export function ofGroup(palette, number) {
  const colours = palette.filter((hex) => hex !== '#000000');
  if (number < colours.length) return rgb(colours[number]);
  const hue = (number * 137.508) % 360;
  return ofHue(hue, 0.55, number % 2 ? 0.42 : 0.6);
}

/** @param {number} hue @param {number} saturation @param {number} lightness @returns {Colour} */
function ofHue(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}

/**
 * Makes a scale from values to colours.
 * @param {ArrayLike<number>} values
 * @param {boolean} diverges whether it has a middle, at nought
 */
export function scaleOf(values, diverges) {
  const known = Array.from(values).filter(Number.isFinite).sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => known[Math.round(share * (known.length - 1))] ?? 0;
  let [low, high] = [at(0.01), at(0.99)];
  if (diverges) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  const stops = (diverges ? DIVERGING : SEQUENTIAL).map(rgb);
  /** @param {number} value @returns {Colour} */
  const colour = (value) => {
    if (!Number.isFinite(value)) return UNKNOWN;
    const place = Math.min(1, Math.max(0, (value - low) / (high - low || 1))) * (stops.length - 1);
    const first = Math.min(stops.length - 2, Math.floor(place));
    return stops[first].map((part, channel) => Math.round(part + (stops[first + 1][channel] - part) * (place - first)));
  };
  return { low, high, colour, stops };
}
