import { loadStudy } from '../study/data.js';
import { byId, fill, say } from '../elements.js';
import { session, watchPublication } from '../session.js';
import { chooseTheme } from '../theme.js';
import { takeImages } from './image.js';
import { fault } from './parts.js';
import { askPlace } from './place.js';
import { makePlaceMap } from './place_map.js';

/** @typedef {import('../study/data.js').Study} Study */

const NEEDS_SERVER = 'This page asks the models of the study, which a folder of files cannot answer: it needs the server, streetview explore.';

/** @param {Study} study */
function start(study) {
  document.title = `${study.about.name}: what people would say`;
  byId('title').textContent = `${study.about.name}: what people would say`;
  byId('foot').textContent = study.about.credit;
  say('notice', study.about.warning);
  if (!study.about.serves || !study.about.perceives) {
    fill(document.querySelector('main') ?? document.body, fault(study.about.perceives ? NEEDS_SERVER : 'No image of this study has a score by people’s ratings.'));
    return;
  }
  takeImages(study);
  const places = new Map(study.ids.map((id, row) => [id, row]));
  const inputs = ['longitude', 'latitude'].map((id) => /** @type {HTMLInputElement} */ (byId(id)));

  /** @param {number} longitude @param {number} latitude */
  async function ask(longitude, latitude) {
    inputs[0].value = longitude.toFixed(6);
    inputs[1].value = latitude.toFixed(6);
    history.replaceState(null, '', `#at=${longitude.toFixed(6)},${latitude.toFixed(6)}`);
    map.mark([longitude, latitude], []);
    const ids = await askPlace(study, longitude, latitude);
    map.mark([longitude, latitude], ids.flatMap((id) => places.get(id) ?? []));
  }
  const map = makePlaceMap(byId('place-map'), study, ask);
  byId('place').addEventListener('submit', (event) => {
    event.preventDefault();
    const [longitude, latitude] = inputs.map((one) => Number(one.value.replace(',', '.')));
    if (Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90) ask(longitude, latitude);
    else fill(byId('place-answer'), fault('Give degrees: longitude -180 to 180, latitude -90 to 90.'));
  });
  byId('theme').addEventListener('click', () => { chooseTheme(); map.draw(); });
  const [longitude, latitude] = (new URLSearchParams(location.hash.slice(1)).get('at') ?? '').split(',').map(Number);
  if (Number.isFinite(longitude) && Number.isFinite(latitude)) ask(longitude, latitude);
  watchPublication(study.about.build, (text) => say('newer', text));
  session();
}

loadStudy((done, total, what) => {
  byId('splash-text').textContent = `Loading ${what}`;
  /** @type {HTMLProgressElement} */ (byId('splash-bar')).value = done / total;
}).then((study) => {
  start(study);
  byId('splash').hidden = true;
}).catch((error) => {
  byId('splash-text').textContent = `This cannot be shown: ${error.message}`;
  console.error(error);
});
