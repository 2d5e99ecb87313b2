/** Samples of a long run between those of the page, fetched from the server of the page. */
import { frameAt, loadSamples } from "./run.js";

const MOST_KEPT = 12;

/** Blocks of a run by number; the oldest are dropped. */
export class Blocks {
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
