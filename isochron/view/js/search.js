/** Search for units by name, class or pattern. */

/**
 * @param {{names: string[], classes: string[], n: number}} run
 * @param {string} query names, classes or patterns with * and ?, separated by commas or spaces
 * @returns {Set<number>} indices of the units that match
 */
export function search(run, query) {
  const patterns = query.split(/[\s,]+/).filter(Boolean).map(toPattern);
  const found = new Set();
  for (let k = 0; k < run.n; k++) {
    const texts = [run.names[k], run.classes[k]];
    if (patterns.some((pattern) => texts.some((text) => pattern.test(text)))) found.add(k);
  }
  return found;
}

/** @param {string} word */
function toPattern(word) {
  const escaped = word.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i");
}

/**
 * Units that a unit is connected with.
 * @param {import("./run.js").Run} run
 * @param {number} unit
 * @returns {{unit: number, weight: number, sign: number, gap: boolean, out: boolean}[]} strongest first
 */
export function partners(run, unit) {
  const c = run.connections;
  if (!c) return [];
  const found = [];
  for (let k = 0; k < c.pre.length; k++) {
    if (c.pre[k] !== unit && c.post[k] !== unit) continue;
    const out = c.pre[k] === unit;
    const other = out ? c.post[k] : c.pre[k];
    found.push({ unit: other, weight: c.weight[k], sign: c.sign[k] - 1, gap: c.gap[k] === 1, out });
  }
  return found.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}
