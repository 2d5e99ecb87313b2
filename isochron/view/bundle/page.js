"use strict";
const isochronPage = (() => {
// address.js
const module_address = (() => {
/** The state of the page in the fragment of its address, so that a link restores it. */

/**
 * @param {string} fragment as in location.hash
 * @returns {Record<string, string>}
 */
function readFragment(fragment) {
  return Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, "")));
}

/**
 * Names in a list with commas between them; a comma of a name is escaped.
 * @param {string} text
 * @returns {string[]}
 */
function readNames(text) {
  return text.split(",").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part; // an address that was edited
    }
  });
}

/** @param {string[]} names */
function writeNames(names) {
  return names.map((name) => name.replace(/[%,]/g, (letter) => encodeURIComponent(letter))).join(",");
}

/**
 * @param {Record<string, string>} values empty ones are omitted
 * @returns {string}
 */
function writeFragment(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(given)}`;
}
return { readFragment, readNames, writeNames, writeFragment };
})();
// bend.js
const module_bend = (() => {
/** The body as a line of nodes, and points that bend with it. */

/** A straight body of 1 mm, head at the left, dorsal side up: x, y and the dorsal direction. */
const STRAIGHT = { nodes: Float32Array.of(0, 0, 0, 1, 1, 0, 0, 1), count: 2, moving: false };

/**
 * Nodes from the differences between them.
 * @param {ArrayLike<number>} along differences along the body, (frames, count, 2), in steps
 * @param {number} frames
 * @param {number} count
 * @param {{step: number, start: number[], dorsal: number}} scale
 * @returns {Float32Array} (frames, count, 4): x, y, and the unit vector to the dorsal side
 */
function nodesOf(along, frames, count, { step, start, dorsal }) {
  const nodes = new Float32Array(4 * frames * count);
  for (let frame = 0; frame < frames; frame++) {
    let [x, y] = start;
    for (let k = 0; k < count; k++) {
      const at = frame * count + k;
      x += step * along[2 * at];
      y += step * along[2 * at + 1];
      nodes[4 * at] = x;
      nodes[4 * at + 1] = y;
    }
    for (let k = 0; k < count; k++) setNormal(nodes, frame * count, k, count, dorsal);
  }
  return nodes;
}

/**
 * @param {Float32Array} nodes
 * @param {number} first
 * @param {number} k
 * @param {number} count
 * @param {number} dorsal
 */
function setNormal(nodes, first, k, count, dorsal) {
  const before = 4 * (first + Math.max(0, k - 1));
  const after = 4 * (first + Math.min(count - 1, k + 1));
  const dx = nodes[after] - nodes[before];
  const dy = nodes[after + 1] - nodes[before + 1];
  const length = Math.hypot(dx, dy) || 1;
  nodes[4 * (first + k) + 2] = (-dorsal * dy) / length;
  nodes[4 * (first + k) + 3] = (dorsal * dx) / length;
}

/**
 * The nodes of one frame.
 * @param {{nodes: Float32Array, count: number, moving: boolean}} body
 * @param {number} frame
 */
function nodesAt(body, frame) {
  if (!body.moving) return body.nodes;
  return body.nodes.subarray(4 * frame * body.count, 4 * (frame + 1) * body.count);
}

/**
 * A point of the straight body on the bent one.
 * @param {Float32Array} nodes of one frame
 * @param {ArrayLike<number>} place fraction from the head, left, dorsal
 * @param {number} at index of the first number in `place`
 * @returns {[number, number, number]} mm; the third is to the left of the animal
 */
function bend(nodes, place, at = 0) {
  const count = nodes.length / 4;
  const along = Math.min(1, Math.max(0, place[at])) * (count - 1);
  const k = Math.min(count - 2, Math.floor(along));
  const part = along - k;
  const mixed = [0, 1, 2, 3].map((c) => nodes[4 * k + c] * (1 - part) + nodes[4 * k + 4 + c] * part);
  const length = Math.hypot(mixed[2], mixed[3]) || 1;
  const dorsal = place[at + 2] / length;
  return [mixed[0] + mixed[2] * dorsal, mixed[1] + mixed[3] * dorsal, place[at + 1]];
}

/** The same in the language of shaders. */
const BEND_GLSL = `
uniform sampler2D uNodes;
uniform int uCount;
vec3 bend(vec3 place) {
  if (uCount == 0) return place;
  float along = clamp(place.x, 0.0, 1.0) * float(uCount - 1);
  int k = min(uCount - 2, int(floor(along)));
  vec4 node = mix(texelFetch(uNodes, ivec2(k, 0), 0), texelFetch(uNodes, ivec2(k + 1, 0), 0),
                  along - float(k));
  return vec3(node.xy + normalize(node.zw) * place.z, place.y);
}`;

/**
 * Radius of the body, as a fraction of its length: drawn around the processes, with round ends.
 * @param {number} along fraction from the head
 */
function radius(along) {
  const x = 2 * along - 1;
  return 0.038 * Math.max(0, 1 - x * x) ** 0.4;
}
return { STRAIGHT, nodesOf, nodesAt, bend, BEND_GLSL, radius };
})();
// camera.js
const module_camera = (() => {
/** A camera that turns about a point, and the projection of points to pixels. */

const FIELD = 0.6; // rad

class Camera {
  constructor() {
    /** @type {[number, number, number]} */
    this.target = [0, 0, 0];
    this.yaw = 0;
    this.pitch = 0;
    this.distance = 2;
    this.aspect = 1;
    this.matrix = new Float32Array(16);
  }

  /**
   * Look at a rectangle of given size in the plane of the body.
   * @param {[number, number, number]} target
   * @param {number} width
   * @param {number} height
   */
  fit(target, width, height) {
    this.target = target;
    this.yaw = 0;
    this.pitch = 0;
    this.distance = Math.max(height, width / this.aspect) / (2 * Math.tan(FIELD / 2));
  }

  /** @param {number} dx @param {number} dy radians */
  rotate(dx, dy) {
    this.yaw += dx;
    this.pitch = Math.min(1.55, Math.max(-1.55, this.pitch + dy));
  }

  /** @param {number} dx @param {number} dy in heights of the panel */
  pan(dx, dy) {
    const size = 2 * this.distance * Math.tan(FIELD / 2);
    const [right, up] = this.axes();
    for (let c = 0; c < 3; c++) this.target[c] += size * (dy * up[c] - dx * right[c]);
  }

  /** @param {number} factor */
  zoom(factor) {
    this.distance = Math.min(50, Math.max(0.02, this.distance * factor));
  }

  /** Unit vectors to the right, up and toward the viewer. */
  axes() {
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    return [[cy, 0, -sy], [sy * -sp, cp, cy * -sp], [sy * cp, sp, cy * cp]];
  }

  /** Position of the eye. */
  eye() {
    const toward = this.axes()[2];
    return this.target.map((value, c) => value + this.distance * toward[c]);
  }

  /** Matrix of view and projection, by columns. */
  update() {
    const axes = this.axes();
    const eye = this.eye();
    const scale = 1 / Math.tan(FIELD / 2);
    const near = this.distance / 20;
    const far = this.distance * 20;
    const depth = [(far + near) / (near - far), (2 * far * near) / (near - far)];
    const rows = axes.map((axis) => [...axis, -axis.reduce((sum, value, c) => sum + value * eye[c], 0)]);
    for (let c = 0; c < 4; c++) {
      this.matrix[4 * c] = (scale / this.aspect) * rows[0][c];
      this.matrix[4 * c + 1] = scale * rows[1][c];
      this.matrix[4 * c + 2] = depth[0] * rows[2][c] + (c === 3 ? depth[1] : 0);
      this.matrix[4 * c + 3] = -rows[2][c];
    }
    return this.matrix;
  }

  /**
   * Where a point is seen in a panel.
   * @param {number[]} point
   * @param {number} width
   * @param {number} height
   * @returns {[number, number, number]} pixels from the left and the top; distance from the eye
   */
  project(point, width, height) {
    const m = this.matrix;
    const out = [0, 1, 3].map((r) => m[r] * point[0] + m[4 + r] * point[1] + m[8 + r] * point[2] + m[12 + r]);
    return [(0.5 + out[0] / out[2] / 2) * width, (0.5 - out[1] / out[2] / 2) * height, out[2]];
  }
}
return { Camera };
})();
// dom.js
const module_dom = (() => {
/** Elements of the page. Text from data is always set as text, never as markup. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[K]}
 */
function make(tag, attributes = {}, children = []) {
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
function brief(name) {
  const letters = name.length > LONGEST ? [...name] : [];
  const short = letters.length > LONGEST ? `${letters.slice(0, LONGEST).join("")}…` : name;
  return DIRECTED.test(short) ? `\u2068${short}\u2069` : short;
}

/**
 * Colors of the style sheet, for canvases.
 * @param {Element} element
 */
function inks(element) {
  const style = getComputedStyle(element);
  const value = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: value("ink"), soft: value("soft"), line: value("line"), background: value("stage"),
    dark: value("scheme") === "dark",
  };
}

/** @param {string} hex @returns {number[]} numbers from 0 to 1 */
function rgb(hex) {
  const digits = hex.replace("#", "");
  return [0, 2, 4].map((k) => parseInt(digits.slice(k, k + 2), 16) / 255);
}
return { make, brief, inks, rgb };
})();
// search.js
const module_search = (() => {
/** Search for units by name, class or pattern. */

/**
 * @param {{names: string[], classes: string[], n: number}} run
 * @param {string} query names, classes or patterns with * and ?, separated by commas or spaces
 * @returns {Set<number>} indices of the units that match
 */
function search(run, query) {
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
function partners(run, unit) {
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
return { search, partners };
})();
// server.js
const module_server = (() => {
/** What the page asks of the server that it came from: blocks of long runs, and runs that grow. */

const POLL_MS = 2000;

/**
 * The answer of the server to a path below the address of the page.
 * @param {string} path
 * @returns {Promise<any>}
 */
async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/**
 * Call a function with the new data of the page whenever the runs have grown.
 * @param {string} version of the data that the page has
 * @param {(data: any) => Promise<void>} update
 * @param {(problem: string) => void} report
 */
function follow(version, update, report) {
  let known = version;
  const poll = async () => {
    try {
      const state = await ask("state");
      if (state.version !== known) {
        const data = await ask("data");
        known = data.served.version;
        await update(data);
      }
      report("");
    } catch (error) {
      report(`The runs cannot be read at the moment: ${/** @type {Error} */ (error).message}`);
    }
    setTimeout(poll, POLL_MS);
  };
  setTimeout(poll, POLL_MS);
}
return { ask, follow };
})();
// unpack.js
const module_unpack = (() => {
/** Arrays of the data block: deflated, in base64 or as bytes, become typed arrays. */

/**
 * @typedef {{type: string, shape: number[], data: string | Uint8Array<ArrayBuffer>, sum?: number}} Packed
 * @typedef {Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array | Float64Array} Numbers
 */

const TYPES = { Uint8Array, Int16Array, Uint16Array, Int32Array, Float32Array, Float64Array };

/**
 * @param {string | Uint8Array<ArrayBuffer>} data base64, or bytes
 * @returns {Promise<ArrayBuffer>}
 */
async function inflate(data) {
  const bytes = typeof data === "string" ? Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) : data;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/**
 * @param {Packed} packed
 * @returns {Promise<Numbers>}
 */
async function unpack(packed) {
  const Type = TYPES[/** @type {keyof typeof TYPES} */ (packed.type)];
  const values = new Type(await inflate(packed.data));
  return packed.sum === undefined ? values : runningSum(values, packed.shape);
}

/**
 * Sum along the first axis: differences in time become values.
 * @param {Numbers} values
 * @param {number[]} shape
 * @returns {Int32Array}
 */
function runningSum(values, shape) {
  const row = shape.slice(1).reduce((product, size) => product * size, 1);
  const found = Int32Array.from(values);
  for (let k = row; k < found.length; k++) found[k] += found[k - row];
  return found;
}

/**
 * Values whose arrays state their place among bytes, with these bytes.
 * @param {any} value
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {any}
 */
function joined(value, bytes) {
  if (Array.isArray(value)) return value.map((one) => joined(one, bytes));
  if (value === null || typeof value !== "object") return value;
  const found = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, joined(one, bytes)]));
  if (Array.isArray(value.at) && "shape" in value) found.data = bytes.subarray(value.at[0], value.at[0] + value.at[1]);
  return found;
}
return { unpack, runningSum, joined };
})();
// print.js
const module_print = (() => {
/** The page on paper: in light colors, with the stage as an image, since WebGL clears its buffer. */

/**
 * @param {import("./page.js").Page} page
 * @param {AbortSignal} signal
 */
function preparePrint(page, signal) {
  const poster = /** @type {HTMLImageElement} */ (page.get("poster"));
  const show = (/** @type {boolean} */ printing) => {
    page.door.element.classList.toggle("printing", printing);
    page.recolor();
    page.draw();
    if (printing) poster.src = page.stage.scene.canvas.toDataURL("image/png");
    poster.hidden = !printing;
  };
  addEventListener("beforeprint", () => show(true), { signal });
  addEventListener("afterprint", () => show(false), { signal });
}
return { preparePrint };
})();
// geometry.js
const module_geometry = (() => {
/** Vertices of what is drawn: place on the straight body, unit of the color, shade. */
const { radius } = module_bend;

/**
 * @typedef {{places: Float32Array, units: Float32Array, shades: Float32Array, index: Uint32Array | null}} Vertices
 * @typedef {{names: string[], neuron: Uint16Array, length: Uint8Array, places: Float32Array, diameters: Uint8Array, somata: Uint8Array}} Shapes
 */

/** Colors after those of the units: what connections and the trail are drawn in. */
const EXTRA = { excitatory: 0, inhibitory: 1, gap: 2, unknown: 3, trail: 4, count: 5 };

/**
 * Processes of the neurons of a run, as pairs of points.
 * @param {import("./run.js").Run} run
 * @param {Shapes} shapes
 * @returns {Vertices}
 */
function arbors(run, shapes) {
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
function somata(run, shapes) {
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
function skin(run) {
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
function links(run, chosen) {
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
function trail(run) {
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
return { EXTRA, arbors, somata, skin, links, trail };
})();
// record.js
const module_record = (() => {
/** A video of the stage, where the browser can record one. */
const { make } = module_dom;

const TYPE = "video/webm";

/** Whether this browser records canvases. */
function canRecord() {
  return typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported(TYPE)
    && "captureStream" in HTMLCanvasElement.prototype;
}

/** Records what is drawn, with the time below it; a copy, since WebGL clears its buffer. */
class Video {
  /**
   * @param {HTMLCanvasElement} stage
   * @param {(video: Blob) => void} done
   */
  constructor(stage, done) {
    this.stage = stage;
    this.copy = make("canvas", { width: String(stage.width), height: String(stage.height) });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.copy.getContext("2d", { alpha: false }));
    this.recorder = new MediaRecorder(this.copy.captureStream(), { mimeType: TYPE });
    /** @type {Blob[]} */
    const parts = [];
    this.recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    this.recorder.addEventListener("stop", () => done(new Blob(parts, { type: TYPE })));
    this.recorder.start();
  }

  /**
   * Add what is on the stage, right after it was drawn.
   * @param {string} text
   * @param {import("./charts.js").Inks} inks
   */
  add(text, inks) {
    const { context, copy, stage } = this;
    context.drawImage(stage, 0, 0, copy.width, copy.height);
    const size = Math.round(16 * copy.width / Math.max(1, stage.clientWidth));
    context.font = `${size}px system-ui, sans-serif`;
    context.fillStyle = inks.ink;
    context.textAlign = "right";
    context.fillText(text, copy.width - size, copy.height - size);
  }

  end() {
    this.recorder.stop();
  }
}

/** @param {Blob} content @param {string} name */
function save(content, name) {
  const link = make("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
return { canRecord, Video, save };
})();
// run.js
const module_run = (() => {
/** One run: its arrays, and what is looked up in them. */
const { unpack } = module_unpack;
const { nodesOf, STRAIGHT } = module_bend;

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
async function loadRun(block) {
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
async function loadSamples(block) {
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
function samplesAt(run, time) {
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
function frameAt(times, time) {
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
function valueAt(run, frame, unit) {
  return ((run.activity[frame * run.n + unit] - 128) / 127) * run.scale[unit];
}
return { loadRun, loadSamples, samplesAt, frameAt, valueAt };
})();
// flat.js
const module_flat = (() => {
/** Drawing without WebGL: somata and the outline of the body on a 2-D canvas. */
const { bend, nodesAt, radius } = module_bend;
const { links } = module_geometry;

/** A canvas that is drawn by its 2-D context. */
class FlatScene {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("The canvas has no 2-D context.");
    this.canvas = canvas;
    this.context = context;
    this.kind = "canvas";
    this.arbors = false;
    this.calls = 0;
  }

  /**
   * @param {import("./gl.js").Panel[]} panels
   * @param {import("./gl.js").Theme} theme
   */
  draw(panels, theme) {
    const { context, canvas } = this;
    const ratio = canvas.width / Math.max(1, canvas.clientWidth);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = css(theme.background);
    context.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    for (const panel of panels) {
      context.save();
      context.beginPath();
      context.rect(panel.left, panel.top, panel.width, panel.height);
      context.clip();
      context.translate(panel.left, panel.top);
      if (panel.run.worm) this.drawOutline(panel, theme);
      if (panel.chosen.size) this.drawLinks(panel);
      this.drawSomata(panel, theme);
      context.restore();
    }
  }

  /** Nothing of a run is stored. */
  forget() {}

  /** @param {import("./gl.js").Panel} panel @param {number[]} place @param {number} [at] */
  pixel(panel, place, at = 0) {
    const { run, camera } = panel;
    const point = run.worm ? bend(nodesAt(panel.samples.body, panel.frame), place, at) : Array.from(place.slice(at, at + 3));
    return camera.project(point, panel.width, panel.height);
  }

  /** @param {import("./gl.js").Panel} panel @param {import("./gl.js").Theme} theme */
  drawOutline(panel, theme) {
    const { context } = this;
    const rim = [];
    for (let k = 0; k <= 60; k++) rim.push([k / 60, 0, radius(k / 60)]);
    for (let k = 60; k >= 0; k--) rim.push([k / 60, 0, -radius(k / 60)]);
    context.beginPath();
    for (const place of rim) context.lineTo(...first2(this.pixel(panel, place)));
    context.strokeStyle = css(theme.skin);
    context.stroke();
  }

  /** @param {import("./gl.js").Panel} panel */
  drawLinks(panel) {
    const { context } = this;
    const { places, units, shades } = links(panel.run, panel.chosen);
    const at = (/** @type {number} */ k) => first2(this.pixel(panel, Array.from(places.subarray(3 * k, 3 * k + 3))));
    for (let k = 0; k < units.length; k += 2) {
      context.beginPath();
      context.moveTo(...at(k));
      context.lineTo(...at(k + 1));
      context.strokeStyle = colorAt(panel.colors, units[k], shades[k]);
      context.stroke();
    }
  }

  /** @param {import("./gl.js").Panel} panel @param {import("./gl.js").Theme} theme */
  drawSomata(panel, theme) {
    const { context } = this;
    for (let k = 0; k < panel.run.n; k++) {
      if (panel.run.places[3 * k] < -1) continue;
      const [x, y] = this.pixel(panel, Array.from(panel.run.places.subarray(3 * k, 3 * k + 3)));
      const chosen = panel.chosen.has(k);
      context.beginPath();
      context.arc(x, y, chosen ? 5 : 3, 0, 2 * Math.PI);
      context.fillStyle = colorAt(panel.colors, k, 1);
      context.fill();
      if (!chosen) continue;
      context.strokeStyle = css(theme.ring);
      context.stroke();
    }
  }
}

/** @param {number[]} values @returns {[number, number]} */
function first2(values) {
  return [values[0], values[1]];
}

/** @param {number[]} color */
function css(color) {
  return `rgb(${color.map((value) => Math.round(255 * value)).join(" ")})`;
}

/** @param {Uint8Array} colors @param {number} unit @param {number} shade */
function colorAt(colors, unit, shade) {
  const [red, green, blue, strength] = colors.subarray(4 * unit, 4 * unit + 4);
  return `rgb(${red} ${green} ${blue} / ${(strength * shade) / 255})`;
}
return { FlatScene };
})();
// gl.js
const module_gl = (() => {
/** Drawing with WebGL 2: points and lines that bend with the body in the shader. */
const { BEND_GLSL, nodesAt } = module_bend;
const { arbors, EXTRA, links, skin, somata, trail } = module_geometry;

const WIDTH = 1024; // of the texture of colors

const HEAD = `#version 300 es
precision highp float;
in vec3 place; in float unit; in float shade;
uniform mat4 uView;
uniform sampler2D uColors;
vec4 colorOf(float unit) {
  int k = int(unit + 0.5);
  return texelFetch(uColors, ivec2(k % ${WIDTH}, k / ${WIDTH}), 0);
}
${BEND_GLSL}`;

const UNITS_VERTEX = `${HEAD}
uniform float uSize;
out vec4 vColor;
out vec3 vBent;
void main() {
  vec4 color = colorOf(unit);
  vBent = bend(place);
  gl_Position = uView * vec4(vBent, 1.0);
  if (place.x < -1.0 && uCount > 0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  float grow = color.a > 0.99 ? 1.8 : color.a < 0.2 ? 0.7 : 1.0;
  gl_PointSize = clamp(uSize * shade * grow / gl_Position.w, 3.0, 48.0);
  vColor = vec4(color.rgb, uSize > 0.0 ? color.a : color.a * shade);
}`;

const UNITS_FRAGMENT = `#version 300 es
precision highp float;
in vec4 vColor;
uniform float uSize;
uniform vec3 uRing;
out vec4 color;
void main() {
  color = vColor;
  if (uSize == 0.0) return;
  float r = length(gl_PointCoord - 0.5) * 2.0;
  if (r > 1.0) discard;
  if (vColor.a > 0.99 && r > 0.72) color.rgb = uRing;
  else color.rgb *= 1.0 - 0.25 * r * r;
}`;

const SKIN_VERTEX = `${HEAD}
uniform vec3 uEye;
uniform vec3 uSkin;
out vec4 vColor;
void main() {
  vec3 point = bend(place);
  vec3 outside = bend(place + 0.01 * vec3(0.0, sin(shade), cos(shade)));
  float facing = abs(dot(normalize(outside - point), normalize(uEye - point)));
  gl_Position = uView * vec4(point, 1.0);
  vColor = vec4(uSkin, 0.06 + 0.5 * pow(1.0 - facing, 2.0));
  if (unit < 0.0) return;
  vec4 muscle = colorOf(unit);
  vColor = mix(vColor, vec4(muscle.rgb, 0.55), muscle.a);
}`;

const SKIN_FRAGMENT = `#version 300 es
precision highp float;
in vec4 vColor;
out vec4 color;
void main() { color = vColor; }`;

/**
 * @typedef {{vao: WebGLVertexArrayObject | null, buffers: (WebGLBuffer | null)[], count: number, indexed: boolean}} Part
 * @typedef {{run: import("./run.js").Run, samples: import("./run.js").Samples, camera: import("./camera.js").Camera, frame: number, colors: Uint8Array,
 *   chosen: Set<number>, left: number, top: number, width: number, height: number}} Panel
 * @typedef {{background: number[], skin: number[], ring: number[]}} Theme numbers from 0 to 1
 */

/** A canvas that is drawn by WebGL 2. */
class Scene {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./geometry.js").Shapes | null} shapes
   */
  constructor(canvas, shapes) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: true, powerPreference: "high-performance" });
    if (!gl) throw new Error("WebGL 2 is not available.");
    this.canvas = canvas;
    this.gl = gl;
    this.shapes = shapes;
    this.kind = "webgl";
    this.arbors = true;
    this.calls = 0;
    this.units = link(gl, UNITS_VERTEX, UNITS_FRAGMENT);
    this.skin = link(gl, SKIN_VERTEX, SKIN_FRAGMENT);
    /** @type {Map<import("./run.js").Run, Record<string, Part>>} */
    this.parts = new Map();
    /** @type {Map<import("./run.js").Run, {key: string, part: Part}>} */
    this.links = new Map();
    this.nodes = texture(gl);
    this.colors = texture(gl);
  }

  /**
   * @param {Panel[]} panels
   * @param {Theme} theme
   */
  draw(panels, theme) {
    const { gl, canvas } = this;
    const ratio = canvas.width / Math.max(1, canvas.clientWidth);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.clearColor(theme.background[0], theme.background[1], theme.background[2], 1);
    gl.disable(gl.SCISSOR_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT); // the lines between panels
    gl.enable(gl.SCISSOR_TEST);
    this.calls = 0;
    for (const panel of panels) {
      const box = [panel.left, canvas.clientHeight - panel.top - panel.height, panel.width, panel.height];
      const [x, y, w, h] = box.map((value) => Math.round(value * ratio));
      gl.viewport(x, y, w, h);
      gl.scissor(x, y, w, h);
      gl.depthMask(true);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      this.drawPanel(panel, theme, h);
    }
  }

  /**
   * @param {Panel} panel
   * @param {Theme} theme
   * @param {number} height in pixels of the device
   */
  drawPanel(panel, theme, height) {
    const { gl } = this;
    const { run, camera } = panel;
    const parts = this.partsOf(run);
    const nodes = nodesAt(panel.samples.body, panel.frame);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.nodes);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, nodes.length / 4, 1, 0, gl.RGBA, gl.FLOAT, nodes);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.colors);
    const rows = panel.colors.length / 4 / WIDTH;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, WIDTH, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, panel.colors);
    gl.enable(gl.DEPTH_TEST);
    const use = this.units.use(camera.matrix, run.worm ? run.body.count : 0);
    gl.uniform3fv(use.uRing, theme.ring);
    gl.uniform1f(use.uSize, 0);
    if (parts.arbors && this.arbors) this.drawPart(parts.arbors, gl.LINES);
    if (panel.chosen.size) this.drawPart(this.linksOf(run, panel.chosen), gl.LINES);
    gl.uniform1f(use.uSize, run.worm ? height * 0.0026 : height * 0.0042);
    this.drawPart(parts.somata, gl.POINTS);
    if (!run.worm) return;
    if (run.body.moving) {
      gl.uniform1f(use.uSize, 0);
      gl.uniform1i(use.uCount, 0);
      this.drawPart(parts.trail, gl.LINES);
    }
    gl.depthMask(false);
    const drawn = this.skin.use(camera.matrix, run.body.count);
    gl.uniform3fv(drawn.uEye, camera.eye());
    gl.uniform3fv(drawn.uSkin, theme.skin);
    this.drawPart(parts.skin, gl.TRIANGLES);
  }

  /** @param {Part} part @param {number} mode */
  drawPart(part, mode) {
    const { gl } = this;
    if (!part.count) return;
    gl.bindVertexArray(part.vao);
    if (part.indexed) gl.drawElements(mode, part.count, gl.UNSIGNED_INT, 0);
    else gl.drawArrays(mode, 0, part.count);
    this.calls++;
  }

  /** @param {import("./run.js").Run} run */
  partsOf(run) {
    const known = this.parts.get(run);
    if (known) return known;
    /** @type {Record<string, Part>} */
    const made = { somata: upload(this.gl, somata(run, this.shapes)) };
    if (run.worm) made.skin = upload(this.gl, skin(run));
    if (run.worm) made.trail = upload(this.gl, trail(run));
    if (run.worm && this.shapes) made.arbors = upload(this.gl, arbors(run, this.shapes));
    this.parts.set(run, made);
    return made;
  }

  /**
   * @param {import("./run.js").Run} run
   * @param {Set<number>} chosen
   */
  linksOf(run, chosen) {
    const key = [...chosen].join();
    let known = this.links.get(run);
    if (known?.key !== key) {
      for (const buffer of known?.part.buffers ?? []) this.gl.deleteBuffer(buffer);
      if (known) this.gl.deleteVertexArray(known.part.vao);
      known = { key, part: upload(this.gl, links(run, chosen)) };
      this.links.set(run, known);
    }
    return known.part;
  }

  /**
   * Delete what was uploaded of a run that is not shown any more.
   * @param {import("./run.js").Run} run
   */
  forget(run) {
    const parts = [...Object.values(this.parts.get(run) ?? {}), this.links.get(run)?.part];
    for (const part of parts) {
      if (!part) continue;
      this.gl.deleteVertexArray(part.vao);
      part.buffers.forEach((buffer) => this.gl.deleteBuffer(buffer));
    }
    this.parts.delete(run);
    this.links.delete(run);
  }

  /**
   * Bent somata as the shader computes them, read back by transform feedback.
   * @param {import("./run.js").Run} run
   * @param {number} frame
   * @returns {Float32Array} (n, 3)
   */
  bentSomata(run, frame) {
    const { gl } = this;
    const nodes = nodesAt(run.body, frame);
    const program = link(gl, UNITS_VERTEX, UNITS_FRAGMENT, ["vBent"]);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.nodes);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, nodes.length / 4, 1, 0, gl.RGBA, gl.FLOAT, nodes);
    program.use(new Float32Array(16), run.worm ? run.body.count : 0);
    const found = gl.createBuffer();
    gl.bindBuffer(gl.TRANSFORM_FEEDBACK_BUFFER, found);
    gl.bufferData(gl.TRANSFORM_FEEDBACK_BUFFER, 12 * run.n, gl.STREAM_READ);
    gl.bindBufferBase(gl.TRANSFORM_FEEDBACK_BUFFER, 0, found);
    gl.enable(gl.RASTERIZER_DISCARD);
    gl.bindVertexArray(this.partsOf(run).somata.vao);
    gl.beginTransformFeedback(gl.POINTS);
    gl.drawArrays(gl.POINTS, 0, run.n);
    gl.endTransformFeedback();
    gl.disable(gl.RASTERIZER_DISCARD);
    const values = new Float32Array(3 * run.n);
    gl.getBufferSubData(gl.TRANSFORM_FEEDBACK_BUFFER, 0, values);
    gl.bindBufferBase(gl.TRANSFORM_FEEDBACK_BUFFER, 0, null);
    return values;
  }
}

/** Number of colors that a run needs, in whole rows of the texture. */
function colorCount(/** @type {import("./run.js").Run} */ run) {
  const needed = run.n + EXTRA.count + (run.muscles?.names.length ?? 0);
  return WIDTH * Math.ceil(needed / WIDTH);
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertex
 * @param {string} fragment
 * @param {string[]} [feedback]
 */
function link(gl, vertex, fragment, feedback) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [kind, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(program, shader);
  }
  ["place", "unit", "shade"].forEach((name, k) => gl.bindAttribLocation(program, k, name));
  if (feedback) gl.transformFeedbackVaryings(program, feedback, gl.INTERLEAVED_ATTRIBS);
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "program");
  /** @type {Record<string, WebGLUniformLocation | null>} */
  const places = {};
  for (const name of ["uView", "uColors", "uNodes", "uCount", "uSize", "uRing", "uEye", "uSkin"]) {
    places[name] = gl.getUniformLocation(program, name);
  }
  const use = (/** @type {Float32Array} */ view, /** @type {number} */ count) => {
    gl.useProgram(program);
    gl.uniformMatrix4fv(places.uView, false, view);
    gl.uniform1i(places.uNodes, 0);
    gl.uniform1i(places.uColors, 1);
    gl.uniform1i(places.uCount, count);
    return places;
  };
  return { use };
}

/** @param {WebGL2RenderingContext} gl */
function texture(gl) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return made;
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {import("./geometry.js").Vertices} vertices
 * @returns {Part}
 */
function upload(gl, vertices) {
  const vao = gl.createVertexArray();
  gl.bindVertexArray(vao);
  const buffers = [gl.createBuffer(), gl.createBuffer(), gl.createBuffer()];
  const attributes = [vertices.places, vertices.units, vertices.shades];
  attributes.forEach((values, location) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[location]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(location);
    gl.vertexAttribPointer(location, location === 0 ? 3 : 1, gl.FLOAT, false, 0, 0);
  });
  if (vertices.index) {
    buffers.push(gl.createBuffer());
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffers[3]);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, vertices.index, gl.STATIC_DRAW);
  }
  gl.bindVertexArray(null);
  return { vao, buffers, count: vertices.index ? vertices.index.length : vertices.units.length, indexed: vertices.index !== null };
}
return { Scene, colorCount };
})();
// blocks.js
const module_blocks = (() => {
/** Samples of a long run between those of the page, fetched from the server of the page. */
const { frameAt, loadSamples } = module_run;

const MOST_KEPT = 12;

/** Blocks of a run by number; the oldest are dropped. */
class Blocks {
  /**
   * @param {number[]} starts time of the first sample of each block, ms
   * @param {(block: number) => Promise<any>} fetchBlock
   * @param {() => void} changed called when a block arrives
   */
  constructor(starts, fetchBlock, changed) {
    this.starts = Float64Array.from(starts);
    this.fetchBlock = fetchBlock;
    this.changed = changed;
    /** @type {Map<number, import("./run.js").Samples | null>} */
    this.known = new Map();
  }

  /**
   * The samples around a time; null until they are there.
   * @param {number} time ms
   */
  at(time) {
    const block = frameAt(this.starts, time);
    this.load(block);
    if (block + 1 < this.starts.length) this.load(block + 1);
    return this.known.get(block) ?? null;
  }

  /** @param {number} block */
  load(block) {
    if (this.known.has(block)) return;
    this.known.set(block, null);
    for (const old of this.known.keys()) {
      if (this.known.size > MOST_KEPT && Math.abs(old - block) > 1) this.known.delete(old);
    }
    this.fetchBlock(block).then(loadSamples).then((samples) => {
      if (this.known.has(block)) this.known.set(block, samples);
      this.changed();
    }, () => {}); // the samples of the page are shown instead
  }
}
return { Blocks };
})();
// charts.js
const module_charts = (() => {
/** Charts over time, and the phase portrait. The moving cursor is an element of its own. */
const { frameAt, valueAt } = module_run;

/**
 * @typedef {{ink: string, soft: string, line: string, background: string, dark: boolean}} Inks
 * @typedef {{context: CanvasRenderingContext2D, width: number, height: number, left: number, right: number, top: number, bottom: number}} Frame
 */

const TRACES = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#8a8a8a", "#b8860b"];
const MARGIN = { left: 58, right: 10, top: 8, bottom: 24 };
const LEAST_WIDTH = 12; // pixels of a run with one sample
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];

/**
 * Round numbers between two limits.
 * @param {number} low
 * @param {number} high
 * @param {number} [count]
 */
function ticks(low, high, count = 5) {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? rough;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

/** @param {number} value @param {number} [digits] */
function shown(value, digits = 4) {
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/**
 * A cleared canvas in pixels of the page.
 * @param {HTMLCanvasElement} canvas
 * @returns {Frame}
 */
function cleared(canvas) {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "11px system-ui, sans-serif";
  return {
    context, width, height, left: MARGIN.left, right: width - MARGIN.right,
    top: MARGIN.top, bottom: height - MARGIN.bottom,
  };
}

/**
 * Where a time is drawn; of a range without duration all times are at the left.
 * @param {{left: number, right: number}} frame
 * @param {[number, number]} range ms
 * @returns {(time: number) => number}
 */
function placeOf({ left, right }, [first, last]) {
  const scale = (right - left) / (last - first || 1);
  return (time) => left + (time - first) * scale;
}

/**
 * @param {Frame} frame
 * @param {[number, number]} range
 * @param {Inks} inks
 * @param {string} label
 */
function timeAxis(frame, range, inks, label = "s") {
  const { context, left, right, bottom } = frame;
  context.fillStyle = inks.soft;
  context.textAlign = "center";
  context.textBaseline = "top";
  const place = placeOf(frame, range);
  for (const value of ticks(range[0] / 1000, range[1] / 1000, Math.max(2, (right - left) / 90))) {
    const x = place(1000 * value);
    context.fillText(`${shown(value)} ${label}`, Math.min(right - 12, Math.max(left + 6, x)), bottom + 6);
    context.fillRect(Math.round(x), bottom, 1, 4);
  }
}

/**
 * @param {Frame} frame
 * @param {number} low
 * @param {number} high
 * @param {Inks} inks
 */
function valueAxis(frame, low, high, inks) {
  const { context, left, right, top, bottom } = frame;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of ticks(low, high, Math.max(2, (bottom - top) / 45))) {
    const y = bottom - ((value - low) / (high - low)) * (bottom - top);
    context.fillStyle = inks.line;
    context.fillRect(left, Math.round(y), right - left, 1);
    context.fillStyle = inks.soft;
    context.fillText(shown(value), left - 6, y);
  }
}

/**
 * Runs of which traces are drawn: those with one of the units, in the unit of measurement of the first.
 * @param {import("./run.js").Run[]} runs
 * @param {string[]} names
 */
function tracedRuns(runs, names) {
  const having = runs.filter((run) => names.some((name) => run.index.has(name)));
  return having.length ? having.filter((run) => run.unit === having[0].unit) : runs.slice(0, 1);
}

/**
 * Traces of units, of all runs that have them and are in the same unit of measurement.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./run.js").Run[]} runs
 * @param {string[]} names
 * @param {[number, number]} range ms
 * @param {Inks} inks
 */
function drawTraces(canvas, runs, names, range, inks) {
  const frame = cleared(canvas);
  const traced = tracedRuns(runs, names);
  const lines = names.flatMap((name, j) => {
    const having = traced.filter((run) => run.index.has(name));
    return having.map((run, k) => ({ run, unit: run.index.get(name) ?? 0, color: TRACES[j % 8], dash: DASHES[k] }));
  });
  const [low, high] = limits(lines);
  valueAxis(frame, low, high, inks);
  timeAxis(frame, range, inks);
  const { context, right, top, bottom } = frame;
  const place = placeOf(frame, range);
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  for (const { run, unit, color, dash } of lines) {
    context.strokeStyle = color;
    context.setLineDash(dash);
    context.beginPath();
    const y = (/** @type {number} */ f) => bottom - ((valueAt(run, f, unit) - low) / (high - low)) * (bottom - top);
    for (let f = 0; f < run.frames; f++) context.lineTo(place(run.times[f]), y(f));
    if (run.frames === 1) context.lineTo(Math.min(right, place(run.times[0]) + LEAST_WIDTH), y(0));
    context.stroke();
  }
  context.setLineDash([]);
}

/** @param {{run: import("./run.js").Run, unit: number}[]} lines @returns {[number, number]} */
function limits(lines) {
  let [low, high] = [Infinity, -Infinity];
  for (const { run, unit } of lines) {
    for (let f = 0; f < run.frames; f++) {
      const value = valueAt(run, f, unit);
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low <= high)) return [-1, 1];
  const margin = 0.06 * (high - low) || 0.5 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

/**
 * Units in the order of the raster: by type, class and name.
 * @param {import("./run.js").Run} run
 */
function rasterOrder(run) {
  const key = (/** @type {number} */ k) => `${run.types[k]} ${run.classes[k]}`;
  const collator = new Intl.Collator("en", { numeric: true });
  return [...run.names.keys()].sort(
    (a, b) => collator.compare(key(a), key(b)) || collator.compare(run.names[a], run.names[b]));
}

/**
 * An image of codes from 0 to 255, time to the right.
 * @param {Frame} frame
 * @param {import("./run.js").Run} run
 * @param {[number, number]} range ms
 * @param {number} rows
 * @param {(frame: number, row: number) => number} code
 * @param {Uint8Array} map
 */
function drawImage(frame, run, range, rows, code, map) {
  const columns = Math.min(run.frames, 1200);
  const image = new ImageData(columns, rows);
  for (let column = 0; column < columns; column++) {
    const f = Math.floor((column * run.frames) / columns);
    for (let row = 0; row < rows; row++) {
      const entry = 3 * code(f, row);
      const at = 4 * (row * columns + column);
      image.data.set([map[entry], map[entry + 1], map[entry + 2], 255], at);
    }
  }
  const whole = document.createElement("canvas");
  [whole.width, whole.height] = [columns, rows];
  /** @type {CanvasRenderingContext2D} */ (whole.getContext("2d")).putImageData(image, 0, 0);
  const { context, right, top, bottom } = frame;
  const [start, end] = [run.times[0], run.times[run.frames - 1]].map(placeOf(frame, range));
  const width = Math.max(end - start, Math.min(LEAST_WIDTH, right - start));
  context.imageSmoothingEnabled = rows > bottom - top;
  context.drawImage(whole, start, top, width, bottom - top);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./run.js").Run} run
 * @param {[number, number]} range
 * @param {Uint8Array} map
 * @param {Inks} inks
 * @param {Uint8Array} [codes] what is drawn, the activity by default
 */
function drawRaster(canvas, run, range, map, inks, codes = run.activity) {
  const frame = cleared(canvas);
  const order = rasterOrder(run);
  drawImage(frame, run, range, run.n, (f, row) => codes[f * run.n + order[row]] || 128, map);
  timeAxis(frame, range, inks);
  const { context, left, top, bottom } = frame;
  context.textAlign = "right";
  context.textBaseline = "middle";
  let first = 0;
  for (let row = 1; row <= run.n; row++) {
    if (row < run.n && run.types[order[row]] === run.types[order[first]]) continue;
    const [from, to] = [first, row].map((edge) => top + ((bottom - top) * edge) / run.n);
    context.fillStyle = inks.soft;
    if (to - from > 12) context.fillText(short(run.types[order[first]]), left - 6, (from + to) / 2);
    context.fillRect(left - 4, Math.round(to), 4, 1);
    first = row;
  }
}

/** @param {string} type */
function short(type) {
  return { interneuron: "inter", pharyngeal: "pharynx", unknown: "units" }[type] ?? type;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./run.js").Run} run
 * @param {[number, number]} range
 * @param {Uint8Array} map
 * @param {Inks} inks
 */
function drawKymograph(canvas, run, range, map, inks) {
  const frame = cleared(canvas);
  const { context, left, top, bottom } = frame;
  const c = run.curvature;
  if (!c) return;
  drawImage(frame, run, range, c.width, (f, row) => c.codes[f * c.width + row], map);
  timeAxis(frame, range, inks);
  context.fillStyle = inks.soft;
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText("head", left - 6, top);
  context.textBaseline = "bottom";
  context.fillText("tail", left - 6, bottom);
}

/**
 * Trajectories in the plane of two components; returns where a point is drawn.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./run.js").Run} run
 * @param {Inks} inks
 * @returns {(time: number) => [number, number]}
 */
function drawPortrait(canvas, run, inks) {
  const frame = cleared(canvas);
  const { context, left, right, top, bottom } = frame;
  const { scores, cycle, shares } = run.portrait;
  const both = cycle ? [scores, cycle] : [scores];
  const reach = [0, 1].map((c) => both.reduce((most, points) => {
    for (let k = c; k < points.length; k += 2) most = Math.max(most, Math.abs(points[k]));
    return most;
  }, 0) * 1.08 || 1);
  const x = (/** @type {number} */ value) => left + (0.5 + value / reach[0] / 2) * (right - left);
  const y = (/** @type {number} */ value) => bottom - (0.5 + value / reach[1] / 2) * (bottom - top);
  valueAxis(frame, -reach[1], reach[1], inks);
  context.fillStyle = inks.soft;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(`component 1 (${shown(100 * shares[0], 3)} %)`, (left + right) / 2, bottom + 6);
  context.save();
  context.translate(4, (top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(`component 2 (${shown(100 * shares[1], 3)} %)`, 0, 0);
  context.restore();
  const stroke = (/** @type {Float32Array} */ points, /** @type {string} */ color, /** @type {number} */ width) => {
    context.beginPath();
    for (let k = 0; k < points.length; k += 2) context.lineTo(x(points[k]), y(points[k + 1]));
    [context.strokeStyle, context.lineWidth] = [color, width];
    context.stroke();
  };
  stroke(scores, "#56b4e9", 1);
  if (cycle) stroke(cycle, "#e69f00", 2);
  return (time) => {
    const f = 2 * frameAt(run.times, time);
    return [x(scores[f]), y(scores[f + 1])];
  };
}
return { TRACES, MARGIN, ticks, shown, placeOf, tracedRuns, drawTraces, rasterOrder, drawRaster, drawKymograph, drawPortrait };
})();
// colors.js
const module_colors = (() => {
/** Colors of units at one time, by activity, phase, or what the unit is. */
const { frameAt } = module_run;

/**
 * @typedef {{dark: Uint8Array, light: Uint8Array, phase: Uint8Array}} Maps 256 entries of 3 bytes
 * @typedef {{color: string, time: number, dark: boolean, bright: Set<number> | null, chosen: Set<number>,
 *   samples?: import("./run.js").Samples}} Look
 */

// Okabe and Ito (2008): distinguishable with all kinds of color vision.
const KINDS = [[86, 180, 233], [230, 159, 0], [0, 158, 115], [204, 121, 167], [213, 94, 0], [0, 114, 178], [160, 160, 160]];
const SELECTED = 255;
const NORMAL = 230;
const DIM = 36;

const UNCERTAIN = 0.45; // strength of a unit whose transmitter has a question mark

/**
 * Categories of the units of a run, the most frequent first, what is not known last; an uncertain
 * transmitter is in the category of the certain one.
 * @param {import("./run.js").Run} run
 * @param {string} color
 */
function categories(run, color) {
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
function categoryColor(rank, count, maps) {
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
function colorUnits(run, look, maps, out) {
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
return { SELECTED, NORMAL, DIM, categories, categoryColor, colorUnits };
})();
// details.js
const module_details = (() => {
/** Text next to the charts: legend, selected units with their connections, what the runs are. */
const { categories, categoryColor } = module_colors;
const { shown, TRACES } = module_charts;
const { brief, make } = module_dom;
const { partners } = module_search;

const MOST = 12;

/**
 * @param {HTMLElement} legend
 * @param {import("./run.js").Run[]} runs
 * @param {{color: string, dark: boolean}} state
 * @param {import("./colors.js").Maps} maps
 */
function showLegend(legend, runs, state, maps) {
  const run = (state.color === "phase" && runs.find((one) => one.rhythm)) || runs[0];
  const { order } = categories(run, state.color);
  if (order.length) {
    const few = order.slice(0, 16);
    legend.replaceChildren(...few.map((value, rank) => chip(brief(value), categoryColor(rank, order.length, maps))));
    if (order.length > few.length) legend.append(`and ${order.length - few.length} more`);
    if (state.color === "transmitter" && run.transmitters.some((name) => name.endsWith("?"))) legend.append("faint: uncertain");
    return;
  }
  const phase = state.color === "phase" && run.rhythm;
  const map = phase ? maps.phase : state.dark ? maps.dark : maps.light;
  const canvas = make("canvas", { width: "256", height: "1", class: "bar", "aria-hidden": "true" });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = new ImageData(256, 1);
  for (let k = 0; k < 256; k++) image.data.set([map[3 * k], map[3 * k + 1], map[3 * k + 2], 255], 4 * k);
  context.putImageData(image, 0, 0);
  legend.replaceChildren(...texts(runs, run, state.color).map((text) => (text === "bar" ? canvas : make("span", {}, [text]))));
}

/** @param {import("./run.js").Run[]} runs @param {import("./run.js").Run} run @param {string} color */
function texts(runs, run, color) {
  if (color === "phase" && run.rhythm) {
    const { period, share } = run.rhythm;
    return ["phase 0", "bar", `2π of the rhythm with period ${shown(period / 1000, 3)} s (${shown(100 * share, 2)} % of the variance); faint: small amplitude`];
  }
  if (color === "phase") return ["This run has no rhythm that most units share: activity is shown.", "low", "bar", "high"];
  const difference = color === "difference" && runs.find((one) => one.difference)?.difference;
  if (difference) {
    const limit = `${shown(difference.scale, 3)} ${run.unit === "1" ? "" : run.unit}`.trim();
    return [`−${limit}`, "bar", `+${limit}`, differenceText(runs)];
  }
  const labels = [...new Set(runs.map((one) => one.label))].join("; ");
  return ["−", "bar", "+", `${labels}, each unit over its own range`];
}

/** @param {import("./run.js").Run[]} runs */
function differenceText(runs) {
  return `Difference of ${runs[0].label} from ${brief(runs[0].title)}`;
}

/** @param {string} text @param {number[]} color */
function chip(text, color) {
  const dot = make("i");
  dot.style.background = `rgb(${color.join(" ")})`;
  return make("span", { class: "chip" }, [dot, text]);
}

/**
 * @param {HTMLElement} element
 * @param {import("./run.js").Run[]} runs
 * @param {string[]} names selected
 * @param {(name: string) => void} choose
 * @param {(name: string) => void} remove
 */
function showSelection(element, runs, names, choose, remove) {
  if (!names.length) {
    element.replaceChildren(make("p", { class: "hint" }, [
      "Click a neuron, or search and press Enter, to see its trace and its connections. Shift-click adds one.",
    ]));
    return;
  }
  element.replaceChildren(...names.map((name, k) => describe(runs, name, TRACES[k % 8], choose, remove)));
}

/**
 * @param {import("./run.js").Run[]} runs
 * @param {string} name
 * @param {string} color
 * @param {(name: string) => void} choose
 * @param {(name: string) => void} remove
 */
function describe(runs, name, color, choose, remove) {
  const run = runs.find((one) => one.index.has(name)) ?? runs[0];
  const unit = run.index.get(name) ?? 0;
  const dot = make("i");
  dot.style.background = color;
  const drop = make("button", { class: "drop", "aria-label": `Remove ${brief(name)}` }, ["×"]);
  drop.addEventListener("click", () => remove(name));
  const known = [run.classes[unit], run.types[unit], run.transmitters[unit]].filter((text) => text !== "unknown" && text !== name);
  const head = make("div", { class: "unit" }, [dot, make("b", {}, [name]), ` ${known.join(" · ")} `, drop]);
  const found = partners(run, unit);
  const rows = [
    ["to", found.filter((one) => one.out && !one.gap)],
    ["from", found.filter((one) => !one.out && !one.gap)],
    ["gap junctions", found.filter((one) => one.gap)],
  ].map(([label, list]) => row(run, /** @type {string} */ (label), /** @type {typeof found} */ (list), choose));
  const none = run.connections ? [] : [make("p", { class: "hint" }, ["The run does not state its connections."])];
  return make("div", {}, [head, ...(run.connections ? rows : none)]);
}

/**
 * @param {import("./run.js").Run} run
 * @param {string} label
 * @param {ReturnType<typeof partners>} list
 * @param {(name: string) => void} choose
 */
function row(run, label, list, choose) {
  const buttons = list.slice(0, MOST).map(({ unit, weight, sign, gap }) => {
    const kind = gap ? "gap" : sign > 0 ? "excitatory" : sign < 0 ? "inhibitory" : "unsigned";
    const button = make("button", { class: `partner ${kind}`, title: `${kind}, weight ${shown(weight, 3)}` }, [
      `${brief(run.names[unit])} ${shown(Math.abs(weight), 3)}`,
    ]);
    button.addEventListener("click", () => choose(run.names[unit]));
    return button;
  });
  const more = list.length > MOST ? [` and ${list.length - MOST} more`] : [];
  return make("div", { class: "row" }, [make("span", { class: "soft" }, [`${label} (${list.length}) `]), ...buttons, ...more]);
}

/** @param {HTMLElement} element @param {import("./run.js").Run[]} runs @param {string[]} notes */
function showFacts(element, runs, notes) {
  const all = runs.map(factsOf);
  const shared = runs.length < 2 ? [] : all[0].filter((row) => all.every((rows) => rows.some((one) => one.join("\n") === row.join("\n"))));
  const keys = new Set(shared.map(([key]) => key));
  const blocks = runs.map((run, k) => block(run.title, all[k].filter(([key]) => !keys.has(key))));
  if (shared.length) blocks.push(block("The same in all runs", shared));
  element.replaceChildren(...blocks, ...notes.map((note) => make("p", { class: "hint" }, [note])));
}

/**
 * @param {HTMLElement} element
 * @param {{title: string, head: string[], rows: string[][], note: string}[]} tables
 */
function showTables(element, tables) {
  element.replaceChildren(...tables.map(({ title, head, rows, note }) => {
    const first = make("tr", {}, head.map((text) => make("th", { scope: "col" }, [brief(text)])));
    const others = rows.map(([name, ...values]) => make("tr", {}, [
      make("th", { scope: "row" }, [name]), ...values.map((text) => make("td", {}, [text])),
    ]));
    const table = make("table", {}, [make("thead", {}, [first]), make("tbody", {}, others)]);
    return make("section", { "aria-label": title }, [
      make("h2", {}, [title]), make("div", { class: "scrolled" }, [table]), make("p", { class: "hint" }, [note]),
    ]);
  }));
}

/** @param {string} title @param {string[][]} rows */
function block(title, rows) {
  const list = rows.flatMap(([key, value]) => [make("dt", {}, [key]), make("dd", {}, [value])]);
  return make("div", {}, [make("h3", {}, [brief(title)]), make("dl", {}, list)]);
}

/** @param {import("./run.js").Run} run */
function factsOf(run) {
  const rows = [...run.facts];
  if (run.connections?.all && run.connections.all > run.connections.pre.length) {
    rows.push(["connections", `the ${run.connections.pre.length} strongest of ${run.connections.all}`]);
  }
  if (run.rhythm) rows.push(["period", `${shown(run.rhythm.period / 1000)} s`]);
  if (run.portrait.multipliers.length) rows.push(["Floquet multipliers", run.portrait.multipliers.join(", ")]);
  return rows;
}
return { showLegend, differenceText, showSelection, showFacts, showTables };
})();
// stage.js
const module_stage = (() => {
/** The stage: a panel for each run, drawn on one canvas; pointer, picking, labels. */
const { bend, nodesAt } = module_bend;
const { Camera } = module_camera;
const { colorUnits } = module_colors;
const { brief, make, rgb } = module_dom;
const { FlatScene } = module_flat;
const { EXTRA } = module_geometry;
const { colorCount, Scene } = module_gl;
const { frameAt, samplesAt } = module_run;

const EXTRA_COLORS = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [150, 150, 150], [130, 140, 150]];
const SLOW_MS = 250;
const SLOW_FRAMES = 20;

/**
 * @typedef {{run: import("./run.js").Run, camera: Camera, element: HTMLElement, labels: HTMLElement, tip: HTMLElement, colors: Uint8Array}} View
 */

class Stage {
  /**
   * @param {HTMLElement} element
   * @param {import("./run.js").Run[]} runs
   * @param {import("./geometry.js").Shapes | null} shapes
   * @param {import("./colors.js").Maps} maps
   * @param {string} quality full, low, canvas or empty
   * @param {{pick: (name: string, add: boolean) => void, changed: () => void}} report
   */
  constructor(element, runs, shapes, maps, quality, report) {
    this.element = element;
    this.maps = maps;
    this.shapes = shapes;
    this.quality = quality;
    this.report = report;
    this.follow = true;
    this.slow = 0;
    this.reason = "";
    this.milliseconds = 0;
    this.views = runs.map((run) => this.makeView(run, runs.length > 1));
    this.scene = this.makeScene();
    this.fit();
  }

  /** @returns {Scene | FlatScene} */
  makeScene() {
    const canvas = make("canvas", { class: "scene", "aria-hidden": "true" });
    const old = this.element.querySelector("canvas.scene");
    if (old) old.replaceWith(canvas);
    else this.element.prepend(canvas);
    if (this.quality !== "canvas") {
      try {
        const scene = new Scene(canvas, this.shapes);
        scene.arbors = this.quality !== "low";
        canvas.addEventListener("webglcontextlost", () => this.degrade("canvas"));
        return scene;
      } catch (error) {
        this.reason = String(error);
        this.quality = "canvas";
      }
    }
    const plain = make("canvas", { class: "scene", "aria-hidden": "true" });
    canvas.replaceWith(plain);
    return new FlatScene(plain);
  }

  /** @param {"low" | "canvas"} quality */
  degrade(quality) {
    this.quality = quality;
    this.slow = 0;
    if (quality === "low" && this.scene instanceof Scene) this.scene.arbors = false;
    else this.scene = this.makeScene();
    this.report.changed();
  }

  /**
   * Draw less if frames follow each other too slowly.
   * @param {number} gap ms between two frames of playing
   */
  watch(gap) {
    if (this.quality === "full" || this.scene.kind === "canvas") return;
    this.slow = gap > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow >= SLOW_FRAMES) this.degrade(this.quality === "low" ? "canvas" : "low");
  }

  /**
   * @param {import("./run.js").Run} run
   * @param {boolean} titled
   * @returns {View}
   */
  makeView(run, titled) {
    const labels = make("div", { class: "labels" });
    const tip = make("div", { class: "tip", hidden: "" });
    const element = make("div", {
      class: "panel", tabindex: "0", role: "img",
      "aria-label": `${brief(run.title)}: ${run.n} units. Drag to turn, arrow keys change the time.`,
    }, [labels, tip]);
    if (titled) element.append(make("div", { class: "title" }, [brief(run.title)]));
    this.element.append(element);
    const view = { run, camera: new Camera(), element, labels, tip, colors: new Uint8Array(4 * colorCount(run)) };
    EXTRA_COLORS.forEach((color, k) => view.colors.set([...color, k === EXTRA.trail ? 160 : 235], 4 * (run.n + k)));
    this.listen(view);
    return view;
  }

  /**
   * Show longer versions of the same runs.
   * @param {import("./run.js").Run[]} runs
   */
  replace(runs) {
    this.views.forEach((view, k) => {
      this.scene.forget(view.run);
      view.run = runs[k];
    });
  }

  /** Show everything in every panel. */
  fit() {
    for (const view of this.views) {
      const { run, camera } = view;
      camera.aspect = view.element.clientWidth / Math.max(1, view.element.clientHeight);
      if (!run.worm) camera.fit([0, 0, 0], 1.12, 1.12);
      else if (!run.body.moving) camera.fit([0.5, 0, 0], 1.06, 0.12);
      else if (this.follow) camera.fit([0, 0, 0], 1.15, 0.5);
      else camera.fit(...box(run));
    }
  }

  /**
   * @param {{time: number, color: string, dark: boolean, matches: Set<string> | null, selected: string[]}} state
   * @param {import("./charts.js").Inks} inks
   */
  draw(state, inks) {
    const began = performance.now();
    const canvas = this.scene.canvas;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const size = [canvas.clientWidth, canvas.clientHeight].map((value) => Math.round(value * ratio));
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const theme = {
      background: rgb(inks.background), skin: rgb(inks.soft), ring: rgb(inks.ink),
    };
    this.scene.draw(this.views.map((view) => this.prepare(view, state)), theme);
    this.milliseconds = performance.now() - began;
  }

  /**
   * @param {View} view
   * @param {{time: number, color: string, dark: boolean, matches: Set<string> | null, selected: string[]}} state
   * @returns {import("./gl.js").Panel}
   */
  prepare(view, state) {
    const { run, camera, element, colors } = view;
    const samples = samplesAt(run, state.time);
    const frame = frameAt(samples.times, state.time);
    const indices = (/** @type {Iterable<string>} */ names) =>
      new Set([...names].map((name) => run.index.get(name) ?? -1).filter((k) => k >= 0));
    const chosen = indices(state.selected);
    const bright = state.matches ? new Set([...indices(state.matches), ...chosen]) : null;
    colorUnits(run, { ...state, bright, chosen, samples }, this.maps, colors);
    this.colorMuscles(view, samples, frame);
    if (run.body.moving && this.follow) camera.target = middle(samples, frame);
    const panel = {
      run, samples, camera, frame, colors, chosen, left: element.offsetLeft, top: element.offsetTop,
      width: element.clientWidth, height: element.clientHeight,
    };
    camera.aspect = panel.width / Math.max(1, panel.height);
    camera.update();
    this.label(view, panel);
    return panel;
  }

  /** @param {View} view @param {import("./run.js").Samples} samples @param {number} frame */
  colorMuscles({ run, colors }, { muscles }, frame) {
    if (!muscles) return;
    const count = muscles.names.length;
    for (let m = 0; m < count; m++) {
      colors.set([213, 94, 0, muscles.codes[frame * count + m]], 4 * (run.n + EXTRA.count + m));
    }
  }

  /** @param {View} view @param {import("./gl.js").Panel} panel */
  label(view, panel) {
    const { labels, run } = view;
    while (labels.children.length > panel.chosen.size) labels.lastElementChild?.remove();
    while (labels.children.length < panel.chosen.size) labels.append(make("span"));
    [...panel.chosen].forEach((unit, k) => {
      const element = /** @type {HTMLElement} */ (labels.children[k]);
      const name = brief(run.names[unit]);
      if (element.textContent !== name) element.textContent = name;
      const [x, y] = this.pixelOf(view, unit, panel.frame, panel.samples);
      // Names near the right edge are to the left of their unit.
      const turned = x > 0.75 * view.element.clientWidth ? " translateX(calc(-100% - 0.9em))" : "";
      element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)${turned}`;
    });
  }

  /**
   * Pixel of a unit in its panel.
   * @param {View} view
   * @param {number} unit
   * @param {number} frame
   * @param {import("./run.js").Samples} [samples]
   */
  pixelOf({ run, camera, element }, unit, frame, samples = run) {
    const point = run.worm
      ? bend(nodesAt(samples.body, frame), run.places, 3 * unit)
      : Array.from(run.places.subarray(3 * unit, 3 * unit + 3));
    return camera.project(point, element.clientWidth, element.clientHeight);
  }

  /**
   * The unit at a pixel: the nearest soma, else the nearest process.
   * @param {View} view
   * @param {number} x
   * @param {number} y
   * @param {number} time
   * @returns {number} -1 if there is none
   */
  unitAt(view, x, y, time) {
    const samples = samplesAt(view.run, time);
    const frame = frameAt(samples.times, time);
    let [found, nearest] = [-1, 14];
    for (let unit = 0; unit < view.run.n; unit++) {
      if (view.run.places[3 * unit] < -1) continue;
      const [px, py] = this.pixelOf(view, unit, frame, samples);
      const gap = Math.hypot(px - x, py - y);
      if (gap < nearest) [found, nearest] = [unit, gap];
    }
    return found >= 0 ? found : this.processAt(view, x, y, nodesAt(samples.body, frame));
  }

  /** @param {View} view @param {number} x @param {number} y @param {Float32Array} nodes */
  processAt({ run, camera, element }, x, y, nodes) {
    if (!run.worm || !this.shapes || !this.scene.arbors) return -1;
    let [found, nearest, first] = [-1, 6, 0];
    for (let line = 0; line < this.shapes.length.length; line++) {
      const unit = run.index.get(this.shapes.names[this.shapes.neuron[line]]);
      for (let k = first; k < first + this.shapes.length[line] && unit !== undefined; k++) {
        const point = bend(nodes, this.shapes.places, 3 * k);
        const [px, py] = camera.project(point, element.clientWidth, element.clientHeight);
        const gap = Math.hypot(px - x, py - y);
        if (gap < nearest) [found, nearest] = [unit, gap];
      }
      first += this.shapes.length[line];
    }
    return found;
  }

  /** @param {View} view */
  listen(view) {
    const { element, camera } = view;
    /** @type {Map<number, [number, number]>} */
    const down = new Map();
    let moved = 0;
    const place = (/** @type {PointerEvent} */ event) => /** @type {[number, number]} */ ([event.offsetX, event.offsetY]);
    element.addEventListener("pointerdown", (event) => {
      down.set(event.pointerId, place(event));
      if (down.size === 1) moved = 0;
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      const now = place(event);
      if (!before) return this.hover(view, now);
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      const others = [...down].filter(([id]) => id !== event.pointerId);
      if (others.length) {
        const other = others[0][1];
        const gaps = [before, now].map((at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1);
        camera.zoom(gaps[0] / gaps[1]);
      } else if (event.shiftKey || event.buttons === 2) {
        camera.pan(dx / element.clientHeight, dy / element.clientHeight);
      } else if (view.run.worm) camera.rotate(-dx / 200, dy / 200);
      else camera.pan(dx / element.clientHeight, dy / element.clientHeight);
      down.set(event.pointerId, now);
      this.report.changed();
    });
    const up = (/** @type {PointerEvent} */ event) => {
      const click = event.type === "pointerup" && down.size === 1 && moved < 6;
      down.delete(event.pointerId);
      if (!click) return;
      const unit = this.unitAt(view, ...place(event), this.time());
      if (unit >= 0) this.report.pick(view.run.names[unit], event.shiftKey || event.ctrlKey || event.metaKey);
    };
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    element.addEventListener("pointerleave", () => { view.tip.hidden = true; });
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("wheel", (event) => {
      const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
      if (root.activeElement !== element && !event.ctrlKey) return; // the page scrolls
      event.preventDefault();
      camera.zoom(Math.exp(event.deltaY / 500));
      this.report.changed();
    }, { passive: false });
  }

  /** The time that is drawn; set by the page. */
  time() {
    return 0;
  }

  /** @param {View} view @param {[number, number]} at */
  hover(view, [x, y]) {
    const unit = this.unitAt(view, x, y, this.time());
    view.tip.hidden = unit < 0;
    if (unit < 0) return;
    const { run, tip } = view;
    const name = brief(run.names[unit]);
    tip.textContent = run.types[unit] === "unknown" ? name : `${name} · ${run.types[unit]}`;
    tip.style.transform = `translate(${Math.min(x + 12, view.element.clientWidth - 130)}px, ${y + 14}px)`;
  }
}

/** @param {import("./run.js").Samples} samples @param {number} frame @returns {[number, number, number]} */
function middle(samples, frame) {
  const nodes = nodesAt(samples.body, frame);
  const sum = [0, 0];
  for (let k = 0; k < nodes.length; k += 4) {
    sum[0] += nodes[k];
    sum[1] += nodes[k + 1];
  }
  return [(4 * sum[0]) / nodes.length, (4 * sum[1]) / nodes.length, 0];
}

/** @param {import("./run.js").Run} run @returns {[[number, number, number], number, number]} */
function box(run) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let k = 0; k < run.body.nodes.length; k += 4) {
    for (const c of [0, 1]) {
      low[c] = Math.min(low[c], run.body.nodes[k + c]);
      high[c] = Math.max(high[c], run.body.nodes[k + c]);
    }
  }
  const center = /** @type {[number, number, number]} */ ([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0]);
  return [center, 1.1 * (high[0] - low[0]) + 0.1, 1.1 * (high[1] - low[1]) + 0.1];
}
return { Stage };
})();
// page.js
const module_page = (() => {
/** The page: state, controls, and what is drawn when. */
const { readNames } = module_address;
const { Blocks } = module_blocks;
const { drawKymograph, drawPortrait, drawRaster, drawTraces, MARGIN, rasterOrder, tracedRuns } = module_charts;
const { differenceText, showFacts, showLegend, showSelection, showTables } = module_details;
const { brief, inks, make } = module_dom;
const { preparePrint } = module_print;
const { canRecord, save, Video } = module_record;
const { frameAt, loadRun, samplesAt } = module_run;
const { search } = module_search;
const { ask } = module_server;
const { Stage } = module_stage;
const { unpack } = module_unpack;

const MOST_SELECTED = 8;

/**
 * @typedef {object} Content
 * @property {import("./run.js").Run[]} runs
 * @property {import("./geometry.js").Shapes | null} shapes
 * @property {import("./colors.js").Maps} maps
 * @property {string[]} notes
 * @property {{title: string, head: string[], rows: string[][], note: string}[]} tables
 * @property {string} color
 * @property {{version: string, live: boolean, blocks: (number[] | null)[]} | null} served
 * @typedef {object} Door where the page is: in a file, or in a widget of a notebook
 * @property {Document | ShadowRoot} root
 * @property {HTMLElement} element whose style has the colors of the page
 * @property {Record<string, string>} given time (t, in s), color, sel, q and quality
 * @property {(state: {time: number, selected: string[], color: string, query: string}) => void} remember
 * @property {(time: number) => void} [played] called with each time that is drawn while it plays
 */

class Page {
  /**
   * @param {Content} content
   * @param {Door} door
   */
  constructor(content, door) {
    const { runs, shapes, maps, notes } = content;
    const { given } = door;
    this.door = door;
    this.content = content;
    this.ended = new AbortController();
    this.ready = false;
    this.get = (/** @type {string} */ id) => /** @type {HTMLElement} */ (door.root.getElementById(id));
    this.runs = runs;
    this.maps = maps;
    this.notes = notes;
    /** @type {[number, number]} */
    this.range = [Math.min(...runs.map((run) => run.times[0])), Math.max(...runs.map((run) => run.times[run.frames - 1]))];
    this.time = this.range[0];
    this.playing = false;
    this.speed = 1;
    this.color = given.color ?? content.color;
    this.newest = content.served?.live === true && given.t === undefined;
    /** @type {Video | null} */
    this.video = null;
    this.query = given.q ?? "";
    /** @type {string[]} */
    this.selected = readNames(given.sel ?? "").filter((name) => runs.some((run) => run.index.has(name)));
    /** @type {Set<string> | null} */
    this.matches = null;
    /** @type {string[] | undefined} */
    this.movers = undefined;
    this.inks = inks(door.element);
    this.pending = 0;
    this.last = 0;
    /** @type {((time: number) => [number, number])[]} */
    this.dots = [];
    this.stage = new Stage(this.get("stage"), runs, shapes, maps, given.quality ?? "", {
      pick: (name, add) => this.pick(name, add), changed: () => this.request(),
    });
    this.stage.time = () => this.time;
    this.size = [this.stage.element.clientWidth, this.stage.element.clientHeight];
    this.prepareControls();
    this.prepareCharts();
    this.setQuery(this.query);
    this.setTime(given.t ? 1000 * Number(given.t) : this.newest ? this.range[1] : this.time);
    this.serve();
    this.ready = true;
    this.refresh();
  }

  /** Get what the server of the page has: all samples of long runs. */
  serve() {
    this.content.served?.blocks.forEach((starts, k) => {
      if (!starts) return;
      const fetchBlock = (/** @type {number} */ block) => ask(`block/${k}/${block}`);
      this.runs[k].blocks = new Blocks(starts, fetchBlock, () => this.request());
    });
  }

  /**
   * Show longer versions of the same runs.
   * @param {Content} content
   */
  update(content) {
    this.content = content;
    this.runs = content.runs;
    this.stage.replace(content.runs);
    this.range = [Math.min(...this.runs.map((run) => run.times[0])), Math.max(...this.runs.map((run) => run.times[run.frames - 1]))];
    this.movers = undefined;
    this.serve();
    if (this.newest) this.setTime(this.range[1]);
    this.refresh();
  }

  /** Stop drawing and listening. */
  end() {
    this.playing = false;
    this.ended.abort();
    cancelAnimationFrame(this.pending);
  }

  prepareControls() {
    const button = /** @type {HTMLButtonElement} */ (this.get("play"));
    button.disabled = this.range[0] === this.range[1] && !this.content.served?.live;
    button.addEventListener("click", () => this.play(!this.playing));
    this.get("time").addEventListener("input", (event) => {
      this.moveTo(this.range[0] + Number(/** @type {HTMLInputElement} */ (event.target).value) * this.span());
    });
    const color = /** @type {HTMLSelectElement} */ (this.get("color"));
    for (const option of color.options) {
      const needed = { difference: this.runs.some((run) => run.difference), phase: this.runs.some((run) => run.rhythm) }[option.value];
      const worm = ["class", "type", "transmitter"].includes(option.value);
      option.hidden = needed === false || (worm && !this.runs.some((run) => run.worm));
    }
    color.value = this.color;
    if (!color.value || color.selectedOptions[0].hidden) color.value = this.color = "activity";
    color.addEventListener("change", () => { this.color = color.value; this.refresh(); });
    const speed = /** @type {HTMLSelectElement} */ (this.get("speed"));
    speed.addEventListener("change", () => { this.speed = Number(speed.value); });
    const query = /** @type {HTMLInputElement} */ (this.get("query"));
    query.value = this.query;
    query.addEventListener("input", () => this.setQuery(query.value));
    query.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.select([...(this.matches ?? [])].slice(0, MOST_SELECTED));
    });
    this.get("fit").addEventListener("click", () => { this.stage.fit(); this.request(); });
    const follow = this.get("follow");
    follow.hidden = !this.runs.some((run) => run.body.moving);
    follow.addEventListener("click", () => {
      this.stage.follow = !this.stage.follow;
      follow.setAttribute("aria-pressed", String(this.stage.follow));
      this.stage.fit();
      this.request();
    });
    this.get("picture").addEventListener("click", () => this.savePicture());
    this.get("video").hidden = !canRecord();
    this.get("video").addEventListener("click", () => this.recordVideo());
    const { signal } = this.ended;
    this.door.root.addEventListener("keydown", (event) => this.key(/** @type {KeyboardEvent} */ (event)), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor(), { signal });
    preparePrint(this, signal);
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(this.stage.element);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** Draw everything in the colors that the style sheet has now. */
  recolor() {
    this.inks = inks(this.door.element);
    this.refresh();
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.stage.element;
    if (width === this.size[0] && height === this.size[1]) return;
    this.stage.fit();
    this.size = [width, height];
    this.refresh();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape") {
      /** @type {HTMLInputElement} */ (this.get("query")).value = "";
      this.setQuery("");
      this.select([]);
      return target.blur();
    }
    if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName) || event.ctrlKey || event.metaKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) this.step(step * (event.shiftKey ? 10 : 1));
    else if (event.key === " " && target.tagName !== "BUTTON") this.play(!this.playing);
    else if (event.key === "/") this.get("query").focus();
    else return;
    event.stopPropagation(); // a notebook has keys of its own
    event.preventDefault();
  }

  prepareCharts() {
    const chart = (/** @type {string} */ id) => {
      const figure = this.get(id);
      figure.addEventListener("click", (event) => {
        const box = figure.getBoundingClientRect();
        const part = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
        if (part >= 0 && part <= 1) this.moveTo(this.range[0] + part * this.span());
      });
    };
    chart("traces");
    for (const [k, run] of this.runs.entries()) {
      const over = (/** @type {string} */ kind, /** @type {string} */ caption) => {
        this.addChart(`${kind}${k}`);
        this.caption(`${kind}${k}`, caption, run);
      };
      over("raster", rasterText(run));
      chart(`raster${k}`);
      this.get(`raster${k}`).addEventListener("click", (event) => this.pickRow(this.runs[k], event, this.get(`raster${k}`)));
      if (run.curvature) {
        over("kymograph", `Curvature of the body from head to tail, ±${run.curvature.scale.toPrecision(3)} per mm, orange: dorsal`);
        chart(`kymograph${k}`);
      }
      over("portrait", "Two main components of the activity");
      const dot = make("span", { class: "dot" });
      this.get(`portrait${k}`).querySelector(".cursor")?.replaceWith(dot);
    }
  }

  /** @param {string} id */
  addChart(id) {
    const plot = make("div", { class: "plot", id }, [make("canvas", { role: "img" }), make("span", { class: "cursor" })]);
    this.get("charts").append(make("figure", { class: id.replace(/\d+$/, "") }, [make("figcaption"), plot]));
  }

  /** @param {string} id of a chart @param {string} text @param {import("./run.js").Run} run */
  caption(id, text, run) {
    const caption = this.runs.length > 1 ? `${text}, ${brief(run.title)}` : text;
    const plot = this.get(id);
    plot.querySelector("canvas")?.setAttribute("aria-label", caption);
    /** @type {Element} */ (plot.previousElementSibling).textContent = caption;
  }

  /** @param {import("./run.js").Run} run @param {MouseEvent} event @param {HTMLElement} plot */
  pickRow(run, event, plot) {
    const box = plot.getBoundingClientRect();
    const part = (event.clientY - box.top - MARGIN.top) / (box.height - MARGIN.top - MARGIN.bottom);
    if (part >= 0 && part < 1) this.pick(run.names[rasterOrder(run)[Math.floor(part * run.n)]], event.shiftKey);
  }

  span() {
    return this.range[1] - this.range[0] || 1;
  }

  /** @param {boolean} playing */
  play(playing) {
    if (/** @type {HTMLButtonElement} */ (this.get("play")).disabled) return;
    this.playing = playing;
    if (playing && this.time >= this.range[1]) this.time = this.range[0];
    if (playing) this.newest = false;
    this.get("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    this.get("play").textContent = playing ? "❚❚" : "▶";
    this.last = 0;
    if (!playing) this.remember();
    this.request();
  }

  /**
   * Go to a time that the user chose; at the end of a run that grows, stay at its end.
   * @param {number} time ms
   */
  moveTo(time) {
    this.newest = this.content.served?.live === true && time >= this.range[1];
    this.setTime(time);
  }

  /** @param {number} time ms */
  setTime(time) {
    this.time = Math.min(this.range[1], Math.max(this.range[0], Number.isFinite(time) ? time : this.range[0]));
    this.request();
    if (!this.playing) this.remember();
  }

  /** @param {number} frames */
  step(frames) {
    const { times } = samplesAt(this.runs[0], this.time);
    const frame = Math.min(times.length - 1, Math.max(0, frameAt(times, this.time) + frames));
    this.moveTo(times[frame]);
  }

  /** @param {string} query */
  setQuery(query) {
    this.query = query.trim();
    this.matches = this.query ? new Set(this.runs.flatMap((run) => [...search(run, this.query)].map((k) => run.names[k]))) : null;
    this.get("found").textContent = this.matches ? `${this.matches.size} found` : "";
    this.remember();
    this.request();
  }

  /** @param {string} name @param {boolean} add */
  pick(name, add) {
    if (!add) return this.select([name]);
    const without = this.selected.filter((one) => one !== name);
    return this.select(without.length < this.selected.length ? without : [...this.selected, name]);
  }

  /** @param {string[]} names */
  select(names) {
    this.selected = names.slice(-MOST_SELECTED);
    this.refresh();
    this.get("status").textContent = names.length ? `Selected: ${this.selected.map(brief).join(", ")}` : "Nothing is selected";
  }

  /** Units with traces: those selected, else those that move most. */
  traced() {
    if (this.selected.length) return this.selected;
    this.movers ??= most(this.runs[0], 4);
    return this.movers;
  }

  /** Draw everything that does not move with the time. */
  refresh() {
    const { runs, inks: colors, range } = this;
    const map = colors.dark ? this.maps.dark : this.maps.light;
    showLegend(this.get("legend"), runs, { color: this.color, dark: colors.dark }, this.maps);
    showSelection(this.get("selection"), runs, this.selected, (name) => this.pick(name, true), (name) => this.pick(name, true));
    const low = this.stage.scene.kind === "canvas" ? "Drawn without WebGL: somata only." : this.stage.quality === "low" ? "Drawing is slow here: somata only." : "";
    showFacts(this.get("facts"), runs, [...this.notes, ...(low ? [low] : [])]);
    showTables(this.get("tables"), this.content.tables);
    const canvas = (/** @type {string} */ id) => /** @type {HTMLCanvasElement} */ (this.get(id).querySelector("canvas"));
    const names = this.traced();
    const traced = tracedRuns(runs, names);
    const labels = [...new Set(traced.map((run) => run.label))].join(" and ");
    const label = labels + (unitOf(traced[0]) ? ` (${traced[0].unit})` : "");
    this.get("traced").textContent = this.selected.length ? `${label} of selected units` : `${label} of the units that move most: ${names.map(brief).join(", ")}`;
    drawTraces(canvas("traces"), runs, names, range, colors);
    this.dots = runs.map((run, k) => {
      const gaps = this.color === "difference" ? run.difference : null;
      this.caption(`raster${k}`, gaps ? `${differenceText(runs)}, all units by type` : rasterText(run), run);
      drawRaster(canvas(`raster${k}`), run, range, map, colors, gaps?.codes);
      if (run.curvature) drawKymograph(canvas(`kymograph${k}`), run, range, map, colors);
      return drawPortrait(canvas(`portrait${k}`), run, colors);
    });
    this.remember();
    this.request();
  }

  request() {
    this.pending ||= requestAnimationFrame((now) => this.frame(now));
  }

  /** @param {number} now */
  frame(now) {
    this.pending = 0;
    if (this.playing) {
      if (this.last) {
        this.stage.watch(now - this.last);
        this.time += Math.min(now - this.last, 500) * this.speed;
      }
      if (this.time > this.range[1]) this.turn();
      this.last = now;
      this.door.played?.(this.time);
      this.request();
    }
    this.draw();
  }

  /** At the end: a video ends, a run that grows is waited for, others start again. */
  turn() {
    if (this.video) this.recordVideo();
    if (this.content.served?.live) this.moveTo(this.range[1]);
    this.time = this.newest ? this.range[1] : this.range[0];
    if (this.newest) this.play(false);
  }

  draw() {
    this.stage.draw({ time: this.time, color: this.color, dark: this.inks.dark, matches: this.matches, selected: this.selected }, this.inks);
    const clock = `${(this.time / 1000).toFixed(2)} s`;
    this.video?.add(clock, this.inks);
    const part = (this.time - this.range[0]) / this.span();
    /** @type {HTMLInputElement} */ (this.get("time")).value = String(part);
    this.get("clock").textContent = clock;
    for (const cursor of /** @type {NodeListOf<HTMLElement>} */ (this.door.root.querySelectorAll(".cursor"))) {
      const width = /** @type {HTMLElement} */ (cursor.parentElement).clientWidth - MARGIN.left - MARGIN.right;
      cursor.style.transform = `translateX(${(MARGIN.left + part * width).toFixed(1)}px)`;
    }
    this.dots.forEach((dot, k) => {
      const [x, y] = dot(this.time);
      const element = /** @type {HTMLElement} */ (this.get(`portrait${k}`).querySelector(".dot"));
      element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    });
  }

  /** Keep the state: in the address of a file, in Python for a notebook. */
  remember() {
    if (!this.ready) return;
    const { time, selected, color, query } = this;
    this.door.remember({ time, selected, color: color === this.content.color ? "" : color, query });
  }

  savePicture() {
    this.draw(); // the buffer is read before the browser clears it
    this.stage.scene.canvas.toBlob((blob) => blob && save(blob, "isochron.png"));
  }

  /** Start a video of the stage, or end it; it also ends at the end of the runs. */
  recordVideo() {
    const button = this.get("video");
    if (this.video) {
      this.video.end();
      this.video = null;
    } else {
      this.video = new Video(this.stage.scene.canvas, (video) => this.saveVideo(video));
      this.play(true);
    }
    button.setAttribute("aria-pressed", String(this.video !== null));
  }

  /** @param {Blob} video */
  saveVideo(video) {
    save(video, "isochron.webm");
  }
}

/** @param {import("./run.js").Run} run */
function rasterText(run) {
  return `${run.label} of all units by type (${unitOf(run)}each over its own range)`;
}

/** @param {import("./run.js").Run} run */
function unitOf(run) {
  return run.unit && run.unit !== "1" ? `${run.unit}, ` : "";
}

/**
 * Units with the largest range.
 * @param {import("./run.js").Run} run
 * @param {number} count
 */
function most(run, count) {
  const [low, high] = [new Uint8Array(run.n).fill(255), new Uint8Array(run.n)];
  for (let k = 0; k < run.activity.length; k++) {
    const unit = k % run.n;
    low[unit] = Math.min(low[unit], run.activity[k]);
    high[unit] = Math.max(high[unit], run.activity[k]);
  }
  const range = (/** @type {number} */ unit) => (high[unit] - low[unit]) * run.scale[unit];
  return [...run.names.keys()].sort((a, b) => range(b) - range(a)).slice(0, count).map((k) => run.names[k]);
}

/** @param {any} block @returns {Promise<import("./geometry.js").Shapes>} */
async function loadShapes(block) {
  const [neuron, length, points, diameters, somata] = await Promise.all(
    [block.neuron, block.length, block.points, block.diameters, block.somata].map(unpack));
  const places = Float32Array.from(points, (value) => value * block.step);
  return /** @type {any} */ ({ names: block.names, neuron, length, places, diameters, somata });
}

/**
 * What the data block of a page contains.
 * @param {any} block
 * @returns {Promise<Content>}
 */
async function loadContent(block) {
  const runs = await Promise.all(block.runs.map(loadRun));
  const shapes = block.shapes ? await loadShapes(block.shapes) : null;
  const [dark, light, phase] = /** @type {Uint8Array[]} */ (
    await Promise.all([block.maps.dark, block.maps.light, block.maps.phase].map(unpack)));
  const { notes, tables, color, served = null } = block;
  return { runs, shapes, maps: { dark, light, phase }, notes, tables, color, served };
}

/**
 * Draw a page.
 * @param {any} block
 * @param {Door} door
 * @returns {Promise<Page>}
 */
async function open(block, door) {
  const page = new Page(await loadContent(block), door);
  page.draw();
  page.get("poster").hidden = true;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (block.play && !still && !page.newest) page.play(true);
  return page;
}
return { Page, loadContent, open };
})();
// main.js
const module_main = (() => {
/** The doors of the page: a file or an address, and a widget of a notebook. */
const { readFragment, writeFragment, writeNames } = module_address;
const { loadContent, open } = module_page;
const { follow } = module_server;
const { joined } = module_unpack;

const REMEMBER_MS = 250; // between two changes of the address: browsers allow 200 in 30 s
const TELL_MS = 200; // between two times that a notebook is told while the page plays

/** Draw the page of the document, and keep its state in the address. */
async function start() {
  const get = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const given = readFragment(location.hash);
  try {
    const block = JSON.parse(get("data").textContent ?? "");
    const page = await open(block, {
      root: document, element: document.documentElement, given,
      remember: (state) => writeAddress(state, given.quality ?? ""),
    });
    document.body.classList.add("ready");
    Object.assign(window, { isochron: page, ready: performance.now() });
    if (block.served?.live) follow(block.served.version, async (data) => page.update(await loadContent(data)), problem);
  } catch (error) {
    problem(`The page could not be drawn: ${/** @type {Error} */ (error).message}`);
    throw error;
  }
}

/** @param {string} text shown below the page; empty if all is well */
function problem(text) {
  const status = /** @type {HTMLElement} */ (document.getElementById("status"));
  if (text || status.classList.contains("failed")) status.textContent = text;
  status.classList.toggle("failed", text !== "");
}

let [written, waiting] = [-REMEMBER_MS, 0];

/**
 * Write the newest state to the address, at once or as soon as browsers allow it.
 * @param {{time: number, selected: string[], color: string, query: string}} state
 * @param {string} quality
 */
function writeAddress({ time, selected, color, query }, quality) {
  clearTimeout(waiting);
  const wait = written + REMEMBER_MS - performance.now();
  if (wait > 0) {
    waiting = setTimeout(() => writeAddress({ time, selected, color, query }, quality), wait);
    return;
  }
  written = performance.now();
  const t = (time / 1000).toFixed(3);
  try {
    history.replaceState(null, "", writeFragment({ t, color, sel: writeNames(selected), q: query, quality }));
  } catch {
    // A frame of a notebook has no address.
  }
}

/**
 * Draw the page in an element of a notebook (anywidget): time and selection are shared with Python.
 * @param {{model: any, el: HTMLElement}} given
 * @returns {Promise<() => void>} a function that ends it
 */
async function render({ model, el }) {
  let told = 0;
  const root = el.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = model.get("_style");
  const body = new DOMParser().parseFromString(model.get("_body"), "text/html").body;
  root.append(style, ...body.children);
  const bytes = model.get("_arrays");
  const block = joined(model.get("_data"), new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const page = await open(block, {
    root, element: el, given: { t: String(model.get("time") / 1000), sel: writeNames(model.get("selected")) },
    remember: ({ time, selected }) => tell(model, time, selected),
    played: (time) => {
      if (performance.now() - told < TELL_MS) return;
      told = performance.now();
      tell(model, time, model.get("selected"));
    },
  });
  const moved = () => { if (!page.playing && model.get("time") !== page.time) page.setTime(model.get("time")); };
  const chosen = () => {
    if (model.get("selected").join() !== page.selected.join()) page.select(model.get("selected"));
  };
  model.on("change:time", moved);
  model.on("change:selected", chosen);
  Object.assign(el, { isochron: page });
  return () => {
    model.off("change:time", moved);
    model.off("change:selected", chosen);
    page.end();
  };
}

/** @param {any} model @param {number} time @param {string[]} selected */
function tell(model, time, selected) {
  const same = model.get("time") === time && model.get("selected").join() === selected.join();
  if (same) return;
  model.set("time", time);
  model.set("selected", [...selected]);
  model.save_changes();
}
return { start, render };
})();
return { start: module_main.start, render: module_main.render };
})();
