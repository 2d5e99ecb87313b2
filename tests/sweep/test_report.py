"""The report of a sweep states what is done, missing and failed, and draws each number."""

import numpy as np
import pytest
from click.testing import CliRunner

from isochron.cli import app
from isochron.report.sweep import build_sweep_report
from isochron.report.sweep.figures import draw_figures
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
    [caption] = [figure.caption for figure in draw_figures(found) if figure.title == "Square"]
    assert "rewire: 9 of 9 draws are at least as large" in caption
    assert "one-sided p = 1" in caption


def test_failures_are_listed(tmp_path):
    sweep(f"{HERE}:raising", {"axes": {"x": [1, 2, 5]}, "batch": 1}, out=tmp_path / "S", workers=1)
    text = build_sweep_report(tmp_path / "S")
    assert "2 runs are done (67 %)" in text
    assert "1 are in 1 batches that failed" in text
    assert "ZeroDivisionError: planted" in text


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
