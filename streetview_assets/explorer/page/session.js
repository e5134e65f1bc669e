/** What a served page says to its server: a token with what it sends, and whether data are newer. */

const ASKED_EACH_MS = 60000;

/**
 * @typedef {object} Session
 * @property {string} token what a page of this start of the server says that sends something
 * @property {string|null} build what is published now
 * @property {number} mostBytes of an image that is sent
 * @property {boolean} mayChange whether names and groups are kept in the study's folder
 */

let current = /** @type {Promise<Session>|null} */ (null);

/** Asks who the server is, once. @returns {Promise<Session>} */
export function session() {
  current ??= asked();
  return current;
}

/** @returns {Promise<Session>} */
async function asked() {
  const answer = await fetch('session');
  if (!answer.ok) throw new Error(`the server says ${answer.status}`);
  return answer.json();
}

/**
 * Sends something; where the server was started anew, with its new token once more.
 * @param {string} path
 * @param {RequestInit} request
 * @returns {Promise<Response>}
 */
export async function send(path, request) {
  const attempt = async () => fetch(path, { ...request, headers: { ...request.headers, 'X-Explorer-Token': (await session()).token } });
  const answer = await attempt();
  if (answer.status !== 403) return answer;
  current = null;
  return attempt();
}

/** Reads an answer; what the server refuses is thrown in its words. @param {Response} answer */
export async function told(answer) {
  const said = await answer.json().catch(() => ({ message: `the server says ${answer.status}` }));
  if (!answer.ok) throw new Error(said.message);
  return said;
}

/**
 * Tells when what is published is newer than what the page shows, or when the server has ended.
 * @param {string} build what the page shows
 * @param {(text: string) => void} say
 */
export function watchPublication(build, say) {
  async function look() {
    if (document.hidden) return;
    try {
      const now = (await asked()).build;
      say(now && now !== build ? 'Newer data are published; this page shows the earlier. To see them, end streetview explore and start it again.' : '');
    } catch {
      say('The server does not answer: has streetview explore ended? What is shown stays.');
    }
  }
  document.addEventListener('visibilitychange', look);
  setInterval(look, ASKED_EACH_MS);
}
