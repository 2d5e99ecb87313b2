"""Phases as state variables: states that differ by whole turns are equal."""

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    LimitCycle,
    SteppedMap,
    SurveyTimes,
    find_all_attractors,
    find_entrained_cycles,
    find_fixed_points,
    find_limit_cycle,
    uniform_box,
)


def kuramoto(velocity, coupling=1.0):
    """θ_i' = velocity_i + coupling/3 Σ_j sin(θ_j - θ_i), three oscillators."""

    def field(t, x):
        return velocity + coupling / 3 * np.sin(x - x[:, None]).sum(axis=1)

    return Flow(field)


def test_phase_oscillators_in_step():
    """Equal oscillators synchronize: period 2π / velocity; differences decay with the coupling."""
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
    """θ'' = 1.5 - θ' - sin θ: it rotates forever; the velocity is periodic, the angle is not."""
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


def ring(n):
    """n oscillators, each coupled to two neighbors: in phase, or twisted by one turn (n > 4)."""

    def field(t, x):
        return 1.0 + np.sin(np.roll(x, 1) - x) + np.sin(np.roll(x, -1) - x)

    def derivative(t, x):
        before = np.roll(np.eye(n), 1, axis=1).T
        matrix = before * np.cos(np.roll(x, 1) - x)[:, None]
        matrix += before.T * np.cos(np.roll(x, -1) - x)[:, None]
        return matrix - np.diag(matrix.sum(axis=1))

    return Flow(field, derivative)


def survey(system, n, times=(60, 80), **options):
    options = {"n_starts": 8, "angles": tuple(range(n)), **options}
    options["times"] = SurveyTimes(transient=times[0], observation=times[1])
    sampler = uniform_box([-10.0] * n, [10.0] * n)
    return find_all_attractors(system, sampler, np.random.default_rng(0), **options)


def cycle_of(attractor):
    assert isinstance(attractor.solution, LimitCycle)
    return attractor.solution


@pytest.mark.parametrize("velocity", [[2.0, 2.0, 2.0], [0.9, 1.0, 1.1]])
def test_a_survey_counts_states_that_differ_by_whole_turns_once(velocity):
    found = survey(kuramoto(np.array(velocity)), 3)
    (attractor,) = found.attractors
    assert (attractor.kind, attractor.n_starts) == ("limit cycle", 8)
    np.testing.assert_allclose(cycle_of(attractor).period, 2 * np.pi / np.mean(velocity), rtol=1e-8)


def test_a_survey_tells_twisted_states_from_those_in_step():
    """Multipliers exp(-T λ) of the ring of 6: λ = 2 cos(2πq/6) (1 - cos(2πk/6)), q turns."""
    found = survey(ring(6), 6, n_starts=6)
    slowest = [cycle_of(attractor).largest_multiplier for attractor in found.attractors]
    exact = np.exp(-2 * np.pi * 2 * np.array([1.0, 0.5]) * 0.5)
    np.testing.assert_allclose(slowest, exact, rtol=1e-5)


def test_a_pendulum_rests_or_turns():
    """θ'' = 0.5 - 0.2 θ' - sin θ: equilibrium at arcsin 0.5, after any number of turns."""
    system = Flow(lambda t, x: np.array([x[1], 0.5 - 0.2 * x[1] - np.sin(x[0])]))
    found = survey(system, 2, angles=(0,), n_starts=12)
    kinds = sorted(attractor.kind for attractor in found.attractors)
    assert kinds == ["fixed point", "limit cycle"]
    assert not found.failures
    (rest,) = (a.states[0, 0] for a in found.attractors if a.kind == "fixed point")
    np.testing.assert_allclose(np.sin(rest), 0.5, atol=1e-9)


@pytest.mark.parametrize(
    ("step", "kinds"),
    [
        (lambda k, x: x + 2.0 + 0.3 * np.sin(x), ["quasi-periodic"]),
        (lambda k, x: x + np.pi + 0.9 * np.sin(x), ["limit cycle"]),
        (lambda k, x: x + 6.2 + 0.3 * np.sin(x), ["fixed point"]),  # up to a whole turn
        (lambda k, x: x + 0.3 * np.sin(2 * x), ["fixed point"] * 2),
    ],
)
def test_a_survey_of_circle_maps(step, kinds):
    found = survey(SteppedMap(step, None, 1), 1, times=(200, 400))
    assert [attractor.kind for attractor in found.attractors] == kinds
    assert sum(attractor.n_starts for attractor in found.attractors) == 8


def test_a_phase_locked_to_its_forcing():
    """φ' = 1 + 0.3 sin(t - φ): entrained at φ = t."""
    system = Flow(lambda t, x: np.array([1.0 + 0.3 * np.sin(t - x[0])]))
    found = survey(system, 1, times=(40, 40), period=2 * np.pi)
    (attractor,) = found.attractors
    np.testing.assert_allclose(cycle_of(attractor).multipliers, np.exp(-0.6 * np.pi), rtol=1e-8)


def test_a_survey_names_angles_that_are_not_declared():
    found = survey(kuramoto(np.full(3, 2.0)), 3, angles=(1,), n_starts=1)
    assert "Give angles=(0, 1, 2)" in found.failures[0].message
    with pytest.raises(ValueError, match="angles must be"):
        survey(kuramoto(np.full(3, 2.0)), 3, angles=(3,), n_starts=1)


def test_a_survey_of_locked_cycles_refuses_angles():
    system = SteppedMap(lambda k, x: x + 2.0 + 0.3 * np.sin(x), None, dimension=1)
    with pytest.raises(ValueError, match="find_all_attractors.*angles"):
        find_entrained_cycles(system, [[0.1], [2.0]])
