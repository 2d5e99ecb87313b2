"""A wrong derivative is reported; a correct one is not."""

import numpy as np
import pytest
from scipy import sparse

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    compute_lyapunov_spectrum,
    find_all_attractors,
    find_fixed_points,
    find_limit_cycle,
)
from isochron.analysis.systems.derivatives import derivative_fault


def brusselator(t, x):
    return np.array([1 - 4 * x[0] + x[0] ** 2 * x[1], 3 * x[0] - x[0] ** 2 * x[1]])


def jacobian(t, x):
    grows = 2 * x[0] * x[1]
    return np.array([[grows - 4, x[0] ** 2], [3 - grows, -(x[0] ** 2)]])


def entry(t, x):
    matrix = jacobian(t, x)
    matrix[0, 1] = 0
    return matrix


FAULTS = {
    "The sign is opposite": lambda t, x: -jacobian(t, x),
    "It is transposed": lambda t, x: jacobian(t, x).T,
    r"Entry \[0, 1\] is 0, the difference is 0.64": entry,
    "finite difference differs by": lambda t, x: 3 * jacobian(t, x),
    "omit it": lambda t, x: np.zeros((2, 2)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "kind", [np.asarray, pytest.param(sparse.csr_array, marks=pytest.mark.long)]
)
def test_the_jacobian_of_a_field(fault, kind):
    field = Flow(brusselator, lambda t, x: kind(FAULTS[fault](t, x)))
    start, quick = [0.8, 2.5], ShootingControl(max_transient=0)
    cycle = find_limit_cycle(field, start, max_period=12.0, control=quick)
    assert not cycle.found
    points = find_fixed_points(field, [start])
    assert not points
    for message in (cycle.message, points.failures[0].message):
        assert "Check the Jacobian: it is not the derivative of the velocity" in message
        assert "quasi-periodic" not in message
    with pytest.raises(ValueError, match=fault):
        compute_lyapunov_spectrum(field, start, block=1.0, n_blocks=4)


def henon(k, x):
    return np.stack([1 - 1.4 * x[..., 0] ** 2 + x[..., 1], 0.3 * x[..., 0]], -1)


def tangent(k, x, v):
    return np.array([[-2.8 * x[0], 1], [0.3, 0]]) @ v


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (lambda k, x, v: -tangent(k, x, v), "sign is opposite"),
        (lambda k, x, v: np.array([[-2.8 * x[0], 0.3], [1, 0]]) @ v, "It is transposed"),
        (lambda k, x, v: tangent(k, x, v) - v, "Entry|finite difference differs"),
        (lambda k, x, v: tangent(k, x, v) + v, "The identity is too much"),
    ],
)
def test_the_tangents_of_a_map(wrong, fault):
    system = SteppedMap(henon, wrong, 2)
    assert "Check the tangents: they are not the derivative of the step" in derivative_fault(
        system, np.array([0.3, 0.2])
    )
    with pytest.raises(ValueError, match=fault):
        compute_lyapunov_spectrum(system, [0.3, 0.2], block=100, n_blocks=4)
    with pytest.raises(ValueError, match=fault):
        find_all_attractors(
            system,
            lambda rng, n: rng.uniform(-0.2, 0.2, (n, 2)),
            np.random.default_rng(0),
            transient=50,
            observation=50,
            n_starts=4,
        )


def rounded(k, x):
    return np.round(0.5 * np.sin(x) * 2**20) / 2**20


RIGHT = {
    "brusselator": (brusselator, jacobian, [0.8, 2.5]),
    "stiff": (
        lambda t, x: np.array([-1e9 * (x[0] - np.cos(x[1])), 1.0]),
        lambda t, x: np.array([[-1e9, -1e9 * np.sin(x[1])], [0, 0]]),
        [1.0, 3.0],
    ),
    "kink": (
        lambda t, x: np.maximum(x, 0) - x,
        lambda t, x: np.diag(1.0 * (x > 0)) - np.eye(2),
        [0.0, 0.0],
    ),
    "near a kink": (lambda t, x: np.abs(x), lambda t, x: np.diag(np.sign(x)), [1e-9, -1.0]),
    "tiny": (
        lambda t, x: -x + x**3 / 1e-24,
        lambda t, x: np.diag(-1 + 3 * x**2 / 1e-24),
        [1e-13, 3e-12],
    ),
    "bends around zero": (
        lambda t, x: np.sin(1e8 * x),
        lambda t, x: 1e8 * np.diag(np.cos(1e8 * x)),
        [0.0],
    ),
    "sizes": (
        lambda t, x: [x[1] / 1e-9 - x[0], -np.tanh(x[1] / 1e-9) * 1e-9],
        lambda t, x: np.array([[-1, 1e9], [0, -1 / np.cosh(x[1] / 1e-9) ** 2]]),
        [1e3, 2e-9],
    ),
    "float32": (
        lambda t, x: np.tanh(3 * x.astype(np.float32)),
        lambda t, x: np.diag(3 / np.cosh(3 * x) ** 2),
        [0.3, -0.1],
    ),
    "threshold": (
        lambda t, x: np.tanh(1e6 * (x - 0.5)),
        lambda t, x: np.diag(1e6 / np.cosh(1e6 * (x - 0.5)) ** 2),
        [0.5 + 1e-7],
    ),
    "edge": (lambda t, x: np.sqrt(x), lambda t, x: np.diag(0.5 / np.sqrt(x)), [1e-12]),
    "noise": (
        lambda t, x: np.random.default_rng(abs(int(1e15 * x[0]))).normal(size=2),
        lambda t, x: np.eye(2),
        [1.0, 2.0],
    ),
}


@pytest.mark.parametrize("system", RIGHT)
def test_a_right_derivative_is_not_accused(system):
    field, derivative, start = RIGHT[system]
    assert derivative_fault(Flow(field, derivative), np.array(start)) == ""


@pytest.mark.parametrize(
    ("step", "tangent", "start"),
    [
        (lambda k, x: (2 * x) % 1, lambda k, x, v: 2 * v, 0.5),
        (rounded, lambda k, x, v: 0.5 * np.cos(x)[:, None] * v, 0.4),
    ],
)
def test_maps_that_jump_are_not_accused(step, tangent, start):
    assert derivative_fault(SteppedMap(step, tangent, 1), np.array([start])) == ""
