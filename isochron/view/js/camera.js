/** A camera that turns about a point, and the projection of points to pixels. */

const FIELD = 0.6; // rad

export class Camera {
  constructor() {
    /** @type {[number, number, number]} */
    this.target = [0, 0, 0];
    this.yaw = 0;
    this.pitch = 0;
    this.distance = 2;
    this.aspect = 1;
    this.matrix = new Float32Array(16);
  }

  /**
   * Look at a rectangle of given size in the plane of the body.
   * @param {[number, number, number]} target
   * @param {number} width
   * @param {number} height
   */
  fit(target, width, height) {
    this.target = target;
    this.yaw = 0;
    this.pitch = 0;
    this.distance = Math.max(height, width / this.aspect) / (2 * Math.tan(FIELD / 2));
  }

  /** @param {number} dx @param {number} dy radians */
  rotate(dx, dy) {
    this.yaw += dx;
    this.pitch = Math.min(1.55, Math.max(-1.55, this.pitch + dy));
  }

  /** @param {number} dx @param {number} dy in heights of the panel */
  pan(dx, dy) {
    const size = 2 * this.distance * Math.tan(FIELD / 2);
    const [right, up] = this.axes();
    for (let c = 0; c < 3; c++) this.target[c] += size * (dy * up[c] - dx * right[c]);
  }

  /** @param {number} factor */
  zoom(factor) {
    this.distance = Math.min(50, Math.max(0.02, this.distance * factor));
  }

  /** Unit vectors to the right, up and toward the viewer. */
  axes() {
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    return [[cy, 0, -sy], [sy * -sp, cp, cy * -sp], [sy * cp, sp, cy * cp]];
  }

  /** Position of the eye. */
  eye() {
    const toward = this.axes()[2];
    return this.target.map((value, c) => value + this.distance * toward[c]);
  }

  /** Matrix of view and projection, by columns. */
  update() {
    const axes = this.axes();
    const eye = this.eye();
    const scale = 1 / Math.tan(FIELD / 2);
    const near = this.distance / 20;
    const far = this.distance * 20;
    const depth = [(far + near) / (near - far), (2 * far * near) / (near - far)];
    const rows = axes.map((axis) => [...axis, -axis.reduce((sum, value, c) => sum + value * eye[c], 0)]);
    for (let c = 0; c < 4; c++) {
      this.matrix[4 * c] = (scale / this.aspect) * rows[0][c];
      this.matrix[4 * c + 1] = scale * rows[1][c];
      this.matrix[4 * c + 2] = depth[0] * rows[2][c] + (c === 3 ? depth[1] : 0);
      this.matrix[4 * c + 3] = -rows[2][c];
    }
    return this.matrix;
  }

  /**
   * Where a point is seen in a panel.
   * @param {number[]} point
   * @param {number} width
   * @param {number} height
   * @returns {[number, number, number]} pixels from the left and the top; distance from the eye
   */
  project(point, width, height) {
    const m = this.matrix;
    const out = [0, 1, 3].map((r) => m[r] * point[0] + m[4 + r] * point[1] + m[8 + r] * point[2] + m[12 + r]);
    return [(0.5 + out[0] / out[2] / 2) * width, (0.5 - out[1] / out[2] / 2) * height, out[2]];
  }
}
