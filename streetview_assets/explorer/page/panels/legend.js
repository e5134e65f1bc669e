import { byId, element, fill } from '../elements.js';
import { css, UNKNOWN } from '../study/colours.js';
import { areaPainting, painting } from '../study/painting.js';
import { short } from './wording.js';

const MOST = 60;

/**
 * Says what the colours mean: of images, and of areas where theirs mean something else.
 * @param {import('../study/data.js').Study} study
 * @param {import('../study/state.js').State} state
 */
export function showLegend(study, state) {
  const images = painting(study, state);
  const areas = state.areas && state.areas !== state.colour ? areaPainting(study, state) : null;
  fill(byId('legend'),
    element('h2', {}, images.label, element('small', {}, areas ? ' of images' : '')),
    images.scale ? ramp(images.scale) : swatches(images.groups),
    ...(areas ? [element('h2', {}, areas.label, element('small', {}, ' of areas')), ramp(areas.scale)] : []));
}

/** @param {import('../study/painting.js').Painting['groups']} groups */
function swatches(groups) {
  return element('ul', { class: 'legend' },
    ...groups.slice(0, MOST).map((one) => element('li', { title: one.text }, swatch(one.colour), one.text)),
    groups.length > MOST ? element('li', {}, `and ${groups.length - MOST} more`) : null);
}

/** @param {ArrayLike<number>} colour */
function swatch(colour) {
  const made = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  made.style.background = css(colour);
  return made;
}

/** @param {ReturnType<typeof import('../study/colours.js').scaleOf>} scale */
function ramp({ low, high, stops, isPartial }) {
  const bar = element('div', { class: 'ramp', role: 'img', 'aria-label': `from ${short(low)} to ${short(high)}` });
  bar.style.background = `linear-gradient(to right, ${stops.map(css).join(', ')})`;
  return element('div', {}, bar,
    element('div', { class: 'ends' }, element('span', {}, short(low)), element('span', {}, short(high))),
    isPartial ? element('p', { class: 'hint' }, swatch(UNKNOWN), 'not known') : null);
}
