/** Drawing without WebGL: somata and the outline of the body on a 2-D canvas. */
import { bend, nodesAt, radius } from "./bend.js";
import { links } from "./geometry.js";

/** A canvas that is drawn by its 2-D context. */
export class FlatScene {
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
