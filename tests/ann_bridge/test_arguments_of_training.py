"""Arguments of training, evaluation and saving: what is accepted, and errors of one line."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.tasks import FlipFlop, Trials

TASK = FlipFlop(n_bits=1, duration_ms=400)
SHORT = ann_bridge.TrainingParameters(steps=2, batch_size=4)
NOT_A_SEED = [3.0, None, True, "a", [1], 1j, np.array([1]), -1, 2**63, 10**400, -(10**400)]


def gru(task: Any = TASK):
    return ann_bridge.GRUNet.for_task(task, n_units=4)


def test_integers_of_numpy_are_seeds():
    wanted = ann_bridge.train(gru(), TASK, SHORT, seed=1).losses
    assert ann_bridge.train(gru(), TASK, SHORT, seed=np.int64(1)).losses == wanted  # pyright: ignore[reportArgumentType]
    many = ann_bridge.train_many([gru(), gru()], TASK, SHORT, seeds=np.arange(2))  # pyright: ignore[reportArgumentType]
    assert many[1].losses == wanted
    seed: Any = np.uint8(3)
    for evaluate in (ann_bridge.evaluate, ann_bridge.evaluate_trials):
        found = evaluate(gru(), TASK, seed=seed, n_trials=2)
        assert found == evaluate(gru(), TASK, seed=3, n_trials=2)
    assert ann_bridge.train(gru(), TASK, SHORT, seed=2**63 - 1).losses


@pytest.mark.parametrize("seed", NOT_A_SEED, ids=lambda seed: repr(seed)[:12])
def test_what_is_not_a_seed_is_one_error(seed: Any):
    error = r"^seed must be a whole number from 0 to 2\*\*63 - 1, got .{1,60}\.$"
    with pytest.raises(ValueError, match=error):
        ann_bridge.train(gru(), TASK, SHORT, seed=seed)
    with pytest.raises(ValueError, match=error):
        ann_bridge.train_many([gru()], TASK, SHORT, seeds=[seed])
    for evaluate in (ann_bridge.evaluate, ann_bridge.evaluate_trials):
        with pytest.raises(ValueError, match=error):
            evaluate(gru(), TASK, seed=seed, n_trials=2)


def test_settings_of_a_different_type_are_named():
    for wrong in ({"steps": 3}, {}, 0, "fast", ann_bridge.TrainingParameters):
        given: Any = wrong
        with pytest.raises(TypeError, match="must be a TrainingParameters"):
            ann_bridge.train(gru(), TASK, given, seed=0)
        with pytest.raises(TypeError, match="must be a TrainingParameters"):
            ann_bridge.train_many([gru()], TASK, given, seeds=[0])


def test_checkpoints_at_no_step_are_an_error():
    with pytest.raises(ValueError, match="checkpoint_every must be at least 1, got 0"):
        ann_bridge.train(gru(), TASK, SHORT, seed=0, checkpoint_every=0)


def test_networks_from_a_generator_and_what_is_not_a_list():
    nets = [gru(), gru()]
    records = ann_bridge.train_many((net for net in nets), TASK, SHORT, seeds=iter([0, 1]))  # pyright: ignore[reportArgumentType]
    assert records[1].losses == ann_bridge.train(gru(), TASK, SHORT, seed=1).losses
    one: Any = gru()
    with pytest.raises(TypeError, match="nets must be a list, got GRUNet"):
        ann_bridge.train_many(one, TASK, SHORT, seeds=[0])
    with pytest.raises(TypeError, match="seeds must be a list, got 0"):
        ann_bridge.train_many([one], TASK, SHORT, seeds=0)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class WithoutChance:
    """A task that training accepts, without a known chance level."""

    n_inputs: int = 1
    n_outputs: int = 1
    n_steps: int = 5
    step_ms: float = 20.0

    def sample(self, batch_size, generator):
        inputs = torch.randn(self.n_steps, batch_size, 1, generator=generator)
        return Trials(inputs, inputs[..., 0], torch.ones(self.n_steps, batch_size))


def test_a_network_of_a_task_without_a_chance_level_is_saved(tmp_path):
    task: Any = WithoutChance()
    net = gru(task)
    ann_bridge.train(net, task, SHORT, seed=0)
    ann_bridge.save_net(net, tmp_path / "a", task=task)
    _, notes = ann_bridge.load_net(tmp_path / "a")
    assert notes == {"task": str(task), "reference": None}
    with pytest.raises(ValueError, match="chance of WithoutChance must be a number"):
        ann_bridge.evaluate_trials(net, task, seed=0, n_trials=2)


def test_a_note_that_is_not_a_json_value_is_named(tmp_path):
    for wrong, error in ((np.float32(1), TypeError), ([1, {2}], TypeError), (np.nan, ValueError)):
        with pytest.raises(error, match="^The note second is not a JSON value: .* Convert it"):
            ann_bridge.save_net(gru(), tmp_path / "a", first=1, second=wrong)
    assert not list(tmp_path.iterdir())
    ann_bridge.save_net(gru(), tmp_path / "a", first=np.float64(1))
    assert json.loads((tmp_path / "a.json").read_text())["notes"] == {"first": 1.0}
