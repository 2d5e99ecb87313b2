"""The table of the controls of a crawl states the numbers of docs/results/crawl-nulls.json."""

import json
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROWS = {
    "best_distance": "distance of the best set from the animal",
    "n_forward": "sets that crawl, of 40",
    "median_speed": "median speed of those (mm/s)",
    "reference_onset_pA": "onset with the reference set (pA)",
    "reference_speed": "speed with it, at twice the onset (mm/s)",
}
HALF = 0.5000001  # of the last digit


@pytest.mark.parametrize("measure", ROWS)
def test_a_row(measure):
    page = (DOCS / "guide" / "crawling.md").read_text(encoding="utf-8")
    summary = json.loads((DOCS / "results" / "crawl-nulls.json").read_text())["summary"]
    (line,) = [it for it in page.splitlines() if it.startswith(f"| {ROWS[measure]} |")]
    worm, unconnected, *nulls = [cell.strip() for cell in line.strip("|").split("|")[1:]]
    tests = [it for it in summary["tests"] if it["measure"] == measure]
    assert [it["kind"] for it in tests] == summary["kinds"]
    assert_rounded(worm, summary["worm"][measure])
    assert_rounded(unconnected, summary["unconnected"][measure])
    for cell, test in zip(nulls, tests, strict=True):
        median, beyond, p = cell.split("; ")
        assert_rounded(median, test["median"])
        assert int(beyond) == test["n_beyond"]
        assert_rounded(p, test["p_holm"])


def assert_rounded(text, value):
    digits = len(text.partition(".")[2])
    assert float(text) == pytest.approx(value, abs=HALF * 10.0**-digits)
