"""The worked examples of CONTRIBUTING.md run as they stand."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert len(blocks) >= 8
    names, files = {}, []
    for block in blocks:
        if found := re.match(r"# file: (\w+\.py)\n", block):
            (tmp_path / found[1]).write_text(block)
            files.append(found[1].removesuffix(".py"))
        else:
            exec(block, names)
    for name in files:
        assert name in sys.modules, f"{name}.py is not used"
        del sys.modules[name]


def test_the_places_that_are_named_exist():
    for path in re.findall(
        r"`((?:ann_bridge|connectome|sims|analysis|isochron|tests)/[^`]*)`", TEXT
    ):
        if "NAME" not in path and " " not in path:
            assert (ROOT / path).exists(), path
