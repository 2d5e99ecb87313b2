/** The stage: a panel for each run, drawn on one canvas; pointer, picking, labels. */
import { bend, nodesAt } from "./bend.js";
import { Camera } from "./camera.js";
import { colorUnits } from "./colors.js";
import { brief, make, rgb } from "./dom.js";
import { FlatScene } from "./flat.js";
import { EXTRA } from "./geometry.js";
import { colorCount, Scene } from "./gl.js";
import { frameAt, samplesAt } from "./run.js";

const EXTRA_COLORS = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [150, 150, 150], [130, 140, 150]];
const SLOW_MS = 250;
const SLOW_FRAMES = 20;

/**
 * @typedef {{run: import("./run.js").Run, camera: Camera, element: HTMLElement, labels: HTMLElement, tip: HTMLElement, colors: Uint8Array}} View
 */

export class Stage {
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
