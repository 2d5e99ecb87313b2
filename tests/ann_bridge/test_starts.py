"""Initial states for surveys, and the cycles that are found from them."""

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.analysis import NewtonStarts, find_entrained_cycles


def four_memories(n_units=64, gains=(3.0, 2.0), **fields):
    """Rank 2 on two orthogonal patterns of ±1 (Hopfield): ±κ₁ and ±κ₂ are stable.

    κ_r = g_r tanh κ_r on each; four mixtures are saddles and the origin is a source, as each
    gain is above 1. From near the origin the larger gain wins. The input is orthogonal to both.
    """
    unit = np.arange(n_units)
    first, second, other = (1.0 - 2.0 * (unit // size % 2) for size in (1, 2, 4))
    patterns = np.stack([first, second], axis=1)
    return ann_bridge.LowRankRNN.from_loadings(
        patterns, patterns * gains, input_weights=0.3 * other[:, None],
        output_weights=patterns / n_units, step_ms=4.0, **fields,
    )  # fmt: skip


def test_all_memories_of_a_network_in_rate_form_are_found():
    """r = φ(W r) on the patterns: κ_r = g_r tanh κ_r again, of W r."""
    net = four_memories(form="rate")
    system = ann_bridge.TrainedMap(net, frequency_Hz=25 / 3)
    starts = system.initial_states(32, np.random.default_rng(0))
    assert np.abs(starts).max() <= 1
    survey = find_entrained_cycles(system, starts, newton=NewtonStarts(budget=0))
    assert len(survey.stable) == 4
    assert survey.bounded


@pytest.mark.parametrize("reduced", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_all_memories_are_found_from_the_initial_states(reduced, seed):
    net = four_memories()
    system = ann_bridge.TrainedMap(
        ann_bridge.reduce_low_rank(net) if reduced else net, frequency_Hz=25 / 3
    )
    survey = find_entrained_cycles(
        system,
        system.initial_states(32, np.random.default_rng(seed)),
        newton=NewtonStarts(budget=0),
    )
    assert len(survey.stable) == 4
    assert survey.odd_symmetry
    heights = np.sort(np.abs([system.outputs(c.point) for c in survey.stable]).max(axis=-1))
    # κ = g tanh κ has the roots 2.9847 for g = 3 and 1.9150 for g = 2; the input hardly acts.
    np.testing.assert_allclose(heights, [1.9150, 1.9150, 2.9847, 2.9847], rtol=0.02)


def test_saddles_and_the_source_are_found_too():
    system = ann_bridge.TrainedMap(ann_bridge.reduce_low_rank(four_memories()), frequency_Hz=25 / 3)
    survey = find_entrained_cycles(system, system.initial_states(16, np.random.default_rng(0)))
    assert sorted(cycle.index for cycle in survey.cycles) == [0] * 4 + [1] * 4 + [2]
    assert survey.index_sum == 1
    assert survey.bounded


def test_normal_states_of_all_units_start_at_the_origin_of_the_plane():
    """The reason for the function: their κ are of the size 1/√N, those of the starts of order 1."""
    net = four_memories(n_units=512)
    system, rng = ann_bridge.TrainedMap(net), np.random.default_rng(0)
    plane = net.m.detach().double().numpy() / 512
    assert np.abs(rng.normal(size=(32, 512)) @ plane).max() < 5 / np.sqrt(512)
    kappa = system.initial_states(400, rng) @ plane
    # Uniform in the box |κ_r| <= g_r: standard deviations 3/√3 and 2/√3, to 4 standard errors.
    np.testing.assert_allclose(kappa.std(axis=0), [3 / 3**0.5, 2 / 3**0.5], rtol=0.15)
    assert (np.abs(kappa) <= [3.0 + 1e-9, 2.0 + 1e-9]).all()


def full_rank_memories(n_units=64):
    """The same weights as a full matrix, whose initial states are small and normal."""
    low = four_memories(n_units)
    weights = (low.m @ low.n.T / n_units).detach().numpy()
    return ann_bridge.FullRankRNN.from_weights(
        weights, input_weights=low.input_weights.detach().numpy(),
        output_weights=low.output_weights.numpy(), step_ms=4.0,
    )  # fmt: skip


def test_a_full_matrix_is_explored_along_the_directions_of_its_runs():
    system = ann_bridge.TrainedMap(full_rank_memories(), frequency_Hz=25 / 3)
    starts = system.initial_states(48, np.random.default_rng(0))
    survey = find_entrained_cycles(
        system, starts, newton=NewtonStarts(periods=(), n_boundary_pairs=0, budget=0)
    )
    assert len(survey.stable) == 4


@pytest.mark.parametrize(
    "net",
    [
        ann_bridge.FullRankRNN(n_units=20, activation="relu"),
        ann_bridge.GRUNet(n_units=12),
        ann_bridge.LSTMNet(n_units=12),
        ann_bridge.CoupledOscillatorNet(n_units=12),
        ann_bridge.LowRankRNN(n_units=12, activation="softplus"),
    ],
    ids=lambda net: net.kind,
)
@pytest.mark.parametrize("n", [1, 7])
def test_every_kind_has_initial_states(net, n):
    system = ann_bridge.TrainedMap(net)
    first, again, other = (
        system.initial_states(n, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first.shape == (n, system.dimension)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        system.initial_states(0, np.random.default_rng(0))


def test_bounded_maps_are_told_from_unbounded_ones():
    def bounded(net):
        return ann_bridge.TrainedMap(net).bounded

    assert bounded(ann_bridge.FullRankRNN(n_units=4))
    assert bounded(ann_bridge.reduce_low_rank(ann_bridge.LowRankRNN(n_units=4)))
    assert not bounded(ann_bridge.FullRankRNN(n_units=4, activation="relu"))
    assert not bounded(ann_bridge.FullRankRNN(n_units=4, activation="softplus"))
    assert bounded(ann_bridge.GRUNet(n_units=4))
    assert bounded(ann_bridge.LSTMNet(n_units=4))
    assert bounded(ann_bridge.CoupledOscillatorNet(n_units=4))
    # y grows in spite of the friction where the step is too long for the stiffness.
    assert not bounded(ann_bridge.CoupledOscillatorNet(n_units=4, time_step=3.0, stiffness=9.0))


def test_coupled_oscillators_are_bounded_where_their_linear_part_contracts():
    """Independent: the spectral radius of the step without the tanh, by finite differences."""
    for time_step, stiffness in ((0.1, 1.3), (1.0, 3.9), (1.0, 6.1), (3.0, 9.0)):
        net = ann_bridge.CoupledOscillatorNet(
            n_units=1, time_step=time_step, stiffness=stiffness, friction=1.0
        )
        with torch.no_grad():
            for weights in (net.recurrent_weights, net.input_weights, net.biases):
                weights.zero_()
        step = ann_bridge.TrainedMap(net)
        matrix = np.array([step.advance(e, 1) for e in np.eye(2)]).T
        radius = np.abs(np.linalg.eigvals(matrix)).max()
        assert step.bounded == (radius < 1)


@pytest.mark.parametrize(
    ("frequency", "step_ms", "n_steps", "cycles"),
    [(8.0, 1.0, 125, 1), (3.0, 2.0, 333, 2), (0.5, 2.0, 1000, 1), (8.4, 2.0, 119, 2)],
)
def test_slow_references_have_long_maps(frequency, step_ms, n_steps, cycles):
    net = ann_bridge.LowRankRNN(n_units=16, step_ms=step_ms)
    system = ann_bridge.TrainedMap(net, frequency_Hz=frequency)
    assert (system.n_steps, system.forcing_cycles) == (n_steps, cycles)
    # At most a quarter of a step in each period.
    period, asked = 1e3 / system.frequency_Hz, 1e3 / frequency
    assert abs(period - asked) <= 0.25 * step_ms + 1e-9


def test_more_steps_bring_the_frequency_nearer():
    net = ann_bridge.LowRankRNN(n_units=16)
    system = ann_bridge.TrainedMap(net, frequency_Hz=8.4, max_steps=1250)
    assert (system.n_steps, system.forcing_cycles) == (1250, 21)
    assert system.frequency_Hz == pytest.approx(8.4, rel=1e-12)
    with pytest.raises(ValueError, match="max_steps must lie between the 60"):
        ann_bridge.TrainedMap(net, frequency_Hz=8.4, max_steps=30)


def test_a_cycle_of_a_thousand_steps_is_found():
    """0.5 Hz at 2 ms: the leak alone filters the input, x = B y with y the same filter."""
    net = ann_bridge.LowRankRNN(n_units=16)
    with torch.no_grad():
        net.m.zero_()
    system = ann_bridge.TrainedMap(net, frequency_Hz=0.5)
    survey = find_entrained_cycles(system, system.initial_states(4, np.random.default_rng(0)))
    (cycle,) = survey.cycles
    angle = 2 * np.pi / 1000
    # y[t+1] = 0.9 y[t] + 0.1 sin(t θ) has the amplitude 0.1 / |e^{iθ} - 0.9|.
    height = 0.1 / abs(np.exp(1j * angle) - 0.9)
    weights = net.input_weights[:, 0].detach().double().numpy()
    np.testing.assert_allclose(
        np.abs(cycle.states).max(axis=0), np.abs(weights) * height, rtol=1e-4
    )
    assert cycle.period == pytest.approx(2000.0)


def test_the_reference_may_enter_any_input():
    net = ann_bridge.LowRankRNN(n_units=16, n_inputs=3)
    first, third = (
        ann_bridge.TrainedMap(net, frequency_Hz=8.0, channel=channel) for channel in (0, 2)
    )
    by_hand = np.zeros((5, 3))
    by_hand[:, 2] = np.sin(third.reference_phase(5))
    state = np.linspace(-1, 1, 16)
    np.testing.assert_allclose(third.advance(state, 5), third.respond(state, by_hand), rtol=1e-12)
    assert not np.allclose(first.advance(state, 5), third.advance(state, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channel": 3}, r"inputs 0 to 2; got the reference on input 3\.$"),
        ({"channel": -1}, r"inputs 0 to 2; got the reference on input -1\.$"),
        ({"channel": -1}, "inputs 0 to 2"),
        ({"pulse": {5: 1.0}}, r"pulses on \[5\]"),
        ({"pulse": {0: 1.0}}, "cannot have a pulse too"),
    ],
)
def test_inputs_that_do_not_exist_are_rejected(options, message):
    with pytest.raises(ValueError, match=message):
        ann_bridge.TrainedMap(
            ann_bridge.LowRankRNN(n_units=8, n_inputs=3), frequency_Hz=8.0, **options
        )
