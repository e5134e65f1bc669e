import { byId, element, fill } from '../elements.js';
import { download } from '../files/download.js';
import { groupsFile, namesFile } from './files.js';

const SHARED = 'Names and groups are kept in the study’s folder; the next streetview run takes them up.';
const ALONE = 'Names and groups are kept in this browser. To have them in tables and figures, put these files beside the study file:';

/**
 * Says where names and groups are kept; of a browser that keeps them alone, offers them as files.
 * @param {import('../study/data.js').Study} study @param {import('../study/state.js').State} state @param {boolean} isShared
 */
export function showKept(study, state, isShared) {
  const files = [
    { name: 'cluster_names.csv', make: () => namesFile(study, state), isThere: Object.keys(state.names).length > 0 },
    { name: 'user_groups.csv', make: () => groupsFile(state), isThere: Object.keys(state.groups).length > 0 },
  ].filter((one) => one.isThere);
  fill(byId('kept'), ...(files.length === 0 ? [] : [
    element('p', { class: 'hint' }, isShared ? SHARED : ALONE),
    isShared ? null : element('div', { class: 'buttons' }, ...files.map(({ name, make }) => element('button', {
      onclick: () => download(name, 'text/csv', make()),
    }, name))),
  ]));
}
