import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import ArpackNoConvergence

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    find_limit_cycle,
    floquet_multipliers,
)
from isochron.analysis.floquet import ReturnMap, liouville_defect, log_multipliers
from isochron.analysis.limit_cycles.result import (
    InaccurateError,
    NotFoundError,
    WrongDerivativeError,
)
from isochron.analysis.limit_cycles.verification import (
    _central_difference,
    _reject_failed,
    add_multipliers,
    describe_orbit,
)
from tests import truths


@pytest.mark.parametrize(("mu", "c"), [(1.0, 0.0), (0.5, 0.8), (2.0, -0.4)])
def test_stuart_landau_has_the_cycle_of_the_closed_form(mu, c):
    system = truths.stuart_landau(mu=mu, omega=3.0, c=c)
    period = 2 * np.pi / (3.0 - c * mu)
    cycle = find_limit_cycle(
        system,
        [np.sqrt(mu) + 0.05, 0.02],
        max_period=3 * period,
        control=ShootingControl(tolerance=1e-11),
    )
    assert cycle.found, cycle.message
    assert cycle.stable
    np.testing.assert_allclose(cycle.period, period, rtol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(cycle.states, axis=1), np.sqrt(mu), rtol=1e-9)
    np.testing.assert_allclose(cycle.multipliers, [1, np.exp(-2 * mu * period)], atol=1e-8)


@pytest.mark.parametrize(
    ("mu", "period", "log_multiplier"),
    [(1.0, 6.66328685932313, -7.0589328088), (5.0, 11.612230667719, None)],
)
def test_van_der_pol_has_the_published_period(mu, period, log_multiplier):
    cycle = find_limit_cycle(
        truths.van_der_pol(mu),
        [2.0, 0.0],
        max_period=20.0,
        control=ShootingControl(tolerance=1e-11),
    )
    np.testing.assert_allclose(cycle.period, period, rtol=1e-10)
    if log_multiplier is not None:
        # The multiplier 8.6e-4 has an error below 1e-8, so its logarithm one below 2e-5.
        smallest = np.log(abs(cycle.multipliers[1]))
        np.testing.assert_allclose(smallest, log_multiplier, atol=2e-5)


@pytest.mark.long
def test_stiff_integration_gives_the_same_cycle():
    """Radau and the L-stable variational method against the explicit method of order 8."""
    cycle = find_limit_cycle(truths.van_der_pol(1.0, stiff=True), [2.0, 0.0], max_period=20.0)
    np.testing.assert_allclose(cycle.period, 6.66328685932313, rtol=1e-7)
    np.testing.assert_allclose(cycle.multipliers[0], 1.0, atol=1e-5)
    np.testing.assert_allclose(cycle.multipliers[1], np.exp(-7.0589328088), atol=1e-5)


def test_an_unstable_cycle_is_found_as_such():
    cycle = find_limit_cycle(truths.subcritical_hopf(), [1 + 1e-7, 0.0], period_guess=6.2)
    assert cycle.found, cycle.message
    assert not cycle.stable
    np.testing.assert_allclose(cycle.multipliers, [np.exp(4 * np.pi), 1], rtol=1e-7)


def test_markus_yamabe_is_unstable():
    found = floquet_multipliers(truths.markus_yamabe(), np.zeros(2), np.pi)
    np.testing.assert_allclose(found, [-np.exp(np.pi / 2), -np.exp(-np.pi)], atol=1e-8)


def test_rotating_frame_has_the_multipliers_of_the_constant_system():
    constant = np.array([[-0.3, 0.7], [0.1, -0.5]])
    expected = np.exp(2 * np.pi * np.linalg.eigvals(constant))
    found = floquet_multipliers(truths.rotating_frame(constant), np.zeros(2), 2 * np.pi)
    np.testing.assert_allclose(np.sort(np.real(found)), np.sort(expected), rtol=1e-8)


def test_a_map_multiplies_its_jacobians_in_the_order_of_time():
    matrices = np.array([[[0.5, 1.0], [0.0, 0.2]], [[0.3, 0.0], [2.0, 0.4]], [[0, 1], [1, 0.1]]])
    system = SteppedMap(
        lambda k, x: matrices[k] @ x, lambda k, x, v: matrices[k] @ v, dimension=2, n_steps=3
    )
    product = matrices[2] @ matrices[1] @ matrices[0]
    found = floquet_multipliers(system, np.zeros(2))
    np.testing.assert_allclose(
        np.sort(np.real(found)), np.sort(np.linalg.eigvals(product)), rtol=1e-12
    )


@pytest.mark.parametrize("r", [3.2, 3.4])
def test_the_two_cycle_of_the_logistic_map(r):
    cycle = find_limit_cycle(truths.logistic(r, n_steps=2), [0.5])
    low = (r + 1 - np.sqrt((r - 3) * (r + 1))) / (2 * r)
    assert np.isclose(cycle.states, low, atol=1e-9).any()
    np.testing.assert_allclose(cycle.multipliers, [4 + 2 * r - r * r], rtol=1e-9)


def test_krylov_and_dense_shooting_agree():
    system = truths.forced_stuart_landau(1.02, 0.4)
    dense = find_limit_cycle(system, [1.0, 0.0])
    krylov = find_limit_cycle(system, [1.0, 0.0], control=ShootingControl(method="krylov"))
    assert dense.found
    assert krylov.found
    np.testing.assert_allclose(krylov.point, dense.point, atol=1e-9)


@pytest.mark.long
def test_krylov_and_dense_shooting_agree_on_an_autonomous_cycle():
    """A cycle in 2 of 40 coupled dimensions; the others converge to it."""
    system = oscillator_with_followers(40)
    start = np.r_[1.05, 0.02, np.full(38, 0.1)]
    with_matrices = ShootingControl(method="dense", tolerance=1e-11)
    dense = find_limit_cycle(system, start, period_guess=2.08, control=with_matrices)
    without = ShootingControl(method="krylov", n_multipliers=3, tolerance=1e-11)
    krylov = find_limit_cycle(system, start, period_guess=2.08, control=without)
    assert (dense.method, krylov.method) == ("shooting", "Newton-Krylov")
    for cycle in (dense, krylov):
        np.testing.assert_allclose(cycle.period, 2 * np.pi / 3, rtol=1e-10)
        np.testing.assert_allclose(cycle.multipliers[0], 1.0, atol=1e-8)
    np.testing.assert_allclose(krylov.multipliers, dense.multipliers[:3], atol=1e-8)


@pytest.mark.long
def test_above_300_dimensions_newton_krylov_is_chosen():
    system = oscillator_with_followers(400)
    cycle = find_limit_cycle(
        system,
        np.r_[1.01, 0.0, np.zeros(398)],
        period_guess=2.1,
        control=ShootingControl(tolerance=1e-9),
    )
    assert cycle.found, cycle.message
    assert cycle.method == "Newton-Krylov"
    assert cycle.multipliers.size == 6
    np.testing.assert_allclose(cycle.period, 2 * np.pi / 3, rtol=1e-9)
    # Each follower decays with a different rate, the slowest with 0.5.
    np.testing.assert_allclose(cycle.multipliers[:2], [1, np.exp(-np.pi / 3)], atol=1e-7)


def oscillator_with_followers(n):
    """Stuart-Landau (omega = 3), and n - 2 units y' = -rate y + u with rates from 0.5 on."""
    core, rates = truths.stuart_landau(omega=3.0), np.linspace(0.5, 20, n - 2)

    def tangent(t, x, v):
        slopes = np.zeros_like(v)
        slopes[:2] = core.jacobian(t, x[:2]) @ v[:2]
        slopes[2:] = v[0] - rates[:, None] * v[2:]
        return slopes

    return Flow(lambda t, x: np.r_[core(t, x[:2]), x[0] - rates * x[2:]], tangent=tangent)


@pytest.mark.parametrize("n_segments", [1, 4])
@pytest.mark.parametrize("rounds", [2, 3])
def test_an_orbit_that_goes_round_several_times_is_returned_once_round(n_segments, rounds):
    period = 6.66328685932313
    cycle = find_limit_cycle(
        truths.van_der_pol(1.0),
        [2.0, 0.0],
        period_guess=rounds * period * 1.001,
        control=ShootingControl(tolerance=1e-11, n_segments=n_segments),
    )
    np.testing.assert_allclose(cycle.period, period, rtol=1e-10)
    np.testing.assert_allclose(cycle.multipliers[1], np.exp(-7.0589328088), atol=1e-8)


def test_a_subharmonic_of_a_map_and_what_is_none():
    """The 2-cycle of the logistic map, and its fixed point, which also returns after 4."""
    r = 3.3
    double = find_limit_cycle(truths.logistic(r, 1), [0.47], subharmonic=2)
    assert (double.subharmonic, double.period) == (2, 2.0)
    np.testing.assert_allclose(double.multipliers, [4 + 2 * r - r * r], rtol=1e-9)
    single = find_limit_cycle(truths.logistic(r, 1), [1 - 1 / r + 1e-3], subharmonic=4)
    assert (single.subharmonic, single.period) == (1, 1.0)
    np.testing.assert_allclose(single.multipliers, [2 - r], rtol=1e-9)
    assert single.index == 1


def test_a_subharmonic_of_a_forced_field():
    """The origin returns after one period; over two periods its multiplier would be squared."""
    once = find_limit_cycle(truths.markus_yamabe(), np.zeros(2), period=np.pi, subharmonic=2)
    assert once.subharmonic == 1
    np.testing.assert_allclose(once.period, np.pi)
    np.testing.assert_allclose(once.multipliers, [-np.exp(np.pi / 2), -np.exp(-np.pi)], atol=1e-8)


@pytest.mark.parametrize("n_segments", [2, 5])
def test_multiple_and_single_shooting_agree(n_segments):
    forced = truths.forced_stuart_landau(1.02, 0.4)
    one = find_limit_cycle(forced, [1.0, 0.0], control=ShootingControl(tolerance=1e-12))
    several = find_limit_cycle(
        forced, [1.0, 0.0], control=ShootingControl(tolerance=1e-12, n_segments=n_segments)
    )
    assert several.method == "multiple shooting"
    np.testing.assert_allclose(several.point, one.point, atol=1e-11)
    np.testing.assert_allclose(several.states, one.states, atol=1e-11)
    np.testing.assert_allclose(several.times, one.times)
    np.testing.assert_allclose(several.multipliers, one.multipliers, atol=1e-10)


def test_multiple_shooting_finds_an_unstable_cycle_from_states_around_it():
    angles = np.linspace(0, 2 * np.pi, 7)[:-1]
    around = 0.9 * np.c_[np.cos(angles), np.sin(angles)]
    cycle = find_limit_cycle(
        truths.subcritical_hopf(),
        around,
        period_guess=6.0,
        control=ShootingControl(tolerance=1e-11),
    )
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.period, 2 * np.pi, rtol=1e-10)
    np.testing.assert_allclose(cycle.multipliers, [np.exp(4 * np.pi), 1], rtol=1e-8)
    assert cycle.index == 1
    assert cycle.residual <= cycle.tolerance


def test_failed_multiple_shooting_says_what_to_try():
    decay = Flow(lambda t, x: -x, lambda t, x: -np.eye(2))
    cycle = find_limit_cycle(
        decay, [1.0, 0.0], period_guess=1.0, control=ShootingControl(n_segments=3)
    )
    assert not cycle.found
    assert "segments" in cycle.message or "fixed point" in cycle.message


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n_segments": 0}, "n_segments"),
        ({"method": "newton"}, "method"),
        ({"method": "krylov", "n_segments": 2}, "one segment"),
    ],
)
def test_bad_options_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        ShootingControl(**options)


def test_a_subharmonic_without_a_forcing_is_refused():
    with pytest.raises(ValueError, match="subharmonic"):
        find_limit_cycle(truths.stuart_landau(), [1.0, 0.0], period_guess=6.0, subharmonic=2)


def test_several_starts_make_segments_which_need_matrices():
    starts, control = np.ones((2, 2)), ShootingControl(method="krylov")
    with pytest.raises(ValueError, match="one segment"):
        find_limit_cycle(truths.stuart_landau(), starts, period_guess=6.0, control=control)


def test_leading_multipliers_do_not_depend_on_arnoldi(monkeypatch):
    """Where Arnoldi iteration gives up, the whole matrix is used."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(40, 40)) / 8
    system = SteppedMap(lambda k, x: matrix @ x, lambda k, x, v: matrix @ v, dimension=40)
    arnoldi = floquet_multipliers(system, np.zeros(40), n_leading=4)

    def give_up(*arguments, **options):
        raise ArpackNoConvergence("no convergence", np.empty(0), np.empty((40, 0)))

    monkeypatch.setattr("isochron.analysis.floquet.eigs", give_up)
    dense = floquet_multipliers(system, np.zeros(40), n_leading=4)
    np.testing.assert_allclose(np.abs(arnoldi), np.abs(dense), rtol=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(-2.0, 2.0), st.floats(0.5, 2.0))
def test_multipliers_do_not_depend_on_coordinates_or_on_the_unit_of_time(scale, shear, speed):
    plain = truths.stuart_landau(mu=0.3, omega=2.0)
    change = np.array([[scale, shear], [0.0, 1.0]])
    back = np.linalg.inv(change)
    moved = Flow(
        lambda t, x: speed * change @ plain(t, back @ x),
        lambda t, x: speed * change @ plain.jacobian(t, back @ x) @ back,
    )
    cycle = find_limit_cycle(moved, change @ [np.sqrt(0.3), 0.01], max_period=20.0)
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.period, np.pi / speed, rtol=1e-8)
    np.testing.assert_allclose(cycle.multipliers, [1, np.exp(-0.6 * np.pi)], atol=1e-7)


def test_no_cycle_is_said_with_advice():
    decay = Flow(lambda t, x: -x, lambda t, x: -np.eye(2))
    cycle = find_limit_cycle(decay, [1.0, 0.0], max_period=10.0)
    assert not cycle.found
    assert not cycle.stable
    assert "converges to a fixed point at [0. 0.]" in cycle.message


def test_an_autonomous_field_needs_max_period():
    with pytest.raises(ValueError, match="max_period"):
        find_limit_cycle(truths.stuart_landau(), [1.0, 0.0])


@pytest.mark.long
def test_checks_see_a_wrong_jacobian():
    """Planted fault: a transposed Jacobian must not pass the difference quotient."""
    right = truths.forced_stuart_landau(1.0, 0.5)
    good = find_limit_cycle(right, [1.0, 0.0])
    assert good.checks["difference_quotient"] < 1e-6
    wrong = truths.van_der_pol(1.0)
    broken = Flow(wrong.field, lambda t, x: wrong.jacobian(t, x).T)
    cycle = find_limit_cycle(
        broken, [2.0, 0.0], max_period=20.0, control=ShootingControl(max_iterations=20)
    )
    assert not cycle.found


def test_a_cycle_with_a_wrong_jacobian_is_not_returned():
    """The orbit of the forced oscillator is found from its state; its tangent is wrong."""
    right = truths.forced_stuart_landau(1.0, 0.5)
    point = find_limit_cycle(right, [1.0, 0.0]).point
    tangent = right.tangent
    assert tangent is not None
    broken = dataclasses.replace(right, tangent=lambda k, x, v: 1.001 * tangent(k, x, v))
    cycle = find_limit_cycle(broken, point)
    assert not cycle.found
    assert "Check the Jacobian" in cycle.message


def test_every_check_sees_tangents_that_shrink_too_fast():
    """Planted fault: 0.2 subtracted from every growth rate; the orbit itself is right."""
    right = truths.van_der_pol(1.0)
    broken = Flow(
        right.field,
        right.derivative,
        tangent=lambda t, x, v: right.jacobian(t, x) @ v - 0.2 * v,
    )
    found = find_limit_cycle(
        right, [2.0, 0.0], period_guess=6.66, control=ShootingControl(tolerance=1e-11)
    )
    back = ReturnMap(broken, found.period)
    bare = describe_orbit(
        back, found.nodes, forced=False, tolerance=1e-9, message="", method="shooting"
    )
    with pytest.raises(NotFoundError, match="finite difference"):
        add_multipliers(back, bare, None, verify=True)
    with pytest.raises(NotFoundError, match="nearer to 1"):
        add_multipliers(back, bare, None, verify=False)
    logarithms = log_multipliers(back, found.nodes)
    assert liouville_defect(back, found.point, logarithms) > 0.1
    for name, words in {
        "difference_quotient": "off by 5.1e-02 from a finite difference",
        "liouville": "off by 5.1e-02 from Liouville's formula",
        "trivial_multiplier": "nearer to 1 than 5.1e-02",
    }.items():
        _reject_failed(back, bare, {name: 0.049})
        with pytest.raises(NotFoundError, match=words):
            _reject_failed(back, bare, {name: 0.051})


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_resting_orbits_of_maps_are_found_from_every_start(unit):
    """At 0 and 1 - 1/r, samples that differ by rounding are not an orbit of that size."""
    logistic = SteppedMap(lambda k, x: 3.2 * x * (1 - x / unit), None, 1)
    cycles = [find_limit_cycle(logistic, [unit * x]) for x in np.linspace(0.05, 0.95, 19)]
    assert all(cycle.at_rest and not cycle.found and not cycle.stable for cycle in cycles)
    points = np.array([cycle.point[0] / unit for cycle in cycles])
    # A return error of 1e-8 of the size at the start, over |multiplier - 1| = 1.2.
    distance = np.minimum(np.abs(points), np.abs(points - (1 - 1 / 3.2)))
    np.testing.assert_allclose(distance, 0, atol=1e-8)


def test_resting_orbits_of_more_steps_or_variables_are_found_from_every_start():
    adler = SteppedMap(lambda k, x: x + (0.2 - 0.5 * np.sin(x)) / 40, None, 1, n_steps=40)
    for x in np.linspace(-1, 1, 7):
        cycle = find_limit_cycle(adler, [x])
        assert cycle.stable
        assert cycle.point[0] == pytest.approx(np.arcsin(0.4), abs=1e-7)
    henon = SteppedMap(
        lambda k, x: np.stack([1 - 1.4 * x[..., 0] ** 2 + x[..., 1], 0.3 * x[..., 0]], -1), None, 2
    )
    fixed = np.roots([1.4, 0.7, -1])
    for start in np.random.default_rng(0).uniform(-0.5, 0.8, (8, 2)):
        cycle = find_limit_cycle(henon, start)
        assert cycle.solved
        assert np.abs(fixed - cycle.point[0]).min() < 1e-7


def test_an_orbit_that_has_shrunk_to_a_point_is_no_cycle():
    """It closes after any time."""
    back = ReturnMap(truths.stuart_landau(mu=1.0, omega=3.0), 2.0)
    given = {"forced": False, "tolerance": 1e-9, "message": "", "method": "shooting"}
    for size in (0.0, 1e-10):
        with pytest.raises(NotFoundError, match="shrunk to a fixed point"):
            describe_orbit(back, np.full((1, 2), size), **given)


def test_a_map_of_a_whole_period_does_not_show_whether_the_state_moves():
    """Its fixed point is a cycle of the forced system; without a forcing it is at rest."""
    for cycles in (0, 1):
        back = SteppedMap(lambda k, x: x / 2, None, 1, forcing_cycles=cycles)
        cycle = find_limit_cycle(back, [0.3])
        assert cycle.solved
        assert (cycle.found, cycle.at_rest) == (cycles == 1, cycles == 0)


def test_rounds_that_are_nearly_equal_are_two():
    """Just above r = 3 the orbit of the logistic map has the period 2; the others move it far."""
    r = 3.0001
    steps = (lambda x: r * x * (1 - x), lambda x: x + 1, lambda x: x - 1)
    system = SteppedMap(lambda k, x: steps[k](x), None, 1, n_steps=3, forcing_cycles=1)
    start = (r + 1 + np.sqrt((r - 3) * (r + 1))) / (2 * r)
    cycle = find_limit_cycle(system, [start], subharmonic=2)
    assert cycle.found
    assert cycle.subharmonic == 2
    assert 0.006 < abs(cycle.states[3, 0] - cycle.states[0, 0]) < 0.007


def test_the_trivial_multiplier_may_be_none_of_the_leading_ones():
    """Here the leading one is exp(0.4 π)."""

    def field(t, x):
        grows = x[0] ** 2 + x[1] ** 2 - 0.1
        return np.array([grows * x[0] - x[1], grows * x[1] + x[0], -x[2]])

    control = ShootingControl(n_multipliers=1)
    start = [np.sqrt(0.1), 0, 0]
    cycle = find_limit_cycle(Flow(field), start, period_guess=6.28, control=control)
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.multipliers, [np.exp(0.4 * np.pi)], rtol=1e-5)


@pytest.mark.parametrize(
    ("n_wrong", "kind"),
    [(0, InaccurateError), (2, InaccurateError), (3, WrongDerivativeError)],
)
def test_the_jacobian_is_blamed_only_if_it_is_wrong(n_wrong, kind):
    """It is compared at 16 states, a few of which may lie at kinks."""
    right, calls = truths.stuart_landau(mu=1.0, omega=3.0), []
    cycle = find_limit_cycle(right, [1.0, 0.0], period_guess=2.1)
    assert cycle.checks.keys() == {"trivial_multiplier", "difference_quotient", "liouville"}

    def tangent(t, x, v):
        calls.append(t)
        return right.jacobian(t, x) @ v * (2 if len(calls) <= n_wrong else 1)

    back = ReturnMap(Flow(right.field, right.derivative, tangent=tangent), cycle.period)
    with pytest.raises(kind):
        _reject_failed(back, cycle, {"liouville": 1.0})
    assert len(calls) == 16


class Edge:
    """The square of a number, where it is less than an edge."""

    def __init__(self, least, largest):
        self.least, self.largest = least, largest

    def part(self, node, begin, end):
        if not self.least <= node[0] <= self.largest:
            raise FloatingPointError("beyond the edge")
        return node**2


def test_a_difference_at_an_edge_is_one_of_one_side():
    at, move = np.array([1.0]), np.array([0.1])
    edge: Any
    for edge, exact in ((Edge(0, 2), 0.2), (Edge(0, 1.05), 0.19), (Edge(0.95, 2), 0.21)):
        assert _central_difference(edge, at, 0, 1, move) == pytest.approx(exact)
    edge = Edge(0.95, 1.05)
    with pytest.raises(ArithmeticError, match="not finite near the orbit"):
        _central_difference(edge, at, 0, 1, move)


def test_a_map_is_not_advised_to_integrate_more_accurately():
    """A map does not have `rtol`; it may have a longer cycle or an invariant circle."""
    back = ReturnMap(SteppedMap(lambda k, x: x + 1e-3, None, 1))
    with pytest.raises(NotFoundError, match="subharmonic=n.*find_invariant_circle") as error:
        describe_orbit(back, np.ones((1, 1)), forced=True, tolerance=1e-8, message="", method="")
    assert "rtol" not in str(error.value)
