// Run by: make check-page
import assert from "node:assert/strict";
import test from "node:test";

const modules = new URL("../../../isochron/view/js/", import.meta.url);
const load = (name) => import(new URL(`${name}.js`, modules));

test("a point of the straight body stays where it is", async () => {
  const { bend, STRAIGHT } = await load("bend");
  assert.deepEqual(bend(STRAIGHT.nodes, [0.25, 0.01, -0.02]).map((v) => +v.toFixed(12)), [0.25, -0.02, 0.01]);
});

test("a body in a circle: points lie on circles about the same center", async () => {
  const { bend, nodesOf } = await load("bend");
  const [count, step, size] = [49, 1e-4, 1 / (2 * Math.PI)]; // a circle of 1 mm, to the left
  const along = [];
  let before = [0, 0];
  for (let k = 0; k < count; k++) {
    const turn = (2 * Math.PI * k) / (count - 1);
    const now = [size * Math.sin(turn), size * (1 - Math.cos(turn))].map((v) => Math.round(v / step));
    along.push(now[0] - before[0], now[1] - before[1]);
    before = now;
  }
  const nodes = nodesOf(along, 1, count, { step, start: [3, 4], dorsal: 1 });
  for (const place of [0.1, 0.5, 0.83]) {
    for (const dorsal of [-0.03, 0, 0.03]) {
      const [x, y, left] = bend(nodes, [place, 0.01, dorsal]);
      // The chord between two nodes is 0.0003 mm inside the circle; steps are 0.0001 mm.
      const gap = Math.hypot(x - 3, y - 4 - size) - (size - dorsal);
      assert.ok(Math.abs(gap) < 6e-4, `${place} ${dorsal}: ${gap}`);
      assert.equal(left, 0.01);
    }
  }
});

test("a running sum restores rows from their differences", async () => {
  const { runningSum } = await load("unpack");
  assert.deepEqual([...runningSum(Int16Array.of(5, -7, 1, 2, 0, 30000), [3, 2])], [5, -7, 6, -5, 6, 29995]);
});

test("the sample at a time is the last one before it", async () => {
  const { frameAt } = await load("run");
  const times = Float64Array.of(0, 5, 10, 40);
  assert.deepEqual([-1, 0, 4.9, 5, 39.9, 40, 99].map((t) => frameAt(times, t)), [0, 0, 0, 1, 2, 3, 3]);
});

test("search finds names, classes and patterns, in any case, and no more", async () => {
  const { search } = await load("search");
  const run = { n: 5, names: ["AVAL", "AVAR", "VB1", "VB11", "a.b"], classes: ["AVA", "AVA", "VB", "VB", "a.b"] };
  const found = (query) => [...search(run, query)];
  assert.deepEqual(found("avaL"), [0]);
  assert.deepEqual(found("AVA"), [0, 1]);
  assert.deepEqual(found("VB?"), [2]);
  assert.deepEqual(found("VB1*, AVAL"), [0, 2, 3]);
  assert.deepEqual(found("a.b"), [4]);
  assert.deepEqual(found("a?*("), []);
});

test("partners of a unit, strongest first", async () => {
  const { partners } = await load("search");
  const connections = { pre: [0, 1, 2, 0], post: [1, 0, 1, 2], weight: [2, 9, 1, 5], sign: [2, 0, 1, 2], gap: [0, 0, 0, 1] };
  const found = partners({ connections }, 0).map(({ unit, sign, gap, out }) => [unit, sign, gap, out]);
  assert.deepEqual(found, [[1, -1, false, false], [2, 1, true, true], [1, 1, false, true]]);
});

test("ticks are round numbers inside the limits", async () => {
  const { ticks, shown } = await load("charts");
  assert.deepEqual(ticks(0, 20).map((v) => shown(v)), ["0", "5", "10", "15", "20"]);
  assert.deepEqual(ticks(-1.2, 1.2, 4).map((v) => shown(v)), ["−1", "0", "1"]);
  assert.deepEqual(ticks(3, 3), [3]);
});

test("a fragment restores what it was written from", async () => {
  const { readFragment, writeFragment } = await load("address");
  const values = { t: "1.5", sel: "AVAL,</script>", q: "VB*&x=1", color: "" };
  assert.deepEqual(readFragment(writeFragment(values)), { t: "1.5", sel: "AVAL,</script>", q: "VB*&x=1" });
});

test("the camera projects its target to the middle and keeps sides and directions", async () => {
  const { Camera } = await load("camera");
  const camera = new Camera();
  camera.aspect = 2;
  camera.fit([0.5, 0.1, 0], 1, 0.2);
  camera.update();
  const at = (...point) => camera.project(point, 400, 200).map((v) => +v.toFixed(4));
  assert.deepEqual(at(0.5, 0.1, 0).slice(0, 2), [200, 100]);
  assert.deepEqual(at(0, 0.1, 0).slice(0, 2), [0, 100]); // the fitted width fills the panel
  assert.ok(at(0.5, 0.2, 0)[1] < 100);
  assert.ok(at(0.5, 0.1, 0.1)[2] < at(0.5, 0.1, 0)[2]); // the left side is nearer
  camera.rotate(0.7, -0.4);
  camera.update();
  assert.deepEqual(at(0.5, 0.1, 0).slice(0, 2), [200, 100]);
});

test("colors: activity, phase, dim and selected units", async () => {
  const { colorUnits, DIM, NORMAL, SELECTED } = await load("colors");
  const gray = Uint8Array.from({ length: 768 }, (_, k) => Math.floor(k / 3));
  const maps = { dark: gray, light: gray, phase: gray };
  const run = {
    n: 3, times: Float64Array.of(0, 10), activity: Uint8Array.of(1, 128, 255, 255, 128, 1), scale: [1, 1, 1],
    rhythm: { period: 20, phase: [0, Math.PI, 0], amplitude: [1, 1, 0] },
  };
  const out = new Uint8Array(12);
  const look = { color: "activity", time: 10, dark: true, bright: new Set([1, 2]), chosen: new Set([2]) };
  colorUnits(run, look, maps, out);
  assert.deepEqual([out[0], out[4], out[8]], [255, 128, 1]);
  assert.deepEqual([out[3], out[7], out[11]], [DIM, NORMAL, SELECTED]);
  colorUnits(run, { ...look, color: "phase", bright: null, chosen: new Set() }, maps, out);
  assert.deepEqual([out[0], out[4]], [128, 0]); // half a period later: π and 2π
  assert.deepEqual([out[3], out[11]], [NORMAL, DIM]); // a unit without the rhythm is faint
});

test("values find their bytes", async () => {
  const { joined, unpack } = await load("unpack");
  const { deflateSync } = await import("node:zlib");
  const parts = [Uint8Array.of(1, 2, 3), Uint8Array.of(7, 9)].map((part) => deflateSync(part));
  const bytes = new Uint8Array(Buffer.concat(parts));
  const at = (k) => ({ type: "Uint8Array", shape: [3 - k], at: [k * parts[0].length, parts[k].length] });
  const value = joined({ a: [at(0), 5, null], b: { c: at(1), at: "text" } }, bytes);
  assert.deepEqual([...(await unpack(value.a[0]))], [1, 2, 3]);
  assert.deepEqual([...(await unpack(value.b.c))], [7, 9]);
  assert.deepEqual([value.a[1], value.a[2], value.b.at], [5, null, "text"]);
});

test("blocks are fetched once, with the next one, and the oldest are dropped", async () => {
  const { Blocks } = await load("blocks");
  const asked = [];
  const packed = (values, type) => ({ type, shape: [values.length], data: Buffer.from(deflate(values)).toString("base64") });
  const { deflateSync } = await import("node:zlib");
  const deflate = (values) => deflateSync(Buffer.from(values.buffer));
  const starts = Array.from({ length: 40 }, (_, k) => 100 * k);
  let changes = 0;
  const blocks = new Blocks(starts, async (k) => {
    asked.push(k);
    const times = Float64Array.of(100 * k, 100 * k + 50);
    return { times: packed(times, "Float64Array"), activity: packed(Uint8Array.of(1, 2), "Uint8Array"), body: null, muscles: null };
  }, () => changes++);
  assert.equal(blocks.at(250), null);
  assert.equal(blocks.at(260), null);
  assert.deepEqual(asked, [2, 3]);
  while (changes < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([...blocks.at(260).times], [200, 250]);
  for (let k = 0; k < 40; k++) blocks.at(100 * k);
  assert.ok(blocks.known.size <= 13);
  assert.equal(blocks.at(250), null); // asked for again
});

test("colors of differences: neutral for the first run, faint where there is none", async () => {
  const { colorUnits, DIM } = await load("colors");
  const gray = Uint8Array.from({ length: 768 }, (_, k) => Math.floor(k / 3));
  const run = { n: 2, times: Float64Array.of(0, 10), activity: Uint8Array.of(9, 9, 9, 9), difference: null };
  const look = { color: "difference", time: 10, dark: true, bright: null, chosen: new Set() };
  const out = new Uint8Array(8);
  const maps = { dark: gray, light: gray, phase: gray };
  colorUnits(run, look, maps, out);
  assert.deepEqual([out[0], out[4]], [128, 128]);
  colorUnits({ ...run, difference: { codes: Uint8Array.of(1, 1, 255, 0), scale: 2 } }, look, maps, out);
  assert.deepEqual([out[0], out[7]], [255, DIM]);
});

test("traces are of runs in the same unit of measurement", async () => {
  const { tracedRuns } = await load("charts");
  const runs = [["a", "mV"], ["b", "mV"], ["a", "Hz"], ["a", "mV"]].map(([name, unit]) => ({ index: new Map([[name, 0]]), unit }));
  assert.deepEqual(tracedRuns(runs, ["a"]), [runs[0], runs[3]]);
  assert.deepEqual(tracedRuns(runs, ["x"]), [runs[0]]);
});

test("names with commas and percent signs survive the address", async () => {
  const { readNames, writeNames } = await load("address");
  const names = ["AVAL", "a,b", "50%", "%2C", ""];
  assert.deepEqual(readNames(writeNames(names)), names);
  assert.equal(writeNames(["AVAL", "VB2"]), "AVAL,VB2");
  assert.deepEqual(readNames("AVAL,%zz"), ["AVAL", "%zz"]);
});

test("a name in other text is short and does not turn what follows", async () => {
  const { brief } = await load("dom");
  assert.equal(brief("AVAL"), "AVAL");
  assert.equal(brief("x".repeat(10_000)), `${"x".repeat(40)}…`);
  assert.equal(brief("\u{1f600}".repeat(41)), `${"\u{1f600}".repeat(40)}…`);
  assert.equal(brief("\u202eLIVE"), "\u2068\u202eLIVE\u2069");
});

test("a range without duration has a place for its time", async () => {
  const { placeOf } = await load("charts");
  const frame = { left: 50, right: 150 };
  assert.deepEqual([0, 500, 1000].map(placeOf(frame, [0, 1000])), [50, 100, 150]);
  assert.equal(placeOf(frame, [20, 20])(20), 50);
});

test("an uncertain transmitter is in the category of the certain one, and faint", async () => {
  const { categories, colorUnits } = await load("colors");
  const run = {
    n: 4, times: [0], transmitters: ["unknown", "GABA", "GABA?", "unknown"], classes: [], types: [], rhythm: null,
  };
  assert.deepEqual(categories(run, "transmitter").order, ["GABA", "unknown"]);
  const out = new Uint8Array(16);
  const look = { color: "transmitter", time: 0, dark: true, bright: null, chosen: new Set() };
  colorUnits(run, look, { dark: [], light: [], phase: [] }, out);
  assert.deepEqual([...out.subarray(4, 7)], [...out.subarray(8, 11)]);
  assert.ok(out[11] < out[7]);
  assert.equal(out[3], out[7]);
});
