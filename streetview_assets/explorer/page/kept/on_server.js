import { send, session, told as answerOf } from '../session.js';
import { record, same } from './records.js';

/** @typedef {import('./kept.js').Place} Place @typedef {import('./kept.js').Kind} Kind */

const ATTEMPTS = 10;

/** How a change is sent, and an answer read. */
const KINDS = {
  names: {
    path: 'names',
    sent: (/** @type {string} */ cluster, /** @type {string} */ name) => ({ cluster: Number(cluster), name: name ?? '' }),
    read: (/** @type {any} */ answer) => record(Object.entries(answer.names)),
    called: (/** @type {string} */ cluster) => `The name of cluster ${cluster}`,
  },
  groups: {
    path: 'groups',
    sent: (/** @type {string} */ group, /** @type {string[]} */ images) => ({ group, images: images ?? [] }),
    read: (/** @type {any} */ answer) => record(answer.groups.map((/** @type {any} */ one) => [one.name, one.images])),
    called: (/** @type {string} */ group) => `The group “${group}”`,
  },
};

/**
 * Keeps names and groups in the study's folder; null where this server lets nobody change them.
 * @returns {Promise<Place|null>}
 */
export async function onServer() {
  if (!(await session()).mayChange) return null;
  const versions = /** @type {Record<Kind, string>} */ ({ names: '', groups: '' });

  /** @param {Kind} kind @param {any} answer */
  function heard(kind, answer) {
    versions[kind] = answer.version;
    return KINDS[kind].read(answer);
  }

  return {
    isShared: true,
    async read(kind) {
      return heard(kind, await answerOf(await fetch(KINDS[kind].path)));
    },
    async change(kind, key, value, before) {
      const { path, sent, called } = KINDS[kind];
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const answer = await send(path, { method: 'PATCH', body: JSON.stringify(sent(key, value)),
          headers: { 'Content-Type': 'application/json', 'If-Match': versions[kind] } });
        if (answer.status !== 412) return { now: heard(kind, await answerOf(answer)), told: '' };
        const now = heard(kind, await answer.json());
        if (!same(now[key], before)) return { now, told: `${called(key)} was changed meanwhile, in another tab or in its file: what stands there now is shown, and yours was not kept.` };
      }
      throw new Error(`${called(key)} was not kept: others change the file all the time.`);
    },
  };
}
