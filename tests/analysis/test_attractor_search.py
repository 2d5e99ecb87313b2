# pyright: reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
"""Surveys of systems whose attractors and basins are known."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    SteppedMap,
    SurveyTimes,
    SurveyTolerances,
    find_all_attractors,
    gaussian_around,
    uniform_box,
)
from tests import truths


def disc(radius):
    """Uniform states in a disc: the fraction inside a circle is the square of its radius."""

    def sample(rng, n):
        r, angle = radius * np.sqrt(rng.random(n)), 2 * np.pi * rng.random(n)
        return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1)

    return sample


def radial(growth, slope):
    """r' = growth(r²) r, angle' = 1."""

    def field(t, x):
        g = growth(x @ x)
        return np.array([g * x[0] - x[1], g * x[1] + x[0]])

    def jacobian(t, x):
        square = x @ x
        turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        return growth(square) * np.eye(2) + 2 * slope(square) * np.outer(x, x) + turn

    return Flow(field, jacobian)


def turning_map(omega, coupling):
    """The sine circle map on the angle of (x, y); the distance of the radius from 1 halves."""

    def step(k, x):
        radius = np.hypot(x[..., 0], x[..., 1])
        angle = np.arctan2(x[..., 1], x[..., 0])
        angle = angle + 2 * np.pi * omega - coupling * np.sin(angle)
        radius = 0.5 * (1 + radius)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)

    return SteppedMap(step, None, dimension=2)


def assert_basin(attractor, n_starts, truth):
    spread = np.sqrt(truth * (1 - truth) / n_starts)
    assert abs(attractor.basin.value - truth) < 4 * spread
    assert attractor.basin.low < attractor.basin.value < attractor.basin.high


def test_rest_and_rhythm_beyond_a_subcritical_hopf_point():
    """The unstable cycle, r² = (1 - √(1 + 4 mu)) / 2, bounds the basin of the equilibrium."""
    mu, n = -0.16, 60
    unstable, stable = (1 - 0.6) / 2, (1 + 0.6) / 2
    found = find_all_attractors(
        truths.bautin(mu), disc(1.0), np.random.default_rng(0),
        transient=60, observation=40, n_starts=n,
    )  # fmt: skip
    by_kind = {attractor.kind: attractor for attractor in found.attractors}
    assert set(by_kind) == {"fixed point", "limit cycle"}
    assert found.failures == ()
    assert_basin(by_kind["fixed point"], n, unstable)
    assert_basin(by_kind["limit cycle"], n, 1 - unstable)
    cycle = by_kind["limit cycle"].solution
    assert cycle.period == pytest.approx(2 * np.pi, rel=1e-9)
    np.testing.assert_allclose(np.linalg.norm(cycle.states, axis=1) ** 2, stable, rtol=1e-8)
    assert found.undetected_basin_bound == pytest.approx(1 - 0.05 ** (1 / n))


def test_a_supercritical_rhythm_draws_everything():
    found = find_all_attractors(
        truths.stuart_landau(), disc(2.0), np.random.default_rng(0),
        transient=15, observation=40, n_starts=12,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts) == ("limit cycle", 12)
    assert attractor.basin.high == 1.0
    assert attractor.basin.low == pytest.approx(12 / (12 + 1.959964**2), rel=1e-6)


@pytest.mark.long
def test_two_rhythms_one_within_the_other():
    """r' = -r (r² - 1)(r² - 4)(r² - 9) / 50: cycles at 1 and 3, separated by one at 2."""
    field = radial(
        lambda s: -(s - 1) * (s - 4) * (s - 9) / 50,
        lambda s: -((s - 4) * (s - 9) + (s - 1) * (s - 9) + (s - 1) * (s - 4)) / 50,
    )
    n = 50
    found = find_all_attractors(
        field,
        disc(4.0),
        np.random.default_rng(1),
        transient=30,
        observation=20,
        max_period=8,
        n_starts=n,
    )
    sizes = {round(float(np.linalg.norm(a.solution.point)), 7): a for a in found.attractors}
    assert set(sizes) == {1.0, 3.0}
    assert_basin(sizes[1.0], n, 4 / 16)
    assert_basin(sizes[3.0], n, 12 / 16)


def test_lorenz_rests_in_two_places_below_chaos():
    """rho = 20: C±, each with half of the starts by symmetry; chaos is a transient."""
    n = 16
    found = find_all_attractors(
        truths.lorenz(20.0),
        gaussian_around([0.0, 0.0, 19.0], [5.0, 5.0, 3.0]),
        np.random.default_rng(0),
        transient=60,
        observation=20,
        max_period=2,
        n_starts=n,
    )
    c = np.sqrt(8 / 3 * 19)
    points = sorted(a.solution.point[0] for a in found.attractors)
    assert [a.kind for a in found.attractors] == ["fixed point"] * 2
    np.testing.assert_allclose(points, [-c, c], rtol=1e-9)
    assert sum(a.n_starts for a in found.attractors) == n
    for attractor in found.attractors:
        assert_basin(attractor, n, 0.5)


@pytest.mark.long
def test_lorenz_is_chaotic_at_28():
    """One attractor with the published leading exponent 0.9056, not one for each start."""
    found = find_all_attractors(
        truths.lorenz(), gaussian_around([0.0, 0.0, 27.0], 5.0), np.random.default_rng(0),
        transient=20, observation=60, max_period=2, rounds=1, follow=1,
        n_starts=3,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts, attractor.solution) == ("chaotic", 3, None)
    assert abs(attractor.exponent - 0.9056) < 4 * attractor.exponent_error
    assert attractor.exponent_error < 0.3


@pytest.mark.parametrize(
    ("omega", "coupling", "kind"),
    [
        (0.1, 0.9, "fixed point"),  # |omega| < K / 2π
        (0.5, 0.9, "limit cycle"),  # two steps, in the middle of the 1/2 tongue
        ((np.sqrt(5) - 1) / 2, 0.3, "quasi-periodic"),
    ],
)
def test_the_circle_map_is_locked_or_not(omega, coupling, kind):
    found = find_all_attractors(
        turning_map(omega, coupling), disc(1.5), np.random.default_rng(0),
        transient=400, observation=1000, max_period=8, rounds=1, n_starts=6,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts) == (kind, 6)
    if kind == "limit cycle":
        assert attractor.solution.period == 2.0
    if kind == "quasi-periodic":
        assert abs(attractor.exponent) < 1e-3


@pytest.mark.long
@pytest.mark.parametrize(("own", "kind"), [(1.02, "limit cycle"), (1.3, "quasi-periodic")])
def test_a_forced_rhythm_is_locked_or_not(own, kind):
    """A rotating force F = 0.1 locks for |detuning| < F approximately."""
    field = truths.rotating_force(1.0, 0.1, own=own)
    found = find_all_attractors(
        field, disc(1.5), np.random.default_rng(0),
        transient=20, observation=160, max_period=4, rounds=1,
        period=2 * np.pi, n_starts=1,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts) == (kind, 1)


def test_a_map_with_many_places_to_rest():
    """x → x - sin(2πx)/8: every integer is stable, with a basin of length 1."""
    system = SteppedMap(lambda k, x: x - np.sin(2 * np.pi * x) / 8, None, dimension=1)
    n = 200
    found = find_all_attractors(
        system, uniform_box([-1.5], [3.5]), np.random.default_rng(0),
        transient=80, observation=20, n_starts=n,
    )  # fmt: skip
    places = sorted(a.solution.point[0] for a in found.attractors)
    np.testing.assert_allclose(places, np.arange(-1.0, 4.0), atol=1e-9)
    for attractor in found.attractors:
        assert_basin(attractor, n, 1 / 5)


def test_two_cycles_of_a_map_each_counted_once():
    """x → a x - x³ at a = 2.1: each of ±√(a - 1) has doubled into a cycle of two steps.

    Starts converge to both phases of a cycle; these are one attractor.
    """
    a, n = 2.1, 80
    system = SteppedMap(
        lambda k, x: a * x - x**3, lambda k, x, v: (a - 3 * x**2)[:, None] * v, dimension=1
    )
    found = find_all_attractors(
        system, uniform_box([-1.5], [1.5]), np.random.default_rng(0),
        transient=200, observation=40, n_starts=n,
    )  # fmt: skip
    assert [attractor.kind for attractor in found.attractors] == ["limit cycle"] * 2
    assert [attractor.solution.period for attractor in found.attractors] == [2.0, 2.0]
    for attractor in found.attractors:
        assert_basin(attractor, n, 0.5)


def test_the_logistic_map_at_4_is_chaotic_with_exponent_ln_2():
    found = find_all_attractors(
        truths.logistic(4.0, 1), uniform_box([0.1], [0.9]), np.random.default_rng(0),
        transient=100, observation=2000, max_period=16, rounds=1, n_starts=5,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts) == ("chaotic", 5)
    assert abs(attractor.exponent - np.log(2)) < 4 * attractor.exponent_error


def test_starts_that_blow_up_are_reported():
    """x → x²: |x| < 1 converges to 0, the others diverge."""
    system = SteppedMap(lambda k, x: x**2, lambda k, x, v: 2 * x[:, None] * v, dimension=1)
    found = find_all_attractors(
        system, uniform_box([-2.0], [2.0]), np.random.default_rng(0),
        transient=50, observation=20, n_starts=30,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert attractor.n_starts + len(found.failures) == 30
    assert all(abs(failure.state[0]) > 1 for failure in found.failures)
    assert all("bounds" in failure.message for failure in found.failures)
    assert f"{len(found.failures)} starts" in found.cannot_exclude


def test_a_simulator_that_refuses_to_go_on_fails_alone():
    """If one start raises an error, the others are still simulated."""

    def step(k, x):
        if np.abs(x).max() > 3:
            raise ArithmeticError("too large")
        return x**2

    found = find_all_attractors(
        SteppedMap(step, None, dimension=1), uniform_box([-2.0], [2.0]), np.random.default_rng(0),
        transient=50, observation=20, n_starts=30,
    )  # fmt: skip
    assert all(abs(failure.state[0]) > 1 for failure in found.failures)
    assert found.attractors[0].n_starts == 30 - len(found.failures) > 0


def test_a_flow_that_blows_up_is_reported():
    found = find_all_attractors(
        truths.subcritical_hopf(), disc(2.0), np.random.default_rng(0),
        transient=30, observation=20, n_starts=12,
    )  # fmt: skip
    (attractor,) = found.attractors
    assert attractor.kind == "fixed point"
    assert all(np.linalg.norm(failure.state) > 1 for failure in found.failures)
    assert len(found.failures) == 12 - attractor.n_starts > 0


def test_what_has_not_settled_is_said_to_be_so():
    """A rotation (exponent 0) and a state that moves ever slower are not attractors.

    x → x + 1/(1 + x²) increases without bound, ever slower.
    """
    system = SteppedMap(lambda k, x: x + 1 / (1 + x**2), None, dimension=1)
    found = find_all_attractors(
        system, uniform_box([-1.0], [1.0]), np.random.default_rng(0),
        transient=50, observation=40, n_starts=3,
    )  # fmt: skip
    assert found.attractors == ()
    assert len(found.failures) == 3
    assert "Raise the transient" in found.failures[0].message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transient": -1}, "transient >= 0"),
        ({"max_period": 30}, "max_period <= observation / 2"),
        ({"observation": 40.5}, "whole returns"),
        ({"n_starts": 0}, "n_starts >= 1"),
        ({"period": 1.0}, "has a period already"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_bad_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        find_all_attractors(
            truths.henon(0.2), uniform_box([0, 0], [0.1, 0.1]), np.random.default_rng(0),
            **settings(**options),
        )  # fmt: skip


def settings(**changes) -> dict[str, Any]:
    """Arguments of a short survey of a map, some of them changed."""
    times: dict[str, Any] = {"transient": 10, "observation": 40, "max_period": None}
    times |= {name: changes.pop(name) for name in times if name in changes}
    if "confidence" in changes:
        changes["tolerances"] = SurveyTolerances(confidence=changes.pop("confidence"))
    return {"n_starts": 2, "times": SurveyTimes(**times), **changes}


def test_a_sampler_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="sampler must return"):
        find_all_attractors(
            truths.henon(0.2), lambda rng, n: np.ones(n), np.random.default_rng(0),
            transient=10, observation=40,
        )  # fmt: skip


def test_samplers_draw_what_they_say():
    rng = np.random.default_rng(0)
    box = uniform_box([0, -1], [1, 3])(rng, 4000)
    assert ((box >= [0, -1]) & (box <= [1, 3])).all()
    np.testing.assert_allclose(box.mean(axis=0), [0.5, 1], atol=4 * 4 / np.sqrt(12 * 4000))
    cloud = gaussian_around([[5.0, 0.0], [-5.0, 0.0]], [0.1, 2.0])(rng, 4000)
    assert abs(np.mean(cloud[:, 0] > 0) - 0.5) < 4 * 0.5 / np.sqrt(4000)
    np.testing.assert_allclose((np.abs(cloud[:, 0]) - 5).std(), 0.1, rtol=0.05)
    np.testing.assert_allclose(cloud[:, 1].std(), 2.0, rtol=0.05)


@pytest.mark.parametrize(
    "make",
    [
        lambda: uniform_box([1.0], [1.0]),
        lambda: uniform_box([0.0, 0.0], [1.0]),
        lambda: gaussian_around([np.nan], 1.0),
        lambda: gaussian_around([0.0], -1.0),
    ],
)
def test_samplers_refuse_what_they_cannot_draw_from(make):
    with pytest.raises(ValueError, match="got"):
        make()


def leaking_tent(gap):
    """The tent map on (0, 1) with a gap at its top: states in the gap move to -1.

    The slopes are ±2 (1 + gap): chaos, until a state is in the gap, which with the
    uniform density takes about 1 / gap steps.
    """

    def step(k, x):
        inside = (1 + gap) * (1 - np.abs(2 * x - 1))
        return np.where((x > 0) & (x < 1), inside, -1 + 0.1 * (x + 1))

    def tangent(k, x, v):
        slope = np.where((x > 0) & (x < 1), -2 * (1 + gap) * np.sign(2 * x - 1), 0.1)
        return slope[:, None] * v

    return SteppedMap(step, tangent, dimension=1)


@pytest.mark.parametrize("gap", [0.004, 0.002])
def test_a_chaotic_transient_is_not_an_attractor(gap):
    """Many starts are still chaotic after 120 steps; none stays so."""
    patient = SurveyTimes(transient=20, observation=100, rounds=1, max_period=2, follow=80)
    quick = dataclasses.replace(patient, follow=0)
    sampler = uniform_box([0.0], [1.0])
    found = find_all_attractors(
        leaking_tent(gap), sampler, np.random.default_rng(0), times=patient, n_starts=10
    )
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts) == ("fixed point", 10)
    assert attractor.solution.point[0] == pytest.approx(-1, abs=1e-9)
    hasty = find_all_attractors(
        leaking_tent(gap), sampler, np.random.default_rng(0), times=quick, n_starts=10
    )
    assert "chaotic" in {a.kind for a in hasty.attractors}
    assert "raise follow" in hasty.cannot_exclude


@pytest.mark.parametrize(
    ("omega", "coupling"), [(0.6471895, 0.5), (0.5414612, 0.5), (0.543625, 0.9)]
)
def test_pieces_of_one_circle_are_one_attractor(omega, coupling):
    """Rotation numbers close to p/q: an orbit nearly closes, and its states form clusters."""
    found = find_all_attractors(
        turning_map(omega, coupling), disc(2.0), np.random.default_rng(3),
        transient=100, observation=400, rounds=1, n_starts=4,
    )  # fmt: skip
    assert [attractor.kind for attractor in found.attractors] == ["quasi-periodic"]


def test_how_exactly_states_settle_is_an_argument():
    options: dict[str, Any] = {
        "times": SurveyTimes(transient=15, observation=40),
        "n_starts": 2,
    }
    for transient_rtol in (1e-3, 1e-8):
        found = find_all_attractors(
            truths.stuart_landau(), disc(2.0), np.random.default_rng(0),
            tolerances=SurveyTolerances(transient_rtol=transient_rtol), **options,
        )  # fmt: skip
        assert [a.n_starts for a in found.attractors] == [2]
    with pytest.raises(ValueError, match="transient_rtol must lie in"):
        find_all_attractors(
            truths.stuart_landau(),
            disc(2.0),
            np.random.default_rng(0),
            tolerances=SurveyTolerances(transient_rtol=0.0),
            **options,
        )
