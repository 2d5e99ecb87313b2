from typing import Any

import numpy as np
import pytest

from isochron.analysis import Flow, SteppedMap, TangentControl
from isochron.analysis.lyapunov import LyapunovSpectrum, compute_lyapunov_spectrum
from tests import truths


def test_the_logistic_map_at_four():
    """ln 2 (Ulam and von Neumann)."""
    starts = np.random.default_rng(0).uniform(0.1, 0.9, (4, 1))
    found = compute_lyapunov_spectrum(
        truths.logistic(4.0, 1), starts, block=100, n_blocks=40, transient=100
    )
    assert abs(found.exponents[0] - np.log(2)) < 4 * found.errors[0] + 1e-12
    assert found.errors[0] < 0.01
    assert found.blocks.shape == (4, 40, 1)
    # Blocks without a trend: the error is that of their scatter, or slightly more.
    scatter = found.blocks[:, :, 0].std(ddof=1) / np.sqrt(160)
    assert scatter <= found.errors[0] < 2 * scatter


def test_the_cat_map_is_uniform():
    matrix = np.array([[2.0, 1.0], [1.0, 1.0]])
    system = SteppedMap(lambda k, x: matrix @ x % 1, lambda k, x, v: matrix @ v, dimension=2)
    found = compute_lyapunov_spectrum(system, [0.1, 0.2], block=50, n_blocks=4, transient=50)
    exact = np.log((3 + np.sqrt(5)) / 2)
    np.testing.assert_allclose(found.exponents, [exact, -exact], rtol=1e-12)
    np.testing.assert_allclose(found.kaplan_yorke_dimension, 2.0, rtol=1e-10)


def test_the_henon_map():
    """0.419 (specification); the determinant is -0.3 everywhere."""
    found = compute_lyapunov_spectrum(
        truths.henon(1.4), [0.1, 0.1], block=200, n_blocks=20, transient=200
    )
    assert abs(found.exponents[0] - 0.419) < 4 * found.errors[0] + 5e-4
    np.testing.assert_allclose(found.exponents.sum(), np.log(0.3), rtol=1e-10)
    np.testing.assert_allclose(found.kaplan_yorke_dimension, 1.26, atol=0.03)
    leading = compute_lyapunov_spectrum(
        truths.henon(1.4), [0.1, 0.1], block=200, n_blocks=20, transient=200, n_exponents=1
    )
    np.testing.assert_allclose(leading.exponents[0], found.exponents[0], rtol=1e-6)
    assert np.isnan(leading.kaplan_yorke_dimension)


@pytest.mark.long
def test_lorenz():
    """0.9056, 0, -14.572 (specification); the sum is the trace, -41/3."""
    found = compute_lyapunov_spectrum(
        truths.lorenz(),
        [1.0, 1.0, 20.0],
        block=10.0,
        n_blocks=20,
        transient=20.0,
        control=TangentControl(rtol=1e-8),
    )
    difference = found.exponents - [0.9056, 0.0, -14.572]
    assert (np.abs(difference) < 4 * found.errors + 1e-3).all()
    np.testing.assert_allclose(found.exponents.sum(), -41 / 3, rtol=1e-6)
    assert 2.0 < found.kaplan_yorke_dimension < 2.1


def test_a_limit_cycle_and_two_uncoupled_ones():
    """A zero exponent for each oscillator, and -2 mu."""
    one, other = truths.stuart_landau(mu=0.5, omega=2.0), truths.stuart_landau(omega=np.sqrt(2))
    zero = np.zeros((2, 2))
    pair = Flow(
        lambda t, x: np.r_[one(t, x[:2]), other(t, x[2:])],
        lambda t, x: np.block([[one.jacobian(t, x[:2]), zero], [zero, other.jacobian(t, x[2:])]]),
    )
    start = [np.sqrt(0.5), 0.0, 0.0, 1.0]
    found = compute_lyapunov_spectrum(
        pair,
        start,
        block=2 * np.pi,
        n_blocks=4,
        transient=40.0,
        control=TangentControl(renormalize=2 * np.pi),
    )
    # The converged tangents turn with the flow: errors of blocks that are not whole periods.
    np.testing.assert_allclose(found.exponents, [0, 0, -1, -2], atol=1e-3)


def test_a_map_with_a_drive_keeps_its_phase():
    """Different slopes at the two steps of the drive: the mean of their logarithms."""
    slopes = [0.5, 0.1]
    system = SteppedMap(
        lambda k, x: slopes[k] * x,
        lambda k, x, v: slopes[k] * v,
        dimension=1,
        n_steps=2,
        step_ms=2.0,
    )
    found = compute_lyapunov_spectrum(system, [1.0], block=2, n_blocks=3, transient=1)
    np.testing.assert_allclose(found.exponents, np.log(0.05) / 4, rtol=1e-12)
    np.testing.assert_allclose(found.errors, 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("exponents", "dimension", "expected"),
    [([-1.0], 1, 0.0), ([1.0, 0.5], 2, 2.0), ([0.5, 0.0, -2.0], 3, 2.25), ([0.5], 3, np.nan)],
)
def test_the_kaplan_yorke_dimension(exponents, dimension, expected):
    spectrum = LyapunovSpectrum(
        exponents=np.array(exponents),
        errors=np.zeros(len(exponents)),
        blocks=np.zeros((1, 2, len(exponents))),
        dimension=dimension,
    )
    np.testing.assert_equal(spectrum.kaplan_yorke_dimension, expected)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n_blocks": 1}, "n_blocks"),
        ({"block": 0}, "block"),
        ({"block": 2.5}, "whole steps"),
        ({"n_exponents": 2}, "n_exponents"),
        ({"control": TangentControl(renormalize=3)}, "fit"),
    ],
)
def test_bad_numbers_are_refused(change, match):
    options: dict[str, Any] = {"block": 10, "n_blocks": 3} | change
    with pytest.raises(ValueError, match=match):
        compute_lyapunov_spectrum(truths.logistic(4.0, 1), [0.3], **options)


def test_an_escape_is_an_error():
    system = SteppedMap(lambda k, x: 1e200 * x, lambda k, x, v: 1e200 * v, dimension=1)
    with np.errstate(over="ignore"), pytest.raises(ArithmeticError, match="diverges near"):
        compute_lyapunov_spectrum(system, [1.0], block=5, n_blocks=2)


@pytest.mark.parametrize("renormalize", [None, 0.2, 2.0])
def test_a_strong_contraction_keeps_its_rate(renormalize):
    """0 and -2 mu = -60: tangents vanish within a fraction of the block."""
    found = compute_lyapunov_spectrum(
        truths.stuart_landau(mu=30.0), [1.0, 0.0],
        block=2.0, n_blocks=2, transient=1.0, control=TangentControl(renormalize=renormalize),
    )  # fmt: skip
    difference = found.exponents - [0.0, -60.0]
    # The radius is that of the start, √30 / √30 of the closed form, after the transient.
    np.testing.assert_allclose(difference, 0.0, atol=1e-5)
    assert (found.errors > np.abs(difference) / 10).all()
    np.testing.assert_allclose(found.mean_divergence, -60.0, rtol=1e-6)
    assert found.message == ""


@pytest.mark.parametrize("block", [100, 500])
@pytest.mark.parametrize("stiff", [False, True])
def test_a_linear_decay_at_any_length_of_block(block, stiff):
    field = Flow(lambda t, x: -x, lambda t, x: -np.eye(2), stiff=stiff)
    found = compute_lyapunov_spectrum(field, [0.5, 0.5], block=block, n_blocks=2)
    np.testing.assert_allclose(found.exponents, [-1, -1], rtol=1e-3 if stiff else 1e-8)
    np.testing.assert_allclose(found.mean_divergence, -2.0, rtol=1e-9)


def test_tangents_along_invariant_directions_come_apart():
    """Field diag(-1, 1) on its axes: the first vector must not stay in the shrinking direction."""
    field = Flow(lambda t, x: np.array([-x[0], 0.0 * x[1]]), lambda t, x: np.diag([-1.0, 0.0]))
    found = compute_lyapunov_spectrum(field, [1.0, 0.0], block=5, n_blocks=2, transient=20)
    np.testing.assert_allclose(found.exponents, [0, -1], atol=1e-7)
    leading = compute_lyapunov_spectrum(
        field, [1.0, 0.0], block=5, n_blocks=2, transient=20, n_exponents=1
    )
    np.testing.assert_allclose(leading.exponents, [0], atol=1e-7)
    assert np.isnan(leading.mean_divergence)


def test_a_map_that_contracts_beyond_all_numbers():
    """diag(1e-3, 1e-200) over blocks of 10 steps at once."""
    rates = np.array([1e-3, 1e-200])
    system = SteppedMap(lambda k, x: rates * x + 1, lambda k, x, v: rates[:, None] * v, dimension=2)
    found = compute_lyapunov_spectrum(
        system,
        [1.0, 1.0],
        block=10,
        n_blocks=2,
        transient=5,
        control=TangentControl(renormalize=10),
    )
    np.testing.assert_allclose(found.exponents, np.log(rates), rtol=1e-9)
    np.testing.assert_allclose(found.mean_divergence, np.log(rates).sum(), rtol=1e-12)


def test_a_sum_that_is_not_the_mean_divergence_is_said():
    """Planted fault: tangents that shrink by 0.2 too fast."""
    right = truths.stuart_landau()
    wrong = Flow(
        right.field, right.derivative, tangent=lambda t, x, v: right.jacobian(t, x) @ v - 0.2 * v
    )
    found = compute_lyapunov_spectrum(wrong, [1.0, 0.0], block=5, n_blocks=2, transient=10)
    assert "mean divergence is -2" in found.message
    assert "Jacobian" in found.message
    assert (found.errors > 0.3).all()


JORDAN = {
    "pair": np.array([[-1.0, 1.0], [0.0, -1.0]]),
    "strong": np.array([[-1.0, 9.0], [0.0, -1.0]]),
    "triple": -np.eye(3) + np.eye(3, k=1),
    "neutral": np.array([[0.0, 1.0], [0.0, 0.0]]),
}


@pytest.mark.parametrize("kind", JORDAN)
@pytest.mark.parametrize(("block", "n_blocks"), [(10, 20), (10, 5), (20, 3), (10, 2)])
def test_slow_convergence_is_part_of_the_error(kind, block, n_blocks):
    """Tangents grow by a power of t: off by at most 2 log(T/transient)/T after a time T."""
    matrix = JORDAN[kind]
    field = Flow(lambda t, x: matrix @ x, lambda t, x: matrix)
    found = compute_lyapunov_spectrum(
        field,
        np.ones(len(matrix)),
        block=block,
        n_blocks=n_blocks,
        transient=10,
        control=TangentControl(rtol=1e-7),
    )
    difference = np.abs(found.exponents - matrix[0, 0])
    assert difference[0] > 5e-3
    assert (difference <= 2 * found.errors).all()


def test_slow_convergence_of_a_map():
    matrix = 0.9 * np.array([[1.0, 1.0], [0.0, 1.0]])
    system = SteppedMap(lambda k, x: matrix @ x, lambda k, x, v: matrix @ v, dimension=2)
    starts = [[1.0, 0.5], [0.3, -1.0]]
    found = compute_lyapunov_spectrum(system, starts, block=10, n_blocks=20, transient=10)
    assert (np.abs(found.exponents - np.log(0.9)) <= 2 * found.errors).all()


@pytest.mark.filterwarnings("error")
def test_a_superstable_orbit_has_an_exponent_of_minus_infinity():
    """The derivative of 2 x (1 - x) vanishes at its fixed point 1/2."""
    found = compute_lyapunov_spectrum(truths.logistic(2.0, 1), [0.5], block=10, n_blocks=4)
    assert found.exponents[0] == -np.inf
    assert found.errors[0] == 0
    assert "superstable" in found.message


@pytest.mark.filterwarnings("error")
def test_a_projection_has_one_exponent_of_minus_infinity():
    matrix = np.array([[0.5, 0.5], [0.0, 0.0]])
    system = SteppedMap(lambda k, x: matrix @ x, lambda k, x, v: matrix @ v, dimension=2)
    found = compute_lyapunov_spectrum(system, [1.0, 0.0], block=10, n_blocks=4, transient=5)
    np.testing.assert_allclose(found.exponents, [np.log(0.5), -np.inf])
    assert found.errors[0] < 1e-9
    assert "not invertible" in found.message


def test_an_exponent_limited_by_round_off_is_reported():
    """The orbit converges to 1/2 up to one unit in the last place."""
    found = compute_lyapunov_spectrum(
        truths.logistic(2.0, 1), [0.3], block=10, n_blocks=4, transient=20
    )
    assert found.exponents[0] < -34
    assert "may be -inf" in found.message


def cat(k, x):
    return np.stack([2 * x[..., 0] + x[..., 1], x[..., 0] + x[..., 1]], -1) % 1.0


@pytest.mark.parametrize(
    ("step", "start", "exponents"),
    [
        (cat, [0.1234, 0.717], [0.9624236501, -0.9624236501]),
        (lambda k, x: (3 * x) % 1.0, [0.1234], [1.0986122887]),
        (lambda k, x: np.where(x < 0.4, x / 0.4, (1 - x) / 0.6), [0.1234], [0.6730116670]),
    ],
    ids=["cat map", "three times mod 1", "skew tent"],
)
def test_maps_that_jump_have_exponents_without_a_given_derivative(step, start, exponents):
    """Differences across a jump would be far too large, and so would the divergence.

    The exponents are exact; that of the tent is the mean of a variable with two values, with the
    statistical error of 3000 steps, 0.4 times its range over the root of their number.
    """
    system = SteppedMap(step, None, len(start))
    spectrum = compute_lyapunov_spectrum(system, start, block=500, n_blocks=6)
    np.testing.assert_allclose(spectrum.exponents, exponents, atol=0.02)
    if len(start) == 2:  # its derivative is constant: only the first tangents have to align
        np.testing.assert_allclose(spectrum.exponents, exponents, atol=1 / 3000)
