"""The unit of a state variable, or of time, changes no result.

Every search is repeated with each variable in a different unit. Unless stated otherwise, a
relative tolerance is that of the search (Newton's method to 1e-9 of the size of the state), times
a hundred for what is derived from it.
"""

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    ShootingControl,
    StepControl,
    SteppedMap,
    asymptotic_phase,
    compute_lyapunov_spectrum,
    compute_section_return,
    continue_cycles_from_hopf,
    continue_fixed_points,
    find_all_attractors,
    find_crossings,
    find_entrained_cycles,
    find_fixed_points,
    find_invariant_circle,
    find_limit_cycle,
    find_phase_response,
    find_recurrent_cycles,
    floquet_exponents,
    floquet_multipliers,
    flow,
    perturbed_phase_response,
    uniform_box,
)
from isochron.analysis.systems.return_map import Section
from isochron.analysis.systems.scales import measure_scale
from tests import truths

UNITS = pytest.mark.parametrize(
    "unit",
    [(1e-9, 1e-9), (1e9, 1e9), (1e-9, 1e9), (1e3, 1e-6), (1e-2, 1e-2)],
    ids=lambda unit: f"{unit[0]:g}, {unit[1]:g}",
)
DOUBLE_WELL = Flow(
    lambda t, x: np.array([x[1], x[0] - x[0] ** 3 - 0.5 * x[1]]),
    lambda t, x: np.array([[0, 1], [1 - 3 * x[0] ** 2, -0.5]]),
)


def in_units(system, unit, *, clock=1.0, bare=False):
    """The field of ``unit * state``, time in units of 1 / clock; `bare`: without its derivative."""
    unit = np.asarray(unit)

    def derivative(t, x):
        return unit[:, None] * system.jacobian(t / clock, x / unit) / unit / clock

    return Flow(
        lambda t, x: unit * system(t / clock, x / unit) / clock, None if bare else derivative
    )


def map_in_units(system, unit, *, bare=False):
    unit = np.asarray(unit)
    tangent = system.tangent
    return SteppedMap(
        lambda k, x: unit * system.step(k, x / unit),
        None if bare else lambda k, x, v: unit[:, None] * tangent(k, x / unit, v / unit[:, None]),
        dimension=system.dimension,
        n_steps=system.n_steps,
        forcing_cycles=system.forcing_cycles,
    )


@pytest.mark.parametrize("bare", [False, True])
@UNITS
def test_fixed_points(unit, bare):
    starts = np.random.default_rng(0).normal(size=(15, 2)) * unit
    found = find_fixed_points(in_units(DOUBLE_WELL, unit, bare=bare), starts)
    points = sorted(point.point[0] / unit[0] for point in found)
    np.testing.assert_allclose(points, [-1, 0, 1], atol=1e-8)
    assert [point.stable for point in found] == [True, True, False]
    assert not any(point.degenerate for point in found)
    exact = (-0.5 + np.sqrt(0.25 + 4)) / 2
    np.testing.assert_allclose(found[-1].eigenvalues[0], exact, rtol=1e-7)


@UNITS
def test_a_start_at_the_origin(unit):
    """It is a fixed point and gives no scale; from near it deflation finds the others."""
    alone = find_fixed_points(in_units(DOUBLE_WELL, unit), [[0, 0]])
    assert [point.index for point in alone] == [1]
    near = np.multiply([0.1, 0.0], unit)
    found = find_fixed_points(in_units(DOUBLE_WELL, unit), [near], deflations=4, scale=unit)
    assert sorted(round(point.point[0] / unit[0], 6) for point in found) == [-1, 0, 1]


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_fixed_points_next_to_zero(unit):
    """x' = 1e-8 - x + 2 x²: from starts near 1, the root near 1e-8 has a small relative error."""
    field = Flow(
        lambda t, x: unit * (1e-8 - x / unit + 2 * (x / unit) ** 2),
        lambda t, x: np.diag(-1 + 4 * x / unit),
    )
    found = find_fixed_points(field, unit * np.linspace(0, 1, 7)[:, None])
    exact = np.sort(np.roots([2, -1, 1e-8]))
    np.testing.assert_allclose([p.point[0] / unit for p in found], exact, rtol=1e-9)


def test_starts_much_farther_than_the_fixed_points():
    starts = np.random.default_rng(0).uniform(-1e6, 1e6, (12, 1))
    found = find_fixed_points(
        Flow(lambda t, x: x - x**3, lambda t, x: np.diag(1 - 3 * x**2)),
        starts,
        max_iterations=100,
    )
    np.testing.assert_allclose(sorted(p.point[0] for p in found), [-1, 1], rtol=1e-9)


@pytest.mark.parametrize("clock", [1.0, pytest.param(1e-6, marks=pytest.mark.long), 1e6])
@pytest.mark.parametrize("unit", [(1e-9, 1e-9), (1e-9, 1e9), (1e6, 1e-3)])
def test_a_limit_cycle(unit, clock):
    system = in_units(truths.van_der_pol(1.0), unit, clock=clock)
    cycle = find_limit_cycle(system, [2 * unit[0], 0.0], max_period=20 * clock)
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.period / clock, 6.66328685932313, rtol=1e-8)
    np.testing.assert_allclose(cycle.multipliers, [1, np.exp(-7.0589328088)], atol=1e-7)
    usual = find_limit_cycle(truths.van_der_pol(1.0), cycle.point / unit, max_period=20)
    np.testing.assert_allclose(cycle.states / np.array(unit), usual.states, atol=1e-6)
    found = floquet_multipliers(system, cycle.point, cycle.period)
    np.testing.assert_allclose(found, cycle.multipliers, atol=1e-7)
    exponents = floquet_exponents(system, cycle.point, cycle.period)
    np.testing.assert_allclose(np.real(exponents) * cycle.period, [0, -7.0589328088], atol=1e-6)


@pytest.mark.parametrize("unit", [(1e-9, 1e-9), (1e-9, 1e3)])
def test_a_limit_cycle_without_a_jacobian_from_far_away(unit):
    system = in_units(truths.brusselator(3.0), unit, bare=True)
    cycle = find_limit_cycle(system, np.multiply([0.2, 3.5], unit), max_period=20)
    assert cycle.stable, cycle.message
    np.testing.assert_allclose(cycle.period, 7.156919920, rtol=1e-8)  # by a different integrator


@UNITS
def test_the_flow_and_its_derivative(unit):
    """Stuart-Landau from r = 1/2: r² = 1 / (1 + 3 exp(-2 t)), angle t."""
    state, tangents = flow(
        in_units(truths.stuart_landau(), unit), [0.5 * unit[0], 0.0], 1.0, tangents=np.eye(2)
    )
    radius = 1 / np.sqrt(1 + 3 * np.exp(-2.0))
    np.testing.assert_allclose(state / unit, radius * np.array([np.cos(1), np.sin(1)]), rtol=1e-9)
    turned = tangents[:, 1] / unit * unit[1]  # across the radius: r / r(0) turned
    expected = 2 * radius * np.array([-np.sin(1), np.cos(1)])
    np.testing.assert_allclose(turned, expected, rtol=1e-8)


@pytest.mark.parametrize("clock", [1.0, 1e6])
@UNITS
def test_lyapunov_exponents(unit, clock):
    spectrum = compute_lyapunov_spectrum(
        in_units(truths.stuart_landau(mu=0.5), unit, clock=clock),
        np.multiply([np.sqrt(0.5), 0.0], unit),
        block=2 * np.pi * clock, n_blocks=2, transient=6 * np.pi * clock,
    )  # fmt: skip
    np.testing.assert_allclose(spectrum.exponents * clock, [0, -1], atol=1e-6)
    np.testing.assert_allclose(spectrum.mean_divergence * clock, -1, rtol=1e-7)


@UNITS
def test_crossings_and_section_returns(unit):
    """The half-line of angle 0 is met at multiples of 2π; the multiplier is exp(-4π)."""
    system = in_units(truths.stuart_landau(), unit)
    section = Section(np.array([0.0, 1.0]), np.zeros(2))
    start = np.multiply([0.9, -0.1], unit)
    found = find_crossings(system, start, section, n_crossings=2, max_duration=20.0)
    assert found.complete
    np.testing.assert_allclose(np.diff(found.times), 2 * np.pi, rtol=1e-9)
    np.testing.assert_allclose(found.states[-1, 0] / unit[0], 1.0, rtol=1e-6)
    back = compute_section_return(system, [unit[0], 0.0], section, max_duration=20.0)
    np.testing.assert_allclose(back.derivative, [[np.exp(-4 * np.pi)]], rtol=1e-5)


@UNITS
def test_phases_and_phase_response(unit):
    """Z = (-sin φ, cos φ) on the unit circle, per unit of each variable."""
    system = in_units(truths.stuart_landau(), unit)
    cycle = find_limit_cycle(system, np.multiply([1.0, 0.02], unit), max_period=10.0)
    response = find_phase_response(system, cycle, n_nodes=16)
    angle = np.arctan2(*(cycle.point / unit)[::-1])
    turned = angle + response.phases
    expected = np.c_[-np.sin(turned), np.cos(turned)]
    np.testing.assert_allclose(response.response * unit, expected, atol=1e-6)
    push = perturbed_phase_response(system, cycle, np.array([0.5]), np.array([unit[0], 0.0]))
    np.testing.assert_allclose(push, -np.sin(angle + 0.5), atol=1e-6)
    states = 0.7 * np.array([[np.cos(2), np.sin(2)]]) * unit
    phase = asymptotic_phase(system, cycle, states)
    np.testing.assert_allclose(np.exp(1j * phase), np.exp(1j * (2 - angle)), atol=1e-7)


@pytest.mark.parametrize("unit", [(1e-9, 1e-9), (1e-9, 1e9)])
def test_recurrent_cycles(unit):
    found = find_recurrent_cycles(
        in_units(truths.stuart_landau(), unit), [unit[0], 0.0],
        duration=20.0, periods=(5.0, 7.0), interval=0.05, max_candidates=2,
    )  # fmt: skip
    np.testing.assert_allclose([cycle.period for cycle in found.cycles], [2 * np.pi], rtol=1e-8)


@pytest.mark.parametrize("bare", [False, True])
@UNITS
def test_cycles_of_maps(unit, bare):
    """Fixed points of the Hénon map at a = 1.2, whose multipliers obey λ² + 2 a x λ - b = 0."""
    x = (-0.7 + np.sqrt(0.49 + 4 * 1.2)) / 2.4
    system = map_in_units(truths.henon(1.2), unit, bare=bare)
    cycle = find_limit_cycle(system, np.multiply([x + 1e-3, 0.3 * x], unit))
    np.testing.assert_allclose(cycle.point / unit, [x, 0.3 * x], atol=1e-9)
    exact = np.sort(np.roots([1, 2.4 * x, -0.3]))
    np.testing.assert_allclose(np.sort(np.real(cycle.multipliers)), exact, rtol=1e-8)


@UNITS
def test_an_invariant_circle(unit):
    plain = find_invariant_circle(
        truths.delayed_logistic(2.05), [0.55, 0.5], n_transient=500, n_returns=600, tolerance=1e-6
    )
    circle = find_invariant_circle(
        map_in_units(truths.delayed_logistic(2.05), unit), np.multiply([0.55, 0.5], unit),
        n_transient=500, n_returns=600, tolerance=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(circle.rotation.value, plain.rotation.value, rtol=1e-5)
    np.testing.assert_allclose(
        np.abs(circle(np.linspace(0, 6, 200))).max(axis=0) / unit,
        np.abs(plain(np.linspace(0, 6, 200))).max(axis=0),
        rtol=1e-3,
    )


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_surveys(unit):
    system = map_in_units(truths.bistable(), (unit,), bare=True)
    survey = find_entrained_cycles(system, unit * np.linspace(-2, 2, 6)[:, None])
    assert (len(survey.cycles), survey.index_sum) == (3, 1)
    found = find_all_attractors(
        system, uniform_box([-2 * unit], [2 * unit]), np.random.default_rng(0),
        transient=30, observation=20, n_starts=6,
    )  # fmt: skip
    assert [attractor.kind for attractor in found.attractors] == ["limit cycle"] * 2
    largest = max(attractor.states[0, 0] for attractor in found.attractors) / unit
    assert 1.5 < largest < 2.5


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_continuation(unit):
    """Folds of x' = p + q x - x³ at 27 p² = 4 q³; cycles from a Hopf point at the origin."""

    def at(p):
        return in_units(truths.cusp(p, 1.0), (unit,), bare=True)

    branch = continue_fixed_points(at, [-1.6 * unit], -2.0, limits=(-2.0, 2.0))
    edges = [point.parameter for point in branch.of_kind("fold")]
    np.testing.assert_allclose(edges, [2 / np.sqrt(27), -2 / np.sqrt(27)], rtol=1e-6)

    def oscillator(mu):
        return in_units(truths.stuart_landau(mu=mu), (unit, unit))

    rest = continue_fixed_points(oscillator, [0.0, 0.0], -1.0, limits=(-1.0, 1.0))
    (hopf,) = rest.of_kind("Hopf")
    cycles = continue_cycles_from_hopf(oscillator, hopf, limits=(-1.0, 0.25))
    radius = np.linalg.norm(cycles.states[-1]) / unit
    np.testing.assert_allclose(radius, np.sqrt(cycles.parameters[-1]), rtol=1e-6)


def test_sizes_are_powers_of_two_of_what_is_seen():
    np.testing.assert_array_equal(measure_scale([[50.0, 0.3], [-60.0, 0.0]]), [1, 1])
    np.testing.assert_array_equal(measure_scale([50.0, 1e-9]), [64, 2.0**-30])
    np.testing.assert_array_equal(measure_scale([2e-9, 0.0]), [2.0**-29] * 2)
    np.testing.assert_array_equal(measure_scale([0.0, 0.0]), [1, 1])
    np.testing.assert_array_equal(measure_scale([np.nan, 3.0], scale=[2.0, 5.0]), [2, 5])
    # A variable that is 0 at the start has the size of its response.
    unlike = measure_scale([2e-9, 0.0], response=lambda sizes: np.array([0.0, 1e3]))
    np.testing.assert_array_equal(unlike, [2.0**-29, 1024])


@pytest.mark.parametrize("scale", [0.0, -1.0, np.inf, [1.0, 2.0, 3.0]])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="scale must be"):
        find_fixed_points(DOUBLE_WELL, [[1.0, 0.0]], scale=scale)
    with pytest.raises(ValueError, match="scale must be"):
        find_limit_cycle(
            truths.stuart_landau(), [1.0, 0.0], max_period=9.0, control=ShootingControl(scale=scale)
        )


@pytest.mark.parametrize("unit", [1.0, 1e-9])
def test_concentrations_have_no_negative_side(unit):
    """x' = 1e-7 + x^2.5 - x is not real below 0; fixed points near 1e-7 (stable) and 1."""

    def velocity(t, x):
        with np.errstate(invalid="ignore"):
            return unit * (1e-7 + (x / unit) ** 2.5 - x / unit)

    found = find_fixed_points(Flow(velocity), unit * np.linspace(0, 1.5, 6)[:, None])
    assert [point.stable for point in found] == [True, False]
    low, high = (point.point[0] / unit for point in found)
    np.testing.assert_allclose(low, 1e-7 + low**2.5, rtol=1e-9)
    np.testing.assert_allclose(high, 1e-7 + high**2.5, rtol=1e-9)
    np.testing.assert_allclose(found[0].eigenvalues, -1.0, rtol=1e-3)


SMALL = pytest.mark.parametrize("small", [1e-2, 1e-3, 1e-4, 1e-6])


@SMALL
def test_a_small_variable_of_a_limit_cycle(small):
    """z' = small x² - z on the unit circle: z = small (1/2 + (cos 2t + 2 sin 2t) / 10)."""

    def field(t, x):
        growth = 1 - x[0] ** 2 - x[1] ** 2
        return np.array([growth * x[0] - x[1], growth * x[1] + x[0], small * x[0] ** 2 - x[2]])

    cycle = find_limit_cycle(Flow(field), [1.0, 0.2, 0.3 * small], max_period=10)
    angle = 2 * np.arctan2(cycle.states[:, 1], cycle.states[:, 0])
    exact = 0.5 + (np.cos(angle) + 2 * np.sin(angle)) / 10
    np.testing.assert_allclose(cycle.states[:, 2] / small, exact, atol=1e-9)


@SMALL
def test_surveys_tell_attractors_that_differ_in_a_small_variable(small):
    field = Flow(lambda t, x: np.array([1 - x[0], x[1] - x[1] * (x[1] / small) ** 2]))
    box = uniform_box([0, -2 * small], [2, 2 * small])
    found = find_all_attractors(
        field,
        box,
        np.random.default_rng(0),
        transient=30,
        observation=40,
        n_starts=8,
    )
    places = sorted(attractor.states[0, 1] / small for attractor in found.attractors)
    np.testing.assert_allclose(places, [-1, 1], rtol=1e-8)


@SMALL
def test_locked_cycles_of_a_small_variable(small):
    """y -> tanh 2y in its unit has three fixed points: 0 and ±0.957504."""

    def step(k, x):
        return np.stack([0.5 * x[..., 0] + 0.5, small * np.tanh(2 * x[..., 1] / small)], axis=-1)

    starts = np.random.default_rng(0).uniform([0, -2 * small], [2, 2 * small], (12, 2))
    survey = find_entrained_cycles(SteppedMap(step, None, 2), starts)
    places = sorted(cycle.point[1] / small for cycle in survey.cycles)
    np.testing.assert_allclose(places, [-0.957504, 0, 0.957504], atol=1e-6)


@pytest.mark.parametrize("small", [1e-4, 1e-6])
def test_continuation_of_a_small_variable(small):
    """The cusp in a small variable next to a large one: folds at ±2 / √27."""

    def at(p):
        return Flow(
            lambda t, x: np.array([1 - x[0], small * (p + x[1] / small - (x[1] / small) ** 3)])
        )

    start, edge = [1.0, -1.6 * small], 2 / np.sqrt(27)
    branch = continue_fixed_points(
        at, start, -2.0, limits=(-2.0, 2.0), control=StepControl(scale=[1, small])
    )
    folds = [point.parameter for point in branch.of_kind("fold")]
    np.testing.assert_allclose(folds, [edge, -edge], rtol=1e-6)
    bare = continue_fixed_points(at, start, -2.0, limits=(-2.0, 2.0))
    assert "give scale" in bare.message or len(bare.of_kind("fold")) == 2
