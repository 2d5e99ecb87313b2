/** Vertices of what is drawn: place on the straight body, unit of the color, shade. */
import { radius } from "./bend.js";

/**
 * @typedef {{places: Float32Array, units: Float32Array, shades: Float32Array, index: Uint32Array | null}} Vertices
 * @typedef {{names: string[], neuron: Uint16Array, length: Uint8Array, places: Float32Array, diameters: Uint8Array, somata: Uint8Array}} Shapes
 */

/** Colors after those of the units: what connections and the trail are drawn in. */
export const EXTRA = { excitatory: 0, inhibitory: 1, gap: 2, unknown: 3, trail: 4, count: 5 };

/**
 * Processes of the neurons of a run, as pairs of points.
 * @param {import("./run.js").Run} run
 * @param {Shapes} shapes
 * @returns {Vertices}
 */
export function arbors(run, shapes) {
  const count = shapes.places.length / 3;
  const units = new Float32Array(count);
  const shades = new Float32Array(count);
  const index = [];
  let first = 0;
  for (let line = 0; line < shapes.length.length; line++) {
    const unit = run.index.get(shapes.names[shapes.neuron[line]]);
    for (let k = first; k < first + shapes.length[line]; k++) {
      units[k] = unit ?? 0;
      shades[k] = Math.min(1, 0.35 + shapes.diameters[k] / 12);
      if (unit !== undefined && k > first) index.push(k - 1, k);
    }
    first += shapes.length[line];
  }
  return { places: shapes.places, units, shades, index: Uint32Array.from(index) };
}

/**
 * @param {import("./run.js").Run} run
 * @param {Shapes | null} shapes
 * @returns {Vertices}
 */
export function somata(run, shapes) {
  const diameters = new Map(shapes?.names.map((name, k) => [name, shapes.somata[k] / 10]));
  const usual = Math.min(16, Math.max(7, 260 / Math.sqrt(run.n)));
  const sizes = run.names.map((name) => (run.worm ? 2.2 + (diameters.get(name) ?? 3) : usual));
  return {
    places: run.places, units: Float32Array.from(run.names, (_, k) => k),
    shades: Float32Array.from(sizes), index: null,
  };
}

/**
 * The skin, as a tube; the unit is that of the muscle below it, -1 where there is none.
 * @param {import("./run.js").Run} run
 * @returns {Vertices}
 */
export function skin(run) {
  const [rings, sides] = [97, 24];
  const [places, units, shades, index] = [[], [], [], []].map((list) => /** @type {number[]} */ (list));
  const first = run.n + EXTRA.count;
  const muscles = new Map(run.muscles?.names.map((name, k) => [name, first + k]));
  for (let ring = 0; ring < rings; ring++) {
    for (let side = 0; side < sides; side++) {
      const angle = (2 * Math.PI * (side + 0.5)) / sides;
      const [left, dorsal] = [Math.sin(angle), Math.cos(angle)];
      const along = ring / (rings - 1);
      places.push(along, left * radius(along), dorsal * radius(along));
      units.push(muscles.get(muscleAt(along, left, dorsal)) ?? -1);
      shades.push(angle);
      if (ring === 0) continue;
      const [a, b] = [ring * sides + side, ring * sides + ((side + 1) % sides)];
      index.push(a, b, a - sides, b, b - sides, a - sides);
    }
  }
  return {
    places: Float32Array.from(places), units: Float32Array.from(units),
    shades: Float32Array.from(shades), index: Uint32Array.from(index),
  };
}

/** @param {number} along @param {number} left @param {number} dorsal */
function muscleAt(along, left, dorsal) {
  if (Math.abs(left) < 0.2 || Math.abs(dorsal) < 0.3) return "";
  const row = Math.min(24, 1 + Math.floor(24 * along));
  return `M${dorsal > 0 ? "D" : "V"}${left > 0 ? "L" : "R"}${String(row).padStart(2, "0")}`;
}

/**
 * Connections of chosen units as arcs; those of gap junctions are dashed.
 * @param {import("./run.js").Run} run
 * @param {Set<number>} chosen
 * @returns {Vertices}
 */
export function links(run, chosen) {
  const [places, units, shades] = [[], [], []].map((list) => /** @type {number[]} */ (list));
  const c = run.connections;
  const picked = c ? [...c.pre.keys()].filter((k) => chosen.has(c.pre[k]) || chosen.has(c.post[k])) : [];
  const strongest = picked.reduce((most, k) => Math.max(most, Math.abs(c?.weight[k] ?? 0)), 0) || 1;
  for (const k of c ? picked : []) {
    const [from, to] = [c?.pre[k] ?? 0, c?.post[k] ?? 0].map((unit) => run.places.subarray(3 * unit, 3 * unit + 3));
    if (from[0] < -1 || to[0] < -1) continue;
    const gap = c?.gap[k] === 1;
    const kind = gap ? EXTRA.gap : [EXTRA.inhibitory, EXTRA.unknown, EXTRA.excitatory][c?.sign[k] ?? 1];
    const shade = 0.25 + 0.75 * Math.sqrt(Math.abs(c?.weight[k] ?? 0) / strongest);
    const steps = 18;
    for (let step = 0; step < steps; step++) {
      if (gap && step % 2) continue;
      places.push(...arcPoint(from, to, step / steps), ...arcPoint(from, to, (step + 1) / steps));
      units.push(run.n + kind, run.n + kind);
      shades.push(shade, shade);
    }
  }
  return {
    places: Float32Array.from(places), units: Float32Array.from(units),
    shades: Float32Array.from(shades), index: null,
  };
}

/**
 * @param {ArrayLike<number>} from
 * @param {ArrayLike<number>} to
 * @param {number} part
 */
function arcPoint(from, to, part) {
  const bow = 0.16 * part * (1 - part) * Math.abs(to[0] - from[0]);
  return [0, 1, 2].map((c) => from[c] + part * (to[c] - from[c]) + (c === 2 ? bow : 0));
}

/**
 * The path of the middle of the body.
 * @param {import("./run.js").Run} run
 * @returns {Vertices}
 */
export function trail(run) {
  const { nodes, count, moving } = run.body;
  const places = [];
  for (let frame = 0; moving && frame < run.frames; frame++) {
    const at = 4 * (frame * count + (count >> 1));
    places.push(nodes[at], nodes[at + 1], 0);
  }
  const index = [];
  for (let k = 1; k < places.length / 3; k++) index.push(k - 1, k);
  const units = new Float32Array(places.length / 3).fill(run.n + EXTRA.trail);
  return {
    places: Float32Array.from(places), units, shades: units.slice().fill(0.8),
    index: Uint32Array.from(index),
  };
}
