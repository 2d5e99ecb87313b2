/** Text next to the charts: legend, selected units with their connections, what the runs are. */
import { categories, categoryColor } from "./colors.js";
import { shown, TRACES } from "./charts.js";
import { brief, make } from "./dom.js";
import { partners } from "./search.js";

const MOST = 12;

/**
 * @param {HTMLElement} legend
 * @param {import("./run.js").Run[]} runs
 * @param {{color: string, dark: boolean}} state
 * @param {import("./colors.js").Maps} maps
 */
export function showLegend(legend, runs, state, maps) {
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
export function differenceText(runs) {
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
export function showSelection(element, runs, names, choose, remove) {
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
export function showFacts(element, runs, notes) {
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
export function showTables(element, tables) {
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
