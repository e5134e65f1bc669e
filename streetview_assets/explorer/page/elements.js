/**
 * Makes an element. Texts become text nodes: nothing that a study holds is read as HTML.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] attributes; `on…` are listeners, `data` a dataset
 * @param {...(Node|string|null|undefined)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'data') Object.assign(made.dataset, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Puts other children into an element.
 * @param {HTMLElement} parent
 * @param {...(Node|string|null|undefined)} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Writes a number, with what it counts: "1 image", "1,204 images". @param {number} count @param {string} [noun] of one */
export const counted = (count, noun) => count.toLocaleString('en') + (noun ? ` ${noun}${count === 1 ? '' : 's'}` : '');

/** Shows a line of a notice, or hides it where there is none. @param {string} id @param {string} text */
export function say(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}
