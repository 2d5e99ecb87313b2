"""Families of closed orbits or of fixed points are not attractors, and are flagged."""

import numpy as np
import pytest
from scipy.special import ellipk

from isochron.analysis import Flow, SteppedMap, find_fixed_points, find_limit_cycle
from tests import truths


def henon_heiles(t, x):
    return np.array([x[2], x[3], -x[0] - 2 * x[0] * x[1], -x[1] - x[0] ** 2 + x[1] ** 2])


CENTRES = {
    "harmonic oscillator": (lambda t, x: np.array([x[1], -x[0]]), [1.0, 0.0], 2 * np.pi),
    "pendulum": (
        lambda t, x: np.array([x[1], -np.sin(x[0])]), [2.0, 0.0], 4 * ellipk(np.sin(1.0) ** 2)
    ),
    "Lotka-Volterra": (
        lambda t, x: np.array([x[0] * (1 - x[1]), x[1] * (x[0] - 1)]), [2.0, 0.5], None
    ),
    "Henon-Heiles": (henon_heiles, [0.0, 0.3, 0.0, 0.0], None),
}  # fmt: skip


@pytest.mark.parametrize("unit", [1.0, 1e-6])
@pytest.mark.parametrize("name", CENTRES)
def test_a_center_is_not_a_limit_cycle(name, unit):
    field, start, period = CENTRES[name]
    system = Flow(lambda t, x: unit * field(t, x / unit))
    cycle = find_limit_cycle(system, unit * np.array(start), max_period=15)
    assert cycle.degenerate
    assert not cycle.stable
    assert cycle.index == 0
    assert "not a limit cycle" in cycle.message
    if period is not None:
        np.testing.assert_allclose(cycle.period, period, rtol=1e-6)


@pytest.mark.parametrize("mu", [1.0, 1e-4])
def test_a_limit_cycle_is_not_called_a_center(mu):
    """At mu = 1e-4 the multiplier is exp(-2π mu) = 0.99937, near 1 but not 1."""
    cycle = find_limit_cycle(truths.van_der_pol(mu), [1.999, 0.0], max_period=15)
    assert not cycle.degenerate
    assert cycle.stable
    if mu < 1:
        np.testing.assert_allclose(cycle.multipliers[1].real, np.exp(-2 * np.pi * mu), rtol=1e-7)


def test_a_driven_rotation_is_degenerate():
    """Multipliers exp(± i), on the unit circle."""
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    system = SteppedMap(
        lambda k, x: x @ turn.T + 0.1, lambda k, x, v: turn @ v, dimension=2, forcing_cycles=1
    )
    cycle = find_limit_cycle(system, [0.3, 0.3])
    assert cycle.degenerate
    assert not cycle.stable
    assert "unit circle" in cycle.message


LINE = np.array([[-1.0, 1.0], [1.0, -1.0]])


@pytest.mark.parametrize("derivative", [lambda t, x: LINE, None])
@pytest.mark.parametrize("unit", [1.0, 1e-9])
def test_a_line_of_fixed_points(unit, derivative):
    starts = unit * np.random.default_rng(0).normal(size=(5, 2))
    found = find_fixed_points(Flow(lambda t, x: LINE @ x, derivative), starts)
    assert len(found) == 5
    for point in found:
        np.testing.assert_allclose(point.point[0], point.point[1], rtol=1e-6, atol=1e-9 * unit)
        assert point.degenerate
        assert not point.stable
        assert point.index == 0


def test_a_ring_of_fixed_points():
    """The radius is attracting, the angle neutral."""
    found = find_fixed_points(
        Flow(lambda t, x: x * (1 - x @ x)), np.random.default_rng(1).normal(size=(4, 2))
    )
    np.testing.assert_allclose([np.linalg.norm(p.point) for p in found], 1.0, rtol=1e-9)
    assert all(point.degenerate and not point.stable for point in found)


def test_a_map_that_turns_is_neither_stable_nor_unstable():
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    system = SteppedMap(lambda k, x: x @ turn.T, lambda k, x, v: turn @ v, dimension=2)
    (point,) = find_fixed_points(system, [[1.0, 2.0]])
    assert (point.degenerate, point.stable, point.index) == (True, False, 0)


def test_a_neutral_direction_is_degenerate_for_an_implicit_integration():
    """z grows and shrinks by exp(9) within a period; the error of its multiplier is 2e-5."""

    def field(t, x):
        grows = 1 - x[0] ** 2 - x[1] ** 2
        return np.array([x[0] * grows - x[1], x[1] * grows + x[0], 9 * x[0] * x[2]])

    def jacobian(t, x):
        a, b, z = x
        return np.array(
            [
                [1 - 3 * a * a - b * b, -2 * a * b - 1, 0],
                [1 - 2 * a * b, 1 - a * a - 3 * b * b, 0],
                [9 * z, 0, 9 * a],
            ]
        )

    cycle = find_limit_cycle(Flow(field, jacobian, stiff=True), [1.0, 0.0, 0.0], max_period=12.0)
    assert cycle.found
    assert cycle.degenerate
    assert not cycle.stable
