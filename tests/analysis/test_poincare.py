import numpy as np
import pytest

from isochron.analysis import Flow, ShootingControl, find_limit_cycle
from isochron.analysis.systems.return_map import Section, compute_section_return, find_crossings
from tests import truths

CIRCLE = Flow(lambda t, x: np.array([-x[1], x[0]]), lambda t, x: np.array([[0.0, -1], [1, 0]]))


@pytest.mark.parametrize("direction", [1, -1, 0])
def test_crossings_of_a_rotation_are_half_turns(direction):
    """From angle 0.3 the axis is crossed at π/2 - 0.3 (leftwards), then every half turn."""
    section = Section(np.array([2.0, 0.0]), np.zeros(2), direction)
    start = [np.cos(0.3), np.sin(0.3)]
    found = find_crossings(CIRCLE, start, section, n_crossings=4, max_duration=40.0)
    first = {1: 1.5 * np.pi, -1: 0.5 * np.pi, 0: 0.5 * np.pi}[direction] - 0.3
    spacing = np.pi if direction == 0 else 2 * np.pi
    np.testing.assert_allclose(found.times, first + spacing * np.arange(4), atol=1e-10)
    assert found.complete
    assert found.residuals.max() < 1e-14
    assert np.all(
        np.sign(found.states[:, 1]) == {1: -1, -1: 1}.get(direction, np.sign(found.states[:, 1]))
    )


@pytest.mark.parametrize("direction", [1, 0])
def test_a_start_on_the_section_has_not_crossed_it(direction):
    section = Section(np.array([0.0, 1.0]), np.zeros(2), direction)
    found = find_crossings(CIRCLE, [1.0, 0.0], section, n_crossings=2, max_duration=20.0)
    turn = np.pi if direction == 0 else 2 * np.pi
    np.testing.assert_allclose(found.times, [turn, 2 * turn], atol=1e-10)


@pytest.mark.parametrize("stiff", [False, True])
def test_the_return_time_of_van_der_pol_is_its_period(stiff):
    system = truths.van_der_pol(1.0, stiff=stiff)
    point = find_limit_cycle(truths.van_der_pol(1.0), [2.0, 0.0], period_guess=6.66).point
    section = Section(system(0, point), point)
    found = compute_section_return(system, point, section, max_duration=10.0)
    period, multiplier = 6.66328685932313, np.exp(-7.0589328088)
    np.testing.assert_allclose(found.time, period, rtol=1e-6 if stiff else 1e-9)
    np.testing.assert_allclose(found.derivative, [[multiplier]], atol=1e-5 if stiff else 1e-8)


def test_the_derivative_does_not_depend_on_how_the_section_is_tilted():
    """Eigenvalues of the return map's derivative are the multipliers, for any plane."""
    cycle = find_limit_cycle(truths.stuart_landau(0.3, 2.0), [0.5, 0.0], max_period=10.0)
    for tilt in (-0.5, 0.0, 0.7):
        normal = np.array([tilt, 1.0]) * np.sign(cycle.point[0])
        section = Section(normal, cycle.point)
        found = compute_section_return(
            truths.stuart_landau(0.3, 2.0), cycle.point, section, max_duration=10.0
        )
        np.testing.assert_allclose(found.derivative, [[np.exp(-0.6 * np.pi)]], rtol=1e-8)


def test_lorenz_returns_to_its_section():
    """The cycle AB crosses z = 27 downwards twice a period."""
    system = truths.lorenz()
    start = np.array([-6.04530627, -10.69081642, 12.92900376])
    cycle = find_limit_cycle(
        system, start, period_guess=1.5586522, control=ShootingControl(n_segments=4)
    )
    section = Section(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 27.0]), -1)
    found = find_crossings(system, cycle.point, section, n_crossings=4, max_duration=5.0)
    np.testing.assert_allclose(found.times[2:] - found.times[:2], cycle.period, rtol=1e-7)
    np.testing.assert_allclose(found.states[0, :2], -found.states[1, :2], rtol=1e-6)


def test_too_few_crossings_say_what_to_try():
    section = Section(np.array([1.0, 0.0]), np.array([5.0, 0.0]))
    found = find_crossings(CIRCLE, [1.0, 0.0], section, n_crossings=1, max_duration=10.0)
    assert not found.complete
    assert "max_duration" in found.message
    with pytest.raises(ArithmeticError, match="max_duration"):
        compute_section_return(CIRCLE, [1.0, 0.0], section, max_duration=10.0)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="shape"):
        Section(np.ones(2), np.zeros(3))
    with pytest.raises(ValueError, match="not zero"):
        Section(np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="direction"):
        Section(np.ones(2), np.zeros(2), 2)
    section = Section(np.ones(2), np.zeros(2))
    with pytest.raises(ValueError, match="n_crossings"):
        find_crossings(CIRCLE, [1.0, 0.0], section, n_crossings=0, max_duration=1.0)
    with pytest.raises(ValueError, match="max_duration"):
        find_crossings(CIRCLE, [1.0, 0.0], section, n_crossings=1, max_duration=np.nan)


def test_an_explosion_is_an_error():
    field = Flow(lambda t, x: x**2, lambda t, x: np.diag(2 * x))
    section = Section(np.array([-1.0]), np.zeros(1))
    with pytest.raises(ArithmeticError, match="failed"):
        find_crossings(field, [1.0], section, n_crossings=1, max_duration=2.0)
