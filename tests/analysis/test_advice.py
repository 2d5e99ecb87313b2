"""A search that finds no cycle reports what the start leads to, and which function finds it."""

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    find_invariant_circle,
    find_limit_cycle,
)
from tests import truths

GOLDEN = (np.sqrt(5) - 1) / 2


def circle_map_of_the_plane(rotation, unit=1.0, strength=0.5):
    """z -> exp(2πi rotation) z (1 + strength (1 - |z|)): the circle |z| = 1 attracts."""

    def step(k, x):
        z = (x[..., 0] + 1j * x[..., 1]) / unit
        z = np.exp(2j * np.pi * rotation) * z * (1 + strength * (1 - abs(z)))
        return unit * np.stack([z.real, z.imag], axis=-1)

    return SteppedMap(step, None, dimension=2)


@pytest.mark.parametrize(("subharmonic", "n_segments"), [(1, 1), (13, 1), (4, 2)])
@pytest.mark.parametrize(("rotation", "unit"), [(GOLDEN, 1.0), (np.sqrt(2) / 20, 1e-9)])
def test_a_quasi_periodic_map_is_pointed_to_its_circle(rotation, unit, subharmonic, n_segments):
    system, start = circle_map_of_the_plane(rotation, unit), [unit, 0.1 * unit]
    cycle = find_limit_cycle(
        system,
        start,
        subharmonic=subharmonic,
        control=ShootingControl(max_iterations=3, n_segments=n_segments),
    )
    assert not cycle.found
    assert "quasi-periodic. Use find_invariant_circle" in cycle.message
    circle = find_invariant_circle(system, start, n_transient=500, n_returns=600)
    turns = min(rotation, 1 - rotation)  # the direction of rotation is not known
    np.testing.assert_allclose(circle.rotation.value, turns, rtol=1e-8)


def test_without_following_the_start_it_is_pointed_there_too():
    system = circle_map_of_the_plane(GOLDEN)
    cycle = find_limit_cycle(
        system, [1.0, 0.1], control=ShootingControl(max_iterations=2, max_transient=0)
    )
    assert "find_invariant_circle" in cycle.message
    assert "subharmonic=n" in cycle.message


def test_a_map_that_takes_a_different_number_of_returns():
    """The rotation by 2π · 2/5 closes after 5 returns; the fixed point at 0 is far from it."""
    system, start = circle_map_of_the_plane(0.4), [1.5, 0.7]
    cycle = find_limit_cycle(
        system, start, subharmonic=3, control=ShootingControl(max_iterations=2)
    )
    assert "closes after 5 returns. Give subharmonic=5" in cycle.message
    assert find_limit_cycle(system, start, subharmonic=5).found


def forced_oscillator(detuning, amplitude=0.05):
    """Stuart-Landau under a rotating force, and its period: locked if |detuning| < amplitude."""

    def field(t, x):
        growth = 1 - x @ x
        push = amplitude * np.array([np.cos(t), np.sin(t)])
        return np.array([growth * x[0] - x[1], growth * x[1] + x[0]]) + push + (
            detuning * np.array([-x[1], x[0]])
        )  # fmt: skip

    return Flow(field)


def test_a_forced_field_that_is_not_locked():
    cycle = find_limit_cycle(
        forced_oscillator(0.3),
        [1.0, 0.0],
        period=2 * np.pi,
        control=ShootingControl(rtol=1e-9, max_iterations=1),
    )
    assert not cycle.found
    assert "quasi-periodic. Use find_all_attractors" in cycle.message


@pytest.mark.parametrize("start", [[30.0, -20.0], [-0.01, 0.02]])
def test_a_forced_field_is_followed_to_its_entrained_cycle(start):
    cycle = find_limit_cycle(
        forced_oscillator(0.01, 0.3),
        start,
        period=2 * np.pi,
        control=ShootingControl(max_iterations=6),
    )
    assert cycle.stable, cycle.message


@pytest.mark.parametrize("angles", [(), (0,)])
def test_a_circle_map_is_pointed_to_its_rotation_number(angles):
    system = SteppedMap(lambda k, x: x + 2.0 + 0.3 * np.sin(x), None, dimension=1)
    cycle = find_limit_cycle(system, [0.5], angles=angles)
    assert not cycle.found
    assert ("rotation_number" if angles else "give angles=(0,)") in cycle.message


@pytest.mark.parametrize("number", [1, 4])
def test_a_map_that_leaves_all_bounds(number):
    """1 + x² does not have a real fixed point, and its matrix may be singular."""
    system = SteppedMap(lambda k, x: 1 + x**2, None, 1)
    control = ShootingControl(n_segments=number)
    cycle = find_limit_cycle(system, [0.5], subharmonic=number, control=control)
    assert not cycle.found
    assert "leaves all bounds" in cycle.message


def test_chaos_of_a_map_is_named():
    """The tent map's cycles of 7 returns repel: Newton's method is given one iteration."""
    cycle = find_limit_cycle(
        truths.logistic(3.9, 1), [0.3], subharmonic=7, control=ShootingControl(max_iterations=1)
    )
    assert "compute_lyapunov_spectrum" in cycle.message


def test_a_period_guess_that_is_far_off_is_named():
    cycle = find_limit_cycle(truths.van_der_pol(1.0), [2.0, 0.0], period_guess=0.3)
    assert not cycle.found
    assert "period_guess" in cycle.message or "Start nearer" in cycle.message


def test_a_circle_of_a_map_with_an_angle_is_refused():
    system = SteppedMap(lambda k, x: x + 2.0 + 0.3 * np.sin(x), None, dimension=1)
    with pytest.raises(ArithmeticError, match="angles.*rotation_number"):
        find_invariant_circle(system, [0.5], n_transient=100, n_returns=600)


def test_a_locked_orbit_is_pointed_to_its_subharmonic():
    with pytest.raises(ArithmeticError, match="find_limit_cycle with subharmonic=5"):
        find_invariant_circle(circle_map_of_the_plane(0.4), [1.0, 0.1])


def test_a_series_that_cannot_be_fitted_says_so(monkeypatch):
    def fails(*arguments, **options):
        raise np.linalg.LinAlgError("SVD did not converge in Linear Least Squares")

    monkeypatch.setattr(np.linalg, "lstsq", fails)
    with pytest.raises(ArithmeticError, match="fewer harmonics"):
        find_invariant_circle(
            circle_map_of_the_plane(GOLDEN), [1.0, 0.1], n_transient=50, n_returns=600
        )


@pytest.mark.long
def test_a_variable_of_a_field_that_turns_is_named_as_an_angle():
    """A pendulum under a torque rotates; its angle does not return to its start."""

    def velocity(t, x):
        return np.array([x[1], 1.5 - np.sin(x[0]) - 0.3 * x[1]])

    pendulum = Flow(velocity)
    lost = find_limit_cycle(pendulum, [0.0, 5.0], max_period=30)
    assert not lost.found
    assert "angles=(0,)" in lost.message
    assert find_limit_cycle(pendulum, [0.0, 5.0], max_period=30, angles=[0]).stable
