"""Results that must not depend on the units and coordinates of a system.

For flows see also the properties in test_limit_cycles and test_floquet.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    compute_lyapunov_spectrum,
    find_limit_cycle,
    find_phase_response,
    floquet_exponents,
    floquet_multipliers,
)
from isochron.analysis.floquet import ReturnMap
from tests import truths

FEW = settings(max_examples=6, deadline=None)
scales = st.floats(0.3, 3.0)
shears = st.floats(-1.5, 1.5)


def coordinates(scale, shear):
    """A linear change and its inverse."""
    change = np.array([[scale, shear], [0.0, 1.0]])
    return change, np.linalg.inv(change)


def moved_map(system, change, inverse):
    return SteppedMap(
        lambda k, x: system.step(k, x @ inverse.T) @ change.T,
        lambda k, x, v: change @ system.tangent(k, inverse @ x, inverse @ v),
        dimension=system.dimension,
        n_steps=system.n_steps,
        step_ms=system.step_ms,
        forcing_cycles=system.forcing_cycles,
    )


@FEW
@given(scales, shears)
def test_multipliers_of_a_map_do_not_depend_on_coordinates(scale, shear):
    """Fixed points of the Hénon map, whose multipliers obey λ² + 2 a x λ - b = 0."""
    change, inverse = coordinates(scale, shear)
    x = (-0.7 + np.sqrt(0.49 + 4 * 1.2)) / 2.4
    system = moved_map(truths.henon(1.2), change, inverse)
    cycle = find_limit_cycle(system, change @ [x + 1e-3, 0.3 * x])
    assert cycle.solved, cycle.message
    assert cycle.at_rest
    np.testing.assert_allclose(inverse @ cycle.point, [x, 0.3 * x], atol=1e-9)
    expected = np.sort(np.roots([1, 2.4 * x, -0.3]))
    np.testing.assert_allclose(np.sort(np.real(cycle.multipliers)), expected, rtol=1e-8)


@FEW
@given(st.integers(1, 59), scales, shears)
def test_multipliers_of_a_driven_map_do_not_depend_on_where_the_drive_begins(shift, scale, shear):
    """Steps counted from a different phase: the same orbit, the same multipliers."""
    plain = truths.forced_stuart_landau(1.02, 0.4, n_steps=60)
    assert plain.tangent is not None
    tangent = plain.tangent
    change, inverse = coordinates(scale, shear)
    later = SteppedMap(
        lambda k, x: plain.step((k + shift) % 60, x),
        lambda k, x, v: tangent((k + shift) % 60, x, v),
        dimension=2,
        n_steps=60,
        forcing_cycles=1,
    )
    here = find_limit_cycle(plain, [1.0, 0.0], control=ShootingControl(tolerance=1e-12))
    there = find_limit_cycle(
        moved_map(later, change, inverse),
        change @ here.states[shift],
        control=ShootingControl(tolerance=1e-12),
    )
    np.testing.assert_allclose(inverse @ there.point, here.states[shift], atol=1e-9)
    np.testing.assert_allclose(there.multipliers, here.multipliers, rtol=1e-8)


@FEW
@given(st.floats(0.02, 0.98))
def test_the_period_does_not_depend_on_the_phase_of_the_start(phase):
    system, period = truths.van_der_pol(1.0), 6.66328685932313
    first = find_limit_cycle(
        system, [2.0, 0.0], period_guess=period, control=ShootingControl(n_multipliers=0)
    )
    start = ReturnMap(system, first.period).part(first.point, 0.0, phase)
    cycle = find_limit_cycle(
        system, start, max_period=10.0, control=ShootingControl(n_multipliers=0)
    )
    np.testing.assert_allclose(cycle.period, period, rtol=1e-9)


@FEW
@given(st.floats(0.01, 100.0))
def test_a_slower_clock_stretches_periods_and_divides_exponents(clock):
    """Time in units of 1/clock: T → clock T, exponents / clock, multipliers and Z·f = Ω alike."""
    plain = truths.stuart_landau(mu=0.4, omega=2.0, c=0.5)
    slow = Flow(lambda t, x: plain(t / clock, x) / clock, lambda t, x: plain.jacobian(t, x) / clock)
    period = clock * 2 * np.pi / 1.8
    cycle = find_limit_cycle(slow, [np.sqrt(0.4), 0.02], max_period=1.5 * period)
    assert cycle.found, cycle.message
    np.testing.assert_allclose(cycle.period, period, rtol=1e-9)
    np.testing.assert_allclose(cycle.multipliers, [1, np.exp(-0.8 * period / clock)], atol=1e-8)
    exponents = floquet_exponents(slow, cycle.point, cycle.period)
    np.testing.assert_allclose(np.real(exponents) * clock, [0, -0.8], atol=1e-8)
    response = find_phase_response(slow, cycle)
    x = cycle.point
    angle = np.arctan2(x[1], x[0])
    expected = [-np.sin(angle) - 0.5 * np.cos(angle), np.cos(angle) - 0.5 * np.sin(angle)]
    np.testing.assert_allclose(response.response[0], np.array(expected) / np.sqrt(0.4), atol=1e-6)


@FEW
@given(st.integers(2, 5))
def test_several_rounds_raise_multipliers_to_a_power(rounds):
    """Markus and Yamabe's system, with the multipliers -exp(π/2) and -exp(-π)."""
    found = floquet_multipliers(truths.markus_yamabe(), np.zeros(2), np.pi, subharmonic=rounds)
    expected = np.array([-np.exp(np.pi / 2), -np.exp(-np.pi)]) ** rounds
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@FEW
@given(scales, shears)
def test_lyapunov_exponents_of_a_map_do_not_depend_on_coordinates(scale, shear):
    """Their sum is ln 0.3, the logarithm of the determinant, in any coordinates."""
    change, inverse = coordinates(scale, shear)
    spectrum = compute_lyapunov_spectrum(
        moved_map(truths.henon(1.4), change, inverse),
        change @ [0.1, 0.1],
        block=100,
        n_blocks=5,
        transient=100,
    )
    np.testing.assert_allclose(spectrum.exponents.sum(), np.log(0.3), rtol=1e-9)
    np.testing.assert_allclose(spectrum.exponents[0], 0.419, atol=0.1)
