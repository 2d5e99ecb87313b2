/** Colors of units at one time, by activity, phase, or what the unit is. */
import { frameAt } from "./run.js";

/**
 * @typedef {{dark: Uint8Array, light: Uint8Array, phase: Uint8Array}} Maps 256 entries of 3 bytes
 * @typedef {{color: string, time: number, dark: boolean, bright: Set<number> | null, chosen: Set<number>,
 *   samples?: import("./run.js").Samples}} Look
 */

// Okabe and Ito (2008): distinguishable with all kinds of color vision.
const KINDS = [[86, 180, 233], [230, 159, 0], [0, 158, 115], [204, 121, 167], [213, 94, 0], [0, 114, 178], [160, 160, 160]];
export const SELECTED = 255;
export const NORMAL = 230;
export const DIM = 36;

const UNCERTAIN = 0.45; // strength of a unit whose transmitter has a question mark

/**
 * Categories of the units of a run, the most frequent first, what is not known last; an uncertain
 * transmitter is in the category of the certain one.
 * @param {import("./run.js").Run} run
 * @param {string} color
 */
export function categories(run, color) {
  const transmitters = () => run.transmitters.map((name) => name.replace(/\?$/, ""));
  const values = color === "transmitter" ? transmitters() : { class: run.classes, type: run.types }[color] ?? [];
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const last = (/** @type {string} */ value) => Number(value === "unknown");
  const order = [...counts.keys()].sort((a, b) => last(a) - last(b) || counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
  return { values, order };
}

/**
 * @param {number} rank
 * @param {number} count
 * @param {Maps} maps
 */
export function categoryColor(rank, count, maps) {
  if (count <= KINDS.length) return KINDS[rank];
  return at(maps.phase, (256 * rank * 0.618034) % 256);
}

/** @param {Uint8Array} map @param {number} entry */
function at(map, entry) {
  const k = 3 * Math.min(255, Math.max(0, Math.floor(entry)));
  return [map[k], map[k + 1], map[k + 2]];
}

/**
 * Red, green, blue and strength of each unit.
 * @param {import("./run.js").Run} run
 * @param {Look} look
 * @param {Maps} maps
 * @param {Uint8Array} out at least 4 numbers for each unit
 */
export function colorUnits(run, look, maps, out) {
  const samples = look.samples ?? run;
  const colorOf = colorer(run, look, maps, samples);
  const frame = frameAt(samples.times, look.time);
  for (let k = 0; k < run.n; k++) {
    const [red, green, blue, strength = 1] = colorOf(k, frame);
    out[4 * k] = red;
    out[4 * k + 1] = green;
    out[4 * k + 2] = blue;
    const dim = look.bright !== null && !look.bright.has(k);
    const level = dim ? DIM : DIM + (NORMAL - DIM) * strength;
    out[4 * k + 3] = look.chosen.has(k) ? SELECTED : level;
  }
}

/**
 * @param {import("./run.js").Run} run
 * @param {Look} look
 * @param {Maps} maps
 * @param {import("./run.js").Samples} samples
 * @returns {(unit: number, frame: number) => number[]}
 */
function colorer(run, look, maps, samples) {
  const map = look.dark ? maps.dark : maps.light;
  const rhythm = run.rhythm;
  if (look.color === "phase" && rhythm) {
    const turn = look.time / rhythm.period;
    return (k) => {
      const phase = rhythm.phase[k] / (2 * Math.PI) + turn;
      return [...at(maps.phase, 256 * (phase - Math.floor(phase))), rhythm.amplitude[k]];
    };
  }
  if (look.color === "difference") return differences(run, look, map);
  const { values, order } = categories(run, look.color);
  if (values.length) {
    const colors = new Map(order.map((value, rank) => [value, categoryColor(rank, order.length, maps)]));
    const strength = (/** @type {number} */ k) => (look.color === "transmitter" && run.transmitters[k].endsWith("?") ? UNCERTAIN : 1);
    return (k) => [...(colors.get(values[k]) ?? KINDS[6]), strength(k)];
  }
  return (k, frame) => at(map, samples.activity[frame * run.n + k]);
}

/**
 * Difference from the unit of the same name in the first run; faint where there is none.
 * @param {import("./run.js").Run} run
 * @param {Look} look
 * @param {Uint8Array} map
 */
function differences(run, look, map) {
  const { difference } = run;
  const first = frameAt(run.times, look.time) * run.n;
  return (/** @type {number} */ k) => {
    const code = difference ? difference.codes[first + k] : 128;
    return code === 0 ? [120, 120, 120, 0] : at(map, code);
  };
}
