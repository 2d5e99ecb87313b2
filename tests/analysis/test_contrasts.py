from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from isochron.analysis import contrasts
from isochron.analysis.contrasts import (
    benjamini_hochberg,
    holm,
    mcnemar_test,
    paired_contrast,
    power_of_mcnemar,
    proportion_interval,
)
from isochron.analysis.statistics import permutation_p


def interval_of(contrast) -> tuple[float, float]:
    assert contrast.interval is not None
    return contrast.interval


def results(b, c, n):
    """Results with a yes in only the first condition b times, in only the second c times."""
    first, second = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    first[:b] = True
    second[b : b + c] = True
    return first, second


def test_draws_from_the_null_model_have_uniform_p_values():
    """2000 p-values of the levels 1/200 to 1: the distance of Kolmogorov and Smirnov from
    uniform, of which the levels make 1/200, and the number at or below 0.01.
    """
    rng = np.random.default_rng(0)
    for draw in (rng.normal, rng.exponential):
        values = draw(size=(2000, 200))
        for alternative in ("less", "greater"):
            found = [permutation_p(x[0], x[1:], alternative=alternative).p_value for x in values]
            distance = stats.kstest(found, "uniform").statistic - 1 / 200
            assert stats.kstwo.sf(distance, 2000) > 0.01
            assert stats.binomtest(int(np.sum(np.array(found) <= 0.01)), 2000, 0.01).pvalue > 0.01


def test_tied_and_censored_draws_are_at_or_beyond_the_value():
    inf = float("inf")
    assert permutation_p(2.0, [1.0, 2.0, 3.0]).p_value == 3 / 4
    assert permutation_p(2.0, [1.0, 2.0, 3.0], alternative="greater").p_value == 3 / 4
    assert permutation_p(2.0, [1.0, 2.0, 3.0], alternative="two-sided").p_value == 1.0
    assert permutation_p(2.0, [inf] * 9).p_value == 0.1
    assert permutation_p(2.0, [inf] * 9, alternative="two-sided").p_value == 0.2
    assert permutation_p(inf, [1.0, inf, inf]).p_value == 1.0
    assert permutation_p(inf, [1.0, inf, inf], alternative="greater").p_value == 3 / 4
    assert permutation_p(0.3, [0.1 + 0.2]).p_value == 1.0  # equal up to round-off


def test_censoring_leaves_p_values_at_or_above_uniform():
    """With ties P(p <= alpha) <= alpha, in every tail."""
    rng = np.random.default_rng(1)
    draws = rng.exponential(size=(2000, 40))
    draws[draws > 1] = np.inf
    found = np.array([permutation_p(x[0], x[1:]).p_value for x in draws])
    for alpha in (0.025, 0.05, 0.1, 0.3):
        least = int(np.sum(found <= alpha + 1e-12))
        assert stats.binomtest(least, 2000, alpha, alternative="greater").pvalue > 0.001


def test_the_p_value_of_mcnemar_is_the_binomial_one():
    for b, c in product(range(6), repeat=2):
        found = mcnemar_test(*results(b, c, 12))
        expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
        assert found.p_value == pytest.approx(expected)
        assert found.estimate == pytest.approx((b - c) / 12)
        assert contrasts._mcnemar_ps(np.array([b]), np.array([c]))[0] == pytest.approx(expected)


def all_intervals(n, confidence):
    b, c = contrasts._outcomes(n)
    found = [
        mcnemar_test(*results(i, j, n), confidence=confidence) for i, j in zip(b, c, strict=True)
    ]
    return b, c, np.array([interval_of(one) for one in found]), np.array([x.p_value for x in found])


@pytest.mark.parametrize("n", [3, 5, 10, pytest.param(20, marks=pytest.mark.slow)])
def test_the_interval_of_the_difference_covers_by_enumeration(n):
    """The probability, over all results, that the interval contains the true difference, at 1891
    pairs of probabilities; the nuisance was maximized on a grid of 40, which costs below 1e-3.
    """
    b, c, intervals, p_values = all_intervals(n, 0.95)
    grid = np.linspace(0, 1, 61)
    only_first, only_second = (x.ravel() for x in np.meshgrid(grid, grid))
    possible = only_first + only_second <= 1 + 1e-12
    only_first, only_second = only_first[possible], only_second[possible]
    weights = np.array(
        [
            stats.multinomial.pmf(
                np.stack([b, c, n - b - c], axis=1), n, [p, q, max(0.0, 1 - p - q)]
            )
            for p, q in zip(only_first, only_second, strict=True)
        ]
    ).T
    difference = only_first - only_second
    inside = (intervals[:, :1] <= difference + 1e-12) & (difference <= intervals[:, 1:] + 1e-12)
    coverage = (weights * inside).sum(axis=0)
    assert coverage.min() > 0.949
    assert coverage.mean() < 0.998  # not merely all of [-1, 1]
    # Interval and p-value agree about 0.
    excludes = (intervals[:, 0] > 0) | (intervals[:, 1] < 0)
    np.testing.assert_array_equal(excludes, p_values <= 0.05)


def test_the_interval_of_the_difference_is_that_of_tango():
    """Its ends are the differences at which the score statistic is the normal quantile."""
    low, high = contrasts._score_difference(1, 3, 44, 0.95)
    for end in (low, high):
        assert abs(float(contrasts._score(1, 3, 44, end))) == pytest.approx(1.959964, abs=1e-5)
    assert low < -2 / 44 < high
    assert contrasts._score_difference(3, 1, 44, 0.95) == pytest.approx((-high, -low))
    # Without a difference the score interval is ± z²/(n + z²).
    z2 = 1.959964**2
    assert contrasts._score_difference(0, 0, 60, 0.95) == pytest.approx(
        (-z2 / (60 + z2), z2 / (60 + z2)), abs=1e-6
    )
    exact = contrasts._exact_difference(12, 3, 50, 0.95)
    np.testing.assert_allclose(exact, contrasts._score_difference(12, 3, 50, 0.95), atol=0.02)


def test_intervals_of_opposite_contrasts_mirror():
    first, second = results(7, 2, 15)
    one, other = mcnemar_test(first, second), mcnemar_test(second, first)
    np.testing.assert_allclose(interval_of(one), np.negative(interval_of(other))[::-1])
    assert interval_of(mcnemar_test(*results(5, 0, 5)))[1] == 1.0
    assert interval_of(mcnemar_test(*results(60, 0, 60)))[1] == 1.0
    narrow = interval_of(mcnemar_test(first, second, confidence=0.8))
    assert interval_of(one)[0] < narrow[0] < narrow[1] < interval_of(one)[1]


def test_the_power_of_a_planted_effect():
    """0.6 against 0.15 with 20 pairs: 0.76, after a correction for three tests 0.57."""
    assert power_of_mcnemar(0.6, 0.15, 20) == pytest.approx(0.76, abs=0.005)
    assert power_of_mcnemar(0.6, 0.15, 20, 0.05 / 3) == pytest.approx(0.57, abs=0.005)
    assert power_of_mcnemar(0.4, 0.4, 20) < 0.05
    assert power_of_mcnemar(1.0, 0.0, 6) == 1.0
    assert power_of_mcnemar(1.0, 0.0, 5) == 0.0
    rng = np.random.default_rng(2)
    first, second = rng.random((2, 4000, 20)) < np.array([0.6, 0.15])[:, None, None]
    b, c = (first & ~second).sum(1), (~first & second).sum(1)
    p_values = [stats.binomtest(int(i), int(i + j)).pvalue for i, j in zip(b, c, strict=True)]
    found = float(np.mean(np.array(p_values) <= 0.05))
    # Four standard errors of 4000 simulations.
    assert found == pytest.approx(power_of_mcnemar(0.6, 0.15, 20), abs=0.027)


def test_signed_ranks_agree_with_scipy():
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 9, 20):
        first, second = rng.normal(size=(2, n))
        found = paired_contrast(first, second)
        _, expected = stats.wilcoxon(first, second, method="exact")
        assert found.p_value == pytest.approx(expected)


def test_signed_ranks_with_ties_are_the_permutation_test():
    """Probability over all signs of the midranks; pairs without a difference are omitted."""
    differences = np.array([1.0, -1.0, 2.0, 2.0, -3.0, 2.0, 0.0, 4.0])
    present = differences[differences != 0]
    ranks = stats.rankdata(np.abs(present))
    observed = ranks[present > 0].sum()
    sums = np.array([ranks @ signs for signs in product((0, 1), repeat=ranks.size)])
    expected = 2 * min(np.mean(sums >= observed - 1e-9), np.mean(sums <= observed + 1e-9))
    assert paired_contrast(differences, np.zeros(8)).p_value == pytest.approx(expected)
    assert paired_contrast(np.ones(8), np.ones(8)).p_value == 1.0


def test_the_estimate_and_interval_of_hodges_and_lehmann():
    """Hollander and Wolfe, example 3.1 (depression scores): V = 40, p = 0.039, estimate 0.46."""
    first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = paired_contrast(first, second)
    assert found.p_value == pytest.approx(0.0390625)
    assert found.estimate == pytest.approx(0.46)
    np.testing.assert_allclose(interval_of(found), (0.01, 0.786))


@pytest.mark.parametrize("n", [6, 10, 20])
def test_the_interval_of_the_shift_contains_what_the_test_accepts(n):
    """A shift inside the interval is not rejected, one outside is: the two invert each other."""
    rng = np.random.default_rng(4)
    differences = rng.normal(size=n) + 0.5
    low, high = interval_of(paired_contrast(differences, np.zeros(n)))
    for shift, inside in ((low - 1e-6, 0), (low + 1e-6, 1), (high - 1e-6, 1), (high + 1e-6, 0)):
        p_value = paired_contrast(differences, np.full(n, shift)).p_value
        assert (p_value > 0.05) == bool(inside)


def test_few_pairs_have_no_interval_and_say_why():
    for n in (1, 3, 5):
        found = paired_contrast(np.arange(1, n + 1), np.zeros(n))
        assert found.interval is None
        assert found.remark == f"No 95 % interval from {n} pair{'s' * (n > 1)}; it needs 6."
        assert found.p_value == 2 / 2**n
    six = paired_contrast(np.arange(1.0, 7), np.zeros(6))
    assert interval_of(six) == (1.0, 6.0)
    assert six.remark == ""
    assert paired_contrast(np.arange(5), np.zeros(5), confidence=0.9).interval is not None
    assert "it needs 8" in paired_contrast(np.arange(7), np.zeros(7), confidence=0.99).remark


def test_holm_by_its_definition_and_the_false_discovery_rate_by_its_own():
    p_values = np.array([0.01, 0.02, 0.02, 0.5, 0.0])
    ordered = np.sort(p_values)
    expected = [max((5 - k) * ordered[k] for k in range(j + 1)) for j in range(5)]
    np.testing.assert_allclose(np.sort(holm(p_values)), np.minimum(1, expected))
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    assert holm([0.03]) == 0.03
    found = benjamini_hochberg(p_values)
    ranked = [min(5 / (k + 1) * ordered[k] for k in range(j, 5)) for j in range(5)]
    np.testing.assert_allclose(np.sort(found), ranked)


def test_holm_keeps_the_family_wise_error():
    """Three uniform p-values: P(one adjusted value <= 0.05) = 1 - (1 - 0.05/3)³ = 0.049."""
    rng = np.random.default_rng(5)
    errors = sum(holm(p).min() <= 0.05 for p in rng.random((4000, 3)))
    assert stats.binomtest(int(errors), 4000, 1 - (1 - 0.05 / 3) ** 3).pvalue > 0.001


def test_a_proportion_covers_by_enumeration():
    for n in (3, 10):
        intervals = np.array([proportion_interval(k, n).interval for k in range(n + 1)])
        for p in np.linspace(0, 1, 201):
            weights = stats.binom.pmf(np.arange(n + 1), n, p)
            inside = (intervals[:, 0] <= p + 1e-12) & (p <= intervals[:, 1] + 1e-12)
            assert weights[inside].sum() >= 0.95


WRONG: Any = {"alternative": "lower"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: permutation_p(1.0, []), "one draw or more.*0 draws"),
        (lambda: permutation_p(float("nan"), [1.0]), "value and nulls.*nan"),
        (lambda: permutation_p(1.0, [1.0, -np.inf]), "of which 1 are NaN"),
        (lambda: permutation_p(1.0, [1.0], **WRONG), "less, greater.*'lower'"),
        (lambda: mcnemar_test([0.2], [1]), "first must be one axis of true and false"),
        (lambda: mcnemar_test([1], [1, 0]), "same units.*1 and 2"),
        (lambda: mcnemar_test([], []), "same units"),
        (lambda: mcnemar_test([1], [1], confidence=95), "confidence.*got 95"),
        (lambda: paired_contrast([1.0], [np.inf]), "second"),
        (lambda: paired_contrast([1.0], [1.0, 2.0]), "same units.*1 and 2"),
        (lambda: proportion_interval(4, 3), "got 4 of 3"),
        (lambda: power_of_mcnemar(1.1, 0.1, 20), "probabilities from 0 to 1.*1.1"),
        (lambda: holm([0.1, 1.2]), "p_values must be"),
        (lambda: benjamini_hochberg([]), "p_values must be"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_differences_of_round_off_are_ties():
    """0.1 + 0.2 is larger than 0.3 by 6e-17, in six of six pairs."""
    same = paired_contrast([0.1 + 0.2] * 6, [0.3] * 6)
    assert same.p_value == 1.0
    first, second = np.array([0.3, 0.6, 0.9, 1.1]), np.array([0.2, 0.5, 0.8, 1.2])
    found = paired_contrast(first, second)
    whole = paired_contrast(10 * first, np.round(10 * second))
    assert found.p_value == whole.p_value == 0.625  # three of four coins
