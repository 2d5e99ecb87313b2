import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from isochron.analysis import (
    Flow,
    LimitCycle,
    ShootingControl,
    asymptotic_phase,
    find_fixed_points,
    find_limit_cycle,
    flow,
)
from isochron.analysis.phase.response import (
    find_map_phase_response,
    find_phase_response,
    perturbed_phase_response,
)
from isochron.analysis.phase.rotation import find_invariant_circle
from isochron.analysis.systems.functions import SteppedMap
from tests import truths
from tests.analysis.test_rotation import circle_radius, euler_stuart_landau

MU, OMEGA, C = 1.3, 2.0, 0.7


def stuart_landau_cycle():
    field = truths.stuart_landau(MU, OMEGA, C)
    period = 2 * np.pi / (OMEGA - C * MU)
    return field, find_limit_cycle(
        field, [1.1, 0.0], period_guess=period, control=ShootingControl(tolerance=1e-12)
    )


def stuart_landau_response(states):
    """Gradient of arg z - c ln |z| on the cycle (specification, section 6)."""
    angle = np.arctan2(states[:, 1], states[:, 0])
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.c_[-sine - C * cosine, cosine - C * sine] / np.sqrt(MU)


def test_the_response_of_stuart_landau_is_its_closed_form():
    """The prototype reached 7e-12."""
    found = find_phase_response(*stuart_landau_cycle())
    np.testing.assert_allclose(found.response, stuart_landau_response(found.states), atol=1e-10)
    assert max(found.residual, found.consistency) < 1e-10
    assert found.angular_velocity == pytest.approx(OMEGA - C * MU, rel=1e-11)


def test_the_response_of_an_unstable_cycle():
    """z' = (-1 + i) z + |z|² z has straight isochrons: Z = (-sin, cos)."""
    field = truths.subcritical_hopf()
    cycle = find_limit_cycle(field, [1.0, 0.0], period_guess=6.28)
    assert not cycle.stable
    found = find_phase_response(field, cycle)
    np.testing.assert_allclose(found.response, found.states[:, ::-1] * [-1, 1], atol=1e-7)


def test_the_response_of_a_weakly_nonlinear_van_der_pol():
    """x'' - μ (1 - x²) x' + x = 0 has x = 2 cos φ + O(μ): Z = (-sin φ, -cos φ)/2 + O(μ)."""
    errors = []
    for mu in (0.02, 0.01):
        field = truths.van_der_pol(mu)
        found = find_phase_response(
            field,
            find_limit_cycle(
                field, [2.0, 0.0], period_guess=6.283, control=ShootingControl(tolerance=1e-11)
            ),
        )
        truth = -np.c_[np.sin(found.phases), np.cos(found.phases)] / 2
        errors.append(np.abs(found.response - truth).max())
    assert errors[1] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


def test_relaxation_oscillations_explicit_and_implicit():
    """van der Pol at μ = 5: two integrators, one response, up to 4 rad per unit of state."""
    start = flow(truths.van_der_pol(5), [2.0, 0.0], 60.0)
    cycle = find_limit_cycle(truths.van_der_pol(5), start, max_period=15)
    explicit, implicit = (
        find_phase_response(
            truths.van_der_pol(5, stiff=stiff), cycle, n_nodes=64, rtol=1e-6, tolerance=1e-3
        )
        for stiff in (False, True)
    )
    np.testing.assert_allclose(implicit.response, explicit.response, atol=1e-3)


def test_stiff_sparse_and_dense_agree():
    """Two oscillating variables and 3 that follow one of them at rates 10 to 300."""
    plain, cycle = stuart_landau_cycle()
    rates = np.geomspace(10, 300, 3)

    def field(t, x):
        return np.concatenate([plain(t, x[:2]), rates * (x[0] - x[2:])])

    constant = np.diag(np.concatenate([[0, 0], -rates]))
    constant[2:, 0] = rates

    def jacobian(t, x):
        full = constant.copy()
        full[:2, :2] = plain.jacobian(t, x[:2])
        return sparse.csc_array(full)

    start = np.concatenate([cycle.point, np.full(3, cycle.point[0])])
    system = Flow(field, jacobian, stiff=True)
    big = find_limit_cycle(
        system,
        start,
        period_guess=cycle.period,
        control=ShootingControl(rtol=1e-8, tolerance=1e-7, n_multipliers=0),
    )
    found = find_phase_response(system, big, n_nodes=32, rtol=1e-7)
    np.testing.assert_allclose(found.response[:, 2:], 0, atol=2e-5)
    np.testing.assert_allclose(
        found.response[:, :2], stuart_landau_response(found.states), atol=2e-5
    )


def test_pushing_and_waiting_gives_the_same_as_the_adjoint():
    """Error O(size²) = 1e-6 times the third derivative of the phase over six."""
    field = truths.van_der_pol(1.0)
    cycle = find_limit_cycle(
        field, [2.0, 0.0], max_period=10, control=ShootingControl(tolerance=1e-11)
    )
    adjoint = find_phase_response(field, cycle, n_nodes=4)
    pushed = perturbed_phase_response(field, cycle, adjoint.phases, np.array([0.0, 1.0]), size=1e-3)
    np.testing.assert_allclose(pushed, adjoint.response[:, 1], atol=5e-6)


def test_a_theta_neuron_embedded_in_the_plane():
    """θ' = 1 - cos θ + I (1 + cos θ), I = 1/4: T = π/√I, and dφ/dθ = Ω/θ' by definition.

    A push of the input, δθ = 1 + cos θ, moves the phase by Ω (1 + cos θ)/θ', which is
    (1 + cos φ)/(2 √I)·Ω with the phase counted from θ = 0: the canonical 1 + cos.
    """
    input_ = 0.25

    def speed(cosine):
        return 1 - cosine + input_ * (1 + cosine)

    def field(t, x):
        u, v = x
        return (1 - u * u - v * v) * x + speed(u) * np.array([-v, u])

    def jacobian(t, x):
        u, v = x
        square = 1 - u * u - v * v
        turn = np.array([[0, -1], [1, 0]])
        spin = speed(u) * turn + np.outer(turn @ x, [input_ - 1, 0])
        return square * np.eye(2) - 2 * np.outer(x, x) + spin

    system = Flow(field, jacobian)
    cycle = find_limit_cycle(
        system, [1.0, 0.0], period_guess=6.2, control=ShootingControl(tolerance=1e-12)
    )
    assert cycle.period == pytest.approx(np.pi / np.sqrt(input_), rel=1e-10)
    found = find_phase_response(system, cycle)
    push = (1 + found.states[:, :1]) * np.c_[-found.states[:, 1], found.states[:, 0]]
    curve = np.sum(found.response * push, axis=1)
    expected = found.angular_velocity * (1 + np.cos(found.phases)) / (2 * input_)
    np.testing.assert_allclose(curve, expected, atol=1e-9)


def test_the_response_of_an_invariant_circle_of_a_map():
    """z → z G(|z|²): phase arg z + g(|z|), g' = (arg G)'/(1 - λ), λ = d(r |G|)/dr."""
    h, mu, omega, c = 0.1, 1.0, 3.0, 0.5
    system = euler_stuart_landau(h, mu, omega, c)
    found = find_map_phase_response(system, find_invariant_circle(system, [1.0, 0.2]))
    r = circle_radius(h, mu, omega, c)
    value = 1 + h * (mu + 1j * omega - (1 + 1j * c) * r**2)
    log_slope = -2 * h * (1 + 1j * c) * r / value
    multiplier = 1 + r * log_slope.real
    slope = log_slope.imag / (1 - multiplier)
    radial = found.states / r
    expected = slope * radial + radial[:, ::-1] * [-1, 1] / r
    np.testing.assert_allclose(found.response, expected, atol=1e-9)
    assert max(found.residual, found.consistency) < 1e-10


def test_a_variable_that_rests_on_the_circle_has_the_scale_that_is_given():
    """z → z G(|z|²) + y, y → y/2: Z_y is the sum over k of Z_x after k + 1 steps, over 2^k."""
    h, mu, omega, c = 0.1, 1.0, 3.0, 0.5
    plane = euler_stuart_landau(h, mu, omega, c)

    def step(k, x):
        return np.r_[plane.advance(x[:2], 1) + [x[2], 0], x[2] / 2]

    def tangent(k, x, v):
        moved = plane.advance(x[:2], 1, tangents=v[:2])[1]
        return np.vstack([moved[0] + v[2], moved[1], v[2] / 2])

    system = SteppedMap(step, tangent, dimension=3)
    circle = find_invariant_circle(system, [1.0, 0.2, 0.1], scale=1.0)
    found = find_map_phase_response(system, circle, scale=1.0)
    r = circle_radius(h, mu, omega, c)
    planar = find_map_phase_response(plane, find_invariant_circle(plane, [1.0, 0.2]))
    # Z = a exp(iθ) with a complex number a, the same at all angles.
    a = planar.response[0] @ [1, 1j] / (planar.states[0] @ [1, 1j] / r)
    turn = np.exp(2j * np.pi * circle.rotation.value)
    angle = found.states[:, :2] @ [1, 1j] / r
    expected = np.real(a * angle * turn / (1 - turn / 2))
    np.testing.assert_allclose(found.response[:, 2], expected, atol=1e-8)
    np.testing.assert_allclose(found.response[:, :2] @ [1, 1j], a * angle, atol=1e-8)


def test_a_cycle_without_a_phase_of_its_own_is_refused():
    field = Flow(lambda t, x: [x[1], np.cos(2 * t) - x[0] - x[1] / 2])
    forced = find_limit_cycle(field, [0.3, 0.0], period=np.pi)
    assert forced.found
    with pytest.raises(ValueError, match="phase of its forcing"):
        find_phase_response(field, forced)
    resting = find_limit_cycle(truths.markus_yamabe(), [0.0, 0.0], period=np.pi)
    with pytest.raises(ValueError, match="it is a fixed point"):
        find_phase_response(field, resting)
    with pytest.raises(ValueError, match="cycle that was found: lost"):
        find_phase_response(field, LimitCycle(found=False, message="lost"))


def test_a_wrong_jacobian_is_seen_in_the_residual():
    field, cycle = stuart_landau_cycle()
    wrong = Flow(field.field, lambda t, x: 1.05 * field.jacobian(t, x))
    with pytest.raises(ArithmeticError, match="check the Jacobian"):
        find_phase_response(wrong, cycle)


@pytest.mark.slow
def test_the_response_of_the_worm(worm, touch, worm_cycle):
    """558 sparse, stiff dimensions; Z·f = Ω within 1e-6 at 256 phases."""
    found = find_phase_response(worm.field_under(touch), worm_cycle)
    assert found.response.shape == (257, 558)
    assert max(found.residual, found.consistency) < 1e-6


def pushed(system, cycle, direction=(1.0, 0.0), **options):
    return perturbed_phase_response(system, cycle, np.array([0.3]), np.array(direction), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": (0.0, 0.0)}, "not all 0"),
        ({"direction": (1.0, 0.0, 0.0)}, "2 numbers, one for each variable"),
        ({"direction": (1.0, np.nan)}, "must be finite"),
        ({"size": 0.0}, "size must be positive"),
        ({"size": -1e-4}, "size must be positive"),
        ({"max_periods": 0}, "max_periods at least 1"),
    ],
)
def test_a_push_of_no_size_is_refused(options, message):
    """The response to a direction of 0 is 0 for any cycle."""
    with pytest.raises(ValueError, match=message):
        pushed(*stuart_landau_cycle(), **options)


def test_an_unstable_cycle_is_not_waited_for():
    field = truths.subcritical_hopf()
    cycle = find_limit_cycle(field, [1.0, 0.0], period_guess=6.28)
    with pytest.raises(ValueError, match=r"not stable.*find_phase_response"):
        pushed(field, cycle)


def test_what_is_not_a_cycle_of_the_system_is_named():
    field: Any
    cycle: Any
    field, cycle = stuart_landau_cycle()
    point: Any = find_fixed_points(field, [[0.01, 0.0]])[0]
    for response in (find_phase_response, pushed):
        with pytest.raises(TypeError, match=r"FixedPoint.*does not have a phase"):
            response(field, point)
        with pytest.raises(ValueError, match="dimension of the cycle, 2"):
            response(truths.lorenz(), cycle)
    stepped: Any = euler_stuart_landau(0.1, 1.0, 3.0, 0.5)
    circle: Any = find_invariant_circle(stepped, [1.0, 0.2])
    with pytest.raises(TypeError, match="InvariantCircle.*find_map_phase_response"):
        find_phase_response(field, circle)
    with pytest.raises(TypeError, match="LimitCycle use find_phase_response"):
        find_map_phase_response(stepped, cycle)
    with pytest.raises(ValueError, match="The map has dimension 1, the circle 2"):
        find_map_phase_response(truths.circle_map(0.3, 0.1), circle)


def test_a_period_in_another_unit_is_noticed():
    """Seconds for milliseconds: the orbit does not close."""
    field, cycle = stuart_landau_cycle()
    wrong = dataclasses.replace(cycle, period=cycle.period / 1e3)
    with pytest.raises(ValueError, match=r"does not close.*unit of time"):
        asymptotic_phase(field, wrong, [1.0, 0.1])
    with pytest.raises((ValueError, ArithmeticError)):
        find_phase_response(field, wrong)
    stepped: Any = euler_stuart_landau(0.1, 1.0, 3.0, 0.5)
    with pytest.raises(TypeError, match="needs a field"):
        asymptotic_phase(stepped, cycle, [1.0, 0.1])
