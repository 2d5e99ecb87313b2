"""Every kind of net that follows its units through a loop learns the phase memory.

Chance is 0.5, the mean of sin². The measured losses are in ``docs/guide/networks.md``.
"""

import numpy as np
import pytest

from isochron import ann_bridge
from isochron.ann_bridge import tasks

TASK = tasks.PhaseMemory()


def coupled_oscillators():
    return ann_bridge.CoupledOscillatorNet(n_units=64)


def liquid():
    graph = ann_bridge.default_policy_connectivity(
        48, TASK.n_inputs, n_motor=8, rng=np.random.default_rng(0)
    )
    return ann_bridge.LiquidNet(graph, time_step=0.03, unfolds=1)


def closed_form():
    graph = ann_bridge.full_connectivity(32, TASK.n_inputs, rng=np.random.default_rng(0))
    return ann_bridge.ClosedFormNet(graph)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "steps", "learning_rate"),
    [
        (coupled_oscillators, 60, 1e-2),
        (liquid, 100, 2e-2),
        (closed_form, 100, 3e-3),
        (ann_bridge.SpikingNet, 100, 1e-2),
    ],
)
def test_it_learns_the_phase_memory(build, steps, learning_rate):
    net = build()
    assert ann_bridge.evaluate(net, TASK, seed=5) > 0.4
    budget = ann_bridge.TrainingParameters(steps=steps, batch_size=32, learning_rate=learning_rate)
    ann_bridge.train(net, TASK, budget, seed=0)
    assert ann_bridge.evaluate(net, TASK, seed=5) < 0.2


@pytest.mark.parametrize("n_units", [100, 2000])
def test_coupled_oscillators_hear_inputs_however_many_they_are(n_units):
    """Weights uniform within g, of standard deviation g / √3; the limit is 5 standard errors.

    Within g / √n_units 64 units learn the phase memory more slowly: 0.15 instead of 0.009.
    """
    net = ann_bridge.CoupledOscillatorNet(n_units=n_units, n_inputs=10, input_gain=0.7)
    drawn = net.input_weights.detach().numpy()
    assert np.abs(drawn).max() <= 0.7
    np.testing.assert_allclose(drawn.std(), 0.7 / np.sqrt(3), rtol=5 * np.sqrt(0.2 / drawn.size))


def test_a_negative_input_gain_is_refused():
    with pytest.raises(ValueError, match="input_gain must lie between 0 and"):
        ann_bridge.CoupledOscillatorNet(input_gain=-1.0)
