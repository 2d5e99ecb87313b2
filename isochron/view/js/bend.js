/** The body as a line of nodes, and points that bend with it. */

/** A straight body of 1 mm, head at the left, dorsal side up: x, y and the dorsal direction. */
export const STRAIGHT = { nodes: Float32Array.of(0, 0, 0, 1, 1, 0, 0, 1), count: 2, moving: false };

/**
 * Nodes from the differences between them.
 * @param {ArrayLike<number>} along differences along the body, (frames, count, 2), in steps
 * @param {number} frames
 * @param {number} count
 * @param {{step: number, start: number[], dorsal: number}} scale
 * @returns {Float32Array} (frames, count, 4): x, y, and the unit vector to the dorsal side
 */
export function nodesOf(along, frames, count, { step, start, dorsal }) {
  const nodes = new Float32Array(4 * frames * count);
  for (let frame = 0; frame < frames; frame++) {
    let [x, y] = start;
    for (let k = 0; k < count; k++) {
      const at = frame * count + k;
      x += step * along[2 * at];
      y += step * along[2 * at + 1];
      nodes[4 * at] = x;
      nodes[4 * at + 1] = y;
    }
    for (let k = 0; k < count; k++) setNormal(nodes, frame * count, k, count, dorsal);
  }
  return nodes;
}

/**
 * @param {Float32Array} nodes
 * @param {number} first
 * @param {number} k
 * @param {number} count
 * @param {number} dorsal
 */
function setNormal(nodes, first, k, count, dorsal) {
  const before = 4 * (first + Math.max(0, k - 1));
  const after = 4 * (first + Math.min(count - 1, k + 1));
  const dx = nodes[after] - nodes[before];
  const dy = nodes[after + 1] - nodes[before + 1];
  const length = Math.hypot(dx, dy) || 1;
  nodes[4 * (first + k) + 2] = (-dorsal * dy) / length;
  nodes[4 * (first + k) + 3] = (dorsal * dx) / length;
}

/**
 * The nodes of one frame.
 * @param {{nodes: Float32Array, count: number, moving: boolean}} body
 * @param {number} frame
 */
export function nodesAt(body, frame) {
  if (!body.moving) return body.nodes;
  return body.nodes.subarray(4 * frame * body.count, 4 * (frame + 1) * body.count);
}

/**
 * A point of the straight body on the bent one.
 * @param {Float32Array} nodes of one frame
 * @param {ArrayLike<number>} place fraction from the head, left, dorsal
 * @param {number} at index of the first number in `place`
 * @returns {[number, number, number]} mm; the third is to the left of the animal
 */
export function bend(nodes, place, at = 0) {
  const count = nodes.length / 4;
  const along = Math.min(1, Math.max(0, place[at])) * (count - 1);
  const k = Math.min(count - 2, Math.floor(along));
  const part = along - k;
  const mixed = [0, 1, 2, 3].map((c) => nodes[4 * k + c] * (1 - part) + nodes[4 * k + 4 + c] * part);
  const length = Math.hypot(mixed[2], mixed[3]) || 1;
  const dorsal = place[at + 2] / length;
  return [mixed[0] + mixed[2] * dorsal, mixed[1] + mixed[3] * dorsal, place[at + 1]];
}

/** The same in the language of shaders. */
export const BEND_GLSL = `
uniform sampler2D uNodes;
uniform int uCount;
vec3 bend(vec3 place) {
  if (uCount == 0) return place;
  float along = clamp(place.x, 0.0, 1.0) * float(uCount - 1);
  int k = min(uCount - 2, int(floor(along)));
  vec4 node = mix(texelFetch(uNodes, ivec2(k, 0), 0), texelFetch(uNodes, ivec2(k + 1, 0), 0),
                  along - float(k));
  return vec3(node.xy + normalize(node.zw) * place.z, place.y);
}`;

/**
 * Radius of the body, as a fraction of its length: drawn around the processes, with round ends.
 * @param {number} along fraction from the head
 */
export function radius(along) {
  const x = 2 * along - 1;
  return 0.038 * Math.max(0, 1 - x * x) ** 0.4;
}
