"""Networks of coupled oscillators against the differential equation that they discretize."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from isochron import ann_bridge


def net_of(time_step, **settings):
    g = torch.Generator().manual_seed(3)
    return ann_bridge.CoupledOscillatorNet(
        n_units=5, n_inputs=2, time_step=time_step, generator=g, **settings
    )


def follow(net, start, inputs, duration):
    step, state = net.float64_step(), start
    drive = step.drive(inputs)
    for _ in range(round(duration / net.settings.time_step)):
        state = step.advance(state, drive)
    return state


def test_a_lone_unit_is_a_damped_oscillator():
    """y = exp(-εt/2) cos ωt + ..., ω² = γ - ε²/4; the error falls with order 1."""
    gamma, epsilon, duration = 1.7, 0.4, 4.0
    omega, start = np.sqrt(gamma - epsilon**2 / 4), np.zeros(10)
    start[0] = 1.0
    decay = np.exp(-epsilon * duration / 2)
    phase = omega * duration
    y = decay * (np.cos(phase) + epsilon / (2 * omega) * np.sin(phase))
    z = -decay * gamma / omega * np.sin(phase)
    errors = []
    for time_step in (2e-3, 1e-3, 5e-4):
        net = net_of(time_step, stiffness=gamma, friction=epsilon)
        with torch.no_grad():
            net.recurrent_weights.zero_()
            net.biases.zero_()
        end = follow(net, start, np.zeros(2), duration)
        errors.append(np.abs(end[[0, 5]] - [y, z]).max())
        assert (end[[1, 2, 3, 4, 6, 7, 8, 9]] == 0).all()
    assert errors[0] < 1e-2
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.05)


def test_a_net_converges_to_its_differential_equation():
    """The truth is scipy's, to 1e-10; halving the steps halves the error."""
    rng = np.random.default_rng(0)
    start, inputs, duration, errors = rng.normal(size=10), np.array([0.5, -1.0]), 2.0, []
    for time_step in (4e-3, 2e-3, 1e-3):
        net = net_of(time_step, stiffness=2.0, friction=0.3)
        weights, v, b = (
            it.detach().double().numpy()
            for it in (net.recurrent_weights, net.input_weights, net.biases)
        )

        def velocity(_, x, weights=weights, pushed=v @ inputs + b):
            return np.concatenate(
                [x[5:], np.tanh(weights @ x + pushed) - 2.0 * x[:5] - 0.3 * x[5:]]
            )

        truth = solve_ivp(velocity, (0, duration), start, rtol=1e-10, atol=1e-11).y[:, -1]
        errors.append(np.abs(follow(net, start, inputs, duration) - truth).max())
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.05)


def test_friction_is_taken_at_the_end_of_a_step():
    """z ← z / (1 + ε Δt) stays stable where an explicit step, 1 - ε Δt = -3, would explode."""
    net = net_of(1.0, stiffness=1e-9, friction=4.0)
    with torch.no_grad():
        net.recurrent_weights.zero_()
        net.biases.zero_()
    step = net.float64_step()
    after = step.advance(np.concatenate([np.zeros(5), np.ones(5)]), step.drive(np.zeros(2)))
    np.testing.assert_allclose(after, 0.2, rtol=1e-12)


def test_the_defaults_oscillate_at_eight_hertz():
    """The docstring's frequency, √γ Δt / (2π step_ms), by the eigenvalues of a lone unit."""
    net = ann_bridge.CoupledOscillatorNet(n_units=1, n_inputs=1)
    with torch.no_grad():
        net.recurrent_weights.zero_()
        net.biases.zero_()
    step = net.float64_step()
    _, jacobian = step.linearise(np.zeros(2), step.drive(np.zeros(1)), np.eye(2))
    turn = np.abs(np.angle(np.linalg.eigvals(jacobian)))[0]
    assert 1e3 * turn / (2 * np.pi * net.settings.step_ms) == pytest.approx(8.0, abs=0.1)


def test_coupled_oscillators_learn_to_compare():
    """Chance is 1; measured 0.25 after 100 steps."""
    task = ann_bridge.tasks.DelayedComparison()
    net = ann_bridge.CoupledOscillatorNet(
        n_units=48, n_inputs=task.n_inputs, step_ms=task.step_ms, friction=1.0
    )
    budget = ann_bridge.TrainingParameters(steps=60, batch_size=32, learning_rate=1e-2)
    ann_bridge.train(net, task, budget, seed=0)
    assert ann_bridge.evaluate(net, task, seed=5) < 0.6
