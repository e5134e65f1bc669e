/**
 * What a person has named, kept by the browser: names of clusters, groups of images.
 * @typedef {import('./data.js').Study} Study @typedef {import('./state.js').State} State
 */

/** @param {Study} study */
const place = (study) => `explorer of ${study.about.name}`;

/** Takes what was kept; what the study itself tells goes before. @param {Study} study @param {State} state */
export function readKept(study, state) {
  const { names = {}, groups = {} } = study.manifest;
  let mine = { names: {}, groups: {} };
  try {
    mine = { ...mine, ...JSON.parse(localStorage.getItem(place(study)) ?? '{}') };
  } catch {
    // What another page has left there is none of ours.
  }
  state.names = { ...names, ...mine.names };
  state.groups = { ...groups, ...mine.groups };
}

/** @param {Study} study @param {State} state */
export function keep(study, state) {
  localStorage.setItem(place(study), JSON.stringify({ names: state.names, groups: state.groups }));
}
