import math

import numpy as np
import pytest

from isochron.analysis import SteppedMap
from isochron.analysis.phase.rotation import (
    RotationNumber,
    find_invariant_circle,
    rotation_number,
    weighted_birkhoff_average,
)

GOLDEN = (np.sqrt(5) - 1) / 2


def euler_stuart_landau(h, mu, omega, c, drive=lambda k: 0.0, n_steps=1):
    """z → z + h ((mu + i omega) z - (1 + i c) |z|² z) + drive: turns by the same angle everywhere.

    Without a drive |z| goes to |z| |G(|z|²)|, arg z to arg z + arg G, with G(s) =
    1 + h (mu + i omega - (1 + i c) s).
    """

    def step(k, x):
        z = x[..., 0] + 1j * x[..., 1]
        z = z * gain(abs(z) ** 2, h, mu, omega, c) + drive(k)
        return np.stack([z.real, z.imag], axis=-1)

    def tangent(k, x, v):
        z = x[0] + 1j * x[1]
        dg = -h * (1 + 1j * c)
        by_z = gain(abs(z) ** 2, h, mu, omega, c) + dg * abs(z) ** 2
        by_conjugate = dg * z * z
        du, dv = by_z + by_conjugate, 1j * (by_z - by_conjugate)
        return np.array([[du.real, dv.real], [du.imag, dv.imag]]) @ v

    return SteppedMap(step, tangent, dimension=2, n_steps=n_steps)


def gain(square, h, mu, omega, c):
    return 1 + h * (mu + 1j * omega - (1 + 1j * c) * square)


def circle_radius(h, mu, omega, c):
    """|G(r²)| = 1: the smaller root of a quadratic in r²."""
    a = 1 + h * mu + 1j * h * omega
    b = h * (1 + 1j * c)
    cross = (a * np.conj(b)).real
    return np.sqrt((cross - np.sqrt(cross**2 - abs(b) ** 2 * (abs(a) ** 2 - 1))) / abs(b) ** 2)


def circle_map_phases(rotation, strength, n):
    """Lift of θ → θ + Ω - (K/2π) sin 2πθ, in radians."""
    theta = np.empty(n)
    theta[0] = 0.1
    for k in range(1, n):
        last = theta[k - 1]
        theta[k] = last + rotation - strength / (2 * np.pi) * np.sin(2 * np.pi * last)
    return 2 * np.pi * theta


def test_the_average_of_a_rotation_converges_faster_than_any_power():
    """The mean of cos² is 1/2; the plain average of 1000 terms is off by 1e-4."""
    values = np.cos(2 * np.pi * GOLDEN * np.arange(1000)) ** 2
    assert abs(weighted_birkhoff_average(values) - 0.5) < 1e-12
    assert abs(values.mean() - 0.5) > 1e-5


def test_the_rotation_number_of_a_disguised_rotation():
    """A change of the angle, θ = α + 0.4 sin α, does not change the rotation number."""
    turn = 2 * np.pi * GOLDEN * np.arange(4000)
    found = rotation_number(turn + 0.4 * np.sin(turn))
    assert abs(found.value - GOLDEN) < 1e-13
    assert found.uncertainty < 1e-9


def test_the_moebius_circle_map():
    """A rotation seen through a disc automorphism: z → w(λ w⁻¹(z)), exactly rotation GOLDEN."""
    turn = np.exp(2j * np.pi * GOLDEN * np.arange(3000))
    seen = (turn + 0.5) / (1 + 0.5 * turn)
    steps = np.angle(seen[1:] / seen[:-1]) % (2 * np.pi)
    found = rotation_number(np.concatenate([[0], np.cumsum(steps)]))
    assert abs(found.value - GOLDEN) < 1e-12


@pytest.mark.parametrize(("offset", "locked"), [(0.98, True), (-0.98, True), (1.02, False)])
def test_the_zero_tongue_of_the_circle_map(offset, locked):
    """|Ω| <= K/2π is locked to 0 turns."""
    strength = 0.8
    phases = circle_map_phases(offset * strength / (2 * np.pi), strength, 6000)[1000:]
    assert rotation_number(phases).is_locked(0.0, tolerance=1e-6) == locked


@pytest.mark.parametrize(("offset", "locked"), [(0.9, True), (1.1, False)])
def test_the_half_tongue_of_the_circle_map(offset, locked):
    """Half-width K²/8π to second order, at Ω = 1/2 by symmetry."""
    strength = 0.2
    half = strength**2 / (8 * np.pi)
    phases = circle_map_phases(0.5 + offset * half, strength, 40000)[20000:]
    assert rotation_number(phases).is_locked(0.5, tolerance=1e-5) == locked


def test_a_rotation_number_refuses_what_it_cannot_use():
    with pytest.raises(ValueError, match="at least 8 samples"):
        rotation_number([0.0, 1.0])
    with pytest.raises(ValueError, match="must be finite"):
        rotation_number(np.full(20, np.nan))
    with pytest.raises(ValueError, match=r"complex.*angle"):
        rotation_number(np.exp(1j * np.arange(20)))


def test_wrapped_phases_are_not_a_lift():
    """Their mean advance is 0 for any rotation; steps above half a turn are allowed."""
    phases = 1.3 * np.arange(400)
    assert rotation_number(phases).value == pytest.approx(1.3 / (2 * np.pi))
    for wrapped in (phases % (2 * np.pi), np.angle(np.exp(1j * phases))):
        with pytest.raises(ValueError, match=r"wrapped.*unwrap"):
            rotation_number(wrapped)
        assert rotation_number(np.unwrap(wrapped)).value == pytest.approx(1.3 / (2 * np.pi))
    assert rotation_number(4.0 * np.arange(50)).value == pytest.approx(4.0 / (2 * np.pi))


def test_the_invariant_circle_of_an_euler_map():
    h, mu, omega, c = 0.1, 1.0, 3.0, 0.5
    circle = find_invariant_circle(euler_stuart_landau(h, mu, omega, c), [1.0, 0.2])
    radius = circle_radius(h, mu, omega, c)
    turn = np.angle(gain(radius**2, h, mu, omega, c)) / (2 * np.pi)
    assert abs(circle.rotation.value - turn) < 1e-12
    points = circle(np.linspace(0, 6, 50))
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), radius, rtol=1e-11)
    assert circle.residual < 1e-11


def test_a_driven_map_that_is_not_locked_has_a_circle_and_a_locked_one_is_refused():
    fast = euler_stuart_landau(0.1, 1.0, 3.0, 0.0, lambda k: 0.01 * (-1) ** k, n_steps=2)
    assert find_invariant_circle(fast, [1.0, 0.2]).residual < 1e-8
    n = 20
    locked = euler_stuart_landau(
        0.1, 1.0, 3.14, 0.0, lambda k: 0.03 * np.exp(2j * np.pi * k / n), n_steps=n
    )
    with pytest.raises(ArithmeticError, match="locked to the forcing.*find_limit_cycle"):
        find_invariant_circle(locked, [1.0, 0.2])


def test_an_orbit_of_five_states_is_no_circle():
    c, s = np.cos(0.4 * np.pi), np.sin(0.4 * np.pi)
    turn = np.array([[c, -s], [s, c]])
    system = SteppedMap(lambda k, x: turn @ x, lambda k, x, v: turn @ v, dimension=2)
    with pytest.raises(ArithmeticError, match="closes after 5 returns"):
        find_invariant_circle(system, [1.0, 0.2])


def test_a_resting_orbit_has_no_circle():
    with pytest.raises(ArithmeticError, match="rests"):
        find_invariant_circle(euler_stuart_landau(0.1, -1.0, 3.0, 0.0), [0.1, 0.0])


def test_the_uncertainty_is_the_difference_of_the_halves():
    """0.3 and then 0.4 turns a sample: the mean is not locked, even if close to a fraction."""
    phases = 2 * np.pi * np.cumsum(np.repeat([0.3, 0.4], 50))
    found = rotation_number(np.append(0.0, phases))
    assert found.value == pytest.approx(0.35)
    assert found.uncertainty == pytest.approx(0.1)
    assert not found.is_locked(found.value, tolerance=0.09)
    assert found.is_locked(found.value, tolerance=0.11)
    assert not found.is_locked(found.value + 0.2, tolerance=0.11)


@pytest.mark.parametrize("ratio", [(1, 250), (7, 33), (-2, 5), (3, 1), (611, 1000), (0, 1)])
def test_a_fraction_within_the_error_is_named(ratio):
    p, q = ratio
    found = RotationNumber(value=p / q + 3e-10, uncertainty=1e-9).near_ratio()
    assert found is not None
    assert (found.numerator, found.denominator) == ratio


@pytest.mark.parametrize("value", [(5**0.5 - 1) / 2, 2**0.5 - 1, math.pi, -math.e])
def test_an_irrational_number_is_near_no_simple_fraction(value):
    assert RotationNumber(value=value, uncertainty=1e-9).near_ratio() is None
    assert RotationNumber(value=value, uncertainty=0.0).near_ratio() is None


@pytest.mark.parametrize("error", [1e-10, 1e-8, 1e-5])
def test_few_numbers_are_near_a_fraction_by_chance(error):
    """1 % is a bound: of 2000, more than 35 have P < 1e-3."""
    values = np.random.default_rng(0).random(2000)
    near = [RotationNumber(value=v, uncertainty=error).near_ratio() for v in values.tolist()]
    assert sum(ratio is not None for ratio in near) <= 35


@pytest.mark.parametrize(("value", "error"), [(math.nan, 1e-9), (0.3, math.nan), (0.3, math.inf)])
def test_an_unknown_rotation_is_near_nothing(value, error):
    assert RotationNumber(value=value, uncertainty=error).near_ratio() is None


@pytest.mark.parametrize("values", [["a"], [[1.0], [1.0, 2.0]], [object()]])
def test_an_average_of_what_is_no_number(values):
    with pytest.raises(ValueError, match="values must be (numbers|an array)"):
        weighted_birkhoff_average(values)
