/** The doors of the page: a file or an address, and a widget of a notebook. */
import { readFragment, writeFragment, writeNames } from "./address.js";
import { loadContent, open } from "./page.js";
import { follow } from "./server.js";
import { joined } from "./unpack.js";

const REMEMBER_MS = 250; // between two changes of the address: browsers allow 200 in 30 s
const TELL_MS = 200; // between two times that a notebook is told while the page plays

/** Draw the page of the document, and keep its state in the address. */
export async function start() {
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
export async function render({ model, el }) {
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
