"""The differential equation of a network, next to SciPy, to exact solutions and to finite steps."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from isochron import analysis, ann_bridge

FREQUENCY_HZ = 25 / 3
SEEDED = torch.Generator().manual_seed(3)
LOW_RANK = ann_bridge.LowRankRNN(n_units=60, rank=2, generator=SEEDED)
REDUCED = ann_bridge.reduce_low_rank(LOW_RANK)
FULL = ann_bridge.FullRankRNN(n_units=8, n_inputs=2, generator=SEEDED, activation="softplus")
RATE = ann_bridge.FullRankRNN(n_units=8, n_inputs=2, generator=SEEDED, form="rate")
MANY = ann_bridge.FullRankRNN.from_weights(
    np.diag([1.5, 2.0], 1)[:2, :2] + np.eye(2),
    input_weights=[[1.0], [0.5]],
    output_weights=[1, 1],
    time_constant_ms=np.array([10.0, 40.0]),
)
NETWORKS = {"reduced": REDUCED, "whole": LOW_RANK, "softplus": FULL, "rate": RATE, "many": MANY}


def right_side(net, amplitude=1.0):
    """dx/dt from the step of the network, which is x + step dx/dt."""
    step, step_ms = net.float64_step(), net.settings.step_ms
    n_inputs = net.settings.n_inputs

    def field(t, x):
        inputs = np.zeros(n_inputs)
        inputs[0] = amplitude * np.sin(2e-3 * np.pi * FREQUENCY_HZ * t)
        return (step.advance(x, step.drive(inputs)) - x) / step_ms

    return field


def solution(net, x, duration_ms, **options):
    return solve_ivp(
        right_side(net, **options), (0, duration_ms), x, method="DOP853", rtol=1e-11, atol=1e-12
    ).y[:, -1]


def state_of(net, seed=0):
    return np.random.default_rng(seed).normal(size=net.float64_step().dimension)


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_solution_of_scipy_to_order_4(name):
    net = NETWORKS[name]
    x = state_of(net)
    true = solution(net, x, 1e3 / FREQUENCY_HZ)
    errors = []
    for step_ms in (4.0, 2.0, 1.0):
        system = ann_bridge.TrainedFlow(net, frequency_Hz=FREQUENCY_HZ, step_ms=step_ms)
        errors.append(abs(system.advance(x, system.n_steps) - true).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(4, abs=0.5)
    system = ann_bridge.TrainedFlow(net, frequency_Hz=FREQUENCY_HZ)
    assert abs(system.advance(x, system.n_steps) - true).max() < 1e-4 * abs(x).max()


@pytest.mark.parametrize("name", NETWORKS)
def test_tangents_are_the_derivative_of_the_states(name):
    system = ann_bridge.TrainedFlow(NETWORKS[name], frequency_Hz=FREQUENCY_HZ)
    x = state_of(NETWORKS[name])
    tangents = np.random.default_rng(1).normal(size=(system.dimension, 2))
    end, moved = system.advance(x, 50, tangents=tangents, start=7)
    np.testing.assert_allclose(end, system.advance(x, 50, start=7), rtol=1e-12, atol=1e-13)
    for k in range(2):
        sides = [system.advance(x + e * tangents[:, k], 50, start=7) for e in (1e-5, -1e-5)]
        found = (sides[0] - sides[1]) / 2e-5
        np.testing.assert_allclose(moved[:, k], found, rtol=1e-6, atol=1e-8)


def test_a_reduced_network_is_the_whole_one():
    small = ann_bridge.TrainedFlow(REDUCED, frequency_Hz=FREQUENCY_HZ)
    whole = ann_bridge.TrainedFlow(LOW_RANK, frequency_Hz=FREQUENCY_HZ)
    z = np.random.default_rng(2).normal(size=(3, small.dimension))
    path, whole_path = small.orbit(z, 40), whole.orbit(REDUCED.expand(z), 40)
    np.testing.assert_allclose(REDUCED.expand(path), whole_path, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(path[-1], small.advance(z, 40))
    np.testing.assert_array_equal(path[-1][1], small.advance(z[1], 40))
    np.testing.assert_allclose(small.outputs(path), whole.outputs(whole_path), rtol=0, atol=1e-12)


def test_the_map_approaches_it_as_its_step_falls():
    """Euler's method is of order 1, as the tangent of 1/2 between the errors shows."""
    x, errors = state_of(MANY), []
    flow = ann_bridge.TrainedFlow(MANY, frequency_Hz=FREQUENCY_HZ, step_ms=0.5)
    true = flow.advance(x, flow.n_steps)
    for step_ms in (0.5, 0.25):
        net = ann_bridge.FullRankRNN.from_weights(
            np.diag([1.5, 2.0], 1)[:2, :2] + np.eye(2), input_weights=[[1.0], [0.5]],
            output_weights=[1, 1], time_constant_ms=np.array([10.0, 40.0]), step_ms=step_ms,
        )  # fmt: skip
        system = ann_bridge.TrainedMap(net, frequency_Hz=FREQUENCY_HZ, max_steps=1000)
        errors.append(abs(system.advance(x, round(120 / step_ms)) - true).max())
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)


def test_cycles_are_those_of_the_vector_field():
    system = ann_bridge.TrainedFlow(REDUCED, frequency_Hz=FREQUENCY_HZ, step_ms=1.0)
    survey = analysis.find_entrained_cycles(
        system, system.initial_states(8, np.random.default_rng(0))
    )
    assert survey.index_sum == 1
    start = survey.cycles[0].states[0]
    assert solution(REDUCED, start, 1e3 / FREQUENCY_HZ) == pytest.approx(start, abs=1e-6)


def test_an_oscillation_of_its_own_has_the_period_of_the_vector_field():
    net = ann_bridge.reduce_low_rank(
        ann_bridge.LowRankRNN(n_units=100, oscillation_Hz=8.0, generator=SEEDED)
    )
    system = ann_bridge.TrainedFlow(net)
    start = system.advance(np.r_[0.5, np.zeros(system.dimension - 1)], 2000)
    found = analysis.find_limit_cycle(system, start, max_period=300, n_multipliers=1)
    assert found.stable
    first = found.states[0]
    end = solution(net, first, found.period, amplitude=0.0)
    assert np.linalg.norm(end - first) < 1e-4 * np.linalg.norm(np.ptp(found.states, axis=0))


def test_an_input_that_is_held_is_a_step_of_a_constant():
    inputs = np.full((30, 1), 0.3)
    system = ann_bridge.TrainedFlow(MANY, step_ms=1.0)
    constant = ann_bridge.TrainedFlow(MANY, step_ms=1.0, pulse={0: 0.3})
    x = state_of(MANY)
    np.testing.assert_allclose(
        system.respond(x, inputs), constant.advance(x, 30), rtol=1e-13, atol=1e-14
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step_ms": 0.0}, "step_ms must be positive and finite, got 0"),
        ({"step_ms": np.nan}, "step_ms must be positive and finite, got nan"),
        ({"frequency_Hz": -1.0}, "frequency_Hz must be positive, got -1"),
        ({"frequency_Hz": 1e-3}, "more than 100000 steps of 2 ms; raise step_ms"),
        ({"frequency_Hz": 8.0, "channel": 5}, "got the reference on input 5"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ann_bridge.TrainedFlow(MANY, **options)


def test_a_network_that_is_not_leaky_has_no_flow():
    with pytest.raises(ValueError, match="GRUNet is not a leaky network"):
        ann_bridge.TrainedFlow(ann_bridge.GRUNet(n_units=4))
    system = ann_bridge.TrainedFlow(MANY, frequency_Hz=8)
    with pytest.raises(ValueError, match="give step_ms to TrainedFlow"):
        system.with_step(1.0)
    with pytest.raises(ValueError, match="without noise"):
        system.orbit(state_of(MANY), 3, noise_std=0.1, rng=np.random.default_rng(0))
