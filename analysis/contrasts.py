"""Contrasts of two conditions in the same units: exact tests and intervals for few pairs.

A unit is what is drawn independently, such as a seed or an animal, and has one value in each of
the two conditions. All tests are two-sided and all p-values exact, for any number of pairs.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq
from scipy.special import gammaln, xlogy

from isochron.analysis.arrays import real_array, unlabeled
from isochron.analysis.results import short_repr
from isochron.settings import check_type
from isochron.wording import counted, shown

_EXACT_UP_TO = 50  # pairs, for the interval of a difference of two proportions
_N_NUISANCE = 40
_ROUND_OFF = 1e-12  # of the largest value
_N_DIFFERENCES = 201


MOST_CASES = 10**9


@short_repr
@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Difference of two conditions, or a single proportion.

    Attributes
    ----------
    estimate : float
        Difference, first minus second, in the unit of the values.
    interval : tuple of two floats, or None
        Confidence interval of the difference; None if the pairs are too few for one.
    confidence : float
        Smallest probability that such an interval contains the true value.
    p_value : float
        Two-sided, exact, against no difference.
    n : int
        Number of pairs.
    method : str
        Names of the test, the estimate and the interval.
    remark : str
        Reason why there is no interval, else empty.

    Examples
    --------
    >>> contrast = analysis.paired_contrast([3.1, 4.0, 2.2], [1.0, 1.5, 0.7])
    >>> round(contrast.estimate, 3), contrast.p_value, contrast.interval
    (2.05, 0.25, None)
    >>> contrast.remark
    'No 95 % interval from 3 pairs; it needs 6.'
    """

    estimate: float
    interval: tuple[float, float] | None
    confidence: float
    p_value: float
    n: int
    method: str
    remark: str = ""


@short_repr
@dataclass(frozen=True, kw_only=True)
class Proportion:
    """A proportion with an exact confidence interval.

    Attributes
    ----------
    estimate : float
        Fraction of successes.
    interval : tuple of two floats
        Confidence interval.
    confidence : float
        Smallest probability that such an interval contains the true proportion.
    n : int
        Number of trials.
    method : str
        Name of the interval.

    Examples
    --------
    >>> found = analysis.proportion_interval(0, 10)  # 1 - 0.025**(1/10)
    >>> found.estimate, found.interval
    (0.0, (0.0, 0.3085))
    """

    estimate: float
    interval: tuple[float, float]
    confidence: float
    n: int
    method: str


def proportion_interval(successes: int, n: int, *, confidence: float = 0.95) -> Proportion:
    """Proportion of successes with the interval of Clopper and Pearson.

    Parameters
    ----------
    successes : int
        Number of successes, from 0 to n.
    n : int
        Number of independent trials, at least 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Proportion
        Its interval contains the true proportion with at least this probability.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26:404.

    Examples
    --------
    Four of five:

    >>> analysis.proportion_interval(4, 5).interval
    (0.2836, 0.9949)
    """
    _check_confidence(confidence)
    check_type("n", n, float)
    check_type("successes", successes, float)
    if not (n >= 1 and 0 <= successes <= n):
        raise ValueError(
            f"Need n >= 1 and successes from 0 to n, got {shown(successes)} of {shown(n)}."
        )
    if n > MOST_CASES or successes % 1 or n % 1:
        raise ValueError(
            f"successes and n must be whole numbers of at most {MOST_CASES:,}, got "
            f"{shown(successes)} of {shown(n)}."
        )
    low, high = stats.binomtest(int(successes), int(n)).proportion_ci(confidence, method="exact")
    return Proportion(
        estimate=float(successes / n),
        interval=(float(low), float(high)),
        confidence=confidence,
        n=int(n),
        method="Clopper-Pearson",
    )


def mcnemar_test(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> Contrast:
    """Exact test of McNemar for paired yes-or-no results, with the difference of proportions.

    The p-value is that of a binomial test of the pairs in which the two results differ. The
    interval of the difference inverts two one-sided tests by the score statistic of Tango. Up
    to 50 pairs it is exact: the p-values are the largest over the unknown proportion of pairs that
    differ, so it contains the true difference with at least the stated probability. For more
    pairs it is the score interval, which is approximate. It is extended to 0 where McNemar's
    test does not reject 0, so that interval and p-value do not contradict each other that way.

    Parameters
    ----------
    first, second : array_like of bool, shape (n,)
        Results of the same units in the two conditions.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Contrast
        The estimate is the proportion in the first condition less that in the second.

    Raises
    ------
    ValueError
        If the results are not yes or no (true, false, 1, 0), differ in number or are empty, or
        `confidence` is out of range.

    References
    ----------
    McNemar (1947), Psychometrika 12:153; Tango (1998), Statistics in Medicine 17:891; Hsueh,
    Liu and Chen (2001), Biometrics 57:478, for the exact unconditional test.

    Examples
    --------
    Twelve of 20 networks oscillate in the first condition, three of them in the second, too:

    >>> first = np.arange(20) < 12
    >>> second = np.arange(20) < 3
    >>> contrast = analysis.mcnemar_test(first, second)
    >>> contrast.estimate, contrast.p_value  # 9 pairs differ, all one way: 2 / 2**9
    (0.45, 0.0039)
    >>> [round(end, 2) for end in contrast.interval]
    [0.2, 0.69]
    """
    _check_confidence(confidence)
    one, two = _yes_or_no(first, "first"), _yes_or_no(second, "second")
    if one.size != two.size or not one.size:
        raise ValueError(
            f"Both conditions need the same units, one or more; got {one.size} and {two.size}."
        )
    n = one.size
    b, c = int(np.sum(one & ~two)), int(np.sum(~one & two))
    p_value = _mcnemar_p(b, c)
    is_exact = n <= _EXACT_UP_TO
    interval = (_exact_difference if is_exact else _score_difference)(b, c, n, confidence)
    if p_value > 1 - confidence:
        interval = (min(interval[0], 0.0), max(interval[1], 0.0))
    return Contrast(
        estimate=(b - c) / n,
        interval=interval,
        confidence=confidence,
        p_value=p_value,
        n=n,
        method="McNemar exact; difference of proportions; "
        + ("exact unconditional score interval" if is_exact else "score interval (Tango)"),
    )


def paired_contrast(first: ArrayLike, second: ArrayLike, *, confidence: float = 0.95) -> Contrast:
    """Wilcoxon's signed-rank test of paired values, with the estimate of Hodges and Lehmann.

    The p-value is exact, with mean ranks for ties; pairs without a difference are omitted from
    the test. Differences are equal, or zero, up to 1e-12 of the largest value: round-off. The
    estimate is the median of the means of all pairs of differences (Walsh averages), each
    difference with itself included, and the interval is between two of them. It assumes that
    the differences are symmetric around their median. Ties make test and interval conservative.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Values of the same units in the two conditions, finite.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Contrast
        The estimate is that of first minus second, in the unit of the values. The interval is
        None if the pairs are too few: below 6 for 95 %.

    Raises
    ------
    ValueError
        If the values are complex or not finite, differ in number or are empty, or `confidence`
        is out of range.

    References
    ----------
    Hollander, Wolfe and Chicken (2014), Nonparametric Statistical Methods, 3rd edition,
    sections 3.1 to 3.3.

    Examples
    --------
    >>> first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    >>> second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    >>> contrast = analysis.paired_contrast(first, second)
    >>> round(contrast.estimate, 4), contrast.p_value
    (0.46, 0.0391)
    >>> [round(end, 3) for end in contrast.interval]
    [0.01, 0.786]
    """
    _check_confidence(confidence)
    one, two = (real_array(x, name, n_axes=1) for x, name in ((first, "first"), (second, "second")))
    if one.size != two.size or not one.size:
        raise ValueError(
            f"Both conditions need the same units, one or more; got {one.size} and {two.size}."
        )
    differences = one - two
    n = differences.size
    round_off = _ROUND_OFF * max(np.abs(one).max(), np.abs(two).max())
    averages = np.sort((differences[:, None] + differences)[np.triu_indices(n)] / 2)
    place = _walsh_place(n, (1 - confidence) / 2)
    needed = math.ceil(1 - math.log2(1 - confidence))
    remark = f"No {100 * confidence:g} % interval from {counted(n, 'pair')}; it needs {needed}."
    return Contrast(
        estimate=float(np.median(averages)),
        interval=(float(averages[place]), float(averages[-1 - place])) if place >= 0 else None,
        confidence=confidence,
        p_value=_signed_rank_p(differences, round_off),
        n=n,
        method="Wilcoxon signed rank exact; Hodges-Lehmann; Walsh averages",
        remark="" if place >= 0 else remark,
    )


def power_of_mcnemar(p_first: float, p_second: float, n: int, alpha: float = 0.05) -> float:
    """Power of the exact test of McNemar, by enumeration of all results.

    Parameters
    ----------
    p_first, p_second : float
        Probabilities of a yes in the two conditions, independent of each other within a pair. A
        positive correlation within pairs raises the power.
    n : int
        Number of pairs, at least 1.
    alpha : float
        Largest p-value that counts as significant, between 0 and 1.

    Returns
    -------
    float
        Probability of a significant result.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    Probabilities of 0.6 and 0.15, for one test and for the first of three (Holm):

    >>> analysis.power_of_mcnemar(0.6, 0.15, 20), analysis.power_of_mcnemar(0.6, 0.15, 20, 0.05 / 3)
    (0.758, 0.5702)
    """
    for name, value in (("p_first", p_first), ("p_second", p_second), ("alpha", alpha)):
        check_type(name, value, float)
    check_type("n", n, float)
    if not (0 <= p_first <= 1 and 0 <= p_second <= 1 and 0 < alpha < 1 and n >= 1):
        raise ValueError(
            "Need probabilities from 0 to 1, n >= 1 and alpha between 0 and 1, got "
            f"{shown(p_first)}, {shown(p_second)}, {shown(n)} and {shown(alpha)}."
        )
    b, c = _outcomes(int(n))
    only_first, only_second = p_first * (1 - p_second), p_second * (1 - p_first)
    weights = _probabilities(b, c, int(n), np.array([only_first]), np.array([only_second]))[:, 0]
    return float(weights[_mcnemar_ps(b, c) <= alpha].sum())


def holm(p_values: ArrayLike) -> np.ndarray:
    """P-values corrected for the number of tests: family-wise error rate, step-down (Holm).

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        P-values of tests that may depend on each other, in [0, 1].

    Returns
    -------
    ndarray, shape (n_tests,)
        Adjusted p-values in the order of the tests. To reject those at or below alpha makes one
        or more false rejections with a probability of at most alpha.

    Raises
    ------
    ValueError
        If a p-value is not in [0, 1], or there are none.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6:65.

    Examples
    --------
    >>> analysis.holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p_values = _p_values(p_values)
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(p_values.size, 0, -1)
    adjusted = np.empty(p_values.size)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """P-values corrected for the number of tests: false discovery rate (Benjamini, Hochberg).

    This is `scipy.stats.false_discovery_control`.

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        P-values of tests that are independent or positively dependent, in [0, 1].

    Returns
    -------
    ndarray, shape (n_tests,)
        Adjusted p-values in the order of the tests. Among those at or below alpha, the expected
        fraction of false rejections is at most alpha.

    Raises
    ------
    ValueError
        If a p-value is not in [0, 1], or there are none.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57:289.

    Examples
    --------
    >>> analysis.benjamini_hochberg([0.01, 0.04, 0.03])
    array([0.03, 0.04, 0.04])
    """
    return stats.false_discovery_control(_p_values(p_values))


def _p_values(values: ArrayLike) -> np.ndarray:
    p_values = real_array(values, "p_values", n_axes=1)
    if not p_values.size or p_values.min() < 0 or p_values.max() > 1:
        raise ValueError(f"p_values must be one or more numbers from 0 to 1, got {p_values}.")
    return p_values


def _mcnemar_p(b: int, c: int) -> float:
    return float(stats.binomtest(b, b + c).pvalue) if b + c else 1.0


def _mcnemar_ps(b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Two-sided binomial p-values at 1/2: twice the smaller tail."""
    return np.minimum(1.0, 2 * stats.binom.cdf(np.minimum(b, c), b + c, 0.5))


def _outcomes(n: int) -> tuple[np.ndarray, np.ndarray]:
    """All numbers of pairs with a yes in only the first, and in only the second condition."""
    b, c = np.indices((n + 1, n + 1)).reshape(2, -1)
    possible = b + c <= n
    return b[possible], c[possible]


def _probabilities(
    b: np.ndarray, c: np.ndarray, n: int, only_first: np.ndarray, only_second: np.ndarray
) -> np.ndarray:
    """Trinomial probabilities, shape (n_outcomes, n_parameters)."""
    ways = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
    neither = np.clip(1 - only_first - only_second, 0, 1)
    powers = xlogy(b[:, None], only_first) + xlogy(c[:, None], only_second)
    return np.exp(ways[:, None] + powers + xlogy((n - b - c)[:, None], neither))


def _score(b: np.ndarray | int, c: np.ndarray | int, n: int, difference: float) -> np.ndarray:
    """Score statistic for a difference of proportions, Tango (1998), equations 6 and 7."""
    b, c = np.asarray(b, dtype=float), np.asarray(c, dtype=float)
    linear = (2 * n - b + c) * difference - b - c
    constant = -c * difference * (1 - difference)
    only_second = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0)) - linear) / (4 * n)
    variance = n * (2 * only_second + difference * (1 - difference))
    gap = b - c - n * difference
    safe = np.where(variance > 1e-12, variance, 1.0)
    certain = np.where(np.abs(gap) > 1e-9, np.copysign(np.inf, gap), 0.0)
    return np.where(variance > 1e-12, gap / np.sqrt(safe), certain)


def _exact_difference(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    """Differences that neither one-sided exact unconditional test rejects."""
    lower = _exact_lower(b, c, n, (1 - confidence) / 2)
    return lower, -_exact_lower(c, b, n, (1 - confidence) / 2)


@cache
def _exact_lower(b: int, c: int, n: int, alpha: float) -> float:
    if b - c == -n:
        return -1.0
    outcomes = _outcomes(n)

    def rejected(difference: float) -> bool:
        return _largest_tail(*outcomes, b, c, n, difference) <= alpha

    below = np.linspace(-1, (b - c) / n, _N_DIFFERENCES)[1:-1]
    accepted = next((k for k, x in enumerate(below) if not rejected(float(x))), len(below))
    high = float(below[accepted]) if accepted < len(below) else (b - c) / n
    low = float(below[accepted - 1]) if accepted else -1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return low


def _largest_tail(
    b: np.ndarray, c: np.ndarray, of_b: int, of_c: int, n: int, difference: float
) -> float:
    """Probability of a score at or above that of (of_b, of_c), largest over the nuisance."""
    extreme = _score(b, c, n, difference) >= _score(of_b, of_c, n, difference) - 1e-9
    lowest = max(0.0, -difference)
    only_second = np.linspace(lowest, (1 - difference) / 2, _N_NUISANCE)
    tails = _probabilities(b[extreme], c[extreme], n, only_second + difference, only_second)
    return float(tails.sum(axis=0).max())


def _score_difference(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    quantile = float(stats.norm.ppf((1 + confidence) / 2))
    middle, ends = (b - c) / n, []
    for end, sign in ((-1.0, 1), (1.0, -1)):
        inner = 1e-9 * sign

        def excess(difference: float, sign: int = sign) -> float:
            return float(sign * _score(b, c, n, difference)) - quantile

        far = end + inner
        is_inside = abs(middle - end) < 2e-9 or excess(far) <= 0
        root = brentq(excess, far, middle - inner) if not is_inside else end
        ends.append(float(root))  # type: ignore[arg-type]
    return ends[0], ends[1]


def _signed_rank_p(differences: np.ndarray, round_off: float) -> float:
    """Two-sided p-value of the signed ranks, by their exact distribution."""
    differences = differences[np.abs(differences) > round_off]
    if not differences.size:
        return 1.0
    sizes = _without_round_off(np.abs(differences), round_off)
    ranks = np.round(2 * stats.rankdata(sizes)).astype(int)  # integers with ties
    positive = int(ranks[differences > 0].sum())
    chances = _rank_sums(ranks)
    return float(min(1.0, 2 * min(chances[: positive + 1].sum(), chances[positive:].sum())))


def _without_round_off(values: np.ndarray, round_off: float) -> np.ndarray:
    """Place of each value in their order, the same for values that differ by round-off."""
    order = np.argsort(values)
    places = np.empty(values.size)
    places[order] = np.cumsum(np.diff(values[order], prepend=values.min()) > round_off)
    return places


def _rank_sums(ranks: np.ndarray) -> np.ndarray:
    """Probability of each sum of ranks if each is counted with probability 1/2."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        chances[rank:] = (chances[rank:] + chances[: chances.size - rank]) / 2 if rank else chances
        chances[:rank] /= 2
    return chances


def _walsh_place(n: int, alpha: float) -> int:
    """Number of the smallest Walsh average of an interval, -1 if there is none."""
    tails = np.cumsum(_rank_sums(np.arange(1, n + 1)))
    return int(np.sum(tails <= alpha * (1 + 1e-12))) - 1


def _yes_or_no(results: ArrayLike, name: str) -> np.ndarray:
    values = unlabeled(results, name)
    if values.ndim != 1 or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"{name} must be one axis of true and false, or 1 and 0; got shape {values.shape}, "
            f"dtype {values.dtype}."
        )
    return values.astype(bool)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {shown(confidence)}.")
