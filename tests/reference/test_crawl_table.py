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


def test_the_sentences_below_the_first_example():
    """What the controls show and do not show, counted again in the results."""
    page = (DOCS / "guide" / "crawling.md").read_text(encoding="utf-8")
    summary = json.loads((DOCS / "results" / "crawl-nulls.json").read_text())["summary"]
    worm, free, draws = (summary[name] for name in ("worm", "unconnected", "draws"))
    nearer = sum(it["n_beyond"] for it in summary["tests"] if it["measure"] == "best_distance")
    slower = sum(it["median_speed"] < worm["median_speed"] for it in draws)
    converged = sum(it["repeated_converged"] is True for it in draws)
    smallest = min(it["p_value"] for it in summary["tests"])
    assert all(it["n_forward"] for it in draws)
    assert free["n_forward"] > worm["n_forward"]
    assert not worm["repeated_converged"]
    for sentence in (
        f"{free['n_forward']} of {free['n_sets']} sets crawl, more than with the connectome",
        f"every one of {len(draws)} rewired connectomes",
        f"{nearer} of them come as near",
        f"higher than that of {slower} of {len(draws)} draws",
        f"all {len(summary['tests'])} tests its smallest p, {smallest:.3f}, "
        f"is {len(summary['tests']) * smallest:.2f}",
        f"({converged} of {len(draws)}; not that of the connectome)",
    ):
        assert page.count(sentence) == 1, sentence
    assert page.count("sets crawl, more than with the connectome") == 1
    assert "nothing here shows that it generates locomotion" in page
