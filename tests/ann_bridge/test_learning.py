"""Each task is learned by one kind of network, and each kind learns one task, in seconds.

Chance is the loss of the best constant output. The limits lie well above the losses that
were measured and well below chance; before training every network is above its limit. Slower
cases, phase memory by some kinds of networks, are in `test_learning_phase_memory`.
"""

from typing import Any

import pytest

from isochron import ann_bridge, connectome
from isochron.ann_bridge import tasks

LONG = pytest.mark.long
SLOW: dict[str, Any] = {"step_ms": 20.0, "time_constant_ms": 100.0}


def worm(task):
    graph = connectome.load("varshney2011")
    masks = ann_bridge.connectome_masks(graph, signs=connectome.gaba_inhibitory)
    settings = ann_bridge.ConnectomeRNNParameters(n_units=279, n_inputs=task.n_inputs, **SLOW)
    return ann_bridge.ConnectomeRNN(masks, settings)


def full(task, **settings):
    return ann_bridge.FullRankRNN(n_inputs=task.n_inputs, **SLOW, **settings)


def adapted(task):
    graph = connectome.load("varshney2011")
    sizes = {"n_units": 279, "n_inputs": task.n_inputs, **SLOW}
    return ann_bridge.LowRankAdaptedConnectomeRNN(
        ann_bridge.connectome_weights(graph, signs=connectome.gaba_inhibitory),
        ann_bridge.connectome_masks(graph),
        ann_bridge.LowRankAdaptedConnectomeParameters(rank=2, **sizes),
    )


def patient(task):
    """A network with time constants as long as the delays."""
    return ann_bridge.FullRankRNN(
        n_units=100, n_inputs=task.n_inputs, step_ms=20.0, time_constant_ms=500.0, gain=1.0
    )


def gated(kind, task):
    sizes = {"n_inputs": task.n_inputs, "n_outputs": task.n_outputs, "step_ms": task.step_ms}
    return kind(n_units=48, **sizes)


def low_rank(task):
    return ann_bridge.LowRankRNN(n_units=128, n_inputs=task.n_inputs, **SLOW)


def rectified(task):
    return full(task, n_units=60, activation="relu", biased=True, learns_readout=True)


def dale(task):
    return full(
        task, n_units=60, activation="softplus", excitatory_fraction=0.8, biased=True,
        learns_time_constants=True, learns_readout=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("task", "build", "steps", "learning_rate", "below"),
    [
        # Measured 0.003, 0.057, 0.016 (chance 0.083), 0.22, 0.018, 0.011 (chance 0.089); then
        # 0.32, 0.16, 0.33, 0.36, 0.29, 0.073 (chance 0.5). Chance is 1 but where it is stated.
        (tasks.DelayedMatchToSample(), lambda t: full(t, n_units=48), 130, 1e-2, 0.3),
        (tasks.DelayedComparison(), lambda t: gated(ann_bridge.GRUNet, t), 100, 1e-2, 0.3),
        (
            tasks.ParametricWorkingMemory(),
            lambda t: full(t, n_units=64, gain=0.9, learns_readout=True),
            170, 3e-3, 0.05,
        ),
        pytest.param(tasks.Sternberg(), patient, 400, 3e-3, 0.6, marks=LONG),
        (tasks.FlipFlop(), lambda t: gated(ann_bridge.LSTMNet, t), 70, 1e-2, 0.3),
        (tasks.ReadySetGo(), lambda t: full(t, n_units=48), 60, 1e-2, 0.03),
        (tasks.DelayedComparison(), low_rank, 150, 2e-2, 0.6),
        (tasks.DelayedComparison(), rectified, 100, 5e-3, 0.4),
        (tasks.DelayedComparison(), dale, 80, 1e-2, 0.6),
        pytest.param(tasks.DelayedComparison(), worm, 300, 1e-2, 0.6, marks=LONG),
        pytest.param(tasks.DelayedComparison(), adapted, 100, 2e-2, 0.6, marks=LONG),
        pytest.param(
            tasks.PhaseMemory(offsets=tasks.even_offsets(4)),
            lambda t: ann_bridge.FullRankRNN(n_units=100, n_inputs=t.n_inputs),
            150, 3e-3, 0.25, marks=LONG,
        ),
    ],
)  # fmt: skip
def test_it_learns(device, task, build, steps, learning_rate, below):
    net = build(task)
    assert ann_bridge.evaluate(net, task, seed=5) > below
    budget = ann_bridge.TrainingParameters(steps=steps, batch_size=32, learning_rate=learning_rate)
    ann_bridge.train(net, task, budget, seed=0, device=device)
    assert ann_bridge.evaluate(net, task, seed=5) < below
