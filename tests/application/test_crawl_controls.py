"""The controls of a crawl: equal searches, tests against draws, and what may be said."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from isochron.cli import main
from isochron.workflows.crawl_controls import page
from isochron.workflows.crawl_controls.search import RANGES, draw_sets, search_grid
from isochron.workflows.crawl_controls.settings import ControlSettings
from isochron.workflows.crawl_controls.summary import (
    SearchFound,
    compare_with_draws,
    statements,
)
from isochron.workflows.crawl_settings import CrawlSettings

FOUND = SearchFound(
    null_model="none", draw=0, connected=True, n_sets=40, n_forward=20, median_speed=0.2,
    best_distance=0.2, best_set=3, reference_onset_pA=195.0, reference_head_to_tail=True,
    reference_speed=0.27,
)  # fmt: skip


def drawn(n, **better):
    """Draws of `rewire` at distances 0.1, 0.3, 0.5, … from the animal."""
    return [
        replace(FOUND, null_model="rewire", draw=k, best_distance=0.1 + 0.2 * k, **better)
        for k in range(n)
    ]


def test_each_connectome_has_the_same_sets_in_its_search():
    """The grid is a product, with one seed for each set; a larger budget contains a smaller one."""
    controls = ControlSettings(nulls=2, kinds=["rewire"], search_budget=5)
    grid = search_grid(CrawlSettings(seed=3), controls)
    assert [tuple(it.values()) for it in grid["axes"]["connectome"]["points"]] == [
        ("none", 0, True), ("none", 0, False), ("rewire", 0, True), ("rewire", 1, True),
    ]  # fmt: skip
    assert grid["axes"]["connectome"]["paired"] is True
    assert len(grid["axes"]["set"]["points"]) == grid["batch"] == 6
    assert draw_sets(9, 3)[:5] == draw_sets(5, 3) != draw_sets(5, 4)
    low, high = RANGES["loop_gain_ratio"][:2]
    ratios = [one["loop_gain_ratio"] for one in draw_sets(200, 0)]
    assert low <= min(ratios) < low + 0.1
    assert high - 0.1 < max(ratios) <= high


def test_p_values_count_draws_at_or_beyond_the_connectome():
    """One of nine draws is nearer: p = 2 / 10; Holm doubles the smaller of two kinds."""
    draws = drawn(9)
    far = [replace(one, null_model="rewire-by-distance", best_distance=None) for one in draws]
    tests = compare_with_draws(FOUND, [*draws, *far], ("rewire", "rewire-by-distance"))
    one, two = [test for test in tests if test.measure == "best_distance"]
    assert (one.n_beyond, one.p_value, one.p_holm) == (1, 0.2, 0.2)
    assert (two.n_beyond, two.p_value, two.p_holm) == (0, 0.1, 0.2)
    assert two.median is None
    onset = next(test for test in tests if test.measure == "reference_onset_pA")
    assert onset.p_value == 1.0  # all draws are equal to the connectome
    assert one.share_low < 1 / 9 < one.share_high


@pytest.mark.parametrize(
    ("distance", "n", "words"),
    [
        (0.2, 30, "it is not decided"),
        (0.05, 30, "200 draws are needed to rely on it"),
        (0.05, 300, "comes nearer to the animal than rewired connectomes of every kind"),
    ],
)
def test_statements_say_no_more_than_the_test(distance, n, words):
    """Whatever the test, the last sentence is that it does not show who generates locomotion."""
    worm = replace(FOUND, best_distance=distance)
    tests = compare_with_draws(worm, drawn(n), ("rewire",))
    free = replace(FOUND, connected=False, reference_onset_pA=3.1)
    texts = statements(worm, free, tests, 40)
    assert "20 of 40 sets of constants crawl" in texts[0]
    assert words in texts[1]
    assert ("200 draws" in texts[1]) == (n < 200 and distance < 0.1)
    assert texts[2] == "None of these numbers shows that the connectome generates locomotion."


def test_a_connectome_that_crawls_with_no_set_is_drawn_without_a_warning(recwarn):
    """The first panel has neither of the two lines, and the legend is in the next one."""
    still = replace(FOUND, best_distance=None, best_set=None)
    free = replace(still, connected=False)
    summary: Any = SimpleNamespace(kinds=("rewire",), worm=still, unconnected=free, draws=drawn(3))
    figure = page._figure(summary)
    assert [ax.get_legend() is not None for ax in figure.axes[:2]] == [False, True]
    assert not recwarn.list


@pytest.mark.slow  # compiles a kernel
def test_the_command_computes_reports_and_continues(tmp_path, capsys):
    arguments = [
        "crawl", "--nulls", "1", "--kinds", "rewire", "--search-budget", "2", "--duration", "6",
        "--transient", "2", "--links", "12", "--workers", "1", "--survey", "1", "--json", "--out",
        str(tmp_path / "C"),
    ]  # fmt: skip
    assert main(arguments) == 0
    first = json.loads(capsys.readouterr().out)
    assert [one["null_model"] for one in first["draws"]] == ["rewire"]
    assert first["worm"]["n_sets"] == 2
    if first["worm"]["best_set"] is not None:
        assert first["survey"]["n_starts"] == 1
    report = (tmp_path / "C" / "report.html").read_text()
    assert "None of these numbers shows" in report
    assert "<svg" not in report
    assert main(arguments) == 0  # nothing is computed again: the log does not grow
    again = json.loads(capsys.readouterr().out)
    assert again == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--nulls", 1), "--nulls needs --out FOLDER"),
        (("--nulls", 1, "--out", "f", "--stiffness", 0.1), "--stiffness has no effect with"),
        (("--nulls", 1, "--out", "f", "--links", 1), "n_links must be a whole number"),
        (("--nulls", 1, "--out", "f", "--links", 501), "n_links must be at most 500"),
        (("--nulls", 1, "--out", "f", "--dataset", "cook2020-pharynx"), "with proprioception"),
        (("--nulls", 0, "--out", "f"), "nulls must be from 1"),
        (("--kinds", "rewire"), "--kinds needs --nulls N"),
        (("--workers", 1), "--workers needs --nulls N"),
        (("--nulls", 1, "--kinds", "x", "--out", "f"), "Unknown null model 'x'"),
    ],
)
def test_wrong_usage_ends_with_code_2(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code = main(["crawl", *map(str, arguments)])
    assert code == 2
    assert message in " ".join(capsys.readouterr().err.split())
