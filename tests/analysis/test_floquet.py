import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator

from isochron.analysis import (
    Flow,
    ShootingControl,
    SteppedMap,
    find_limit_cycle,
    floquet_multipliers,
)
from isochron.analysis.floquet import (
    ReturnMap,
    by_modulus,
    floquet_exponents,
    leading_eigenvalues,
    liouville_defect,
    log_multipliers,
    product_log_eigenvalues,
    whole_pairs,
)
from tests import truths


@pytest.mark.long
@pytest.mark.parametrize(
    ("mu", "log_multiplier", "tolerance"), [(1.0, -7.0589328088, 1e-9), (10.0, -311.844, 5e-4)]
)
def test_van_der_pol_exponents_that_no_single_matrix_holds(mu, log_multiplier, tolerance):
    """Tolerances are the last digit of the specification; exp(-312) is 1e-136."""
    system = truths.van_der_pol(mu)
    cycle = find_limit_cycle(
        system, [2.0, 0.0], max_period=30.0, control=ShootingControl(tolerance=1e-11)
    )
    exponents = floquet_exponents(system, cycle.point, cycle.period)
    np.testing.assert_allclose(exponents[0], 0.0, atol=1e-10)
    np.testing.assert_allclose(exponents[1] * cycle.period, log_multiplier, atol=tolerance)
    np.testing.assert_allclose(
        np.log(np.real(cycle.multipliers)[1]), log_multiplier, atol=tolerance
    )


def test_a_product_of_matrices_of_moderate_spread_agrees_with_the_product():
    matrices = np.random.default_rng(0).normal(size=(5, 6, 6))
    product = np.linalg.multi_dot(list(matrices[::-1]))
    found = np.exp(product_log_eigenvalues(list(matrices)))
    exact = np.linalg.eigvals(product)
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(exact), rtol=1e-11)
    transposed = np.exp(product_log_eigenvalues([m.T for m in matrices]))
    assert np.abs(np.sort_complex(transposed) - np.sort_complex(exact)).max() > 0.1


def test_a_spread_beyond_all_numbers():
    """Known triangular form in random coordinates: moduli exp(±2000), a pair exp(-30 ± 20 i).

    Every factor is rounded when it is made (two products of four terms) and when it is used
    (about as often): 16 roundings of its largest entries, exp(10), which are errors relative to
    its diagonal entries exp(10), exp(-0.15) and exp(-10). Errors of 200 factors are independent.
    """
    rng = np.random.default_rng(1)
    turn = np.array([[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]])
    bases = [np.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(10)]
    factors = []
    for i in range(200):
        block = np.triu(rng.normal(size=(4, 4)), 1)
        block[0, 0], block[3, 3] = np.exp(10), np.exp(-10)
        block[1:3, 1:3] = np.exp(-0.15) * turn
        factors.append(bases[(i + 1) % 10] @ block @ bases[i % 10].T)
    found = product_log_eigenvalues(factors)
    found = found[np.argsort(-np.real(found))]
    rounding = np.sqrt(200) * 16 * np.finfo(float).eps * np.exp(10 - np.array([10, -0.15, -10]))
    wrong = np.abs(np.real(found) - [2000, -30, -30, -2000])
    assert (wrong <= rounding[[0, 1, 1, 2]] + 4 * np.spacing(2000.0)).all()
    pair = np.exp(1j * np.sort(np.imag(found[1:3])))
    np.testing.assert_allclose(np.sort(np.imag(pair)), np.sort(np.sin([-20, 20])), atol=rounding[1])


def test_a_multiplier_of_zero():
    system = SteppedMap(
        lambda k, x: np.array([0.5 * x[0], 0.0]),
        lambda k, x, v: np.diag([0.5, 0.0]) @ v,
        dimension=2,
        n_steps=3,
    )
    found = floquet_multipliers(system, np.zeros(2))
    np.testing.assert_allclose(found, [0.125, 0], rtol=1e-15, atol=0)
    assert np.real(floquet_exponents(system, np.zeros(2)))[1] == -np.inf


def test_exponents_of_the_rotating_frame_are_the_eigenvalues():
    """Stable and unstable; far apart: exp(-20 · 2π) and exp(0.5 · 2π)."""
    constant = np.array([[-20.0, 5.0], [0.0, 0.5]])
    found = floquet_exponents(truths.rotating_frame(constant), np.zeros(2), 2 * np.pi)
    np.testing.assert_allclose(np.real(found), [0.5, -20.0], rtol=1e-9)


def test_liouville_holds_and_sees_a_planted_fault():
    system = truths.markus_yamabe()
    back = ReturnMap(system, np.pi)
    logarithms = log_multipliers(back, np.zeros((1, 2)))
    assert liouville_defect(back, np.zeros(2), logarithms) < 1e-10
    # Tangents that grow too fast: the determinant of the product is no longer the trace's.
    wrong = Flow(system.field, system.derivative, tangent=lambda t, x, v: 1.01 * v)
    logarithms = log_multipliers(ReturnMap(wrong, np.pi), np.zeros((1, 2)))
    assert liouville_defect(back, np.zeros(2), logarithms) > 0.1


def test_a_subharmonic_goes_round_twice():
    system = truths.forced_stuart_landau(1.0, 0.5, n_steps=60)
    point = find_limit_cycle(system, [1.0, 0.0]).point
    once = floquet_multipliers(system, point)
    twice = floquet_multipliers(system, point, subharmonic=2)
    np.testing.assert_allclose(twice, once**2, rtol=1e-9)


@settings(max_examples=8, deadline=None)
@given(phase=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_multipliers_do_not_depend_on_the_phase_or_on_coordinates(phase, seed):
    """The cycle of van der Pol from a different point and in different coordinates."""
    system, period = truths.van_der_pol(1.0), 6.66328685932313
    cycle = find_limit_cycle(
        system, [2.0, 0.0], period_guess=period, control=ShootingControl(n_multipliers=0)
    )
    change = np.eye(2) + 0.5 * np.random.default_rng(seed).uniform(-1, 1, (2, 2))
    inverse = np.linalg.inv(change)
    moved = Flow(
        lambda t, x: change @ system(t, inverse @ x),
        lambda t, x: change @ system.jacobian(t, inverse @ x) @ inverse,
    )
    point = change @ ReturnMap(system, cycle.period).part(cycle.point, 0.0, phase)
    found = floquet_multipliers(moved, point, cycle.period)
    np.testing.assert_allclose(found, [1.0, np.exp(-7.0589328088)], atol=1e-8)


@pytest.mark.parametrize(
    ("values", "n_given"),
    [
        ([0.9, 0.5 + 0.1j, 0.5 - 0.1j, 0.2], [1, 3, 3, 4]),
        ([0.5 + 0.1j, 0.5 - 0.1j, 0.3 + 0.2j, 0.3 - 0.2j], [2, 2, 4, 4]),
        ([0.9, 0.7, 0.5], [1, 2, 3, 3]),
        ([], [0, 0, 0, 0]),
    ],
)
def test_a_list_of_multipliers_does_not_end_in_half_a_pair(values, n_given):
    values = np.array(values, dtype=complex)
    assert [whole_pairs(values, count).size for count in (1, 2, 3, 4)] == n_given


@pytest.mark.parametrize("count", [1, 2, 3, 6])
@pytest.mark.parametrize("seed", range(6))
def test_leading_eigenvalues_are_those_of_the_whole_matrix(count, seed):
    """Arnoldi iteration against the eigenvalues of the matrix, to its tolerance of 1e-8."""
    matrix = np.random.default_rng(seed).standard_normal((60, 60))
    every = by_modulus(np.linalg.eigvals(matrix))
    found = leading_eigenvalues(aslinearoperator(matrix), count)
    assert found.size in (count, count + 1)
    np.testing.assert_allclose(found, every[: found.size], rtol=1e-6)
    np.testing.assert_allclose(found.sum().imag, 0, atol=1e-6)
