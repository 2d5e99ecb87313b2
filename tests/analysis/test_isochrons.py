import numpy as np
import pytest

from isochron.analysis import Flow, LimitCycle, ShootingControl, find_limit_cycle
from isochron.analysis.phase.isochrons import asymptotic_phase, difference_of_phases
from tests import truths

MU, OMEGA, C = 1.0, 2.0, 0.5


def batched_stuart_landau():
    """The same field for states of shape (..., 2), for comparison."""

    def field(t, x):
        z = x[..., 0] + 1j * x[..., 1]
        velocity = (MU + 1j * OMEGA) * z - (1 + 1j * C) * abs(z) ** 2 * z
        return np.stack([velocity.real, velocity.imag], axis=-1)

    return Flow(field, truths.stuart_landau(MU, OMEGA, C).jacobian)


@pytest.fixture(scope="module")
def cycle():
    field = truths.stuart_landau(MU, OMEGA, C)
    return find_limit_cycle(
        field, [1.0, 0.0], period_guess=4.19, control=ShootingControl(tolerance=1e-12)
    )


def truth(states):
    """arg z - c ln |z| with phase 0 at (1, 0) (specification, section 6)."""
    radius = np.linalg.norm(states, axis=-1)
    return np.arctan2(states[..., 1], states[..., 0]) - C * np.log(radius)


def test_the_isochrons_of_stuart_landau_on_a_grid(cycle):
    axis = np.linspace(-1.7, 1.7, 12)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    found = asymptotic_phase(batched_stuart_landau(), cycle, grid, vectorized=True)
    assert found.shape == (12, 12)
    np.testing.assert_allclose(difference_of_phases(found, truth(grid)), 0, atol=1e-9)


def test_one_state_at_a_time_gives_the_same(cycle):
    states = np.array([[0.3, 0.2], [-1.5, 1.0]])
    found = asymptotic_phase(truths.stuart_landau(MU, OMEGA, C), cycle, states)
    np.testing.assert_allclose(difference_of_phases(found, truth(states)), 0, atol=1e-9)


def test_a_cycle_known_less_accurately_than_the_tolerance():
    """States converge to the true cycle, from which the given one is off by 1e-7."""
    field = truths.stuart_landau(MU, OMEGA, C)
    period = 2 * np.pi / (OMEGA - C * MU)
    rough = find_limit_cycle(field, [1 + 1e-7, 0.0], period_guess=period, tolerance=1e-5)
    assert rough.residual > 1e-8
    states = np.array([[0.3, 0.2], [0.5, 0.0], [0.0, 2.0]])
    found = asymptotic_phase(field, rough, states)
    np.testing.assert_allclose(difference_of_phases(found, truth(states)), 0, atol=1e-6)


@pytest.mark.parametrize(("push", "turns"), [(0.8, 1), (1.2, 0)])
def test_the_radial_isochron_clock_resets_with_type_1_then_0(push, turns):
    """New phase atan2(sin φ, ε + cos φ); its winding number drops from 1 to 0 at ε = 1."""
    field = truths.stuart_landau(1.0, 2 * np.pi, 0.0)
    clock = find_limit_cycle(
        field, [1.0, 0.0], period_guess=1.0, control=ShootingControl(tolerance=1e-12)
    )
    old = np.linspace(0, 2 * np.pi, 9)
    pushed = np.c_[np.cos(old) + push, np.sin(old)]
    new = asymptotic_phase(field, clock, pushed)
    expected = np.arctan2(np.sin(old), push + np.cos(old))
    np.testing.assert_allclose(difference_of_phases(new, expected), 0, atol=1e-9)
    winding = np.sum(difference_of_phases(new[1:], new[:-1])) / (2 * np.pi)
    assert winding == pytest.approx(turns, abs=1e-9)


def test_a_state_that_stays_away_has_no_phase(cycle):
    found = asymptotic_phase(
        batched_stuart_landau(), cycle, np.zeros((2, 2)), max_periods=3, vectorized=True
    )
    assert np.isnan(found).all()


def test_an_unstable_cycle_and_wrong_shapes_are_refused(cycle):
    field = truths.subcritical_hopf()
    unstable = find_limit_cycle(field, [1.0, 0.0], period_guess=6.28)
    with pytest.raises(ValueError, match="stable autonomous"):
        asymptotic_phase(field, unstable, [1.0, 0.0])
    with pytest.raises(ValueError, match="2 columns"):
        asymptotic_phase(field, cycle, np.ones((4, 3)))
    with pytest.raises(ValueError, match="stable autonomous"):
        asymptotic_phase(field, LimitCycle(found=False, message=""), [1.0, 0.0])


def test_differences_of_phases_are_the_short_way_round():
    np.testing.assert_allclose(
        difference_of_phases([0.1, 6.2, 0.0], [6.2, 0.1, np.pi]),
        [0.1 - 6.2 + 2 * np.pi, 6.1 - 2 * np.pi, np.pi],
    )
