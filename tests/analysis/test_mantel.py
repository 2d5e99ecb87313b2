import numpy as np
import pytest
from scipy import stats

from isochron.analysis import mantel_test


def pair(seed, n=9, missing=0.3):
    """Two unrelated matrices in which units differ as senders and as receivers."""
    rng = np.random.default_rng(seed)
    first, second = (
        rng.normal(size=(n, 1)) + rng.normal(size=(1, n)) + rng.normal(size=(n, n))
        for _ in range(2)
    )
    first[rng.random((n, n)) < missing] = np.nan
    return first, second


def test_the_statistic_is_that_of_spearman_over_the_known_pairs():
    first, second = pair(0)
    known = np.isfinite(first) & ~np.eye(9, dtype=bool)
    np.fill_diagonal(second, np.nan)  # does not count
    found = mantel_test(first, second, n_permutations=9, rng=np.random.default_rng(1))
    expected = stats.spearmanr(first[known], second[known])[0]
    assert found.statistic == pytest.approx(expected)
    assert found.method.startswith(f"{known.sum()} pairs of 9 units")


def test_the_null_is_that_of_relabeled_units():
    """All 24 relabelings of four units, each found among many permutations."""
    from itertools import permutations

    first, second = pair(2, n=4, missing=0.0)
    apart = ~np.eye(4, dtype=bool)
    every = {
        round(float(stats.spearmanr(first[apart], second[np.ix_(p, p)][apart])[0]), 9)  # type: ignore[arg-type]
        for p in map(list, permutations(range(4)))
    }
    found = mantel_test(first, second, n_permutations=400, rng=np.random.default_rng(3))
    assert set(found.null.round(9)) == every


def test_a_planted_relation_is_found_with_its_sign():
    rng = np.random.default_rng(4)
    _, model = pair(5, n=15)
    measured = np.exp(model) + 0.3 * rng.normal(size=model.shape)
    measured[rng.random(model.shape) < 0.4] = np.nan
    assert mantel_test(measured, model, n_permutations=199, rng=rng).p_value == 1 / 200
    assert mantel_test(-measured, model, n_permutations=199, rng=rng).p_value == 1
    test = mantel_test(-measured, model, n_permutations=199, rng=rng, alternative="two-sided")
    assert test.p_value == 2 / 200
    order = rng.permutation(15)  # the same relation under other names
    assert mantel_test(measured, model[np.ix_(order, order)], rng=rng).p_value > 0.02


@pytest.mark.slow
def test_unrelated_matrices_have_uniform_p_values():
    """Also with units that differ; a test that permutes pairs would be far too often small."""
    p_values = [
        mantel_test(*pair(seed), n_permutations=19, rng=np.random.default_rng(seed)).p_value
        for seed in range(2000)
    ]
    counts = np.bincount(np.round(np.array(p_values) * 20).astype(int) - 1, minlength=20)
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.binomtest(int(counts[0]), 2000, 0.05).pvalue > 0.001


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.ones((4, 3)), np.ones((4, 3)), r"square.*\(4, 3\)"),
        (np.eye(3), np.eye(3), "4 by 4 or more"),
        (np.eye(5), np.eye(4), "one shape"),
        (np.ones((4, 4)), np.arange(16.0).reshape(4, 4), "12 known pairs of first must have diff"),
        (np.full((4, 4), np.nan), np.arange(16.0).reshape(4, 4), "0 known pairs of first"),
        (np.full((4, 4), np.inf), np.eye(4), "infinite"),
        (np.arange(16.0).reshape(4, 4), np.full((4, 4), np.nan), "second must be finite"),
    ],
)
def test_bad_matrices_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        mantel_test(first, second, rng=np.random.default_rng(0))


def test_no_permutations_are_refused():
    with pytest.raises(ValueError, match="n_permutations must be at least 1, got 0"):
        mantel_test(np.eye(4), np.eye(4), n_permutations=0, rng=np.random.default_rng(0))
