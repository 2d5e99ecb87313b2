"""The unstable cycles of Lorenz and Rössler, one by one, to all published digits."""

import numpy as np
import pytest

from isochron.analysis import Flow, ShootingControl, find_limit_cycle, flow
from tests import truths

# Viswanath (2003), Nonlinearity 16:1035: x and y at z = 27, and the period.
LORENZ = {
    "AB": (-13.763610682134, -19.578751942452, 1.5586522107162),
    "AAB": (-12.595115397689, -16.970525307084, 2.3059072639398),
    "ABB": (-14.426408025035, -21.111230056994, 2.3059072639398),
    "AAAB": (-11.998523280062, -15.684254096883, 3.0235837034339),
    "AABB": (-12.915137970311, -17.673100172646, 3.0842767758221),
    "ABBB": (-14.839800671717, -22.086807160089, 3.0235837034339),
}
# y and z at x = 0, the number of rounds and bounds of the period, proved with interval arithmetic
# by the example of the CAPD library that treats the periodic orbits of Rössler's system.
ROESSLER = {
    "1": (-8.3809417428298, 0.029590060630665, 1, (5.8810884555537228, 5.881088455554079)),
    "10": (-5.4240738226652, 0.031081210807875, 2, (11.758626071659574, 11.758626071660617)),
    "100": (-6.233158628537965, 0.03064011165815, 3, (17.515791070334913, 17.515791070336615)),
}


@pytest.mark.parametrize("name", LORENZ)
def test_a_cycle_of_lorenz_from_three_digits(name):
    """Period and state to 1e-10: the errors of integration, 1e-12, times the multiplier."""
    x, y, period = LORENZ[name]
    cycle = find_limit_cycle(
        truths.lorenz(),
        np.round([x, y, 27.0], 3),
        period_guess=round(period, 3),
        control=ShootingControl(n_segments=4, tolerance=1e-11),
    )
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.period, period, rtol=1e-10)
    nearest = np.linalg.norm(cycle.states - [x, y, 27.0], axis=1).min()
    assert nearest < 1e-2  # of the first states that Newton's method shifts along the cycle
    assert cycle.index == 1
    logarithm = np.log(np.abs(cycle.multipliers)).sum()
    np.testing.assert_allclose(logarithm, -41 / 3 * cycle.period, rtol=1e-10)
    # By a second integrator; its errors grow with the leading multiplier, 4.7 to 80.
    gap = truths.lorenz_by_taylor(cycle.point, cycle.period) - cycle.point
    assert np.linalg.norm(gap) < 2e-9


@pytest.mark.parametrize("name", ROESSLER)
def test_a_cycle_of_roessler_within_its_proved_bounds(name):
    y, z, rounds, (low, high) = ROESSLER[name]
    cycle = find_limit_cycle(
        truths.roessler(),
        np.round([0.0, y, z], 4),
        period_guess=round(high, 3),
        control=ShootingControl(n_segments=2 * rounds, tolerance=1e-11),
    )
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.period, (low + high) / 2, rtol=1e-10)
    gap = truths.roessler_by_taylor(cycle.point, cycle.period) - cycle.point
    assert np.linalg.norm(gap) < 2e-9


@pytest.mark.slow
def test_all_cycles_of_roessler_of_at_most_four_rounds():
    """One of one round, one of two, two of three, one of four, as B. Klee counted them.

    The height at which a trajectory passes x = 0 follows a map that is all but one-dimensional:
    cycles of k rounds lie near where its k-th iterate crosses the diagonal. The periods are
    confirmed by the other integrator.
    """
    system, interval = truths.roessler(), 0.02
    start = flow(system, [1.0, 1.0, 0.0], 200.0, rtol=1e-8)
    times = np.arange(0, 1500, interval)
    states = flow(system, start, 1500.0, times=times, rtol=1e-8)
    before = np.flatnonzero((states[:-1, 0] < 0) & (states[1:, 0] >= 0))
    height = states[before, 1]
    periods: dict[int, list[float]] = {}
    for rounds in (1, 2, 3, 4):
        order = np.argsort(height[:-rounds])
        change = (height[rounds:] - height[:-rounds])[order]
        for k in np.flatnonzero(np.diff(np.sign(change))):
            first = order[k + np.argmin(np.abs(change[k : k + 2]))]
            begin, end = before[first], before[first + rounds]
            along = np.round(np.linspace(begin, end, 2 * rounds + 1)[:-1]).astype(int)
            cycle = find_limit_cycle(
                system,
                states[along],
                period_guess=float(interval * (end - begin)),
                control=ShootingControl(tolerance=1e-11, max_iterations=20),
            )
            known = [period for found in periods.values() for period in found]
            if cycle.found and not np.isclose(known, cycle.period, rtol=1e-8).any():
                periods.setdefault(rounds, []).append(cycle.period)
                gap = truths.roessler_by_taylor(cycle.point, cycle.period) - cycle.point
                assert np.linalg.norm(gap) < 2e-9
    assert {rounds: len(found) for rounds, found in periods.items()} == {1: 1, 2: 1, 3: 2, 4: 1}
    np.testing.assert_allclose(sorted(periods[3])[1], 17.59586581523, rtol=1e-10)
    np.testing.assert_allclose(periods[4], 23.50855758315, rtol=1e-10)


def reversed_van_der_pol(_, x):
    """Outside its cycle every trajectory diverges within a time of 4."""
    return np.array([x[1], (x[0] ** 2 - 1) * x[1] - x[0]])


def test_a_trajectory_that_blows_up_next_to_a_cycle_ends_with_what_helps():
    """The period is the published one of van der Pol."""
    system = Flow(
        reversed_van_der_pol,
        lambda _, x: np.array([[0, 1], [2 * x[0] * x[1] - 1, x[0] ** 2 - 1]]),
    )
    lost = find_limit_cycle(system, [2.0, 0.0], period_guess=6.6)
    assert not lost.found
    assert "n_segments=8" in lost.message
    cycle = find_limit_cycle(
        system, [2.0, 0.0], period_guess=6.6, control=ShootingControl(n_segments=8)
    )
    assert cycle.found
    assert not cycle.stable
    assert abs(cycle.period - 6.663286859) < 1e-8


def test_tangents_by_differences_of_a_trajectory_that_blows_up_are_an_error():
    """Their rounding errors made steps of 1e-9, and the integration took hours."""
    with pytest.raises(ArithmeticError, match="Integration failed"):
        flow(Flow(reversed_van_der_pol), [2.1, 0.0], 6.6, tangents=np.eye(2))


def test_an_integration_that_does_not_advance_is_an_error():
    """x' = -1 / x ends at x = 0 at time 1/2, where the field changes its sign."""
    with pytest.raises(ArithmeticError, match=r"Integration failed at t = 0\.5"):
        flow(Flow(lambda _, x: -np.sign(x) / np.abs(x)), [1.0], 1.0)
