import dataclasses

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    SystemFamily,
    find_limit_cycle,
    floquet_multipliers,
)
from isochron.analysis.continuation import (
    StepControl,
    continue_cycles,
    continue_cycles_from_hopf,
    continue_doubled_cycles,
    continue_fixed_points,
    continue_fold,
)
from isochron.analysis.systems.flow import flow
from tests import truths


def test_a_branch_goes_round_both_folds_of_the_cusp():
    family = SystemFamily(truths.cusp, {"p": 0.0, "q": 1.0})
    branch = continue_fixed_points(
        family.along("p"), [-1.6], -2.0, limits=(-2.0, 2.0), control=StepControl(largest_step=0.2)
    )
    np.testing.assert_allclose(branch.parameters[-1], 2.0)
    x = branch.states[:, 0]
    np.testing.assert_allclose(branch.parameters, x**3 - x, atol=1e-9)
    low, high = branch.special
    assert (low.kind, high.kind) == ("fold", "fold")
    edge = 2 / (3 * np.sqrt(3))
    np.testing.assert_allclose([low.parameter, high.parameter], [edge, -edge], atol=1e-10)
    np.testing.assert_allclose([low.state[0], high.state[0]], np.array([-1, 1]) / np.sqrt(3))
    assert {p.index for p in branch.points if abs(p.state[0]) < 0.55} == {1}
    assert {p.index for p in branch.points if abs(p.state[0]) > 0.6} == {0}
    assert all(p.residual < 1e-9 for p in branch.points)


def test_a_transcritical_point_is_no_fold():
    system = lambda p: Flow(lambda t, x: p * x - x**2, lambda t, x: np.diag(p - 2 * x))  # noqa: E731
    branch = continue_fixed_points(system, [0.0], -1.0, limits=(-1.0, 1.0))
    (point,) = branch.special
    assert point.kind == "branch point"
    np.testing.assert_allclose(point.parameter, 0.0, atol=1e-10)


@pytest.mark.parametrize("a", [1.0, 1.5])
def test_the_hopf_point_of_the_brusselator(a):
    branch = continue_fixed_points(
        lambda b: truths.brusselator(b, a), [a, 1.0 / a], 1.0, limits=(1.0, 5.0)
    )
    (hopf,) = branch.of_kind("Hopf")
    np.testing.assert_allclose(hopf.parameter, 1 + a * a, rtol=1e-10)
    np.testing.assert_allclose(abs(hopf.critical.imag), a, rtol=1e-9)
    assert hopf.test < 1e-9


def test_the_hopf_point_of_lorenz_and_the_unstable_cycles_below():
    rho = 470 / 19
    z = 20.0 - 1
    x = np.sqrt(8 / 3 * z)
    branch = continue_fixed_points(
        truths.lorenz, [x, x, z], 20.0, limits=(20.0, 26.0), control=StepControl(largest_step=1.0)
    )
    (hopf,) = branch.special
    assert hopf.kind == "Hopf"
    np.testing.assert_allclose(hopf.parameter, rho, rtol=1e-10)
    np.testing.assert_allclose(abs(hopf.critical.imag), np.sqrt(8 / 3 * (rho + 10)), rtol=1e-9)
    cycles = continue_cycles_from_hopf(
        truths.lorenz, hopf, limits=(24.0, 25.0), amplitude=0.1, control=StepControl(max_points=6)
    )
    assert cycles.points[-1].parameter < rho  # subcritical
    assert {point.index for point in cycles.points} == {1}
    period = 2 * np.pi / np.sqrt(8 / 3 * (rho + 10))
    np.testing.assert_allclose(cycles.points[0].period, period, rtol=1e-3)


@pytest.mark.parametrize("n_segments", [1, 3])
def test_branch_switching_at_the_hopf_normal_form(n_segments):
    system = lambda mu: truths.stuart_landau(mu, omega=2.0, c=0.5)  # noqa: E731
    equilibria = continue_fixed_points(system, [0.0, 0.0], -0.5, limits=(-0.5, 0.5))
    (hopf,) = equilibria.of_kind("Hopf")
    np.testing.assert_allclose(hopf.parameter, 0.0, atol=1e-10)
    cycles = continue_cycles_from_hopf(
        system,
        hopf,
        limits=(-0.1, 0.5),
        control=StepControl(largest_step=0.2),
        n_segments=n_segments,
    )
    mu = cycles.parameters
    np.testing.assert_allclose(mu[-1], 0.5)
    np.testing.assert_allclose(np.linalg.norm(cycles.states, axis=1), np.sqrt(mu), atol=1e-7)
    periods = [point.period for point in cycles.points]
    np.testing.assert_allclose(periods, 2 * np.pi / (2 - 0.5 * mu), rtol=1e-7)
    assert all(point.stable for point in cycles.points)


@pytest.mark.long
def test_cycles_fold_where_the_normal_form_says():
    start = find_limit_cycle(truths.bautin(-0.1), [0.95, 0.0], max_period=10.0)
    branch = continue_cycles(
        truths.bautin,
        start,
        -0.1,
        limits=(-0.5, 0.6),
        direction=-1,
        control=StepControl(step=0.2, largest_step=0.3),
    )
    (fold,) = branch.of_kind("fold")
    np.testing.assert_allclose(fold.parameter, -0.25, atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(fold.state), np.sqrt(0.5), atol=1e-6)
    np.testing.assert_allclose(fold.period, 2 * np.pi, rtol=1e-9)
    assert branch.points[0].stable
    assert branch.points[-1].index == 1
    assert "Hopf" in branch.message  # where the unstable cycle shrinks, at mu = 0
    curve = continue_fold(
        truths.bautin,
        fold,
        1.0,
        limits=((-1.0, 0.0), (0.5, 1.5)),
        direction=-1,
        control=StepControl(step=0.2, largest_step=0.3),
    )
    mu, slope = curve.parameters.T
    assert slope.min() < 0.85
    np.testing.assert_allclose(mu, -(slope**2) / 4, atol=1e-7)


def test_fold_and_period_doubling_of_the_henon_map():
    branch = continue_fixed_points(
        truths.henon,
        [0.63, 0.19],
        1.4,
        limits=(-0.3, 1.4),
        direction=-1,
        control=StepControl(max_points=100),
    )
    (doubling,) = branch.of_kind("period doubling")[:1]
    (fold,) = branch.of_kind("fold")
    np.testing.assert_allclose(doubling.parameter, 3 * 0.49 / 4, rtol=1e-9)
    np.testing.assert_allclose(doubling.critical, -1, atol=1e-9)
    np.testing.assert_allclose(fold.parameter, -0.49 / 4, rtol=1e-9)


def test_neimark_sacker_of_the_delayed_logistic_map():
    branch = continue_fixed_points(truths.delayed_logistic, [1 / 3, 1 / 3], 1.5, limits=(1.5, 2.3))
    (point,) = branch.special
    assert point.kind == "Neimark-Sacker"
    np.testing.assert_allclose(point.parameter, 2.0, rtol=1e-9)
    np.testing.assert_allclose(point.critical, np.exp(1j * np.pi / 3), atol=1e-8)


def test_the_cycle_of_roessler_doubles_its_period():
    """The published value is c = 2.832; there the multiplier is -1, by a different method."""
    system = lambda c: truths.roessler(c=c)  # noqa: E731
    settled = flow(system(2.5), [1.0, 1.0, 0.0], 150.0, rtol=1e-8)
    start = find_limit_cycle(system(2.5), settled, max_period=8.0)
    assert start.found, start.message
    branch = continue_cycles(
        system,
        start,
        2.5,
        limits=(2.5, 3.0),
        control=StepControl(step=0.2, largest_step=0.5, tolerance=1e-10),
    )
    (doubling,) = branch.special
    assert doubling.kind == "period doubling"
    np.testing.assert_allclose(doubling.parameter, 2.832, atol=1e-3)
    multipliers = floquet_multipliers(
        system(doubling.parameter), doubling.state, doubling.period, rtol=1e-11
    )
    np.testing.assert_allclose(np.abs(multipliers + 1).min(), 0.0, atol=1e-7)


def test_the_zero_tongue_of_the_sine_circle_map():
    """Half-width K/2π, exactly."""
    family = SystemFamily(truths.circle_map, {"omega": 0.0, "coupling": 0.8})
    branch = continue_fixed_points(
        family.along("omega"), [0.0], 0.0, limits=(-0.5, 0.5), control=StepControl(max_points=12)
    )
    fold = branch.of_kind("fold")[0]
    np.testing.assert_allclose(fold.parameter, 0.8 / (2 * np.pi), rtol=1e-9)
    curve = continue_fold(
        family.along("omega", "coupling"),
        fold,
        0.8,
        limits=((-1.0, 1.0), (0.1, 1.5)),
        direction=-1,
    )
    omega, coupling = curve.parameters.T
    assert coupling.min() < 0.1 + 1e-9
    np.testing.assert_allclose(omega, coupling / (2 * np.pi), atol=1e-8)


@pytest.mark.slow
def test_the_tongue_of_an_oscillator_with_a_turning_force():
    """Forced cycles of a field, the forcing period varied; edges in closed form."""

    def period(omega, force=0.0):
        return 2 * np.pi / omega

    force = 0.3
    start = find_limit_cycle(truths.rotating_force(1.0, force), [1.1, 0.0], period=2 * np.pi)
    branch = continue_cycles(
        lambda omega: truths.rotating_force(omega, force),
        start,
        1.0,
        limits=(0.5, 1.6),
        forcing_period=period,
        control=StepControl(step=0.1, largest_step=0.2, max_points=12),
    )
    fold = branch.of_kind("fold")[0]
    curve = continue_fold(
        truths.rotating_force,
        fold,
        force,
        limits=((0.5, 2.0), (0.22, 0.5)),
        forcing_period=period,
        direction=-1,
        control=StepControl(step=0.1, largest_step=0.1),
    )
    assert len(curve.parameters) > 1
    squares = (curve.states**2).sum(axis=1)
    omega, forces = curve.parameters.T
    np.testing.assert_allclose(forces**2, 2 * squares**2 * (1 - squares), atol=1e-6)
    np.testing.assert_allclose((1 - omega) ** 2, (1 - squares) * (3 * squares - 1), atol=1e-6)
    assert forces.min() < 0.22


def test_a_lost_branch_says_what_to_try():
    nothing = lambda p: Flow(lambda t, x: x**2 + 1 + p**2, lambda t, x: np.diag(2 * x))  # noqa: E731
    branch = continue_fixed_points(nothing, [0.5], 0.0, limits=(-1.0, 1.0))
    assert branch.points == ()
    assert "converge" in branch.message


def test_bad_input_is_refused():
    system = lambda p: truths.cusp(p, 1.0)  # noqa: E731
    with pytest.raises(ValueError, match="limits"):
        continue_fixed_points(system, [1.0], 3.0, limits=(-1.0, 1.0))
    with pytest.raises(ValueError, match="step"):
        continue_fixed_points(
            system, [1.0], 0.0, limits=(-1.0, 1.0), control=StepControl(step=-1.0)
        )
    with pytest.raises(ValueError, match="tolerance"):
        StepControl(tolerance=0)
    branch = continue_fixed_points(system, [1.3], 1.0, limits=(-1.0, 1.0), direction=-1)
    fold = branch.of_kind("fold")[0]
    with pytest.raises(ValueError, match="Hopf point; this is a fold"):
        continue_cycles_from_hopf(system, fold, limits=(-1.0, 1.0))
    with pytest.raises(ValueError, match="limits"):
        continue_fold(truths.cusp, fold, 5.0, limits=((-1.0, 1.0), (0.0, 2.0)))


def test_units_do_not_matter_to_the_default_steps():
    """The cusp with its state in units of 1e-6 and its parameter in units of 1e4."""
    state, parameter = 1e-6, 1e4

    def system(p):
        plain = truths.cusp(p / parameter, 1.0)
        return Flow(
            lambda t, x: state * plain(t, x / state), lambda t, x: plain.jacobian(t, x / state)
        )

    plain = continue_fixed_points(lambda p: truths.cusp(p, 1.0), [-1.6], -2.0, limits=(-2.0, 2.0))
    scaled = continue_fixed_points(
        system, [-1.6 * state], -2.0 * parameter, limits=(-2.0 * parameter, 2.0 * parameter)
    )
    np.testing.assert_allclose(scaled.parameters / parameter, plain.parameters, rtol=1e-9)
    np.testing.assert_allclose(scaled.states / state, plain.states, rtol=1e-9)
    assert [point.kind for point in scaled.special] == ["fold", "fold"]


def test_the_doubled_cycle_of_the_logistic_map_and_where_it_doubles_again():
    """2-cycles x = (r + 1 ± √((r - 3) (r + 1))) / 2r exist for r > 3 and double at 1 + √6."""
    system = lambda r: truths.logistic(r, n_steps=1)  # noqa: E731
    branch = continue_fixed_points(system, [0.6], 2.6, limits=(2.6, 3.2))
    (doubling,) = branch.special
    np.testing.assert_allclose(doubling.parameter, 3.0, rtol=1e-10)
    doubled = continue_doubled_cycles(system, doubling, limits=(2.8, 3.5))
    r = doubled.parameters[1:]
    root = np.sqrt((r - 3) * (r + 1))
    high, low = (r + 1 + root) / (2 * r), (r + 1 - root) / (2 * r)
    x = doubled.states[1:, 0]
    np.testing.assert_allclose(np.minimum(np.abs(x - high), np.abs(x - low)), 0.0, atol=1e-8)
    assert {point.period for point in doubled.points} == {2.0}
    (again,) = doubled.of_kind("period doubling")
    np.testing.assert_allclose(again.parameter, 1 + np.sqrt(6), rtol=1e-9)
    with pytest.raises(ValueError, match="period doubling is needed .* this is a fold"):
        continue_doubled_cycles(system, dataclasses.replace(doubling, kind="fold"), limits=(2, 4))


def test_a_closed_branch_ends_where_it_began():
    """A loop of equilibria, x² + p² = 1, is followed once."""
    system = lambda p: Flow(lambda t, x: 1 - x**2 - p**2, lambda t, x: np.diag(-2 * x))  # noqa: E731
    branch = continue_fixed_points(system, [1.0], 0.0, limits=(-2.0, 2.0))
    assert "come back" in branch.message
    np.testing.assert_allclose(branch.states[:, 0] ** 2 + branch.parameters**2, 1, atol=1e-9)
    np.testing.assert_allclose([point.parameter for point in branch.of_kind("fold")], [1, -1])


@pytest.mark.parametrize("n_segments", [1, 3])
def test_segments_do_not_change_a_branch(n_segments):
    """Cycles of the Hopf normal form, r = √mu; multiplier exp(-2 mu T)."""
    system = lambda mu: truths.stuart_landau(mu, omega=2.0)  # noqa: E731
    start = find_limit_cycle(
        system(0.5), [0.7, 0.0], max_period=5.0, control=ShootingControl(rtol=1e-10)
    )
    branch = continue_cycles(
        system,
        start,
        0.5,
        limits=(0.5, 2.0),
        n_segments=n_segments,
        control=StepControl(max_points=4, rtol=1e-10),
    )
    mu = branch.parameters
    assert mu[-1] > 0.54
    np.testing.assert_allclose(np.linalg.norm(branch.states, axis=1), np.sqrt(mu), rtol=1e-8)
    values = [point.values[0] for point in branch.points]
    np.testing.assert_allclose(values, np.exp(-2 * np.pi * mu), atol=1e-8)


@pytest.mark.slow
def test_van_der_pol_is_followed_into_relaxation():
    """Periods of the specification at mu = 5 and 10; there the multiplier is exp(-311.8)."""
    start = find_limit_cycle(
        truths.van_der_pol(5.0),
        [2.0, 0.0],
        max_period=20.0,
        control=ShootingControl(n_segments=8, tolerance=1e-10),
    )
    np.testing.assert_allclose(start.period, 11.612230667719, rtol=1e-9)
    branch = continue_cycles(
        truths.van_der_pol, start, 5.0, limits=(5.0, 10.0), control=StepControl(rtol=1e-10)
    )
    np.testing.assert_allclose(branch.parameters[-1], 10.0)
    np.testing.assert_allclose(branch.points[-1].period, 19.0783695669390, rtol=1e-8)
    assert abs(branch.points[-1].values[0]) < 1e-15  # below rounding of a segment's matrix
    assert branch.special == ()


@pytest.mark.slow
def test_the_doubled_cycle_of_roessler():
    """It starts with twice the period, stable, and its multiplier falls from 1."""
    system = lambda c: truths.roessler(c=c)  # noqa: E731
    settled = flow(system(2.7), [1.0, 1.0, 0.0], 150.0, rtol=1e-8)
    start = find_limit_cycle(
        system(2.7), settled, max_period=8.0, control=ShootingControl(rtol=1e-10)
    )
    branch = continue_cycles(system, start, 2.7, limits=(2.7, 3.0), control=StepControl(rtol=1e-10))
    (doubling,) = branch.of_kind("period doubling")
    doubled = continue_doubled_cycles(
        system, doubling, limits=(2.7, 3.1), n_segments=2, control=StepControl(rtol=1e-10)
    )
    assert doubled.points[0].parameter > doubling.parameter
    np.testing.assert_allclose(doubled.points[0].period, 2 * doubling.period, rtol=1e-3)
    assert all(point.stable for point in doubled.points)
    cycle = find_limit_cycle(
        system(doubled.parameters[-1]),
        doubled.points[-1].state,
        period_guess=doubled.points[-1].period,
    )
    np.testing.assert_allclose(cycle.period, doubled.points[-1].period, rtol=1e-8)


@pytest.mark.parametrize("distance", [10.0, 14.0, 30.0, 50.0])
def test_a_saturated_start_does_not_crawl(distance):
    """x' = -x + 1/(1 + exp(-(6 x + p))) from where x is exp(-distance), 1e-22 at the end.

    Steps grow with the distance, and the range of the parameter with the states.

    The folds: 6 x (1 - x) = 1, p = ln(x / (1 - x)) - 6 x.
    """

    def rate(z):
        return 1 / (1 + np.exp(-z))

    def at(p):
        return Flow(
            lambda t, x: -x + rate(6 * x + p),
            lambda t, x: np.diag(-1 + 6 * rate(6 * x + p) * (1 - rate(6 * x + p))),
        )

    branch = continue_fixed_points(
        at,
        [rate(-distance)],
        -distance,
        limits=(-distance, 10.0),
        control=StepControl(max_points=500),
    )
    assert branch.message == "the parameter reached its limit"
    assert branch.parameters[-1] == pytest.approx(10.0)
    x = (1 + np.array([-1, 1]) / np.sqrt(3)) / 2
    np.testing.assert_allclose(
        [point.parameter for point in branch.of_kind("fold")],
        np.log(x / (1 - x)) - 6 * x,
        rtol=1e-6,
    )


def test_the_index_of_a_special_point_is_that_of_its_branch():
    """The sign of a critical eigenvalue is a rounding error and is not counted."""
    branch = continue_fixed_points(lambda p: truths.cusp(p, 1.0), [-1.6], -2.0, limits=(-2.0, 2.0))
    found = [(s.index_before, s.index_after, s.index) for s in branch.of_kind("fold")]
    assert found == [(0, 1, 0), (1, 0, 0)]
    for mirrored in (1, -1):
        rest = continue_fixed_points(
            lambda mu, sign=mirrored: truths.stuart_landau(mu=sign * mu),
            [0.0, 0.0], -1.0, limits=(-1.0, 1.0),
        )  # fmt: skip
        (hopf,) = rest.of_kind("Hopf")
        around = (hopf.index_before, hopf.index_after)
        assert around == ((0, 2) if mirrored == 1 else (2, 0))
        assert hopf.index == 0


@pytest.mark.parametrize("start", [1.4, 1.5, 2.0])
@pytest.mark.parametrize("is_map", [True, False])
def test_a_branch_is_followed_through_its_crossing_with_the_fixed_point_at_0(start, is_map):
    """x = 1 - 1/r of the logistic map crosses x = 0 at r = 1, where it loses its stability."""

    def system(r):
        if is_map:
            return SteppedMap(lambda k, x: r * x * (1 - x), None, 1)
        return Flow(lambda t, x: r * x * (1 - x) - x)

    branch = continue_fixed_points(system, [1 - 1 / start], start, limits=(0.5, 2.5), direction=-1)
    (crossing,) = branch.special
    assert crossing.kind == "branch point"
    np.testing.assert_allclose(
        crossing.parameter, 1.0, atol=1e-5
    )  # a step of 0.1, to the power 4, by a curvature
    assert branch.points[-1].parameter == 0.5
    np.testing.assert_allclose(branch.points[-1].state, [-1.0], rtol=1e-9)
