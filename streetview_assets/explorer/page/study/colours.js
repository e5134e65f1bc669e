/** Colours that the colour-blind can tell apart: of groups by hue and lightness, of values from dark to light. */

/** @typedef {[number, number, number]} Colour */

const SEQUENTIAL = ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725'];
const DIVERGING = ['#b35806', '#f1a340', '#fee0b6', '#f7f7f7', '#d8daeb', '#998ec3', '#542788'];
const SHADES = [0, -0.45, 0.5];
/** Once round the palette as it is, then darker, then lighter: lightness stays where hues are confused. */

/** @type {Colour} */
export const UNKNOWN = [150, 150, 150];

/** @param {string} hex @returns {Colour} */
export const rgb = (hex) => /** @type {Colour} */ ([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));

/** @param {ArrayLike<number>} colour */
export const css = (colour) => `rgb(${colour[0]} ${colour[1]} ${colour[2]})`;

/**
 * Gives the colour of the n-th group: those of the palette, then darker and lighter shades of them.
 * @param {string[]} palette
 * @param {number} number
 * @returns {Colour}
 */
export function ofGroup(palette, number) {
  const colours = palette.filter((hex) => hex !== '#000000');
  const colour = rgb(colours[number % colours.length]);
  const shade = SHADES[Math.floor(number / colours.length) % SHADES.length];
  const towards = shade < 0 ? 0 : 255;
  return /** @type {Colour} */ (colour.map((part) => Math.round(part + (towards - part) * Math.abs(shade))));
}

/**
 * Makes a scale from values to colours: viridis, or from brown over white to purple.
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
    return /** @type {Colour} */ (stops[first].map((part, channel) => Math.round(part + (stops[first + 1][channel] - part) * (place - first))));
  };
  const isPartial = known.length < values.length;
  return { low, high, colour, stops, isPartial };
}
