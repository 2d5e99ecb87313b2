"""Grids: their runs, seeds and keys, and what is wrong with one before any work."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isochron.runs.sweep import read_grid
from isochron.runs.sweep.tasks import Task, cut
from isochron.runs.sweep.toml import write_grid

NAME = "tests.sweep.experiments:square"
values = st.one_of(st.integers(-5, 5), st.floats(-1, 1).map(lambda x: x + 0.0), st.text(max_size=3))
axes = st.dictionaries(
    st.sampled_from("abcd"), st.lists(values, min_size=1, max_size=4, unique_by=repr), min_size=1
)


def keys_of(content):
    return [task.key for task in cut(read_grid(content))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(axes, st.integers(0, 5), st.integers(1, 4))
def test_keys_depend_on_every_value_and_not_on_the_order_of_tables(axes, seed, batch):
    content = {"experiment": NAME, "seed": seed, "batch": batch, "fixed": {"f": 1, "g": 2},
               "axes": axes}  # fmt: skip
    keys = keys_of(content)
    assert len(set(keys)) == len(keys)
    other = dict(reversed(list(content.items()))) | {"fixed": {"g": 2, "f": 1}}
    assert keys_of(other) == keys
    assert not set(keys_of(content | {"seed": seed + 1})) & set(keys)
    assert not set(keys_of(content | {"fixed": {"f": 1, "g": 3}})) & set(keys)
    name = next(iter(axes))
    changed = axes | {name: [*axes[name][:-1], "new value"]}
    assert set(keys_of(content | {"axes": changed})) != set(keys)


@settings(max_examples=60, deadline=None)
@given(axes, st.integers(1, 5))
def test_runs_are_the_product_of_the_axes(axes, batch):
    grid = read_grid({"experiment": NAME, "batch": batch, "axes": axes})
    runs = [run for run, _ in grid.runs()]
    assert len(runs) == len(grid) == np.prod([len(points) for points in axes.values()])
    tasks = cut(grid)
    assert sum(map(len, tasks)) == len(runs)
    assert all(Task.from_json(task.to_json()) == task for task in tasks)


def test_seeds_do_not_depend_on_the_place_in_the_grid():
    def seeds(points):
        grid = read_grid({"experiment": NAME, "axes": {"x": points}})
        return {run["x"]: seed for run, seed in grid.runs()}

    assert seeds([1, 2, 3])[3] == seeds([3, 7])[3]
    assert len(set(seeds([1, 2, 3]).values())) == 3


def test_ranges():
    grid = read_grid(
        {"experiment": NAME, "axes": {"g": {"from": 0.1, "to": 10, "n": 3, "scale": "log"}}}
    )
    np.testing.assert_allclose([run["g"] for run, _ in grid.runs()], [0.1, 1, 10])


def test_null_models_are_one_axis():
    grid = read_grid(
        {"experiment": NAME, "axes": {"connectome": {"null": ["none", "rewire"], "draws": 3}}}
    )
    assert [tuple(run.values()) for run, _ in grid.runs()] == [
        ("none", 0), ("rewire", 0), ("rewire", 1), ("rewire", 2)
    ]  # fmt: skip


def test_random_points_are_inside_and_more_of_them_contain_the_first():
    axes = {"a": {"from": 1, "to": 100, "scale": "log"}, "b": {"from": -1, "to": 1}}
    few, more = (
        list(read_grid({"experiment": NAME, "axes": axes, "random": {"n": n}}).runs())
        for n in (10, 64)
    )
    assert more[:10] == few
    a = np.array([run["a"] for run, _ in more])
    assert a.min() >= 1
    assert a.max() <= 100
    assert abs(np.median(np.log10(a)) - 1) < 0.1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, 'needs experiment = "NAME"'),
        ({"experiment": "simulat"}, "Unknown experiment 'simulat'. Did you mean simulate"),
        ({"experiment": "no_module:f"}, "cannot be imported"),
        ({"experiment": "simulate", "grid": 3}, "Unknown setting 'grid'"),
        ({"experiment": "simulate", "fixed": {"leak": 1}}, "does not have the setting leak"),
        ({"experiment": "simulate", "axes": {"step_ms": [0.0, 1.0]}}, "step_ms must be positive"),
        ({"experiment": "simulate", "axes": {"draw": ["a"]}}, "must be a whole number"),
        ({"experiment": "simulate", "axes": {"draw": [1, 1]}}, "lists a value twice"),
        ({"experiment": "simulate", "axes": {"draw": []}}, "a list with a value or more"),
        ({"experiment": "simulate", "axes": {"draw": {"from": 0, "to": 1}}}, "needs n"),
        ({"experiment": "simulate", "axes": {"c": {"null": ["rewir"]}}}, "Unknown null model"),
        ({"experiment": "simulate", "fixed": {"draw": 1}, "axes": {"draw": [1]}}, "in [fixed] and"),
        ({"experiment": "simulate", "batch": 0}, "batch must be 1 or more"),
        ({"experiment": "simulate", "random": {"n": 4}, "axes": {"draw": [1]}}, "needs a range"),
        ({"experiment": "train", "fixed": {"network": {"kind": "gr"}}}, "Unknown network 'gr'"),
        ({"experiment": "train", "fixed": {"training": {"seed": 1}}}, "not have the setting train"),
    ],
)
def test_a_wrong_grid_is_rejected_before_any_work(content, message, tmp_path):
    from isochron.runs.sweep import sweep

    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        sweep(grid=content, out=tmp_path / "S")
    assert not (tmp_path / "S").exists()


def test_a_grid_is_written_as_toml():
    import tomllib

    content = {"experiment": NAME, "seed": 1, "fixed": {"a.b": "x\n\"", "on": True},
               "axes": {"g": {"from": 0.1, "to": 2.0, "n": 3}, "x": [1, 2.5]}}  # fmt: skip
    assert tomllib.loads(write_grid(content).decode()) == content


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_a_dry_run_of_a_hundred_thousand_worms_is_quick():
    """1.2 s of a quiet core, here with room for a slow one, and the memory of its imports."""
    script = """
import time
from isochron.runs.sweep.sweeps import estimate
from pathlib import Path
estimate({"experiment": "simulate"})
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
before, began = peak(), time.process_time()
found = estimate({"experiment": "simulate", "axes": {
    "gap_conductance": {"from": 0.02, "to": 0.4, "n": 20},
    "amplitude_pA": [1e3, 2e3, 3e3, 4e3, 5e3],
    "synaptic_conductance": {"from": 0.02, "to": 0.4, "n": 10},
    "connectome": {"null": ["rewire"], "draws": 100}}})
assert (found.runs, found.batches) == (100000, 1563)
print(time.process_time() - began, peak() - before)
"""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root
    )
    seconds, kilobytes = map(float, done.stdout.split())
    assert seconds < 10
    assert kilobytes < 200e3
