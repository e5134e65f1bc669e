import { record } from './records.js';

/** @typedef {import('./kept.js').Place} Place @typedef {import('./kept.js').Kind} Kind */

/**
 * Keeps names and groups in this browser alone, over those that the study came with.
 * @param {import('../study/data.js').Study} study
 * @returns {Place}
 */
export function inBrowser(study) {
  const { name, build = null } = study.about;
  const place = (/** @type {Kind} */ kind) => `explorer of ${name}: ${kind}`;

  /** @param {Kind} kind */
  function read(kind) {
    const given = Object.entries(study.about[kind] ?? {});
    try {
      const mine = JSON.parse(localStorage.getItem(place(kind)) ?? '{}');
      // What was taken away here is back with the next publication, since that has it.
      return record([...(mine.build === build ? [] : given), .../** @type {[string, any][]} */ (mine.entries ?? [])]);
    } catch {
      return record(given); // what another page has left there is none of ours
    }
  }

  return {
    isShared: false,
    async read(kind) { return read(kind); },
    async change(kind, key, value) {
      const now = read(kind);
      if (kind === 'names' && value && Object.entries(now).some(([other, text]) => other !== key && text === value)) {
        return { now, told: `Another cluster is called “${value}” already: choose another name.` };
      }
      if (value === undefined) delete now[key]; else now[key] = value;
      localStorage.setItem(place(kind), JSON.stringify({ build, entries: Object.entries(now) }));
      return { now, told: '' };
    },
  };
}
