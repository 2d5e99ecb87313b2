"""The loss on new trials: its standard error, and whether it beats chance."""

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge import Evaluation, evaluate_trials, tasks

TASKS = [
    tasks.PhaseMemory(duration_ms=320.0, onset_ms=(20.0, 40.0), pulse_ms=(20.0, 200.0)),
    tasks.FlipFlop(n_bits=2),
    tasks.ReadySetGo(),
]


def network(task, **fields):
    sizes = {"n_inputs": task.n_inputs, "n_outputs": task.n_outputs, "step_ms": task.step_ms}
    return ann_bridge.GRUNet(n_units=8, **sizes, **fields)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_the_standard_error_is_the_spread_of_the_loss_between_samples(task):
    """80 evaluations: a standard deviation is known to 1 / √160 = 8 %; 4 of these are allowed."""
    net = network(task)
    found = [evaluate_trials(net, task, seed=seed, n_trials=60) for seed in range(80)]
    spread = np.std([one.loss for one in found], ddof=1)
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.32)
    assert found[0].loss == ann_bridge.evaluate(net, task, seed=0, n_trials=60)
    assert found[0].chance == task.chance


def test_the_interval_covers_the_loss_on_many_trials():
    """95 % of 100 intervals; at least 88 by the binomial distribution with P = 0.999."""
    task, net = TASKS[0], network(TASKS[0])
    truth = ann_bridge.evaluate(net, task, seed=10**6, n_trials=6000)
    found = [evaluate_trials(net, task, seed=seed, n_trials=50).interval for seed in range(100)]
    assert sum(low < truth < high for low, high in found) >= 87


@pytest.mark.parametrize(
    ("loss", "error", "chance", "chance_error", "beats"),
    [
        (0.49947, 0.0026, 0.5, 0.0, False),
        (0.40, 0.0026, 0.5, 0.0, True),
        (0.49, 0.0034, 0.5, 0.0, False),
        (0.49, 0.0033, 0.5, 0.0, True),
        (0.45, 0.01, 0.5, 0.02, False),
        (0.51, 0.0, 0.5, 0.0, False),
        (float("nan"), 0.01, 0.5, 0.0, False),
    ],
)
def test_chance_is_beaten_by_more_than_three_standard_errors(
    loss, error, chance, chance_error, beats
):
    found = Evaluation(
        loss=loss, standard_error=error, chance=chance, n_trials=256, chance_error=chance_error
    )
    assert found.beats_chance is beats


@pytest.mark.parametrize(
    ("loss", "error", "chance", "chance_error", "learned"),
    [
        (0.049, 0.0004, 0.5, 0.0, "yes"),
        (0.049, 0.0006, 0.5, 0.0, "in part"),
        (0.049, 0.0, 0.5, 0.0, "yes"),
        (0.24, 0.006, 0.5, 0.0, "no"),
        (0.24, 0.004, 0.5, 0.0, "in part"),
        (0.24, 0.004, 0.5, 0.02, "no"),
        (0.045, 0.0, 0.5, 0.02, "yes"),
        (0.045, 0.0, 0.5, 0.03, "in part"),
        (0.0, 0.0, 0.0, 0.0, "no"),
        (float("nan"), 0.0, 0.5, 0.0, "no"),
        (0.01, float("nan"), 0.5, 0.0, "no"),
    ],
)
def test_learned_is_the_upper_end_of_the_interval_below_a_share_of_chance(
    loss, error, chance, chance_error, learned
):
    """Limits 0.05 and 0.25; 1.96 standard errors; the error of chance counts by its share."""
    record = {"loss": loss, "standard_error": error, "chance": chance, "chance_error": chance_error}
    assert Evaluation.from_record(record).learned == learned


def test_a_limit_is_compared_with_the_upper_end_of_the_interval():
    record = {"loss": 0.19, "standard_error": 0.006, "chance": 0.5}
    assert not Evaluation.from_record(record).is_below(0.2)
    assert Evaluation.from_record(record | {"standard_error": 0.005}).is_below(0.2)
    assert Evaluation.from_record({"loss": 0.19, "chance": 0.5}).is_below(0.2)  # of older files


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_a_network_that_says_nothing_does_not_beat_chance(task):
    """Outputs near 0 at random: at most one of 20 seeds, at P < 0.002 each."""
    net = network(task)
    with torch.no_grad():
        net.output_weights.mul_(1e-3)
    beaten = [evaluate_trials(net, task, seed=s, n_trials=64).beats_chance for s in range(20)]
    assert sum(beaten) <= 1


class Echo:
    """Report the input, 0 or 1, of this step: learned within a few steps of training."""

    n_inputs, n_outputs, n_steps, step_ms, chance = 1, 1, 5, 2.0, 0.25

    def sample(self, batch_size, generator):
        bits = torch.randint(2, (5, batch_size), generator=generator).float()
        return tasks.Trials(bits[..., None], bits, torch.ones_like(bits))


def test_a_network_that_learned_beats_chance():
    net = network(Echo())
    budget = ann_bridge.TrainingParameters(steps=60, batch_size=32, learning_rate=0.03)
    assert not evaluate_trials(net, Echo(), seed=1).beats_chance
    ann_bridge.train(net, Echo(), budget, seed=0)
    assert evaluate_trials(net, Echo(), seed=1).beats_chance


def test_one_trial_has_no_standard_error():
    with pytest.raises(ValueError, match="n_trials must be at least 2 for a standard error, got 1"):
        evaluate_trials(network(TASKS[0]), TASKS[0], seed=0, n_trials=1)


@pytest.mark.parametrize("chance", [None, "0.5", float("nan"), -1.0, float("inf"), True])
def test_a_chance_level_that_is_no_number_is_named(chance):
    task = Echo()
    task.chance = chance
    with pytest.raises(ValueError, match="chance of Echo must be a number >= 0"):
        evaluate_trials(network(task), task, seed=0, n_trials=4)
