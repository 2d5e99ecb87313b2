"""Full-rank, gated and reduced networks: gradients, steps, derivatives, initial weights."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge, connectome
from isochron.ann_bridge.kernels.leaky_recurrence import (
    LeakyRecurrence,
    LeakySettings,
    LeakyTensors,
)

QUIET: dict[str, Any] = {"noise_std": 0.0}
TASK = ann_bridge.tasks.PhaseMemory()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


PHI = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),  # torch's own errs by 1e-9
}


@pytest.mark.parametrize("read_rates", [False, True])
@pytest.mark.parametrize("activation", PHI)
@pytest.mark.parametrize("rank", [2, None])
def test_every_gradient_is_that_of_autograd_through_the_loop(rank, activation, read_rates):
    """float64, unit decays, a trained readout of two outputs, a loss of rates: 1e-10 relative."""
    g, kind = generator(), {"dtype": torch.float64}
    steps, batch, n = 30, 3, 6

    def draw(*shape, trained=True):
        return torch.randn(*shape, generator=g, **kind).requires_grad_(trained)

    inputs, noise = draw(steps, batch, 2), draw(steps + 1, batch, n, trained=False)
    initial, weights, readout = draw(batch, n), draw(n, 2), draw(n, 2)
    left, right = draw(n, rank or n), None if rank is None else draw(n, rank)
    decay = torch.linspace(0.3, 0.9, n, dtype=torch.float64).requires_grad_()
    pull, push = draw(steps, batch, 2, trained=False), draw(steps, batch, n, trained=False)
    alpha, phi = 0.2, PHI[activation]

    x, outputs, rates = initial, [], []
    for t in range(steps):
        sent = phi(x) if right is None else phi(x) @ right
        x = decay * x + alpha * (sent @ left.T + inputs[t] @ weights.T) + noise[t + 1]
        rates.append(phi(x))
        outputs.append((rates[-1] if read_rates else x) @ readout)
    plain, plain_rates = torch.stack(outputs), torch.stack(rates)
    fast, fast_rates = LeakyRecurrence.apply(
        LeakySettings(alpha, activation, read_rates),
        *LeakyTensors(inputs, noise.clone(), initial, weights, left, right, readout, decay),
    )
    torch.testing.assert_close(fast, plain, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(fast_rates, plain_rates, rtol=1e-11, atol=1e-11)
    tensors = (inputs, initial, weights, left, right, readout, decay)
    trained = [w for w in tensors if w is not None]
    for chosen in (lambda y, r: (y * pull).sum() + (r * push).sum(), lambda y, r: (r * push).sum()):
        wanted = torch.autograd.grad(chosen(plain, plain_rates), trained, retain_graph=True,
                                     materialize_grads=True)  # fmt: skip
        found = torch.autograd.grad(chosen(fast, fast_rates), trained, retain_graph=True,
                                    materialize_grads=True)  # fmt: skip
        for a, b in zip(found, wanted, strict=True):
            assert (a - b).norm() <= 1e-10 * b.norm()


def kinds():
    graph = connectome.load("varshney2011")
    signed = ann_bridge.connectome_masks(graph, signs=connectome.gaba_inhibitory)
    p = ann_bridge.ConnectomeRNNParameters(n_units=279, noise_std=0.0)
    yield ann_bridge.ConnectomeRNN(signed, p)
    p = ann_bridge.ConnectomeRNNParameters(n_units=279, learns_class_parameters=True, **QUIET)
    yield ann_bridge.ConnectomeRNN(signed, p)
    weights = ann_bridge.connectome_weights(graph, signs=connectome.gaba_inhibitory)
    p = ann_bridge.LowRankAdaptedConnectomeParameters(n_units=279, **QUIET)
    yield ann_bridge.LowRankAdaptedConnectomeRNN(weights, signed, p)
    yield ann_bridge.LowRankRNN(n_units=20, readout="rates", **QUIET)
    yield ann_bridge.FullRankRNN(n_units=12, gain=1.5, **QUIET)
    yield ann_bridge.FullRankRNN(
        n_units=12, biased=True, learns_time_constants=True, excitatory_fraction=0.75,
        activation="softplus", **QUIET,
    )  # fmt: skip
    yield ann_bridge.FullRankRNN(n_units=12, activation="relu", n_outputs=2, **QUIET)
    yield ann_bridge.GRUNet(n_units=7)
    yield ann_bridge.LSTMNet(n_units=7, n_outputs=2)
    yield ann_bridge.CoupledOscillatorNet(n_units=7, friction=0.5)
    yield ann_bridge.AttentionNet(n_units=8, window=9, stride=2)
    yield ann_bridge.AttentionNet(
        n_units=8, n_layers=2, window=7, stride=3, positions="sinusoidal", feedback=0.5
    )
    yield ann_bridge.ConvolutionNet(n_units=7, n_layers=3, width=2, n_outputs=2)
    rng = np.random.default_rng(0)
    policy = ann_bridge.default_policy_connectivity(12, 3, n_motor=2, rng=rng)
    yield ann_bridge.LiquidNet(policy, n_outputs=2)
    for mode in ("default", "no_gate", "pure"):
        yield ann_bridge.ClosedFormNet(policy, mode=mode)


@pytest.mark.parametrize("net", list(kinds()), ids=lambda net: net.kind)
def test_the_map_is_the_net_and_its_tangents_are_its_derivative(net):
    """Training runs in float32, the map in float64; central differences err by 1e-8."""
    with torch.no_grad():
        for weights in net.parameters():
            weights.add_(0.02 * torch.randn(weights.shape, generator=generator(5)))
    system = ann_bridge.TrainedMap(net, frequency_Hz=8.0, amplitude=0.8)
    g = generator(4)
    state = g.get_state()
    starts = net.initial_states(3, g).detach().double().numpy()
    g.set_state(state)
    n = 2 * system.n_steps
    inputs = torch.zeros(n, 3, 3)
    inputs[:, :, 0] = torch.tensor(0.8 * np.sin(system.reference_phase(n)))[:, None]
    with torch.no_grad():
        outputs = net(inputs, g).numpy()
    orbit = system.orbit(starts, n)
    np.testing.assert_allclose(system.outputs(orbit[1:]), outputs, atol=3e-4)
    np.testing.assert_array_equal(system.respond(starts, inputs.double().numpy()).shape,
                                  starts.shape)  # fmt: skip
    np.testing.assert_allclose(system.respond(starts, inputs.numpy()), orbit[-1], atol=1e-4)
    rng = np.random.default_rng(0)
    x, v = orbit[20, 0], rng.normal(size=(system.dimension, 2))
    after, tangents = system.advance(x, 15, start=11, tangents=v)
    np.testing.assert_allclose(after, system.advance(x, 15, start=11), rtol=1e-14, atol=1e-14)
    for direction, tangent in zip(v.T, tangents.T, strict=True):
        up, down = (system.advance(x + e * direction, 15, start=11) for e in (1e-6, -1e-6))
        np.testing.assert_allclose(tangent, (up - down) / 2e-6, atol=1e-7, rtol=1e-6)
    along = system.tangent_map(x, 70)  # more than a period
    np.testing.assert_allclose(along(v), system.advance(x, 70, tangents=v)[1], rtol=1e-13)


def test_initial_weights_are_those_of_the_paper():
    """W ~ N(0, 0.6² / N): spectral radius 0.6 (Girko), of one matrix of N = 400 within 5 %."""
    weights = ann_bridge.FullRankRNN(n_units=400).weights.detach().double().numpy()
    np.testing.assert_allclose(weights.std() * 20, 0.6, rtol=0.01)
    np.testing.assert_allclose(abs(weights.mean()) * 20, 0, atol=0.01)
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(weights)).max(), 0.6, rtol=0.05)


def test_dales_law_survives_training_and_begins_balanced():
    net = ann_bridge.FullRankRNN(n_units=200, excitatory_fraction=0.8)
    matrix = net.connectivity()[0].detach()
    assert (matrix[:, :160] >= 0).all()
    assert (matrix[:, 160:] <= 0).all()
    sums = matrix.sum(dim=1)
    assert sums.mean().abs() < 0.1 * matrix[:, :160].sum(dim=1).mean()
    ann_bridge.train(net, TASK, ann_bridge.TrainingParameters(steps=3, batch_size=4), seed=0)
    after = net.connectivity()[0].detach()
    assert not torch.equal(after, matrix)
    assert (after[:, :160] >= 0).all()
    assert (after[:, 160:] <= 0).all()


def test_the_worms_signs_survive_training():
    graph = connectome.load("varshney2011")
    signs = connectome.gaba_inhibitory(graph)
    net = ann_bridge.ConnectomeRNN(
        ann_bridge.connectome_masks(graph, signs=connectome.gaba_inhibitory)
    )
    ann_bridge.train(net, TASK, ann_bridge.TrainingParameters(steps=3, batch_size=4), seed=0)
    matrix = net.connectivity()[0].detach().numpy()
    only_chemical = (graph.chemical > 0) & (graph.gap == 0) & (graph.gap.T == 0)
    np.testing.assert_array_equal(np.sign(matrix[only_chemical]), signs[only_chemical])
    assert (signs[only_chemical] < 0).sum() > 50
    assert matrix[(graph.gap > 0) & (graph.chemical == 0) & ~np.eye(279, dtype=bool)].min() > 0


def test_an_adapted_wiring_changes_by_a_term_of_low_rank():
    graph = connectome.load("varshney2011")
    weights = ann_bridge.connectome_weights(graph, signs=connectome.gaba_inhibitory)
    masks = ann_bridge.connectome_masks(graph)
    net = ann_bridge.LowRankAdaptedConnectomeRNN(
        weights, masks, ann_bridge.LowRankAdaptedConnectomeParameters(n_units=279, gain=0.7, rank=3)
    )
    ann_bridge.train(net, TASK, ann_bridge.TrainingParameters(steps=3, batch_size=4), seed=0)
    frozen = 0.7 * weights.double().numpy()
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(frozen)).max(), 0.7, rtol=1e-5)
    change = net.connectivity()[0].detach().double().numpy() - frozen
    singular = np.linalg.svd(change, compute_uv=False)
    assert singular[2] > 1e-2
    assert singular[3] < 1e-5  # rounding in float32
    chemical = (graph.chemical > 0) & (graph.gap == 0) & ~np.eye(279, dtype=bool)
    signs = connectome.gaba_inhibitory(graph)
    np.testing.assert_array_equal(np.sign(frozen[chemical]), signs[chemical])
    with pytest.raises(ValueError, match="the connectome has 279 neurons"):
        ann_bridge.LowRankAdaptedConnectomeRNN(
            weights, masks, ann_bridge.LowRankAdaptedConnectomeParameters(n_units=3)
        )


def test_a_wiring_without_loops_has_no_scale():
    pair = connectome.load("varshney2011").subset("AVAL", "PVCL")
    chain = replace(pair, chemical=np.array([[0.0, 0], [3, 0]]), gap=np.zeros((2, 2)))
    with pytest.raises(ValueError, match="does not have loops"):
        ann_bridge.connectome_weights(chain, signs=lambda graph: np.ones((2, 2)))


def test_the_oscillatory_start_has_the_stated_eigenvalues():
    """(s ± 2πi (1 + s) f τ) / τ; f = 8 Hz, s = 0.5, τ = 20 ms; N = 40 000 draws err by 1 %."""
    net = ann_bridge.LowRankRNN(n_units=40_000, rank=3, oscillation_Hz=8.0, growth=0.5)
    m, n = net.m.detach().double().numpy(), net.n.detach().double().numpy()
    found = (np.linalg.eigvals(n.T @ m / len(m)) - 1) / 20
    found = found[np.argsort(found.imag)]
    turn = 1.5 * 2e-3 * np.pi * 8
    np.testing.assert_allclose(found[[0, 2]], [0.025 - 1j * turn, 0.025 + 1j * turn], atol=2e-3)
    np.testing.assert_allclose(found[1], (0.6 - 1) / 20, atol=1e-3)
    np.testing.assert_allclose(n[:, 2].std(), 1, rtol=0.02)


@pytest.mark.parametrize("growth", [0.2, 1.0])
def test_the_oscillatory_start_keeps_its_frequency_where_the_units_saturate(growth):
    """8 Hz whatever the growth, of steps of 0.5 ms; N = 20 000 draws err by about 1 %.

    In linear terms the frequency would be (1 + s) 8 Hz, and 8 / (1 + s) Hz if f were that of 0.
    """
    net = ann_bridge.LowRankRNN(
        n_units=20_000, oscillation_Hz=8.0, growth=growth, step_ms=0.5, generator=generator(3)
    )
    free = ann_bridge.TrainedMap(ann_bridge.reduce_low_rank(net))
    settled = free.advance(np.eye(free.dimension)[0], 2000)
    angles = np.unwrap(np.arctan2(*free.orbit(settled, 2000)[:, 1::-1].T))
    assert abs(angles[-1] - angles[0]) / (2 * np.pi) == pytest.approx(8.0, rel=0.03)


@pytest.fixture(scope="module")
def trained():
    net = ann_bridge.LowRankRNN(n_units=60, noise_std=0.0, generator=generator(1))
    budget = ann_bridge.TrainingParameters(steps=60, batch_size=32, learning_rate=0.03)
    ann_bridge.train(net, TASK, budget, seed=0)
    return net


def reduced_and_full(net, **options):
    reduced = ann_bridge.reduce_low_rank(net)
    return reduced, *(ann_bridge.TrainedMap(it, **options) for it in (reduced, net))


@pytest.mark.parametrize("readout", ["states", "rates"])
def test_the_reduced_net_moves_as_the_full_one(readout):
    """Rounding over 238 steps."""
    net = ann_bridge.LowRankRNN(n_units=50, rank=3, readout=readout, generator=generator(2))
    reduced, small, full = reduced_and_full(net, frequency_Hz=8.4, pulse={2: 0.3})
    assert small.dimension == 3 + 3
    start = np.random.default_rng(0).normal(size=(4, 6)) @ reduced.embedding.T
    from_reduced, orbit = small.orbit(reduced.reduce(start), 238), full.orbit(start, 238)
    np.testing.assert_allclose(reduced.expand(from_reduced), orbit, atol=1e-9)
    np.testing.assert_allclose(small.outputs(from_reduced), full.outputs(orbit), atol=1e-9)
    np.testing.assert_allclose(reduced.reduce(orbit), from_reduced, atol=1e-9)
    loadings = reduced.embedding[:, :3]
    np.testing.assert_allclose(loadings.T @ loadings / 50, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(loadings.T @ reduced.embedding[:, 3:], 0, atol=1e-11)


def test_the_reduced_cycle_has_the_multipliers_of_the_full_one(trained):
    """The full network has 55 more, all (1 - a)^n: states outside of the space decay."""
    reduced, small, full = reduced_and_full(trained, frequency_Hz=8.4)
    start = trained.initial_states(1, generator()).detach().double().numpy()[0]
    point = small.advance(reduced.reduce(start), 60 * small.n_steps)
    one = analysis.find_limit_cycle(small, point)
    other = analysis.find_limit_cycle(full, reduced.expand(point))
    np.testing.assert_allclose(reduced.expand(one.point), other.point, atol=1e-9)
    found = np.sort_complex(np.asarray(one.multipliers))
    expected = np.asarray(other.multipliers)
    for multiplier in found:
        assert np.abs(expected - multiplier).min() < 1e-9
    assert np.abs(found).max() == pytest.approx(np.abs(expected).max(), abs=1e-9)
    assert np.abs(found).max() > 10 * 0.9**small.n_steps  # it is not all decay


def test_a_reduced_net_has_no_private_noise(trained):
    small = ann_bridge.TrainedMap(ann_bridge.reduce_low_rank(trained))
    with pytest.raises(ValueError, match="without private noise"):
        small.orbit(np.zeros(5), 3, noise_std=0.1, rng=np.random.default_rng(0))


def test_nets_from_arrays_compute_what_the_arrays_say():
    rng = np.random.default_rng(0)
    m, n, b, w = (rng.normal(size=shape) for shape in ((8, 2), (8, 2), (8, 3), (8,)))
    arrays: dict[str, Any] = {"input_weights": b, "output_weights": w, "output_scale": 2.0}
    low = ann_bridge.LowRankRNN.from_loadings(m, n, **arrays, **QUIET)
    full = ann_bridge.FullRankRNN.from_weights(m @ n.T / 8, biases=np.zeros(8), **arrays, **QUIET)
    x, u = rng.normal(size=8), rng.normal(size=(1, 3))
    expected = 0.9 * x + 0.1 * (m @ n.T / 8 @ np.tanh(x) + b @ u[0])
    for net in (low, full):
        system = ann_bridge.TrainedMap(net)
        np.testing.assert_allclose(system.respond(x, u), expected, atol=1e-6)
        np.testing.assert_allclose(system.outputs(x), 2 * w @ x, rtol=1e-6)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("module", [torch.nn.GRU, torch.nn.LSTM, torch.nn.RNN])
def test_a_net_of_torch_is_the_same_here(module, biased):
    """From the state dict as arrays, over 12 steps from the same states; rounding in float32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs, readout = module(2, 6, bias=biased), torch.nn.Linear(6, 3, bias=False)
    weights = {name: value.numpy() for name, value in theirs.state_dict().items()}
    outputs: dict[str, Any] = {"output_weights": readout.weight.detach().numpy().T}
    if module is torch.nn.RNN:
        net = ann_bridge.FullRankRNN.from_torch_rnn(
            weights, activation="tanh", step_ms=5.0, **outputs
        )
    else:
        kind = ann_bridge.GRUNet if module is torch.nn.GRU else ann_bridge.LSTMNet
        net = kind.from_weights(weights, step_ms=5.0, **outputs)
    assert (net.settings.step_ms, net.settings.n_inputs, net.settings.n_outputs) == (5.0, 2, 3)
    inputs = torch.randn(12, 4, 2, generator=generator())
    state = net.initial_states(4, generator(1))
    if module is torch.nn.LSTM:
        start = tuple(part.contiguous() for part in state[None].split(6, dim=2))
    else:
        start = torch.tanh(state)[None] if module is torch.nn.RNN else state[None]
    with torch.no_grad():
        expected = readout(theirs(inputs, start)[0])
        torch.testing.assert_close(net(inputs, generator(1)), expected, rtol=1e-5, atol=1e-6)


def plain_weights(net):
    """Chemical weights plus gap weights, without gains."""
    gap = net.gap * net.gap_mask
    return net.chemical * net.chemical_mask + gap + gap.T


def test_neurons_of_a_class_share_what_is_trained():
    graph = connectome.load("varshney2011")
    masks = ann_bridge.connectome_masks(graph)
    settings: dict[str, Any] = {"n_units": 279, "learns_class_parameters": True}
    net = ann_bridge.ConnectomeRNN(masks, ann_bridge.ConnectomeRNNParameters(**settings))
    plain = ann_bridge.ConnectomeRNN(masks, ann_bridge.ConnectomeRNNParameters(n_units=279))
    assert torch.equal(net.connectivity()[0], plain.connectivity()[0])  # before training
    ann_bridge.train(net, TASK, ann_bridge.TrainingParameters(steps=3, batch_size=4), seed=0)
    alphas, bias = net.unit_alphas(), net.bias()
    assert alphas is not None
    assert bias is not None
    gain = torch.nanmean(net.connectivity()[0] / plain_weights(net), dim=0)
    names = np.array([cell.cell_class for cell in graph.cells])
    for values in (alphas, bias, gain):
        of_units = values.detach().numpy()
        by_class = [of_units[names == name] for name in np.unique(names)]
        assert max(np.ptp(found) for found in by_class) < 1e-5
        assert np.ptp([found[0] for found in by_class]) > 1e-3
    with pytest.raises(ValueError, match="needs the cell class"):
        ann_bridge.ConnectomeRNN(
            masks._replace(classes=None), ann_bridge.ConnectomeRNNParameters(**settings)
        )


ARRAYS: dict[str, Any] = {"input_weights": np.ones((4, 3)), "output_weights": np.ones(4)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ann_bridge.FullRankRNN.from_weights(np.ones((4, 5)), **ARRAYS), "square"),
        (lambda: ann_bridge.FullRankRNN.from_weights(np.ones((5, 5)), **ARRAYS), "input_weights"),
        (
            lambda: ann_bridge.FullRankRNN.from_weights(
                np.ones((4, 4)), **ARRAYS, biases=np.ones(3)
            ),
            "biases must have",
        ),
        (
            lambda: ann_bridge.FullRankRNN.from_weights(
                np.full((4, 4), np.nan), **ARRAYS
            ),
            "weights must contain finite",
        ),
        (
            lambda: ann_bridge.LowRankRNN.from_loadings(
                np.ones((4, 2)), np.ones((4, 1)), **ARRAYS
            ),
            "m and n must both",
        ),
        (
            lambda: ann_bridge.GRUNet.from_weights(
                {"weight_ih_l0": np.ones((9, 2)), "weight_hh_l0": np.ones((9, 4))},
                output_weights=np.ones(3),
            ),
            "weight_hh_l0 must have the shape .9, 3. with 3 gates, got .9, 4.",
        ),
        (
            lambda: ann_bridge.LSTMNet.from_weights(
                {"weight_ih_l0": np.ones((8, 2)), "weight_hh_l1": np.ones((8, 2))},
                output_weights=np.ones(2),
            ),
            "of one layer in one direction, got weight_ih_l0, weight_hh_l1",
        ),
        (
            lambda: ann_bridge.LowRankAdaptedConnectomeParameters(learns_class_parameters=True),
            "is not supported with a frozen connectome",
        ),
        (lambda: ann_bridge.FullRankRNN(activation="step"), "activation must be one of tanh"),
        (lambda: ann_bridge.FullRankRNN(readout="spikes"), "readout must be one of states"),
        (lambda: ann_bridge.FullRankRNN(excitatory_fraction=1.0), "excitatory_fraction"),
        (lambda: ann_bridge.FullRankRNN(gain=-1.0), "gain"),
        (lambda: ann_bridge.LowRankRNN(rank=1, oscillation_Hz=8.0), "needs rank 2"),
        (lambda: ann_bridge.GRUNet(n_units=0), "n_units"),
        (lambda: ann_bridge.LSTMNet(initial_std=-1.0), "initial_std"),
        (lambda: ann_bridge.CoupledOscillatorNet(stiffness=0.0), "stiffness must be positive"),
        (lambda: ann_bridge.AttentionNet(n_units=12), "a multiple of 2 n_heads = 8"),
        (lambda: ann_bridge.AttentionNet(window=0), "window must be a whole number, at least 1"),
        (lambda: ann_bridge.AttentionNet(positions="none"), "positions must be one of rotary"),
        (lambda: ann_bridge.AttentionNet(feedback=np.inf), "feedback must be finite"),
        (
            lambda: ann_bridge.AttentionNet(feedback=1.0, n_inputs=1, n_outputs=2),
            "feedback needs an input for each output, got 1 inputs and 2",
        ),
        (lambda: ann_bridge.ConvolutionNet(n_layers=0), "n_layers must be a whole number"),
        (lambda: ann_bridge.ConvolutionNet(width=1), "width must be a whole number, at least 2"),
        (lambda: ann_bridge.LiquidParameters(unfolds=0), "unfolds must be a whole number"),
        (lambda: ann_bridge.LiquidParameters(time_step=-1.0), "time_step must be positive"),
        (lambda: ann_bridge.ClosedFormParameters(mode="fast"), "mode must be one of default"),
        (lambda: ann_bridge.ClosedFormParameters(time_step=0.0), "time_step must be positive"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_rate_penalty_quietens():
    """Mean square of the rates on the same trials, with and without."""
    found = []
    for penalty in (0.0, 3.0):
        net = ann_bridge.FullRankRNN(n_units=20, gain=1.0, noise_std=0.0)
        budget = ann_bridge.TrainingParameters(
            steps=25, batch_size=8, learning_rate=0.02, rate_penalty=penalty
        )
        ann_bridge.train(net, TASK, budget, seed=0)
        with torch.no_grad():
            _, rates = net.run(TASK.sample(32, generator()).inputs, generator())
        found.append(rates.square().mean().item())
    assert found[1] < 0.6 * found[0]


def test_building_a_gated_net_leaves_torchs_generator_alone():
    state = torch.get_rng_state()
    first, second = ann_bridge.GRUNet(n_units=3), ann_bridge.GRUNet(n_units=3)
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
