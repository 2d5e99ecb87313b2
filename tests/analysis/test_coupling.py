import numpy as np
import pytest

from isochron.analysis import Flow, ShootingControl, find_limit_cycle
from isochron.analysis.phase.coupling import (
    CouplingFunction,
    find_locked_states,
    fixed_radius_field,
    locking_range,
    phase_coupling_function,
)
from isochron.analysis.phase.response import find_phase_response
from tests import truths


def response_of(mu=1.0, omega=2.0, c=0.0):
    field = truths.stuart_landau(mu, omega, c)
    period = 2 * np.pi / (omega - c * mu)
    return find_phase_response(
        field,
        find_limit_cycle(
            field, [np.sqrt(mu), 0.0], period_guess=period, control=ShootingControl(tolerance=1e-12)
        ),
    )


def cosine_force(size):
    return lambda own, other: size * np.c_[np.cos(other), np.zeros_like(other)]


@pytest.mark.parametrize("c", [0.0, 0.6])
def test_the_range_of_a_forced_stuart_landau(c):
    """1:1 half-width F √(1 + c²) / (2 √μ) (specification, section 6)."""
    mu, force = 1.4, 0.1
    coupling = phase_coupling_function(response_of(mu, 2.0, c), cosine_force(force))
    half = force * np.sqrt(1 + c**2) / (2 * np.sqrt(mu))
    np.testing.assert_allclose(locking_range(coupling), [-half, half], rtol=1e-7)


def test_adler_lags_and_exponents():
    """χ' = Δ - (F/2) sin χ: sin χ = 2Δ/F, exponents ∓√((F/2)² - Δ²)."""
    force, detuning = 0.1, 0.02
    coupling = phase_coupling_function(response_of(), cosine_force(force))
    states = find_locked_states(coupling, detuning)
    angle = np.arcsin(2 * detuning / force)
    rate = np.sqrt((force / 2) ** 2 - detuning**2)
    np.testing.assert_allclose([s.lag for s in states], [angle, np.pi - angle], atol=1e-9)
    np.testing.assert_allclose([s.exponent for s in states], [-rate, rate], atol=1e-9)
    assert [s.stable for s in states] == [True, False]
    assert find_locked_states(coupling, 0.06) == ()


def test_two_that_push_each_other_lock_in_phase_or_out():
    """Diffusion in the first variable, K (u₂ - u₁): H = K/2 (-sin χ) + H(0); mutual -K sin χ."""
    strength = 0.3

    def push(own, other):
        return strength * np.c_[np.cos(other) - np.cos(own), np.zeros_like(own)]

    mutual = phase_coupling_function(response_of(), push).mutual()
    np.testing.assert_allclose(mutual.values, -strength * np.sin(mutual.lags), atol=1e-10)
    lags = [(s.lag, s.stable) for s in find_locked_states(mutual)]
    assert lags[0][0] == pytest.approx(np.pi)
    assert not lags[0][1]
    assert min(lags[1][0], 2 * np.pi - lags[1][0]) < 1e-9
    assert lags[1][1]


def test_two_to_one_locking_needs_a_second_harmonic():
    """Z = (-sin φ, cos φ) and a push F sin φ cos ψ on the second variable, ψ = 2 (φ - χ).

    The mean of F cos φ sin φ cos (2φ - 2χ) = (F/4) sin 2χ; an additive force gives nothing.
    """
    response = response_of()

    def push(own, other):
        return 0.2 * np.c_[np.zeros_like(own), np.sin(own) * np.cos(other)]

    coupling = phase_coupling_function(response, push, n=2)
    np.testing.assert_allclose(coupling.values, 0.05 * np.sin(2 * coupling.lags), atol=1e-10)
    additive = phase_coupling_function(response, cosine_force(0.2), n=2)
    np.testing.assert_allclose(additive.values, 0, atol=1e-10)
    half = phase_coupling_function(response, lambda own, other: push(own, 2 * other), n=1, m=2)
    assert np.abs(half.values).max() < 1e-9


def test_a_series_passes_through_its_samples_and_between():
    lags = 2 * np.pi * np.arange(16) / 16
    coupling = CouplingFunction(lags=lags, values=np.cos(3 * lags) + 0.5)
    points = np.linspace(-1, 7, 30)
    np.testing.assert_allclose(coupling(points), np.cos(3 * points) + 0.5, atol=1e-13)


def forced(force, drive, own):
    plain = truths.stuart_landau(1.0, own)
    return Flow(lambda t, x: plain(t, x) + [force * np.cos(drive * t), 0.0], plain.jacobian)


def test_the_fixed_radius_reduction_has_one_stable_and_one_unstable_orbit():
    """With radius 1 it is ψ' = Δ - F sin(θ) cos(Ωt): Adler's lags up to O(F), as is the flow."""
    force, drive, own = 0.05, 2.0, 2.01
    field = forced(force, drive, own)
    reduced = fixed_radius_field(field, radius=1.0, angular_velocity=drive)
    period = 2 * np.pi / drive
    cycles = [find_limit_cycle(reduced, [guess], period=period) for guess in (0.4, 2.7)]
    angle = np.arcsin(2 * (own - drive) / force)
    means = [cycle.states[:-1].mean() for cycle in cycles]
    np.testing.assert_allclose(means, [angle, np.pi - angle], atol=force / 4)
    assert [cycle.stable for cycle in cycles] == [True, False]
    rate = np.sqrt((force / 2) ** 2 - (own - drive) ** 2)
    found = [np.log(cycle.multipliers[0].real) / period for cycle in cycles]
    np.testing.assert_allclose(found, [-rate, rate], atol=force**2)


def test_bad_numbers_are_refused():
    with pytest.raises(ValueError, match="radius must be positive"):
        fixed_radius_field(forced(0.1, 1, 1), radius=0.0, angular_velocity=1.0)
    with pytest.raises(ValueError, match="integers from 1"):
        phase_coupling_function(response_of(), cosine_force(1), n=0)


@pytest.mark.parametrize(
    ("push", "message"),
    [
        (lambda own, other: np.cos(other), r"must return shape \(256, 2\).*got \(256,\)"),
        (lambda own, other: np.zeros(2), r"got \(2,\)"),
        (lambda own, other: np.zeros((2, own.size)), r"got \(2, 256\)"),
        (lambda own, other: np.full((own.size, 2), np.nan), "must be finite"),
    ],
)
def test_a_push_of_another_shape_is_refused(push, message):
    """Broadcasting would mix phases and variables."""
    with pytest.raises(ValueError, match=message):
        phase_coupling_function(response_of(), push)


def test_where_every_lag_is_locked_none_is_returned_silently():
    lags = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    for values, detuning in ((np.zeros(32), 0.0), (np.full(32, 0.1), -0.1)):
        coupling = CouplingFunction(lags=lags, values=values)
        with pytest.raises(ValueError, match="every lag"):
            find_locked_states(coupling, detuning)
    assert find_locked_states(CouplingFunction(lags=lags, values=np.full(32, 0.1)), 0.2) == ()
    with pytest.raises(ValueError, match="detuning must be finite"):
        find_locked_states(coupling, np.nan)


@pytest.mark.parametrize(("n", "m"), [(0, 1), (1.5, 1), (1, -2)])
def test_orders_of_locking_are_positive_integers(n, m):
    with pytest.raises(ValueError, match="integers from 1"):
        phase_coupling_function(response_of(), cosine_force(0.1), n=n, m=m)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radius": -1.0, "angular_velocity": 1.0}, "radius must be positive"),
        ({"radius": 1.0, "angular_velocity": np.inf}, "angular_velocity"),
        ({"radius": 1.0, "angular_velocity": 1.0, "center": [0.0]}, "two finite numbers"),
    ],
)
def test_a_radius_that_is_none_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fixed_radius_field(truths.stuart_landau(), **options)


@pytest.mark.parametrize("size", [8, 9])
def test_a_coupling_function_goes_through_its_samples(size):
    """Also the highest harmonic, which occurs once for an even number of samples."""
    lags = 2 * np.pi * np.arange(size) / size
    values = np.random.default_rng(0).normal(size=size)
    coupling = CouplingFunction(lags=lags, values=values)
    np.testing.assert_allclose(coupling(lags), values, atol=1e-13)
    np.testing.assert_allclose(coupling(lags + 2 * np.pi), values, atol=1e-13)
    mutual = coupling.mutual()
    np.testing.assert_allclose(mutual.values, coupling(lags) - coupling(-lags), atol=1e-13)


def test_the_edge_of_a_range_is_where_the_last_state_is():
    """H = cos χ - sin 2χ / 2 has max and min between its samples."""
    lags = 2 * np.pi * np.arange(16) / 16
    coupling = CouplingFunction(lags=lags, values=np.cos(lags) - np.sin(2 * lags) / 2)
    low, high = locking_range(coupling)
    # H' = -sin χ - cos 2χ = 0 at sin χ = 1 and -1/2: H = 0 and ∓3√3/4.
    np.testing.assert_allclose([low, high], [-3 * np.sqrt(3) / 4, 3 * np.sqrt(3) / 4], rtol=1e-4)
    assert find_locked_states(coupling, 1.001 * high) == ()
    assert len(find_locked_states(coupling, 0.999 * high)) == 2
