import math

import numpy as np
import pytest

from isochron.analysis.sign_networks import (
    complexity,
    complexity_asymptote,
    count_attractors,
    fixed_point_complexity,
    fixed_point_prefactor,
    interior_branch_end,
    mean_fixed_points,
)
from isochron.analysis.sign_networks.complexity_theory import _orthant


def test_orthants_of_three_gaussians():
    """1/8 + (sum of arcsines) / 4 pi, and the independent case with a bias."""
    torch = pytest.importorskip("torch")
    covariance = torch.tensor(
        [[1.0, 0.3, -0.2], [0.3, 1.0, 0.4], [-0.2, 0.4, 1.0]], dtype=torch.float64
    )
    exact = 0.125 + (math.asin(0.3) + math.asin(-0.2) + math.asin(0.4)) / (4 * math.pi)
    found = _orthant(covariance, torch.zeros(3, dtype=torch.float64), 32)
    assert float(found) == pytest.approx(exact, abs=1e-12)
    bias = torch.tensor([0.5, -0.3, 1.2], dtype=torch.float64)
    product = float(torch.special.ndtr(bias).prod())
    assert float(_orthant(torch.eye(3, dtype=torch.float64), bias, 32)) == pytest.approx(product)


@pytest.mark.parametrize("symmetry", [0.9, 0.3, -0.4])
def test_the_exponent_and_prefactor_are_those_of_the_exact_mean(symmetry):
    """E N_1 = C exp(n Sigma) (1 + O(1/n)): extrapolated from n and 2n, the error is O(1/n^2)."""

    def ratio(n):
        return mean_fixed_points(n, symmetry) / math.exp(n * fixed_point_complexity(symmetry))

    extrapolated = 2 * ratio(400) - ratio(200)
    assert fixed_point_prefactor(symmetry) == pytest.approx(extrapolated, rel=2e-5)


def test_small_symmetry():
    assert fixed_point_complexity(1e-6) * math.pi / 1e-6 == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6])
def test_asymptotes(length):
    """The saddle approaches its leading term; the next order is 5 % or less at eta = 0.02."""
    for symmetry in (0.02, -0.02):
        found = complexity(length, symmetry).interior / complexity_asymptote(length, symmetry)
        bound = 0.05 if length < 3 else 1e-3  # corrections of order eta, and of order eta^2
        assert found == pytest.approx(1, abs=bound)
    with pytest.raises(ValueError, match="lengths 1, 2, 3, 4 and 6, got 5"):
        complexity_asymptote(5, 0.1)


@pytest.mark.parametrize("symmetry", [-0.3, 0.1, 0.25])
def test_even_lengths_are_twice_their_chain(symmetry):
    assert complexity(2, symmetry).interior == 2 * complexity(1, symmetry).interior
    assert complexity(6, symmetry).interior == 2 * complexity(3, symmetry).interior


def test_the_saddle_is_one_whatever_the_quadrature():
    for length in (3, 4):
        found = complexity(length, 0.2)
        assert found.residual < 1e-9
        assert found.quadrature_change < 1e-10


@pytest.mark.long
def test_branches_of_four_cycles():
    """The interior saddle ends near 0.227; beyond it, cycles close to a 2-cycle remain."""
    assert interior_branch_end(4, tolerance=0.004) == pytest.approx(0.227, abs=0.005)
    beyond = complexity(4, 0.3)
    assert math.isnan(beyond.interior)
    assert beyond.boundary_kind == "close to a 2-cycle"
    assert beyond.leading == 2 * fixed_point_complexity(0.3)


@pytest.mark.slow
def test_antiperiodic_four_cycles_grow_as_two_cycles_of_opposite_symmetry():
    """Slope of ln E N_4 between n = 10 and 18 at eta = -0.5, against 2 Sigma_1(+0.5).

    Prefactors change the slope by O(1/n): a tenth of it.
    """
    means = [
        count_attractors(n, -0.5, 400, np.random.default_rng(n)).of_length(4) for n in (10, 18)
    ]
    slope = math.log(means[1][0] / means[0][0]) / 8
    error = math.hypot(*(s / m for m, s in means)) / 8
    exponent = complexity(4, -0.5).leading
    assert exponent == 2 * fixed_point_complexity(0.5)
    assert abs(slope - exponent) < 3 * error + 0.1 * exponent


@pytest.mark.parametrize(("length", "symmetry"), [(0, 0.0), (7, 0.0), (12, 0.0), (1, 1.1)])
def test_bad_arguments_are_refused(length, symmetry):
    with pytest.raises(ValueError, match="got"):
        complexity(length, symmetry)
