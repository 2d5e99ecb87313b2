"""Spiking networks: against snntorch's neuron, spike by spike; supported analyses; learning."""

import importlib
import sys

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge import tasks


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def peer_neuron(net):
    """snntorch's neuron with the settings of a network."""
    p = net.settings
    surrogates = importlib.import_module("snntorch.surrogate")
    if p.surrogate == "atan":
        surrogate = surrogates.atan(alpha=p.steepness)
    else:
        surrogate = surrogates.fast_sigmoid(slope=p.steepness)
    neuron = importlib.import_module("snntorch").Leaky
    return neuron(beta=np.exp(-p.step_ms / p.time_constant_ms), threshold=p.threshold,
                  spike_grad=surrogate, reset_mechanism="subtract")  # fmt: skip


@pytest.mark.parametrize("surrogate", ["fast_sigmoid", "atan"])
def test_a_net_is_snntorchs_neuron_in_a_loop(surrogate):
    """Outputs, spikes and gradients in float64, with the neuron's constants in float32."""
    net = ann_bridge.SpikingNet(
        n_units=12, n_outputs=2, surrogate=surrogate, steepness=3.0, threshold=0.7, gain=1.0,
        readout_time_constant_ms=11.0, initial_std=0.5,
    ).double()  # fmt: skip
    neuron = peer_neuron(net)
    inputs = torch.randn(40, 5, 3, generator=generator(1)).double()
    found, spikes = net.run(inputs, generator(2))
    states = net.initial_states(5, generator(2))
    membrane, y = states[:, :12], states[:, 12:]
    sent = neuron.fire(membrane).double()
    kept, outputs, peer_spikes = np.exp(-2.0 / 11.0), [], []
    for u in inputs:
        y = kept * y + (1 - kept) * sent @ net.output_weights
        current = sent @ net.recurrent_weights.T + u @ net.input_weights.T + net.biases
        sent, membrane = neuron(current, membrane)
        sent = sent.double()
        outputs.append(y)
        peer_spikes.append(sent)
    expected, peer = torch.stack(outputs), torch.stack(peer_spikes)
    assert 0.05 < peer.mean() < 0.9
    assert torch.equal(spikes, peer)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    weights = [net.recurrent_weights, net.input_weights, net.biases, net.output_weights]
    ours = torch.autograd.grad((found**2).sum() + spikes.sum(), weights)
    theirs = torch.autograd.grad((expected**2).sum() + peer.sum(), weights)
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).norm() <= 1e-5 * b.norm()


def test_a_lone_unit_fires_as_its_current_balance_says():
    """Mean of U[t+1] - U[t] is 0: the rate is (I - (1 - β)⟨U⟩) / θ; below (1 - β) θ none."""
    net = ann_bridge.SpikingNet(n_units=3, n_inputs=1, gain=0.0, threshold=1.5, initial_std=0.0)
    decay = np.exp(-2.0 / 20.0)
    rheobase = 1.5 * (1 - decay)
    currents = np.array([0.99 * rheobase, 1.01 * rheobase, 0.8])
    with torch.no_grad():
        net.biases.copy_(torch.tensor(currents))
    orbit = ann_bridge.TrainedMap(net.double()).orbit(np.zeros(4), 20_000)[:, :3]
    rate = (orbit > 1.5).mean(axis=0)
    assert rate[0] == 0
    assert 0 < rate[1] < 0.05
    np.testing.assert_allclose(
        rate[1:], ((currents - (1 - decay) * orbit.mean(axis=0)) / 1.5)[1:], atol=2e-4
    )


def test_the_map_is_the_net_and_has_no_jacobian():
    net = ann_bridge.SpikingNet(n_units=9).double()
    system = ann_bridge.TrainedMap(net, frequency_Hz=8.0)
    assert system.dimension == 10
    starts = net.initial_states(4, generator(3)).numpy()
    n = 3 * system.n_steps
    inputs = torch.zeros(n, 4, 3, dtype=torch.float64)
    inputs[:, :, 0] = torch.tensor(np.sin(system.reference_phase(n)))[:, None]
    with torch.no_grad():
        outputs = net(inputs, generator(3)).numpy()
    orbit = system.orbit(starts, n)
    np.testing.assert_allclose(system.outputs(orbit[1:]), outputs, atol=1e-12)
    np.testing.assert_allclose(system.respond(starts, inputs.numpy()), orbit[-1], atol=1e-12)
    with pytest.raises(ValueError, match=r"discontinuous at every spike.*orbit"):
        system.advance(starts[0], 1, tangents=np.eye(10))


def test_a_missing_snntorch_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "snntorch.surrogate", None)
    with pytest.raises(ImportError, match=r'pip install "isochron\[surrogate\]"'):
        ann_bridge.SpikingNet(n_units=3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("threshold", 0.0), ("time_constant_ms", -1.0), ("gain", -1.0), ("surrogate", "sigmoid")],
)
def test_bad_settings_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        ann_bridge.SpikingParameters(**{field: value})


def test_a_spiking_net_learns_to_match_samples():
    """Chance is 1; below 0.15 after 50 steps, whatever the seed or the processor.

    The delays are short: with those of 400 ms the loss stays at chance for a time that depends
    on the last bit.
    """
    task = tasks.DelayedMatchToSample(delay_ms=(60.0, 100.0))
    net = ann_bridge.SpikingNet(
        n_units=80, n_inputs=task.n_inputs, step_ms=task.step_ms, time_constant_ms=100.0,
        readout_time_constant_ms=100.0,
    )  # fmt: skip
    budget = ann_bridge.TrainingParameters(
        steps=150, batch_size=32, learning_rate=1e-2, stop_below=0.15
    )
    ann_bridge.train(net, task, budget, seed=0)
    assert ann_bridge.evaluate(net, task, seed=5) < 0.5
