/** The state of the page in the fragment of its address, so that a link restores it. */

/**
 * @param {string} fragment as in location.hash
 * @returns {Record<string, string>}
 */
export function readFragment(fragment) {
  return Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, "")));
}

/**
 * @param {Record<string, string>} values empty ones are omitted
 * @returns {string}
 */
export function writeFragment(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(given)}`;
}
