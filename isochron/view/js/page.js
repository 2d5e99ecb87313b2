/** The page: state, controls, and what is drawn when. */
import { readNames } from "./address.js";
import { Blocks } from "./blocks.js";
import { drawKymograph, drawPortrait, drawRaster, drawTraces, MARGIN, rasterOrder, tracedRuns } from "./charts.js";
import { differenceText, showFacts, showLegend, showSelection, showTables } from "./details.js";
import { brief, inks, make } from "./dom.js";
import { preparePrint } from "./print.js";
import { canRecord, save, Video } from "./record.js";
import { frameAt, loadRun, samplesAt } from "./run.js";
import { search } from "./search.js";
import { ask } from "./server.js";
import { Stage } from "./stage.js";
import { unpack } from "./unpack.js";

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

export class Page {
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
export async function loadContent(block) {
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
export async function open(block, door) {
  const page = new Page(await loadContent(block), door);
  page.draw();
  page.get("poster").hidden = true;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (block.play && !still && !page.newest) page.play(true);
  return page;
}
