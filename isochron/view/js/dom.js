/** Elements of the page. Text from data is always set as text, never as markup. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const LONGEST = 40;
const DIRECTED = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]/;

/**
 * A name inside other text: shortened, and its direction of writing does not change what follows.
 * @param {string} name
 */
export function brief(name) {
  const letters = name.length > LONGEST ? [...name] : [];
  const short = letters.length > LONGEST ? `${letters.slice(0, LONGEST).join("")}…` : name;
  return DIRECTED.test(short) ? `\u2068${short}\u2069` : short;
}

/**
 * Colors of the style sheet, for canvases.
 * @param {Element} element
 */
export function inks(element) {
  const style = getComputedStyle(element);
  const value = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: value("ink"), soft: value("soft"), line: value("line"), background: value("stage"),
    dark: value("scheme") === "dark",
  };
}

/** @param {string} hex @returns {number[]} numbers from 0 to 1 */
export function rgb(hex) {
  const digits = hex.replace("#", "");
  return [0, 2, 4].map((k) => parseInt(digits.slice(k, k + 2), 16) / 255);
}
