/** One run: its arrays, and what is looked up in them. */
import { unpack } from "./unpack.js";
import { nodesOf, STRAIGHT } from "./bend.js";

/**
 * @typedef {{pre: Uint16Array, post: Uint16Array, weight: Float32Array, sign: Uint8Array, gap: Uint8Array, all?: number}} Connections
 * @typedef {{period: number, share: number, phase: Float32Array, amplitude: Float32Array}} Rhythm
 * @typedef {{codes: Uint8Array, scale: number, width: number}} Curvature
 * @typedef {object} Samples
 * @property {Float64Array} times
 * @property {number} frames
 * @property {Uint8Array} activity
 * @property {{nodes: Float32Array, count: number, moving: boolean}} body
 * @property {{names: string[], codes: Uint8Array} | null} muscles
 * @typedef {object} RunParts
 * @property {string} title
 * @property {boolean} worm
 * @property {number} n
 * @property {string[]} names
 * @property {string[]} classes
 * @property {string[]} types
 * @property {string[]} transmitters
 * @property {Float32Array} places
 * @property {Float32Array} scale
 * @property {string} label
 * @property {string} unit
 * @property {string[][]} facts
 * @property {Connections | null} connections
 * @property {Rhythm | null} rhythm
 * @property {{scores: Float32Array, shares: number[], cycle: Float32Array | null, multipliers: string[]}} portrait
 * @property {Curvature | null} curvature
 * @property {{codes: Uint8Array, scale: number} | null} difference from the first run; 0: none
 * @property {Map<string, number>} index
 * @property {import("./blocks.js").Blocks | null} blocks
 * @typedef {RunParts & Samples} Run
 */

/**
 * @param {any} block
 * @returns {Promise<Run>}
 */
export async function loadRun(block) {
  const curvature = block.curvature;
  return {
    ...block,
    ...(await loadSamples(block)),
    n: block.names.length,
    places: await unpack(block.places),
    scale: await unpack(block.scale),
    connections: await unpackFields(block.connections),
    rhythm: await unpackFields(block.rhythm),
    portrait: await unpackFields(block.portrait),
    difference: await unpackFields(block.difference),
    curvature: curvature && {
      codes: await unpack(curvature.codes), scale: curvature.scale, width: curvature.codes.shape[1],
    },
    blocks: null,
    index: new Map(block.names.map((/** @type {string} */ name, /** @type {number} */ k) => [name, k])),
  };
}

/**
 * The samples of a run, or of a part of it.
 * @param {any} block
 * @returns {Promise<Samples>}
 */
export async function loadSamples(block) {
  const times = /** @type {Float64Array} */ (await unpack(block.times));
  const activity = /** @type {Uint8Array} */ (await unpack(block.activity));
  const body = block.body ? await loadBody(block.body) : STRAIGHT;
  return { times, frames: times.length, activity, body, muscles: await unpackFields(block.muscles) };
}

/**
 * The samples of a run around a time: all recorded ones if they are there, else those of the page.
 * @param {Run} run
 * @param {number} time ms
 * @returns {Samples}
 */
export function samplesAt(run, time) {
  return run.blocks?.at(time) ?? run;
}

/** @param {any} block @returns {Promise<any>} */
async function unpackFields(block) {
  if (!block) return null;
  const found = { ...block };
  for (const [key, value] of Object.entries(block)) {
    if (value && typeof value === "object" && "data" in value) found[key] = await unpack(value);
  }
  return found;
}

/** @param {any} block */
async function loadBody(block) {
  const [frames, count] = block.nodes.shape;
  const along = await unpack(block.nodes);
  return { nodes: nodesOf(along, frames, count, block), count, moving: true };
}

/**
 * The last sample at or before a time.
 * @param {Float64Array} times
 * @param {number} time ms
 */
export function frameAt(times, time) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time + 1e-9) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Activity in its unit.
 * @param {Run} run
 * @param {number} frame
 * @param {number} unit
 */
export function valueAt(run, frame, unit) {
  return ((run.activity[frame * run.n + unit] - 128) / 127) * run.scale[unit];
}
