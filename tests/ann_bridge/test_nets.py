import math

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge.kernels.leaky_recurrence import (
    LeakyRecurrence,
    LeakySettings,
    LeakyTensors,
)
from isochron.ann_bridge.tasks import PhaseMemory

GENERATOR = torch.Generator


@pytest.fixture(scope="module")
def masks():
    return ann_bridge.connectome_masks(connectome.load("varshney2011"))


def small_net(**fields):
    return ann_bridge.LowRankRNN(**{"n_units": 24, "noise_std": 0.0, **fields})


@pytest.mark.parametrize("rank", [2, None])
def test_the_gradient_is_that_of_autograd_through_the_loop(rank):
    """float64, against autograd: 1e-10 relative, rounding over 40 steps."""
    g, kind = GENERATOR().manual_seed(0), {"dtype": torch.float64}
    steps, batch, n, alpha = 40, 3, 7, 0.1

    def draw(*shape, trained=True):
        return torch.randn(*shape, generator=g, **kind).requires_grad_(trained)

    inputs, noise = draw(steps, batch, 2, trained=False), draw(steps + 1, batch, n, trained=False)
    initial, weights = draw(batch, n), draw(n, 2)
    left, right = draw(n, rank or n), None if rank is None else draw(n, rank)
    readout, pull = draw(n, trained=False), draw(steps, batch, trained=False)

    x, outputs = initial, []
    for t in range(steps):
        rate = torch.tanh(x)
        sent = rate if right is None else rate @ right
        x = (1 - alpha) * x + alpha * (sent @ left.T + inputs[t] @ weights.T) + noise[t + 1]
        outputs.append(x @ readout)
    plain = torch.stack(outputs)
    fast, _ = LeakyRecurrence.apply(
        LeakySettings(alpha),
        *LeakyTensors(inputs, noise.clone(), initial, weights, left, right, readout),
    )
    torch.testing.assert_close(fast, plain, rtol=1e-12, atol=1e-12)
    trained = [w for w in (initial, weights, left, right) if w is not None]
    expected = torch.autograd.grad((plain * pull).sum(), trained)
    found = torch.autograd.grad((fast * pull).sum(), trained)
    for a, b in zip(found, expected, strict=True):
        assert (a - b).norm() < 1e-10 * b.norm()


def test_a_connectome_net_has_weights_only_where_there_are_connections(masks):
    net = ann_bridge.ConnectomeRNN(masks, generator=GENERATOR().manual_seed(1))
    task = PhaseMemory()
    ann_bridge.train(net, task, ann_bridge.TrainingParameters(steps=3, batch_size=4), seed=0)
    matrix, _ = net.connectivity()
    assert not matrix[~(masks.chemical | masks.gap)].any()
    only_gap = masks.gap & ~masks.chemical & ~masks.chemical.T
    assert only_gap.any()
    torch.testing.assert_close(matrix[only_gap], matrix.T[only_gap])
    assert not net.input_matrix()[~masks.sensory].any()
    assert not net.output_weights[~masks.motor].any()
    assert masks.sensory.sum() == 83
    assert not masks.gap.diagonal().any()


def test_a_net_refuses_a_wiring_of_another_size(masks):
    with pytest.raises(ValueError, match="279 neurons"):
        ann_bridge.ConnectomeRNN(masks, ann_bridge.ConnectomeRNNParameters(n_units=5))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_units": 0}, "n_units"),
        ({"rank": 99}, "rank"),
        ({"step_ms": 30.0}, "step_ms"),
        ({"noise_std": math.nan}, "noise_std"),
        ({"loading_covariance": 2.0}, "loading_covariance"),
    ],
)
def test_bad_settings_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        small_net(**fields)


def test_initial_loadings_have_the_stated_covariance():
    net = ann_bridge.LowRankRNN(n_units=20_000)
    covariance = np.cov(net.m.detach()[:, 0], net.n.detach()[:, 0])
    np.testing.assert_allclose(covariance, [[1, 0.6], [0.6, 1]], atol=0.04)


@pytest.mark.parametrize("kind", ["low-rank", "connectome"])
def test_the_trained_map_is_the_net_without_noise(kind, masks):
    if kind == "low-rank":
        net = small_net()
    else:
        settings = ann_bridge.ConnectomeRNNParameters(n_units=279, noise_std=0.0)
        net = ann_bridge.ConnectomeRNN(masks, settings)
    system = ann_bridge.TrainedMap(net, frequency_Hz=8.4, amplitude=0.8)
    assert system.frequency_Hz == pytest.approx(1e3 * 2 / 119 / 2)
    inputs = torch.zeros(2 * system.n_steps, 5, 3)
    reference = 0.8 * np.sin(system.reference_phase(2 * system.n_steps))
    inputs[:, :, 0] = torch.tensor(reference)[:, None]
    generator = GENERATOR().manual_seed(4)
    state = generator.get_state()
    starts = net.initial_states(5, generator).detach().double().numpy()
    generator.set_state(state)
    with torch.no_grad():
        outputs = net(inputs, generator).numpy()
    orbit = system.orbit(starts, 2 * system.n_steps)
    # Training runs in float32, the map in float64.
    np.testing.assert_allclose(system.outputs(orbit[1:]), outputs, atol=2e-4)
    np.testing.assert_array_equal(system.advance(starts, 2 * system.n_steps), orbit[-1])
    np.testing.assert_allclose(system.respond(starts, inputs.numpy()), orbit[-1], atol=1e-5)


def test_tangents_of_the_trained_map_are_its_derivative():
    system = ann_bridge.TrainedMap(small_net(), frequency_Hz=8.0)
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=24), rng.normal(size=(24, 2))
    _, tangents = system.advance(x, 30, start=11, tangents=v)
    for direction, tangent in zip(v.T, tangents.T, strict=True):
        up, down = (system.advance(x + e * direction, 30, start=11) for e in (1e-6, -1e-6))
        np.testing.assert_allclose(tangent, (up - down) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("frequency", [1e-4, -8.0, 0.0, 250.0, math.nan])
def test_a_frequency_that_the_map_cannot_have_is_refused(frequency):
    with pytest.raises(ValueError, match="frequency_Hz"):
        ann_bridge.TrainedMap(small_net(), frequency_Hz=frequency)


def test_private_noise_has_the_variance_of_training():
    """Without recurrence x is autoregressive: variance 2 a σ² / (1 - (1 - a)²)."""
    net = small_net(n_units=2000)
    with torch.no_grad():
        net.m.zero_()
    system = ann_bridge.TrainedMap(net)
    rng = np.random.default_rng(0)
    orbit = system.orbit(np.zeros(2000), 200, noise_std=0.05, rng=rng)
    expected = 0.2 * 0.05**2 / (1 - 0.9**2)
    np.testing.assert_allclose(orbit[-1].var(), expected, rtol=0.15)
