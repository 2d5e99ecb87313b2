"""A trajectory that decays is at rest, whatever its size relative to the equilibrium."""

import numpy as np
import pytest

from isochron.analysis import Flow, find_limit_cycle


def spiral(rate, center=0.0):
    """Decay exp(-rate t) towards (center, center), one turn in 2π."""

    def field(t, x):
        x = x - center
        return np.array([-rate * x[0] - x[1], x[0] - rate * x[1]])

    return Flow(field)


@pytest.mark.parametrize(("center", "unit"), [(0.0, 1.0), (0.0, 1e-6), (0.0, 1e4), (3.0, 1.0)])
def test_a_decaying_spiral_settles_to_a_fixed_point(center, unit):
    system = Flow(lambda t, x: unit * spiral(0.05, center)(t, x / unit))
    cycle = find_limit_cycle(system, unit * (center + np.array([1.0, 0.3])), max_period=30)
    assert not cycle.found
    assert "converges to a fixed point" in cycle.message


def test_a_variable_that_only_follows_decays_too():
    def field(t, x):
        return np.array([-0.05 * x[0] - x[1], x[0] - 0.05 * x[1], -x[2] + x[0] ** 2])

    cycle = find_limit_cycle(Flow(field), [1.0, 0.3, 5.0], max_period=30)
    assert "converges to a fixed point at [0. 0. 0.]" in cycle.message


@pytest.mark.parametrize(("radius", "inner"), [(1e-3, False), (1e-8, True)])
def test_a_cycle_much_smaller_than_its_start_is_no_rest(radius, inner):
    """With `inner`, an unstable cycle at sqrt(0.2) of the radius surrounds a stable point."""

    def field(t, x):
        square = (x @ x) / radius**2
        growth = (1 - square) * ((square - 0.2) if inner else 1)
        growth = max(growth, -1.0)
        return np.array([growth * x[0] - x[1], x[0] + growth * x[1]])

    cycle = find_limit_cycle(Flow(field), [1.0, 0.3], max_period=10)
    assert cycle.found
    np.testing.assert_allclose(np.linalg.norm(cycle.point), radius, rtol=1e-6)
