"""Cycles are found from states anywhere in their basin; other outcomes are reported.

Periods are compared to 1e-6: the searches are accurate to 1e-9, the simulations to about 1e-8.
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    find_entrained_cycles,
    find_limit_cycle,
)
from tests import truths


def threshold_linear(eps=0.25, delta=0.5):
    """Three neurons that inhibit each other in a ring (Morrison et al., 2016): a 3-cycle."""
    weak, strong = -1 + eps, -1 - delta
    weights = np.array([[0, strong, weak], [weak, 0, strong], [strong, weak, 0]])

    def derivative(t, x):
        return -np.eye(3) + (weights @ x + 1 > 0)[:, None] * weights

    return Flow(lambda t, x: -x + np.maximum(weights @ x + 1, 0), derivative)


def fitzhugh_nagumo():
    return Flow(
        lambda t, x: np.array(
            [x[0] - x[0] ** 3 / 3 - x[1] + 0.5, 0.08 * (x[0] + 0.7 - 0.8 * x[1])]
        ),
        lambda t, x: np.array([[1 - x[0] ** 2, -1.0], [0.08, -0.064]]),
    )


def repressilator(unit):
    """Elowitz and Leibler (2000), protein and messenger RNA, each in its unit."""
    unit = np.repeat(unit, 3)

    def velocity(t, x):
        m, p = np.split(x / unit, 2)
        return unit * np.r_[-m + 216 / (1 + np.roll(p, 1) ** 2) + 0.216, -5 * (p - m)]

    return Flow(velocity)


def period_by_events(system, start, wait):
    """Mean time between upward crossings of the mean of the first variable, by simulation."""
    run = solve_ivp(system, (0, wait), start, method="LSODA", rtol=1e-10, atol=1e-12)
    level, late = run.y[0, len(run.t) // 2 :].mean(), run.y[:, -1]

    def crossing(t, x):
        return x[0] - level

    setattr(crossing, "direction", 1)  # noqa: B010
    run = solve_ivp(
        system, (0, wait / 4), late, method="LSODA", rtol=1e-10, atol=1e-12, events=crossing
    )
    return np.diff(run.t_events[0]).mean()


CASES = {
    "threshold-linear": (threshold_linear(), [0.9, 0.8, 0.1], 25),
    "Brusselator": (truths.brusselator(3.0), [0.2, 3.5], 15),
    "van der Pol, 0.1": (truths.van_der_pol(0.1), [0.3, 0.1], 15),
    "van der Pol, 3": (truths.van_der_pol(3.0), [0.1, 0.1], 20),
    "FitzHugh-Nagumo": (fitzhugh_nagumo(), [-0.5, 2.0], 60),
    "Lorenz, 350": (truths.lorenz(350.0), [5.0, 40.0, 300.0], 1),
}


@pytest.mark.parametrize("name", CASES)
def test_from_a_state_in_the_basin(name):
    system, start, wait = CASES[name]
    cycle = find_limit_cycle(system, start, max_period=wait)
    assert cycle.stable, cycle.message
    period = period_by_events(system, start, 20 * wait)
    np.testing.assert_allclose(cycle.period, period, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "low", "high", "wait"),
    [
        (threshold_linear(), [0.0] * 3, [1.0] * 3, 25),
        (truths.brusselator(3.0), [0.0, 0.0], [5.0, 5.0], 15),
        (truths.van_der_pol(1.0), [-4.0, -4.0], [4.0, 4.0], 20),
        (truths.van_der_pol(3.0), [-4.0, -4.0], [4.0, 4.0], 20),
        (fitzhugh_nagumo(), [-2.5, -2.5], [2.5, 2.5], 60),
    ],
    ids=["threshold-linear", "Brusselator", "van der Pol, 1", "van der Pol, 3", "FitzHugh-Nagumo"],
)
def test_from_twelve_random_states(system, low, high, wait):
    """All lead to one cycle; periods agree to the tolerance of the search, 1e-9, times ten."""
    starts = np.random.default_rng(0).uniform(low, high, (12, len(low)))
    cycles = [find_limit_cycle(system, start, max_period=wait) for start in starts]
    assert [cycle.stable for cycle in cycles] == [True] * 12
    periods = [cycle.period for cycle in cycles]
    np.testing.assert_allclose(periods, periods[0], rtol=1e-8)


@pytest.mark.long
def test_a_relaxation_oscillation_whose_multiplier_is_no_number_any_more():
    """Van der Pol at mu = 30, stiff: an implicit method does not resolve decays within a step.

    An integration to 1e-7 gives the trivial multiplier to the 5 % that the search accepts.
    """
    system = truths.van_der_pol(30.0, stiff=True)
    cycle = find_limit_cycle(
        system,
        [0.5, -3.0],
        max_period=80,
        control=ShootingControl(tolerance=1e-5, rtol=1e-7, verify=False),
    )
    assert cycle.stable, cycle.message
    np.testing.assert_allclose(cycle.period, 50.5436865, rtol=1e-5)
    np.testing.assert_allclose(cycle.multipliers, [1, 0], atol=0.05)


def test_the_repressilator_in_units_that_differ():
    """Protein in mol/l, messenger RNA in molecules."""
    unit = (1e3, 1e-9)
    start = np.repeat(unit, 3) * [5.0, 1.0, 0.3, 20.0, 3.0, 1.0]
    cycle = find_limit_cycle(
        repressilator(unit),
        start,
        max_period=12,
        control=ShootingControl(tolerance=1e-6, rtol=1e-8, n_multipliers=0),
    )
    assert cycle.found, cycle.message
    plain = repressilator((1.0, 1.0))
    period = period_by_events(plain, start / np.repeat(unit, 3), 200)
    np.testing.assert_allclose(cycle.period, period, rtol=1e-5)


def test_a_start_on_the_cycle_is_not_followed():
    """The same search as without a transient, with the same number of calls."""
    calls = []

    def counted(t, x):
        calls.append(t)
        return truths.stuart_landau()(t, x)

    system = Flow(counted, truths.stuart_landau().derivative)
    near = find_limit_cycle(
        system, [1.0, 0.1], max_period=10, control=ShootingControl(max_transient=0)
    )
    n_calls = len(calls)
    cycle = find_limit_cycle(system, [1.0, 0.1], max_period=10)
    assert near.found and cycle.period == near.period  # noqa: PT018
    assert len(calls) == 2 * n_calls


@pytest.mark.parametrize(
    ("system", "start", "match"),
    [
        (Flow(lambda t, x: -x), [1.0, 0.0], r"converges to a fixed point at \[.*0\. "),
        (Flow(lambda t, x: np.array([x[1], -x[0] - x[1]])), [3.0, 0.0], "to a fixed point"),
        (truths.brusselator(1.5), [0.2, 3.0], r"converges to a fixed point at \[1\.  1\.5\]"),
        (Flow(lambda t, x: x * x), [1.0], "leaves all bounds"),
        (Flow(lambda t, x: np.array([1.0, -x[1]])), [0.0, 1.0], "does not return.*does not rest"),
    ],
)
def test_what_the_start_leads_to_is_said(system, start, match):
    cycle = find_limit_cycle(system, start, max_period=10)
    assert not cycle.found
    assert not cycle.stable
    with pytest.raises(AssertionError, match=match):
        raise AssertionError(cycle.message)
    assert "Raise max_period" not in cycle.message


def test_a_period_longer_than_allowed_is_named():
    cycle = find_limit_cycle(truths.van_der_pol(1.0), [2.0, 0.0], max_period=3.0)
    assert not cycle.found
    assert "returns only after about 6.6" in cycle.message
    assert "Raise max_period" in cycle.message


def test_chaos_is_not_called_a_wrong_number():
    cycle = find_limit_cycle(
        truths.lorenz(),
        [1.0, 1.0, 20.0],
        max_period=3.0,
        control=ShootingControl(max_transient=20.0, max_iterations=3),
    )
    assert cycle.found or "chaotic" in cycle.message


def test_a_map_is_pointed_to_its_invariant_circle():
    with pytest.raises(ValueError, match=r"with_step.*find_invariant_circle"):
        find_limit_cycle(truths.delayed_logistic(2.1), [0.6, 0.6], max_period=10)


@pytest.mark.parametrize("longest", [0.0, np.inf])
def test_lengths_out_of_range_are_refused(longest):
    with pytest.raises(ValueError, match="max_period"):
        find_limit_cycle(truths.stuart_landau(), [1.0, 0.0], max_period=longest)
    with pytest.raises(ValueError, match="max_transient"):
        ShootingControl(max_transient=-1.0)


def test_a_fixed_point_of_a_map_is_not_called_a_cycle():
    still = SteppedMap(lambda k, x: 2 * np.tanh(x), None, 1)
    survey = find_entrained_cycles(still, np.linspace(-2, 2, 6)[:, None])
    assert len(survey.fixed_points) == len(survey.cycles) == 3
    assert "fixed points, not cycles" in survey.cannot_exclude
    assert "fixed point, not a cycle" in survey.cycles[0].message
    moving = find_entrained_cycles(truths.bistable(), np.linspace(-2, 2, 6)[:, None])
    assert moving.fixed_points == ()
    single = find_limit_cycle(truths.logistic(2.5, 1), [0.47])
    double = find_limit_cycle(truths.logistic(3.3, 1), [0.47], subharmonic=2)
    assert (single.at_rest, double.at_rest) == (True, False)
    assert (single.found, double.found) == (False, True)
    assert "fixed point, not a cycle; see find_fixed_points" in single.message
    at_rest = find_limit_cycle(truths.forced_stuart_landau(1.0, 0.0, n_steps=60), [0.0, 0.0])
    assert at_rest.at_rest
    assert not at_rest.found


def test_a_right_jacobian_is_not_accused():
    """Finite differences of a map with rounded states do not approximate its derivative."""
    fine = truths.forced_stuart_landau(1.0, 0.5, n_steps=60)

    def rounded(k, x):
        end = fine.step(k, x)
        return end if k % 60 < 59 else np.round(end, 4)

    system = SteppedMap(rounded, fine.tangent, 2, n_steps=60, forcing_cycles=1)
    cycle = find_limit_cycle(system, [0.9, 0.3], control=ShootingControl(tolerance=1e-3))
    assert not cycle.found
    assert "Check the Jacobian" not in cycle.message


@pytest.mark.parametrize(
    ("step", "start", "point"),
    [
        (lambda k, x: np.cos(x), [0.3], 0.739085133215),
        (lambda k, x: 0.5 * x, [1e-7], 0.0),
        (lambda k, x: np.tanh(2 * x), [3.0], 0.957504024079),
    ],
)
def test_a_map_that_comes_to_rest_has_no_cycle(step, start, point):
    cycle = find_limit_cycle(SteppedMap(step, None, 1), start)
    assert (cycle.found, cycle.at_rest, cycle.solved) == (False, True, True)
    assert "find_fixed_points" in cycle.message
    np.testing.assert_allclose(cycle.point, point, atol=1e-8)
