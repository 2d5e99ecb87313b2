/** Arrays of the data block: deflated, in base64 or as bytes, become typed arrays. */

/**
 * @typedef {{type: string, shape: number[], data: string | Uint8Array<ArrayBuffer>, sum?: number}} Packed
 * @typedef {Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array | Float64Array} Numbers
 */

const TYPES = { Uint8Array, Int16Array, Uint16Array, Int32Array, Float32Array, Float64Array };

/**
 * @param {string | Uint8Array<ArrayBuffer>} data base64, or bytes
 * @returns {Promise<ArrayBuffer>}
 */
async function inflate(data) {
  const bytes = typeof data === "string" ? Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) : data;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/**
 * @param {Packed} packed
 * @returns {Promise<Numbers>}
 */
export async function unpack(packed) {
  const Type = TYPES[/** @type {keyof typeof TYPES} */ (packed.type)];
  const values = new Type(await inflate(packed.data));
  return packed.sum === undefined ? values : runningSum(values, packed.shape);
}

/**
 * Sum along the first axis: differences in time become values.
 * @param {Numbers} values
 * @param {number[]} shape
 * @returns {Int32Array}
 */
export function runningSum(values, shape) {
  const row = shape.slice(1).reduce((product, size) => product * size, 1);
  const found = Int32Array.from(values);
  for (let k = row; k < found.length; k++) found[k] += found[k - row];
  return found;
}

/**
 * Values whose arrays state their place among bytes, with these bytes.
 * @param {any} value
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {any}
 */
export function joined(value, bytes) {
  if (Array.isArray(value)) return value.map((one) => joined(one, bytes));
  if (value === null || typeof value !== "object") return value;
  const found = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, joined(one, bytes)]));
  if (Array.isArray(value.at) && "shape" in value) found.data = bytes.subarray(value.at[0], value.at[0] + value.at[1]);
  return found;
}
