"""docs/guide/studies.md states what the stored runs of the studies found."""

import re
import runpy
from pathlib import Path

import pytest

from isochron.studies import FURTHER

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "studies.py"))


def test_the_page_states_the_stored_findings(tool):
    """Else: make studies; python tools/studies.py runs/studies."""
    stored, text = tool["stored_findings"](), tool["PAGE"].read_text(encoding="utf-8")
    assert set(stored) == {*FURTHER, *tool["VARIANTS"]}
    assert tool["page"](text, stored) == text
    for found in stored.values():
        changed = stored | {"energy": found | {"answer": ["Nothing."]}}
        assert tool["page"](text, changed) != text


def test_a_page_without_marks_is_an_error(tool):
    with pytest.raises(ValueError, match="energy: start"):
        tool["page"]("", {"energy": {}})


def test_the_readme_states_the_stored_twins(tool):
    answer = tool["stored_findings"]()["worm-twin-gru"]["answer"][0]
    found = re.search(r"gru \((\d+) of 10,.* Of gru-forced,.* none does", answer)
    assert found
    assert f"[{found[1]} have the cycle," in (ROOT / "README.md").read_text(encoding="utf-8")
