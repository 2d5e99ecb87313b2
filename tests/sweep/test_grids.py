"""Grids: their runs, seeds and keys, and what is wrong with one before any work."""

import subprocess
import sys
from datetime import date
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


NAN = float("nan")


def nested(depth, name=None):
    """Lists in lists, or tables in tables."""
    value = 1
    for _ in range(depth):
        value = [value] if name is None else {name: value}
    return value


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
    for name, points in axes.items():
        for k in range(len(points)):
            changed = axes | {name: [*points[:k], "new value", *points[k + 1 :]]}
            assert set(keys_of(content | {"axes": changed})) != set(keys)


lists = st.lists(values, min_size=1, max_size=3, unique_by=repr)
forms = st.one_of(
    lists,
    st.builds(
        lambda low, width, n, scale: {"from": low, "to": low + width, "n": n, "scale": scale},
        st.floats(0.5, 2), st.floats(0.5, 2), st.integers(2, 4), st.sampled_from(["linear", "log"]),
    ),
    st.builds(lambda points, paired: {"values": points, "paired": paired}, lists, st.booleans()),
    lists.map(lambda points: {"points": [{"p": it, "q": 0} for it in points]}),
    st.builds(
        lambda draws: {"null": ["none", "rewire"], "draws": draws}, st.integers(1, 3)
    ),
)  # fmt: skip


def changes_of(form):
    """The same axis with one value changed, for each of its values."""
    if isinstance(form, list):
        yield from ([*form[:k], "new value", *form[k + 1 :]] for k in range(len(form)))
    elif "from" in form:
        yield from (form | {key: form[key] + more} for key, more in (("from", -0.25), ("to", 0.25)))
        yield form | {"n": form["n"] + 1}
    elif "values" in form:
        yield from (form | {"values": points} for points in changes_of(form["values"]))
        yield form | {"paired": not form["paired"]}
    elif "points" in form:
        for k, point in enumerate(form["points"]):
            yield {"points": [*form["points"][:k], point | {"q": 1}, *form["points"][k + 1 :]]}
    else:
        yield form | {"draws": form["draws"] + 1}
        yield form | {"null": ["none", "erdos-renyi"]}


def has_one_of_each(axes):
    """Two axes of points, or of null models, would have the same settings."""
    return all(sum(isinstance(it, dict) and key in it for it in axes.values()) <= 1
               for key in ("points", "null"))  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from("abc"), forms, min_size=1).filter(has_one_of_each),
    st.integers(1, 4),
)
def test_keys_of_axes_of_every_form(axes, batch):
    content = {"experiment": NAME, "batch": batch, "axes": axes}
    keys = keys_of(content)
    assert len(set(keys)) == len(keys)
    for name, form in axes.items():
        for changed in changes_of(form):
            assert set(keys_of(content | {"axes": axes | {name: changed}})) != set(keys)
    single = content | {"batch": 1}
    reordered = single | {"axes": dict(reversed(list(axes.items())))}
    assert set(keys_of(reordered)) == set(keys_of(single))
    assert len(set(keys_of(single))) == len(read_grid(single))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(0, 3), st.floats(0.5, 2))
def test_keys_of_random_points(n, seed, low):
    axis = {"from": low, "to": 3.0}
    content = {"experiment": NAME, "seed": seed, "batch": 1, "random": {"n": n},
               "axes": {"a": axis, "b": {"from": -1.0, "to": 1.0}}}  # fmt: skip
    keys = keys_of(content)
    assert len(set(keys)) == len(keys) == n
    reordered = content | {"axes": dict(reversed(list(content["axes"].items())))}
    assert keys_of(reordered) == keys
    changed = content["axes"] | {"a": axis | {"from": low / 2}}
    assert not set(keys_of(content | {"axes": changed})) & set(keys)
    assert not set(keys_of(content | {"seed": seed + 1})) & set(keys)
    assert keys_of(content | {"random": {"n": n + 1}})[:n] == keys


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


def test_settings_that_change_together_are_one_axis():
    points = [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]
    grid = read_grid({"experiment": NAME, "axes": {"both": {"points": points}, "z": [0, 1]}})
    assert grid.shape == (2, 2)
    assert [run for run, _ in grid.runs()] == [
        {**point, "z": z} for point in points for z in (0, 1)
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"fixed": {"x": 1}, "axes": {"x": [1, 2]}},
        {"fixed": {"draw": 1}, "axes": {"c": {"null": ["none"]}}},
        {"axes": {"c": {"points": [{"x": 1}]}, "x": [2]}},
    ],
)
def test_a_setting_with_two_sources_is_rejected(content):
    with pytest.raises(ValueError, match="remove one of them"):
        read_grid(content | {"experiment": NAME})


@pytest.mark.parametrize("points", [3, [], [{}], [{"x": 1}, {"y": 1}], [{"x": 1}, {"x": 1}]])
def test_points_that_do_not_fit_are_rejected(points):
    with pytest.raises(ValueError, match=r"axes\.both"):
        read_grid({"experiment": NAME, "axes": {"both": {"points": points}}})


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
        ({"experiment": "train", "fixed": {"network": 3}}, "as network.n_units, got network"),
        ({"experiment": "simulate", "axes": {"step_ms": [0.0, 1.0]}}, "step_ms must be positive"),
        ({"experiment": "simulate", "axes": {"draw": ["a"]}}, "must be a whole number"),
        ({"experiment": "simulate", "axes": {"draw": [1, 1]}}, "lists a value twice"),
        ({"experiment": "simulate", "axes": {"draw": []}}, "a list with a value or more"),
        ({"experiment": "simulate", "axes": {"draw": {"from": 0, "to": 1}}}, "needs n"),
        ({"experiment": "simulate", "axes": {"c": {"null": ["rewir"]}}}, "Unknown null model"),
        ({"experiment": "simulate", "fixed": {"draw": 1}, "axes": {"draw": [1]}}, "in [fixed] and"),
        ({"experiment": "simulate", "batch": 0}, "batch must be 1 or more"),
        ({"experiment": "simulate", "random": {"n": 4}, "axes": {"draw": [1]}}, "needs a range"),
        ({"experiment": "simulate", "random": {"n": 4, "m": 3}}, "Unknown setting 'm' of [random]"),
        ({"experiment": ".x:f"}, "cannot be imported"),
        (
            {"experiment": "simulate", "axes": {"draw": {"null": ["rewire"], "draws": 10**9}}},
            "axes.draw.draws must be 10000000 or less",
        ),
        (
            {"experiment": "simulate", "axes": {"draw": {"from": 0, "to": 1, "n": 10**9}}},
            "axes.draw.n must be 10000000 or less",
        ),
        ({"experiment": NAME, "axes": {"x": [1, NAN]}}, "axes.x must be finite, got nan"),
        ({"experiment": NAME, "fixed": {"k": {"m": [NAN]}}}, "fixed.k.m must be finite, got nan"),
        ({"experiment": NAME, "axes": {"x": [date(2026, 1, 1)]}}, "axes.x must be made of numbers"),
        ({"experiment": NAME, "axes": {"x": [[[nested(20)]]]}}, "axes.x is nested more than 16"),
        ({"experiment": NAME, "fixed": {"x": nested(2000, "a")}}, "fixed.x is nested more than 16"),
        ({"experiment": NAME, "axes": {"": [1]}}, "axes has ''"),
        ({"experiment": NAME, "axes": {"x; rm": [1]}}, "axes has 'x; rm'"),
        ({"experiment": NAME, "axes": {"status": [1]}}, "cannot have the name 'status'"),
        ({"experiment": NAME, "axes": {"c": {"points": [{"status": 1}]}}}, "the name 'status'"),
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
