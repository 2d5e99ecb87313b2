/** The page on paper: in light colors, with the stage as an image, since WebGL clears its buffer. */

/**
 * @param {import("./page.js").Page} page
 * @param {AbortSignal} signal
 */
export function preparePrint(page, signal) {
  const poster = /** @type {HTMLImageElement} */ (page.get("poster"));
  const show = (/** @type {boolean} */ printing) => {
    page.door.element.classList.toggle("printing", printing);
    page.recolor();
    page.draw();
    if (printing) poster.src = page.stage.scene.canvas.toDataURL("image/png");
    poster.hidden = !printing;
  };
  addEventListener("beforeprint", () => show(true), { signal });
  addEventListener("afterprint", () => show(false), { signal });
}
