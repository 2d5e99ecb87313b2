"""Differences of runs from the first one, the table of engines, and that of gaits."""

import json

import numpy as np
import pytest

from isochron import sims, view
from isochron.files import write_json
from isochron.view.differences import difference, difference_blocks
from isochron.view.gait_table import gait_table
from isochron.view.recorded import read_run
from isochron.workflows.view import ViewedRuns
from tests.view.test_page import data_of, unpacked


def recorded(states, step_ms=10.0, names=("a", "b", "c"), unit="mV"):
    run = view.from_states(states, step_ms=step_ms, names=names, unit=unit)
    return read_run(run, 10_000)


@pytest.fixture(scope="module")
def first():
    times = np.arange(0, 1000, 10.0)
    return recorded(times[:, None] * [1e-3, 2e-3, 0.0])  # lines: interpolation is exact


def test_a_difference_is_taken_at_the_times_of_the_run(first):
    times = np.arange(0, 1100, 25.0)
    run = recorded(times[:, None] * [2e-3, 1e-3] + 0.5, step_ms=25, names=("b", "x"))
    gaps = difference(run, first)
    assert gaps is not None
    inside = times <= 990
    np.testing.assert_allclose(gaps[inside, 0], 0.5, atol=1e-12)
    assert np.isnan(gaps[~inside, 0]).all()  # after the end of the first run
    assert np.isnan(gaps[:, 1]).all()  # the first run has no x


def test_runs_of_different_units_have_no_difference(first):
    other = recorded(np.ones((5, 3)), unit="Hz")
    strange = recorded(np.ones((5, 3)), names=("x", "y", "z"))
    assert difference_blocks([first, other, strange]) == [None, None, None]


def test_all_differences_of_a_page_are_on_one_scale(first):
    small = recorded(first.activity + 0.001)
    large = recorded(first.activity - 0.1)
    none, one, other = difference_blocks([first, small, large])
    assert none is None
    assert one is not None
    assert other is not None
    assert one["scale"] == other["scale"] == pytest.approx(0.1)
    assert set(np.unique(unpacked(one["codes"]))) == {129}  # 1.27 steps of the scale
    assert set(np.unique(unpacked(other["codes"]))) == {1}


def test_what_a_mean_was_subtracted_from_is_compared(worm_run):
    """Without thresholds, each run is shown about its own mean."""
    run = worm_run.drop_vars("threshold")
    pair = [read_run(one, 1000) for one in (run, run.assign(V=run.V + 3))]
    gaps = difference(pair[1], pair[0])
    assert gaps is not None
    np.testing.assert_allclose(gaps, 3, atol=1e-9)


@pytest.fixture(scope="module")
def engines(tmp_path_factory, worm_run):
    """As of isochron simulate --engine torch,scipy: torch is 0.01 mV higher in one neuron."""
    folder = tmp_path_factory.mktemp("engines")
    run = worm_run.isel(time=slice(0, 50))
    error = 0.01 * (np.arange(279) == 7)
    for engine, shown in (("torch", run.assign(V=run.V + error)), ("scipy", run)):
        (folder / engine).mkdir()
        attributes = {"dataset": "varshney2011", "model": "graded", "engine": engine}
        shown = shown.assign_attrs(attributes, n_steps=2000, step_ms=0.5)
        sims.save_dataset(shown, folder / engine / "run.zarr")
        write_json(folder / engine / "summary.json", {"wall_seconds": 1.5})
    return folder


def test_a_folder_of_engines_is_shown_by_differences_with_a_table(engines):
    data = data_of(ViewedRuns([engines]).page())
    assert [run["title"] for run in data["runs"]] == ["scipy", "torch"]
    assert data["color"] == "difference"
    (table,) = data["tables"]
    assert table["title"] == "Engines"
    rms = 0.01 / np.sqrt(279)
    assert table["rows"] == [
        ["scipy", "0.5", "", "", "1.5"],
        ["torch", "0.5", "0.01", f"{rms:.3g}", "1.5"],
    ]
    reference, torch = data["runs"]
    assert reference["difference"] is None
    codes = unpacked(torch["difference"]["codes"])
    assert (codes[:, 7] == 255).all()
    assert (np.delete(codes, 7, axis=1) == 128).all()
    assert torch["difference"]["scale"] == pytest.approx(0.01, rel=1e-9)


def test_one_run_of_engines_is_a_run_like_others(engines):
    data = data_of(ViewedRuns([engines / "torch"]).page())
    assert [run["title"] for run in data["runs"]] == ["torch"]
    assert (data["color"], data["tables"]) == ("activity", [])


def test_a_damaged_summary_is_named(engines, tmp_path):
    import shutil

    copy = shutil.copytree(engines, tmp_path / "copy")
    (copy / "torch" / "summary.json").write_text("[]")
    with pytest.raises(ValueError, match=r"torch/summary.json is not the summary of a run"):
        ViewedRuns([copy])


def test_the_gait_of_a_known_wave(crawling_run, worm_run):
    """0.5 Hz and 0.7 lengths; the wave of the fixture glides forward by 0.2 mm/s."""
    table = gait_table({"crawl": crawling_run, "rest": worm_run})
    assert table is not None
    assert table["head"] == ["", "crawl"]
    found = {row[0]: row[1] for row in table["rows"]}
    assert float(found["frequency (Hz)"]) == pytest.approx(0.5, rel=0.01)
    assert float(found["wavelength (body lengths)"]) == pytest.approx(0.7, rel=0.05)
    assert found["direction of the wave"] == "head to tail"
    assert "4 s" in table["note"]
    assert gait_table({"rest": worm_run}) is None
    assert gait_table({"short": crawling_run.isel(time=slice(0, 5))}) is None
    json.dumps(table, allow_nan=False)


def test_the_first_color_can_be_chosen(worm_run):
    assert data_of(view.build_page(worm_run, color="phase"))["color"] == "phase"
    with pytest.raises(ValueError, match="Did you mean phase"):
        view.build_page(worm_run, color="phases")


def table_of(runs):
    table = gait_table(runs)
    assert table is not None
    return table


def test_the_animal_is_next_to_the_gait_as_isochron_crawl_prints_it(crawling_run):
    """In the medium that the run states, or that has the drag of its body."""
    stated = crawling_run.assign_attrs(medium="agar")
    table = table_of({"worm": stated})
    assert table["head"] == ["", "worm", "animal"]
    assert ["frequency (Hz)", "0.5", "0.3 ± 0.02"] in table["rows"]
    assert table["rows"][-1][2] == ""
    assert "Animal: frequency and wavelength: Fang-Yen et al. (2010)" in table["note"]
    medium = {"normal_drag": 128.0, "drag_ratio": 40.0}
    by_drag = crawling_run.assign_attrs(body=json.dumps({"medium": medium}))
    assert table_of({"worm": by_drag}) == table


def test_two_media_have_two_animals_and_one_note(crawling_run):
    given = {"a": "agar", "b": "agar-shen2011", "c": "water"}
    runs = {title: crawling_run.assign_attrs(medium=name) for title, name in given.items()}
    table = table_of(runs)
    assert table["head"] == ["", "a", "b", "c", "animal (agar)", "animal (water)"]
    assert table["rows"][0][-2:] == ["0.3 ± 0.02", "1.76"]
    assert table["note"].count("Animal:") == 1


@pytest.mark.parametrize(
    "attrs",
    [{}, {"medium": "sand"}, {"medium": 3, "body": "{"}, {"body": '{"medium": 2}'},
     {"body": '{"medium": {"normal_drag": 1, "drag_ratio": 40}}'}],
)  # fmt: skip
def test_a_medium_that_is_not_known_has_no_animal(crawling_run, attrs):
    table = table_of({"worm": crawling_run.assign_attrs(attrs)})
    assert table["head"] == ["", "worm"]
    assert "Animal" not in table["note"]


def test_the_gait_is_observed_after_the_transient_of_the_run(crawling_run):
    assert "the last 4 s" in table_of({"worm": crawling_run})["note"]
    later = crawling_run.assign_attrs(gait_transient_s=2.0)
    assert "the last 6 s" in table_of({"worm": later})["note"]
    assert gait_table({"worm": crawling_run.assign_attrs(gait_transient_s="x")}) is None
