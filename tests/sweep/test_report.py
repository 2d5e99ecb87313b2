"""The report of a sweep states what is done, missing and failed, and draws each number."""

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

from isochron.cli import app
from isochron.report.sweep import build_sweep_report
from isochron.report.sweep.figures import draw_figures
from isochron.report.sweep.page import _reasons
from isochron.report.sweep.tables import completeness, groups, p_values, summary, tables_of
from isochron.runs.sweep import sweep

HERE = "tests.sweep.experiments"


def test_a_map_a_curve_and_null_distributions(tmp_path):
    axes = {"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0]}
    two = sweep(f"{HERE}:square", {"axes": axes}, out=tmp_path / "two", workers=1).dataset()
    figures = {figure.title: figure.caption for figure in draw_figures(two)}
    assert figures["Square"] == "Values over y and x."
    one = sweep(f"{HERE}:square", {"axes": {"x": [0.0, 1.0]}}, out=tmp_path / "one", workers=1)
    assert {figure.title for figure in draw_figures(one.dataset())} == {"Square", "Draw"}
    null = {"fixed": {"x": 1.0}, "axes": {"c": {"null": ["none", "rewire"], "draws": 9}}}
    found = sweep(f"{HERE}:square", null, out=tmp_path / "null", workers=1).dataset()
    [table] = tables_of(found, "square")
    assert table.rows[1] == ("rewire", "9", "1.00", "0.66 to 1.00", "1", "1")


def test_failures_are_listed(tmp_path):
    sweep(f"{HERE}:raising", {"axes": {"x": [1, 2, 5]}, "batch": 1}, out=tmp_path / "S", workers=1)
    text = build_sweep_report(tmp_path / "S")
    assert "2 runs are done (67 %)" in text
    assert "1 are in 1 batches that failed" in text
    assert "ZeroDivisionError: planted" in text


def test_reasons_that_differ_in_numbers_are_one():
    texts = np.array(["diverged at 12.5 ms", "diverged at 1e-3 ms", "", "of memory"])
    found = xr.Dataset({"reason": ("x", texts)})
    assert _reasons(found) == [("such as: diverged at 12.5 ms", 2), ("of memory", 1)]


def test_an_exact_interval_of_a_share():
    """Clopper and Pearson: of 0 in n the upper end is 1 - 0.025^(1/n)."""
    assert summary(np.zeros(20), True) == ("20", "0.00", f"0.00 to {1 - 0.025**0.05:.2f}")
    assert summary(np.ones(20), True) == ("20", "1.00", f"{0.025**0.05:.2f} to 1.00")
    assert summary(np.array([]), True) == ("0", "–", "–")
    assert summary(np.array([4.0, 1.0, 3.0, 2.0, 5.0]), False) == ("5", "3", "2", "4")


def test_infinite_values_have_quartiles():
    assert summary(np.array([1.0, 2.0, np.inf, np.inf]), False) == ("4", "inf", "2", "inf")


def test_p_values_count_the_connectome_as_a_draw():
    assert p_values(np.arange(1.0, 10.0), 0.0) == (0.1, 1.0)
    assert p_values(np.arange(1.0, 10.0), 9.5) == (1.0, 0.1)
    assert p_values(np.full(9, 2.0), 2.0) == (1.0, 1.0)


def test_many_values_are_grouped_in_quarters():
    labels = np.random.default_rng(0).permutation(np.arange(100.0))
    found = groups(labels)
    assert [int(inside.sum()) for _, inside in found] == [25] * 4
    assert [text for text, _ in found][:2] == ["0 to 24", "25 to 49"]
    words = np.array([f"w{k}" for k in range(15)])
    assert [text for text, _ in groups(words)][-1] == "3 others"
    assert sum(inside.sum() for _, inside in groups(words)) == 15


def test_tables_by_axis_and_of_what_is_missing():
    values = np.array([[0.0, 1.0], [1.0, np.nan]])
    status = np.array([[1, 1], [1, 0]], dtype=np.int8)
    found = xr.Dataset(
        {"on": (("a", "b"), values), "status": (("a", "b"), status)},
        {"a": ("a", [1.0, 2.0], {"units": "nS"}), "b": ["x", "y"]},
    )
    by_a, by_b = tables_of(found, "on")
    assert by_a.head == ("a (nS)", "n", "share", "95 % interval")
    assert [row[:3] for row in by_a.rows] == [("1", "2", "0.50"), ("2", "1", "1.00")]
    assert [row[:3] for row in by_b.rows] == [("x", "2", "0.50"), ("y", "1", "1.00")]
    assert [table.rows for table in completeness(found)] == [
        (("2", "1", "0", "0", "1"),), (("y", "1", "0", "0", "1"),)
    ]  # fmt: skip


def test_settings_that_change_together_have_a_table_each(tmp_path):
    axes = {"both": {"points": [{"x": 1.0, "y": 0}, {"x": 2.0, "y": 5}]}}
    found = sweep(f"{HERE}:square", {"axes": axes}, out=tmp_path / "S", workers=1).dataset()
    assert [table.head[0] for table in tables_of(found, "square")] == ["x", "y"]


def test_null_models_by_a_second_axis_with_few_values():
    values = np.array([[5.0, 1.0, 2.0, 9.0], [0.0, 1.0, 2.0, np.nan]])
    found = xr.Dataset(
        {"y": (("a", "c"), values), "status": (("a", "c"), np.ones((2, 4), np.int8))},
        {"a": [1.0, 2.0], "null_model": ("c", ["none", "rewire", "rewire", "rewire"])},
    )
    [table] = tables_of(found, "y")
    assert table.rows[1] == ("a 1", "rewire", "3", "2", "1.05 to 8.65", "0.75", "0.5")
    assert table.rows[3] == ("a 2", "rewire", "2", "1.5", "1.025 to 1.975", "0.333", "1")


def test_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = tmp_path / "g.toml"
    grid.write_text(f'experiment = "{HERE}:square"\n[axes]\nx = [0.0, 1.0, 2.0]\n')
    run = CliRunner().invoke
    assert (
        "runs: 3, in 1 batches" in run(app, ["sweep", "g.toml", "--out", "S", "--dry-run"]).output
    )
    assert not (tmp_path / "S").exists()
    assert run(app, ["sweep", "g.toml", "--out", "S", "--workers", "1"]).exit_code == 0
    assert '"done": 3' in run(app, ["sweep", "status", "S", "--json"]).output
    assert run(app, ["report", "S"]).exit_code == 0
    assert (tmp_path / "S" / "report.html").stat().st_size > 10_000
    assert run(app, ["sweep", "export", "S", "found.nc"]).exit_code == 0
    from isochron.sims import load_dataset

    np.testing.assert_array_equal(load_dataset("found.nc")["square"], [0, 1, 4])
    assert "exists" in str(run(app, ["sweep", "export", "S", "found.nc"]).exception)
    found = run(app, ["sweep", "work", "S", "--shard", "3/2"])
    assert "0 <= K < N" in found.output


@pytest.mark.parametrize("options", [["--scheduler", "tcp://x:1"], ["--wait"]])
def test_options_of_other_executors_are_errors(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.toml").write_text(f'experiment = "{HERE}:square"\n[axes]\nx = [0.0]\n')
    found = CliRunner().invoke(app, ["sweep", "g.toml", "--out", "S", *options])
    assert "is an option of --executor" in found.output
    assert not (tmp_path / "S").exists()
