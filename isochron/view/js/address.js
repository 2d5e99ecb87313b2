/** The state of the page in the fragment of its address, so that a link restores it. */

/**
 * @param {string} fragment as in location.hash
 * @returns {Record<string, string>}
 */
export function readFragment(fragment) {
  return Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, "")));
}

/**
 * Names in a list with commas between them; a comma of a name is escaped.
 * @param {string} text
 * @returns {string[]}
 */
export function readNames(text) {
  return text.split(",").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part; // an address that was edited
    }
  });
}

/** @param {string[]} names */
export function writeNames(names) {
  return names.map((name) => name.replace(/[%,]/g, (letter) => encodeURIComponent(letter))).join(",");
}

/**
 * @param {Record<string, string>} values empty ones are omitted
 * @returns {string}
 */
export function writeFragment(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(given)}`;
}
