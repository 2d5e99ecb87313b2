"""The page as a widget: its traits in Python, its module in a browser with a stub of a model."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from isochron import view
from tests.view.browser import executable
from tests.view.test_page import unpacked

pytest.importorskip("anywidget", reason="anywidget is not installed")

HARNESS = """<!doctype html><meta charset="utf-8"><body><div id="a"></div><div id="b"></div>
<script>
const given = %s;
const bytes = Uint8Array.from(atob(given._arrays), (c) => c.charCodeAt(0));
const values = { ...given, _arrays: new DataView(bytes.buffer) };
const listeners = {};
const model = {
  saved: 0,
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; },
  on: (event, call) => { (listeners[event] ??= new Set()).add(call); },
  off: (event, call) => { listeners[event].delete(call); },
  save_changes: () => { model.saved++; },
  change: (name, value) => { values[name] = value; for (const call of listeners[`change:${name}`]) call(); },
};
(async () => {
  const url = URL.createObjectURL(new Blob([given._esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const boxes = ["a", "b"].map((id) => document.getElementById(id));
  window.ends = await Promise.all(boxes.map((el) => widget.render({ model, el })));
  Object.assign(window, { isochron: boxes[0].isochron, boxes, ready: performance.now() });
  document.body.classList.add("ready");
})();
</script>"""  # noqa: E501


def test_the_widget_carries_the_data_of_the_page_as_bytes(worm_run):
    widget: Any = view.show(worm_run)
    assert {"time", "selected", "_arrays", "_data"} <= set(widget.keys)
    assert "base64" not in json.dumps(widget._data)
    activity = widget._data["runs"][0]["activity"]
    start, size = activity["at"]
    codes = unpacked(activity | {"data": widget._arrays[start : start + size]})
    assert codes.shape == (worm_run.sizes["time"], 279)
    assert "base64" not in str(type(widget._arrays))
    assert isinstance(widget._arrays, bytes)
    assert len(widget._arrays) + len(json.dumps(widget._data)) < 1_000_000
    with pytest.raises(ValueError, match="one to four runs"):
        view.show([])


@pytest.fixture
def shown(browser, worm_run, tmp_path):
    widget: Any = view.show(worm_run)
    traits = {
        name: getattr(widget, name) for name in ("_data", "_body", "_style", "time", "selected")
    }
    traits |= {"_esm": widget._esm, "_arrays": base64.b64encode(widget._arrays).decode()}
    text = json.dumps(traits).replace("<", "\\u003c")
    (tmp_path / "notebook.html").write_text(HARNESS % text, encoding="utf-8")
    browser.open(tmp_path / "notebook.html")
    return browser


@pytest.mark.slow
@pytest.mark.skipif(executable() is None, reason="Chromium is not installed")
def test_the_module_draws_and_shares_time_and_selection(shown):
    assert shown.messages == []
    # Two outputs of one widget, each in a tree of its own: names of elements do not collide.
    kinds = shown.evaluate("boxes.map((box) => box.isochron.stage.scene.kind)")
    assert kinds == ["webgl", "webgl"]
    assert shown.evaluate("document.querySelectorAll('canvas').length") == 0
    height = shown.evaluate("boxes[0].getBoundingClientRect().height")
    assert height > 600
    # From Python to the page.
    shown.evaluate("model.change('time', 2500)")
    assert shown.evaluate("boxes.map((box) => box.isochron.time)") == [2500, 2500]
    shown.evaluate("model.change('selected', ['AVAL', 'VB2'])")
    assert shown.evaluate("boxes[1].isochron.selected") == ["AVAL", "VB2"]
    # From the page to Python.
    shown.evaluate("boxes[0].isochron.pick('PVCR', false)")
    assert shown.evaluate("model.get('selected')") == ["PVCR"]
    shown.evaluate("boxes[0].isochron.step(1)")
    assert shown.evaluate("model.get('time')") == 2520
    assert shown.evaluate("model.saved") >= 2


@pytest.mark.slow
@pytest.mark.skipif(executable() is None, reason="Chromium is not installed")
def test_a_widget_that_is_removed_does_not_listen(shown):
    shown.evaluate("ends.forEach((end) => end())")
    before = shown.evaluate("boxes.map((box) => box.isochron.time)")
    shown.evaluate("model.change('time', 3000)")
    assert shown.evaluate("boxes.map((box) => box.isochron.time)") == before


@pytest.mark.slow
@pytest.mark.skipif(executable() is None, reason="Chromium is not installed")
def test_playing_tells_python_a_few_times_a_second(shown):
    shown.evaluate("boxes[0].isochron.stage.quality = 'full'; boxes[0].isochron.play(true)")
    shown.until("boxes[0].isochron.time > 1000")
    shown.evaluate("boxes[0].isochron.play(false)")
    assert shown.evaluate("model.get('time')") == shown.evaluate("boxes[0].isochron.time")
    assert np.isfinite(shown.evaluate("model.saved"))
