/** A video of the stage, where the browser can record one. */
import { make } from "./dom.js";

const TYPE = "video/webm";

/** Whether this browser records canvases. */
export function canRecord() {
  return typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported(TYPE)
    && "captureStream" in HTMLCanvasElement.prototype;
}

/** Records what is drawn, with the time below it; a copy, since WebGL clears its buffer. */
export class Video {
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
export function save(content, name) {
  const link = make("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
