import { element } from '../elements.js';

/** Lists facts by name, without those that are not known. @param {Record<string, any>} facts */
export function list(facts) {
  const told = Object.entries(facts).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return element('dl', {}, ...told.flatMap(([name, value]) => [element('dt', {}, name.replaceAll('_', ' ')), element('dd', {}, String(value))]));
}
