"""Phases as state variables: what differs by whole turns is one state."""

import numpy as np
import pytest

from isochron.analysis import Flow, SteppedMap, find_fixed_points, find_limit_cycle


def kuramoto(velocity, coupling=1.0):
    """θ_i' = velocity_i + coupling/3 Σ_j sin(θ_j - θ_i), three oscillators."""

    def field(t, x):
        return velocity + coupling / 3 * np.sin(x - x[:, None]).sum(axis=1)

    return Flow(field)


def test_phase_oscillators_in_step():
    """Alike, they meet: period 2π / velocity; differences decay with the coupling."""
    cycle = find_limit_cycle(
        kuramoto(np.full(3, 2.0)), [0.3, -0.5, 0.1], max_period=10, angles=(0, 1, 2)
    )
    assert cycle.stable, cycle.message
    np.testing.assert_allclose(cycle.period, np.pi, rtol=1e-9)
    np.testing.assert_allclose(np.ptp(cycle.states, axis=1), 0.0, atol=1e-8)
    np.testing.assert_allclose(cycle.multipliers, [1, *[np.exp(-np.pi)] * 2], atol=1e-7)


def test_detuned_phase_oscillators_turn_with_their_mean_velocity():
    cycle = find_limit_cycle(
        kuramoto(np.array([0.9, 1.0, 1.1])), [6.0, -6.0, 0.1], max_period=10, angles=(0, 1, 2)
    )
    assert cycle.stable, cycle.message
    np.testing.assert_allclose(cycle.period, 2 * np.pi, rtol=1e-9)


def test_an_undeclared_angle_is_suspected():
    cycle = find_limit_cycle(kuramoto(np.full(3, 2.0)), [0.3, -0.5, 0.1], max_period=10)
    assert not cycle.found
    assert "angles" in cycle.message


def test_a_pendulum_that_turns_over():
    """θ'' = 1.5 - θ' - sin θ: it turns for ever, an angle beside a velocity that comes back."""
    system = Flow(lambda t, x: np.array([x[1], 1.5 - x[1] - np.sin(x[0])]))
    cycle = find_limit_cycle(system, [0.0, 0.0], max_period=20, angles=(0,))
    assert cycle.stable, cycle.message
    np.testing.assert_allclose(cycle.states[-1] - cycle.states[0], [2 * np.pi, 0], atol=1e-8)
    # The divergence is -1 everywhere.
    np.testing.assert_allclose(cycle.multipliers[1], np.exp(-cycle.period), rtol=1e-6)


def test_fixed_points_are_one_modulo_whole_turns():
    system = Flow(lambda t, x: np.sin(x), lambda t, x: np.diag(np.cos(x)))
    starts = np.linspace(-20, 20, 21)[:, None]
    assert len(find_fixed_points(system, starts)) > 8
    found = find_fixed_points(system, starts, angles=[0])
    np.testing.assert_allclose(sorted(np.cos(p.point[0]) for p in found), [-1, 1])
    turning = SteppedMap(lambda k, x: x + 2 * np.pi - 0.5 * np.sin(x), None, 1)
    assert len(find_fixed_points(turning, [[0.3], [3.0]])) == 0
    assert len(find_fixed_points(turning, [[0.3], [3.0], [6.5]], angles=[0])) == 2


@pytest.mark.parametrize("angles", [(2,), (-1,), (0, 0)])
def test_what_is_no_variable_is_no_angle(angles):
    system = Flow(lambda t, x: -x)
    with pytest.raises(ValueError, match="angles must be"):
        find_fixed_points(system, [[1.0, 2.0]], angles=angles)
    with pytest.raises(ValueError, match="angles must be"):
        find_limit_cycle(system, [1.0, 2.0], max_period=1.0, angles=angles)
