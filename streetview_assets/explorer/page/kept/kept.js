/**
 * What people keep of a study: names of clusters and groups of images, in the study's folder where
 * a server keeps them there, else in this browser. What others change meanwhile is taken up.
 * @typedef {'names'|'groups'} Kind
 * @typedef {object} Place where it is kept
 * @property {boolean} isShared whether that is the study's folder
 * @property {(kind: Kind) => Promise<Record<string, any>>} read names by cluster, or ids of images by group
 * @property {(kind: Kind, key: string, value: any, before: any) => Promise<{now: Record<string, any>, told: string}>} change
 *   changes one of them, `undefined` for none, that was `before`; gives all as they are then
 */
import { say } from '../elements.js';
import { changed } from '../study/state.js';
import { inBrowser } from './in_browser.js';
import { onServer } from './on_server.js';
import { differing, record, same, take } from './records.js';

/** @typedef {import('../study/data.js').Study} Study @typedef {import('../study/state.js').State} State */

const KINDS = /** @type {Kind[]} */ (['names', 'groups']);

/**
 * Takes into the state what is kept, and gives the function that keeps what changes there.
 * @param {Study} study @param {State} state
 * @returns {Promise<{isShared: boolean, keep: (kind: Kind) => void}>}
 */
export async function openKept(study, state) {
  const place = (study.about.serves ? await onServer() : null) ?? inBrowser(study);
  const known = { names: record(), groups: record() };
  Object.assign(state, { names: record(), groups: record() });

  /** Takes up what is kept by now. @param {Kind} kind @param {Record<string, any>} now */
  function heard(kind, now) {
    const isOther = take(state[kind], known[kind], now);
    known[kind] = now;
    return isOther;
  }

  /** @param {Kind} kind */
  async function refresh(kind) {
    try {
      return heard(kind, await place.read(kind));
    } catch (error) {
      say('notice', /** @type {Error} */ (error).message);
      return false;
    }
  }

  /** Sends what was changed here, one after the other. @param {Kind} kind */
  async function write(kind) {
    let isOther = false;
    for (const key of differing(state[kind], known[kind])) {
      const [value, before] = [state[kind][key], known[kind][key]];
      const { now, told } = await place.change(kind, key, value, before)
        .catch((error) => ({ now: known[kind], told: error.message }));
      if (told) say('notice', told);
      // What was sent is as the place has it now, unless it was changed once more meanwhile.
      if (same(state[kind][key], value) && !same(now[key], value)) {
        if (key in now) state[kind][key] = now[key]; else delete state[kind][key];
        isOther = true;
      }
      isOther = heard(kind, now) || isOther;
    }
    if (isOther) changed(kind);
  }

  let turn = Promise.resolve();
  for (const kind of KINDS) await refresh(kind);
  const look = () => {
    if (document.hidden) return;
    turn = turn.then(async () => { for (const kind of KINDS) if (await refresh(kind)) changed(kind); });
  };
  document.addEventListener('visibilitychange', look);
  addEventListener('storage', look);
  return { isShared: place.isShared, keep: (kind) => { turn = turn.then(() => write(kind)); } };
}
