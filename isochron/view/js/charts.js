/** Charts over time, and the phase portrait. The moving cursor is an element of its own. */
import { frameAt, valueAt } from "./run.js";

/**
 * @typedef {{ink: string, soft: string, line: string, background: string, dark: boolean}} Inks
 * @typedef {{context: CanvasRenderingContext2D, width: number, height: number, left: number, right: number, top: number, bottom: number}} Frame
 */

export const TRACES = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#8a8a8a", "#b8860b"];
export const MARGIN = { left: 58, right: 10, top: 8, bottom: 24 };
const LEAST_WIDTH = 12; // pixels of a run with one sample
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];

/**
 * Round numbers between two limits.
 * @param {number} low
 * @param {number} high
 * @param {number} [count]
 */
export function ticks(low, high, count = 5) {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? rough;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

/** @param {number} value @param {number} [digits] */
export function shown(value, digits = 4) {
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
export function placeOf({ left, right }, [first, last]) {
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
export function tracedRuns(runs, names) {
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
export function drawTraces(canvas, runs, names, range, inks) {
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
export function rasterOrder(run) {
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
export function drawRaster(canvas, run, range, map, inks, codes = run.activity) {
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
export function drawKymograph(canvas, run, range, map, inks) {
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
export function drawPortrait(canvas, run, inks) {
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
