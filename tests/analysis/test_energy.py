"""Energies against their theorems: never up with symmetric weights, half up on a cycle."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from isochron.analysis import rate_energy, uphill_share


def weights(seed, n=6, scale=3.0):
    return scale * np.random.default_rng(seed).standard_normal((n, n)) / n**0.5


def trajectory(W, b, seed, n_times=400):
    x = np.random.default_rng(seed).standard_normal(len(W))
    field = lambda t, x: -x + W @ np.tanh(x) + b  # noqa: E731
    times = np.linspace(0, 40, n_times)
    return solve_ivp(field, (0, 40), x, t_eval=times, rtol=1e-10, atol=1e-12).y.T


@pytest.mark.parametrize("seed", range(5))
def test_symmetric_weights_never_raise_the_energy(seed):
    W, b = weights(seed), np.linspace(-0.5, 0.5, 6)
    S = (W + W.T) / 2
    assert uphill_share(rate_energy(S, trajectory(S, b, seed), b)) < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_is_that_of_the_field(seed):
    """dE/dr_i = -(field)_i of the symmetric part: E is its Lyapunov function for any weights."""
    W, b = weights(seed), np.linspace(-0.5, 0.5, 6)
    x = np.random.default_rng(seed).standard_normal(6)
    h = 1e-6
    steps = h * np.eye(6)
    slopes = (rate_energy(W, x + steps, b) - rate_energy(W, x - steps, b)) / (2 * h)
    by_rate = slopes / (1 - np.tanh(x) ** 2)
    np.testing.assert_allclose(by_rate, x - (W + W.T) / 2 @ np.tanh(x) - b, rtol=1e-6, atol=1e-7)


def test_a_saturated_unit_has_a_finite_energy():
    """ln(1 - tanh^2 x) is -2 ln cosh x also where tanh x rounds to 1."""
    x = np.array([[40.0], [-40.0]])
    found = rate_energy([[0.0]], x)
    np.testing.assert_allclose(found, 40 - (40 - np.log(2)), rtol=1e-12)


def test_as_much_up_as_down_on_a_cycle():
    time = np.linspace(0, 2 * np.pi, 100)
    assert uphill_share(np.cos(time) + 0.3 * np.sin(3 * time)) == pytest.approx(0.5, abs=1e-3)
    assert uphill_share([5.0, 5.0 + 1e-14, 5.0, 4.0]) == 0  # round-off
    assert np.isnan(uphill_share([1.0, 1.0]))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"weights must have the shape \(n, n\)"):
        rate_energy(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="energies must have the shape"):
        uphill_share([[1.0]])


def test_arguments_that_are_not_numbers_are_named():
    weights, states = np.eye(2), np.ones((3, 2))
    grad: Any = torch.ones(2, 2, requires_grad=True)
    for bias in ("a", None, [10**400, 1], [1, [2]], {}):
        wrong: Any = bias
        with pytest.raises(ValueError, match=r"^bias must be an array of numbers, got .*\.$"):
            rate_energy(weights, states, wrong)
    for bias in (np.ones(3), np.ones((1, 2)), []):
        with pytest.raises(ValueError, match=r"^bias must have the shape \(\) or \(2,\), got \("):
            rate_energy(weights, states, bias)
    for name, given in {"weights": (grad, states), "states": (weights, grad)}.items():
        with pytest.raises(ValueError, match=rf"^{name} .*requires grad.* {name}\.detach\(\)\.$"):
            rate_energy(*given)
    with pytest.raises(ValueError, match=r"^bias .*requires grad.* bias\.detach\(\)\.$"):
        rate_energy(weights, states, grad[0])
    assert (rate_energy(weights, states, grad[0].detach()) == rate_energy(weights, states, 1)).all()
