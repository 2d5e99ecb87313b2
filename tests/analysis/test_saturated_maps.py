"""States of a saturated map that move less than rounding are not fixed points."""

import numpy as np
import pytest
import torch

from isochron.analysis import (
    NewtonStarts,
    SteppedMap,
    find_entrained_cycles,
    find_fixed_points,
)
from isochron.ann_bridge import ModuleMap


def cell(kind, seed, gain):
    torch.manual_seed(seed)
    made = kind(1, 12)
    with torch.no_grad():
        for weights in made.parameters():
            weights.mul_(gain)
    return ModuleMap(made, inputs=[0.0])


@pytest.mark.parametrize(("seed", "gain"), [(0, 9.0), (1, 3.0), (2, 9.0), (3, 3.0), (5, 3.0)])
def test_states_of_fixed_points_of_a_gru_are_at_most_1(seed, gain):
    """h = (1 - z) n + z h with 0 < z < 1 means h = n, a hyperbolic tangent.

    From which starts Newton's method reaches the tail depends on rounding.
    """
    starts = np.random.default_rng(seed).uniform(-1, 1, (24, 12))
    found = find_fixed_points(cell(torch.nn.GRUCell, seed, gain), starts)
    assert all(np.abs(point.point).max() <= 1 for point in found)


@pytest.mark.long
@pytest.mark.parametrize(("seed", "gain"), [(0, 9.0), (1, 9.0), (2, 6.0), (2, 9.0)])
def test_cycles_of_a_forced_gru_are_at_most_1(seed, gain):
    """A fault of the past: closed orbits at |h| of 30 to 2000, where the gates are exactly 1."""
    torch.manual_seed(seed)
    gru = torch.nn.GRUCell(1, 12)
    with torch.no_grad():
        for weights in gru.parameters():
            weights.mul_(gain)
    reference = 0.5 * np.sin(2 * np.pi * np.arange(20) / 20)[:, None]
    system = ModuleMap(gru, inputs=reference)
    assert system.bounded
    starts = np.random.default_rng(1).uniform(-1, 1, (16, 12))
    survey = find_entrained_cycles(system, starts, newton=NewtonStarts(budget=10))
    assert all(np.abs(cycle.states).max() <= 1 for cycle in survey.cycles)


def test_a_gate_that_closes_is_no_fixed_point():
    """x -> x + 1 / (1 + exp(w x)) increases forever; at w = 60 Newton's method leaves the tail."""

    def step(k, x):
        gate = 1 / (1 + np.exp(np.minimum(60 * x, 700)))
        return x + np.stack([gate[..., 0] * (1 + x[..., 1] ** 2), -0.5 * x[..., 1]], -1)

    found = find_fixed_points(SteppedMap(step, None, 2), [[-1.0, 1.0], [0.1, 0.5], [0.3, 2.0]])
    assert not found
    assert any("the map saturates" in failure.message for failure in found.failures)


def parabola(k, x):
    above = x[..., 1] - x[..., 0] ** 2
    return np.stack([x[..., 0] + 0.2 * above, x[..., 1] - 0.5 * above], -1)


def ring(k, x):
    return x * (1.3 - 0.3 * np.linalg.norm(x, axis=-1, keepdims=True))


@pytest.mark.parametrize(
    ("step", "start", "distance"),
    [
        (lambda k, x: x * np.array([0.5, 1.0]), [1.0, -400.0], lambda x: x[0]),
        (lambda k, x: x * np.array([2.0, 1.0]) + [1.0, 0.0], [1e-3, 5.0], lambda x: x[0] + 1),
        (parabola, [10.0, 3.0], lambda x: x[1] - x[0] ** 2),
        (ring, [3.0, 1.0], lambda x: np.hypot(*x) - 1),
        (lambda k, x: x - x**3, [0.5], lambda x: x[0]),
        (lambda k, x: x + (x - 1) ** 2, [3.0], lambda x: x[0] - 1),
    ],
)
def test_lines_of_fixed_points_and_degenerate_points_remain(step, start, distance):
    [point] = find_fixed_points(SteppedMap(step, None, len(start)), [start])
    assert point.degenerate
    # Newton's method locates a zero of order 3 to 1e-16^(1/3).
    assert abs(distance(point.point)) < 1e-4
