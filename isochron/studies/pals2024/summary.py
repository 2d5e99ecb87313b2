"""Summaries of conditions: means and shares over networks, with intervals."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from scipy import stats

from isochron.studies.pals2024.results import ConditionSummary, Mean, NetworkAnalysis, Proportion

N_RESAMPLES = 2000


def proportion(successes: int, trials: int, confidence: float) -> Proportion:
    """A share with its Wilson interval; the numbers are None without trials.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22:209.
    """
    if trials == 0:
        return Proportion(count=successes, n=trials)
    interval = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return Proportion(
        count=successes,
        n=trials,
        value=successes / trials,
        low=float(interval.low),
        high=float(interval.high),
    )


def mean_interval(
    values: Iterable[float | None], confidence: float, rng: np.random.Generator
) -> Mean:
    """A mean with its bootstrap interval (BCa), over the values that are known.

    The interval of one value is not known; that of equal ones is the value.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82:171.
    """
    known = np.array([value for value in values if value is not None], dtype=float)
    if not known.size:
        return Mean(n=0)
    low, high = _bootstrap(known, confidence, rng) if known.size > 1 else (None, None)
    return Mean(value=float(known.mean()), low=low, high=high, n=known.size)


def _bootstrap(
    values: np.ndarray, confidence: float, rng: np.random.Generator
) -> tuple[float, float]:
    if np.ptp(values) <= 1e-12 * np.abs(values).max(initial=0.0):
        return float(values[0]), float(values[0])
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=N_RESAMPLES,
        confidence_level=confidence,
        method="BCa",
        rng=rng,
    )
    low, high = map(float, found.confidence_interval)
    if not (math.isfinite(low) and math.isfinite(high)):
        return float(values.min()), float(values.max())
    return low, high


def summarise(
    condition: str,
    rows: Sequence[NetworkAnalysis],
    n_stimuli: int,
    *,
    confidence: float,
    seed: int,
) -> ConditionSummary:
    """One condition: number of networks that learned, and means over those.

    Parameters
    ----------
    condition : str
    rows : sequence of NetworkAnalysis
        Analysis of each of its networks.
    n_stimuli : int
    confidence : float
        Confidence level of the intervals, 0 to 1.
    seed : int
        Random generator of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    learned = [row for row in rows if row.learned]
    counted = [row for row in learned if row.n_stable_cycles is not None]
    searched = [row for row in learned if row.intrinsic is not None]
    own = [fold for row in learned for fold in row.own_folds]

    def mean(
        value: Callable[[NetworkAnalysis], float | None],
        of: Sequence[NetworkAnalysis] = learned,
    ) -> Mean:
        return mean_interval(map(value, of), confidence, rng)

    def share(conditions: Sequence[bool]) -> Proportion:
        return proportion(sum(conditions), len(conditions), confidence)

    return ConditionSummary(
        condition=condition,
        n_nets=len(rows),
        n_stimuli=n_stimuli,
        learned=share([row.learned for row in rows]),
        loss=mean(lambda row: row.loss, rows),
        phase_difference_rad=mean(lambda row: row.code.phase_difference),
        rate_difference_z=mean(lambda row: row.code.rate_difference),
        codes=dict(Counter(row.code.kind for row in learned)),
        stable_cycles=mean(lambda row: row.n_stable_cycles),
        cycle_counts=_count(row.n_stable_cycles for row in counted),
        one_cycle_per_stimulus=share([row.n_stable_cycles == n_stimuli for row in counted]),
        all_memories_held=share([row.holds_all for row in counted]),
        phase_error_cycles=mean(lambda row: row.worst_phase_error),
        oscillates_alone=share([row.oscillates_alone for row in searched]),
        share_of_starts=mean(
            lambda row: row.intrinsic and row.intrinsic.share,
            [row for row in searched if row.oscillates_alone],
        ),
        index_complete=share([bool(row.survey.complete) for row in learned if row.survey.bounded]),
        n_diverged_starts=sum(row.survey.n_diverged for row in learned),
        tongue_low_Hz=mean(lambda row: row.common_edges[0]),
        tongue_high_Hz=mean(lambda row: row.common_edges[1]),
        lowest_amplitude=mean(lambda row: row.lowest_amplitude),
        fold_of_others=mean(lambda row: row.fold_of_others),
        own_survives=share([fold.lost_at is None for fold in own]),
        polar=_count(str(row.polar) for row in learned if row.polar is not None),
    )


def _count(values: Iterable[Any]) -> dict[str, int]:
    """Number of occurrences of each value, as JSON values."""
    return {str(value): count for value, count in sorted(Counter(values).items())}
