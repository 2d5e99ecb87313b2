"""Settings of networks, tasks and trainings: each number of a wrong type or size is an error."""

import dataclasses
import json
import math

import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge import tasks
from isochron.ann_bridge.registry import NETWORKS, TASKS, network_parameters, task_settings
from isochron.files import DataFileError

HUGE = [1e300, 10**400, -(10**400)]
NOT_FINITE = [math.nan, math.inf, -math.inf]
OF_WRONG_TYPE = ["x", True, [1], {}, 1j]
POSITIVE = {
    "step_ms", "time_constant_ms", "readout_time_constant_ms", "time_step", "stiffness",
    "friction", "threshold", "steepness", "loading_std",
}  # fmt: skip
NOT_NEGATIVE = {"initial_std", "noise_std", "gain", "input_gain"}


def numbers(settings):
    """Names of the settings that are one number, and their types."""
    for field in dataclasses.fields(settings):
        for kind in (int, float):
            if field.type in (kind, kind | None):
                yield field.name, kind


def wrong_values(name, kind):
    values = [*HUGE, *NOT_FINITE, *OF_WRONG_TYPE]
    if kind is int:
        return [*values, 0.5, *([] if name == "channel" else [0, -1])]
    if name in POSITIVE:
        return [*values, 0, 0.0, -1, 1e-300]
    return [*values, *([-1, -1e-3] if name in NOT_NEGATIVE else [])]


@pytest.mark.parametrize("kind", NETWORKS)
def test_of_networks(kind):
    settings = network_parameters(kind)
    assert {name for name, _ in numbers(settings)} >= {"n_units", "n_inputs", "step_ms"}
    for name, of in numbers(settings):
        for value in wrong_values(name, of):
            with pytest.raises(ValueError, match=name):
                settings(**{name: value})


@pytest.mark.parametrize("kind", TASKS)
def test_of_tasks(kind):
    settings = task_settings(kind)
    for name, of in numbers(settings):
        for value in [*HUGE, *NOT_FINITE, *OF_WRONG_TYPE, *([0.5] if of is int else [])]:
            with pytest.raises(ValueError, match=name):
                settings(**{name: value})


@pytest.mark.parametrize(
    "settings",
    [
        ann_bridge.TrainingParameters,
        ann_bridge.RecordingFitParameters,
        ann_bridge.RhythmFitParameters,
        tasks.SyntheticTheta,
        tasks.PhaseMemory,
    ],
)
def test_of_trainings_and_fits(settings):
    for name, of in numbers(settings):
        for value in [10**400, *NOT_FINITE, *OF_WRONG_TYPE, *([0.5] if of is int else [])]:
            with pytest.raises(ValueError, match=name):
                settings(**{name: value})


@pytest.fixture(scope="module")
def on_connectome():
    one = [[0, 2, 1], [1, 0, 3], [2, 1, 0]]
    types = {"A": "sensory", "B": "interneuron", "C": "motor"}
    return connectome.from_matrices(list("ABC"), one, rows="postsynaptic", types=types)


@pytest.mark.parametrize("kind", NETWORKS)
def test_of_forged_files(kind, on_connectome, tmp_path):
    """Whatever a file states for a number, reading it is one class of errors."""
    graph = on_connectome if kind.startswith("connectome") else None
    task = tasks.FlipFlop(n_bits=1, duration_ms=200)
    net = NETWORKS.load(kind).for_task(task, connectome=graph)
    ann_bridge.save_net(net, tmp_path / "net")
    path = tmp_path / "net.json"
    description = json.loads(path.read_text())
    del description["settings_sha256"]  # whoever forges a file can compute it
    for name, of in numbers(type(net.settings)):
        for value in wrong_values(name, of):
            if isinstance(value, complex):
                continue  # not a value of JSON
            changed = description["parameters"] | {name: value}
            path.write_text(json.dumps(description | {"parameters": changed}))
            with pytest.raises(DataFileError, match=name):
                ann_bridge.load_net(path)
    path.write_text(json.dumps(description))
    loaded, _ = ann_bridge.load_net(path)
    inputs = task.sample(2, torch.Generator().manual_seed(0)).inputs
    assert loaded(inputs, torch.Generator()).isfinite().all()
