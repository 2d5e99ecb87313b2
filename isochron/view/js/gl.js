/** Drawing with WebGL 2: points and lines that bend with the body in the shader. */
import { BEND_GLSL, nodesAt } from "./bend.js";
import { arbors, EXTRA, links, skin, somata, trail } from "./geometry.js";

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
export class Scene {
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
export function colorCount(/** @type {import("./run.js").Run} */ run) {
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
