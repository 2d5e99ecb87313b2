"""Sizes beyond every machine are rejected before any work, with the section of the setting."""

import time
from pathlib import Path

import pytest

from isochron.cli.errors import RESOURCES, USAGE, describe_error
from isochron.memory import TooLargeError
from isochron.runs.configuration import overlay, to_toml
from isochron.runs.run_folder import RunPaths
from isochron.studies import STUDIES
from isochron.toml_text import parse_toml

BILLION = 10**9
MOST_S = 60.0  # for all settings of a study; each takes some milliseconds
CONDITIONS = (
    *("rank-2-tanh", "rank-2-linear-long", "rank-2-linear-four", "full-rank-linear", "gru"),
    *("lstm", "liquid", "closed-form", "coupled-oscillators", "connectome-tanh"),
)
SEEDS = ("seed", "channel")  # numbers that are not sizes


def whole_numbers(values, path=()):
    """Paths of all whole numbers, and of lists of them, in a configuration."""
    for name, value in values.items():
        here = (*path, name)
        if isinstance(value, dict):
            yield from whole_numbers(value, here)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for k, entry in enumerate(value):
                yield from whole_numbers(entry, (*here, k))
        elif name not in SEEDS:
            first = value[0] if isinstance(value, list) and value else value
            if type(first) is int:
                yield here


def changed(values, path, value):
    """A configuration with one value replaced; a list by one with this value in each place."""
    name, *rest = path
    copy = list(values) if isinstance(values, list) else dict(values)
    old = values[name]
    if rest:
        copy[name] = changed(old, rest, value)
    else:
        copy[name] = [value + k for k in range(len(old))] if isinstance(old, list) else value
    return copy


def start(study, values):
    """Everything that a study does before its first step."""
    config, found = overlay(STUDIES.load_settings(study).quick(), values), STUDIES.load(study)
    found.check(config)
    return found.plan(config, RunPaths(Path("nowhere")))


def given(study):
    """A configuration in which every section has an effect."""
    values = parse_toml(to_toml(STUDIES.load_settings(study).quick()))
    if study == "pals2024":
        values["conditions"] = list(CONDITIONS)
        values.pop("spiking")  # needs an extra
    return values


@pytest.mark.parametrize("study", STUDIES)
def test_a_billion_of_anything(study, capsys):
    """Some started, some hung; a size that is added later is here, too."""
    values, began = given(study), time.monotonic()
    for path in whole_numbers(values):
        with pytest.raises(ValueError, match="must|would take|Need") as caught:
            start(study, changed(values, path, BILLION))
        assert describe_error(caught.value, []) in (USAGE, RESOURCES)
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert len(path) == 1 or f"[{path[0]}]" in line, line
    assert time.monotonic() - began < MOST_S


@pytest.mark.parametrize(
    ("study", "changes", "message"),
    [
        ("features", {"worm": {"simulated_s": 1e9}}, r"\[worm\] .*5e\+11 steps"),
        ("features", {"features": {"expansion": 1000}, "networks": {"n_trials": 10_000}},
         "features of .* states would take"),
        ("attention", {"memory": {"longest_ms": 5e8}}, r"\[memory\] .* time steps, .* would take"),
        ("attention", {"training": {"batch_size": BILLION}},
         r"\[\[tasks\]\] phase-memory: \[training\] batch_size: 1000000000 trials at once"),
        ("worm-twin", {"loop": {"settle_s": 1e9}}, r"\[loop\] settle_s=1e\+09 is 2.5e\+10 steps"),
        ("energy", {"substrates": [{"name": "big", "kind": "full-rank", "n_units": 10**6}]},
         r"\[\[substrates\]\] big: A network of kind full-rank with 1000000 units would take"),
        ("pruning", {"tasks": [{"kind": "flip-flop", "duration_ms": 1e9}]},
         r"\[\[tasks\]\] flip-flop: .* 5e\+07 time steps"),
    ],
)  # fmt: skip
def test_estimates_before_the_start(study, changes, message, capsys):
    with pytest.raises(TooLargeError, match=message) as caught:
        start(study, changes)
    assert describe_error(caught.value, []) == RESOURCES
    assert "Lower" in capsys.readouterr().err or "settle" in message or "steps" in message


@pytest.mark.parametrize(
    ("study", "section", "setting", "message"),
    [
        (
            "attention",
            "memory",
            {"longest_ms": 1.0},
            r"\[memory\] longest_ms must be at least 16, 8",
        ),
        ("worm-twin", "worm", {"n_modes": 1}, r"\[worm\] n_modes must be at least 2, got 1"),
        ("energy", "networks", {"n_steps": 15}, r"\[networks\] n_steps must lie between 16 and"),
        ("features", "worm", {"every_ms": 4000.0}, r"\[worm\] every_ms must be at most 3000"),
    ],
)
def test_too_small(study, section, setting, message):
    """Each was an error of a step, after the trainings."""
    with pytest.raises(ValueError, match=message):
        start(study, {section: setting})


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_number_of_many_digits(value):
    """It was an OverflowError, with exit code 4."""
    for changes in ({"worm": {"current_pA": value}}, {"features": {"steps": value}}):
        with pytest.raises(ValueError, match=r"below 2\*\*63, got a whole number of 401 digits"):
            start("features", changes)


@pytest.mark.parametrize(
    ("section", "value", "message"),
    [
        ("features", {"seeds": 1.5}, r"^\[features\] seeds must be a whole number, got 1\.5\.$"),
        ("features", {"seeds": 1}, r"^\[features\] seeds must lie between 2 and 100, got 1\.$"),
        ("worm", {"stimulated": ["PLMX"]}, r"^\[worm\] .*PLMX"),
        ("substrates", [{"kind": "gru"}, {"name": "b", "kind": "gru", "n_units": "x"}],
         r"^\[\[substrates\]\] b: n_units must be a whole number, got 'x'\.$"),
        ("substrates", [{"kind": "gru", "n_units": 0}],
         r"^\[\[substrates\]\] gru: n_units must be a whole number, at least 1, got 0\.$"),
        ("substrates", [{"kind": "gru", "learning_rate": 0.0}],
         r"^\[\[substrates\]\] gru: learning_rate must be positive, got 0\.0\.$"),
        ("tasks", [{"kind": "phase-memory", "n_stimuli": BILLION}],
         r"^\[\[tasks\]\] phase-memory: n_stimuli must be .* at most 1000, got 1000000000\.$"),
    ],
)  # fmt: skip
def test_messages_state_their_section(section, value, message):
    with pytest.raises(ValueError, match=message):
        start("features", {section: value})
