"""Worm, networks and recordings as corners of a triangle: planted cycles at known distances."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from isochron import analysis, sims
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare import triangle as corners
from isochron.studies.compare.animals import AnimalRhythm, animal_step
from isochron.studies.compare.configuration import AnimalsSection, CompareConfig
from isochron.studies.compare.results import CompareResults
from isochron.studies.compare.similarity import compare_with_worm
from isochron.studies.compare.triangle_figure import draw_triangle, place
from isochron.studies.compare.triangle_report import (
    TRIANGLE_COLUMNS,
    Corner,
    describe_triangle,
    triangle_note,
    triangle_rows,
)
from isochron.studies.compare.triangle_results import Triangle

RHYTHM = AnimalRhythm(
    name="a.json", synthetic=False, n_neurons=6, duration_s=900.0, cycles_per_minute=1.5,
    p_value=0.005, remark="", participation_ratio=2.0,
)  # fmt: skip
MIX = np.random.default_rng(5).normal(size=(3, 6))


def cycle(phase, second=0.4):
    """A closed curve that is not an ellipse."""
    return np.c_[np.cos(phase), 0.6 * np.sin(phase), second * np.cos(2 * phase)] @ MIX


def quiet(fraction, text):
    pass


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_recording_is_folded_to_its_cycle_although_its_angle_grows_unevenly(noise):
    """Noise of 0.5 in groups of 31 samples, of which 5 of 32 harmonics stay: 0.04 of the size."""
    rng = np.random.default_rng(0)
    phase = np.linspace(0, 50.3 * 2 * np.pi, 2000) + 0.3
    angle = phase + 0.7 * np.sin(phase) + 0.1 * noise * rng.normal(size=phase.size)
    activity = cycle(phase) + noise * rng.normal(size=(2000, 6))
    found = corners.fold_by_phase(activity, angle)
    planted = cycle(2 * np.pi * np.arange(100) / 100)
    assert found.shape == (64, 6)
    distance = analysis.compare_cycles(found, planted).distance
    assert (
        distance
        < (0.1 if noise else 0.01)
        < analysis.compare_cycles(analysis.ellipse_of(planted), planted).distance
    )


@pytest.mark.parametrize(("worm", "animal", "base"), [(0.3, 0.4, 0.5), (0.2, 0.9, 0.8), (1, 1, 1)])
def test_points_of_the_figure_have_their_distances(worm, animal, base):
    x, y = place(Corner(worm, animal), base)
    assert math.hypot(x, y) == pytest.approx(worm)
    assert math.hypot(x - base, y) == pytest.approx(animal)


def write_recording(path):
    """The planted cycle, 15 turns of 40 s, with noise."""
    rng = np.random.default_rng(1)
    seconds = np.arange(0, 600, 0.5)
    phase = 2 * np.pi * seconds / 40
    traces = cycle(phase).T + 0.1 * rng.normal(size=(6, seconds.size))
    content = {
        "gcamp": {"trace_array": traces.tolist()},
        "timing": {"timestamp_confocal": seconds.tolist()},
        "label": {},
        "metadata": {"uid": "x"},
    }
    path.write_text(json.dumps(content))
    return str(path)


@pytest.fixture
def run(tmp_path):
    """A run with a worm on the planted cycle, normalized as a recording is, and no network."""
    phase = np.linspace(0, 2 * np.pi, 101)
    states = cycle(phase) / cycle(phase)[:-1].std(axis=0)
    times = np.linspace(0, 5400, 271)  # three periods of 1800 ms in steps of 20
    arrays = {
        "cycle_states": (("cycle", "cycle_time", "state"), states[None]),
        "cycle_time": ("cycle_time", 1800 * phase / (2 * np.pi)),
        "is_motor": ("neuron", np.ones(6, dtype=bool)),
        "threshold": ("neuron", np.zeros(6)),
        "trajectory": (
            ("time", "neuron"),
            cycle(2 * np.pi * times / 1800 + 1) / cycle(phase)[:-1].std(axis=0),
        ),
        "time": ("time", times),
    }
    folder = RunPaths(tmp_path)
    for name in ("data", "steps"):
        (tmp_path / name).mkdir()
    sims.save_dataset(xr.Dataset(arrays), folder.data_path("worm"))
    return folder


def compare(folder, *files, p_value=0.005):
    config = CompareConfig(animals=AnimalsSection(recordings=files))
    for k in range(len(files)):
        rhythm = to_json_values(RHYTHM) | {"p_value": p_value}
        folder.finish(animal_step(k), rhythm, 1.0)
    return from_json_values(corners.compare_corners(config, folder, (), quiet), Triangle)


def test_a_recording_of_the_cycle_of_the_model_is_at_its_noise_from_it(run, tmp_path):
    found = compare(run, write_recording(tmp_path / "a.json"))
    (recorded,) = found.corners
    assert recorded.to_worm is not None
    assert recorded.ellipse_to_worm is not None
    assert found.worm_between_runs is not None
    assert recorded.to_worm < 0.05 < 0.2 < recorded.ellipse_to_worm
    assert recorded.to_worm < recorded.between_halves + 0.02
    assert recorded.ellipse_to_worm == pytest.approx(recorded.to_its_ellipse, abs=0.05)
    assert found.worm_between_runs < 1e-4  # the error of a cubic spline of 90 samples


def test_a_recording_without_a_rhythm_is_not_a_corner(run, tmp_path):
    found = compare(run, write_recording(tmp_path / "a.json"), p_value=0.3)
    assert found.corners == ()
    assert found.recordings[0].omitted == "no rhythm beyond its surrogates (p = 0.3)"
    rows = triangle_rows(SimpleNamespace(triangle=found, nets=()))  # type: ignore[arg-type]
    assert "omitted: no rhythm" in rows[0][3]
    note = triangle_note(SimpleNamespace(triangle=found))  # type: ignore[arg-type]
    assert "Two corners only: no recording has a rhythm" in note


def test_without_a_recording_only_the_runs_of_the_model_remain(run):
    found = compare(run)
    assert (found.recordings, found.networks) == ((), ())


def with_networks(monkeypatch, run, *files):
    """Three networks of two substrates, whose cycles are the planted one and circles."""
    phase = np.linspace(0, 2 * np.pi, 61)
    states = {"a-0": cycle(phase), "a-1": cycle(phase, 0.35), "b-0": cycle(phase, 0.0)}
    nets = [
        SimpleNamespace(
            name=name, substrate=name[0], task="phase-memory", pair=int(name[-1]), trained=True,
            failed=False, stable_cycles=(1,), dataset=None,
            similarity=compare_with_worm(run, states[name]),
        )
        for name in states
    ]  # fmt: skip
    by_name = {net.name: net for net in nets}
    monkeypatch.setattr(corners, "_read", lambda folder, name: by_name[name])
    for where in ("triangle", "triangle_figure"):
        monkeypatch.setattr(
            f"isochron.studies.compare.{where}.cycle_of_network",
            lambda folder, net: states[net.name],
        )
    config = CompareConfig(animals=AnimalsSection(recordings=files))
    for k in range(len(files)):
        run.finish(animal_step(k), to_json_values(RHYTHM), 1.0)
    found = corners.compare_corners(config, run, tuple(states), quiet)
    results: CompareResults = SimpleNamespace(
        triangle=from_json_values(found, Triangle), nets=tuple(nets)
    )  # type: ignore[assignment]
    return results


def test_table_figure_and_sentence_state_the_same_distances(monkeypatch, run, tmp_path):
    results = with_networks(monkeypatch, run, write_recording(tmp_path / "a.json"))
    triangle = results.triangle
    assert triangle is not None
    assert [len(it.distances) for it in triangle.between_pairs] == [1, 0]
    rows = triangle_rows(results)
    assert all(len(row) == len(TRIANGLE_COLUMNS) for row in rows)
    assert [row[:3] for row in rows] == [
        ("a.json", "model of the worm", "–"),
        *((it, "model of the worm", n) for it, n in (("a, phase-memory", "2"),
                                                     ("b, phase-memory", "1"))),
        *((it, "a.json", n) for it, n in (("a, phase-memory", "2"), ("b, phase-memory", "1"))),
    ]  # fmt: skip
    similarity, base = results.nets[2].similarity, triangle.recordings[0].to_worm
    assert similarity is not None
    assert base is not None
    to_worm, to_animal = similarity.distance, triangle.networks[2].to_recordings[0]
    assert (rows[2][3], rows[4][3]) == (f"{to_worm:.3f}", f"{to_animal:.3f}")
    assert f"is {base:.3f} rad from that of the recording" in describe_triangle(results)
    # The network a-0 is on the planted cycle itself, in units of other sizes.
    assert "of 3 trained networks, " in describe_triangle(results)
    drawn = draw_triangle(run.path, results)
    assert drawn is not None
    plane = drawn[1].axes[0]
    (point,) = [line for line in plane.lines if line.get_label() == "b"]
    x, y = (float(it[0]) for it in point.get_data())
    assert math.hypot(x, y) == pytest.approx(to_worm)
    assert math.hypot(x - base, y) == pytest.approx(to_animal)


def test_the_figure_without_an_animal_has_two_corners(monkeypatch, run):
    results = with_networks(monkeypatch, run)
    drawn = draw_triangle(run.path, results)
    assert drawn is not None
    caption, figure = drawn
    assert "the triangle has two corners" in caption
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]
    assert describe_triangle(results) == ""
