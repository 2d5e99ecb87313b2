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
