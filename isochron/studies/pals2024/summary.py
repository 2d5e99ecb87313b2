"""From nets to conditions: numbers with intervals."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from scipy import stats

Row = dict[str, Any]

N_RESAMPLES = 2000
PHASE_TOLERANCE = 0.05  # cycles, between the output of a memory and its target


def proportion(successes: int, trials: int, confidence: float) -> dict[str, Any]:
    """A share with its Wilson interval; None for the numbers where there is no trial.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22:209.
    """
    described: dict[str, Any] = {"count": successes, "n": trials}
    if trials == 0:
        return described | {"value": None, "low": None, "high": None}
    interval = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return described | {
        "value": successes / trials,
        "low": float(interval.low),
        "high": float(interval.high),
    }


def mean_interval(
    values: Iterable[float | None], confidence: float, rng: np.random.Generator
) -> dict[str, Any]:
    """A mean with its bootstrap interval (BCa), over the values that are known.

    The interval of one value is not known; that of equal ones is the value.

    References
    ----------
    Efron (1987), Journal of the American Statistical Association 82:171.
    """
    known = np.array([value for value in values if value is not None], dtype=float)
    described: dict[str, Any] = {"value": None, "low": None, "high": None, "n": known.size}
    if not known.size:
        return described
    described["value"] = float(known.mean())
    if known.size > 1:
        low, high = _bootstrap(known, confidence, rng)
        described |= {"low": low, "high": high}
    return described


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
    condition: str, rows: Sequence[Row], n_stimuli: int, *, confidence: float, seed: int
) -> Row:
    """One condition: how many nets learned, and what those that did are like.

    Parameters
    ----------
    condition : str
    rows : sequence of dict
        What the analysis says of each of its nets.
    n_stimuli : int
    confidence : float
        Of the intervals.
    seed : int
        Of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    learned = [row for row in rows if row["learned"]]

    def mean(value: Callable[[Row], float | None], of: Sequence[Row] = learned) -> dict[str, Any]:
        return mean_interval(map(value, of), confidence, rng)

    counted = [row for row in learned if row["n_stable_cycles"] is not None]

    def share(holds: Callable[[Row], bool], of: Sequence[Row] = learned) -> dict[str, Any]:
        return proportion(sum(map(holds, of)), len(of), confidence)

    return {
        "condition": condition,
        "n_nets": len(rows),
        "n_stimuli": n_stimuli,
        "learned": proportion(len(learned), len(rows), confidence),
        "loss": mean(lambda row: row["loss"], rows),
        "phase_difference_rad": mean(lambda row: row["code"]["phase_difference"]),
        "rate_difference_z": mean(lambda row: row["code"]["rate_difference"]),
        "codes": dict(Counter(row["code"]["kind"] for row in learned)),
        "stable_cycles": mean(lambda row: row["n_stable_cycles"]),
        "cycle_counts": _count(row["n_stable_cycles"] for row in counted),
        "one_cycle_per_stimulus": share(lambda row: row["n_stable_cycles"] == n_stimuli, counted),
        "all_memories_held": share(holds_all, counted),
        "phase_error_cycles": mean(worst_phase_error),
        "oscillates_alone": share(lambda row: row["free_running"]["oscillates"]),
        "tongue_low_Hz": mean(lambda row: common_edges(row)[0]),
        "tongue_high_Hz": mean(lambda row: common_edges(row)[1]),
        "lowest_amplitude": mean(lowest_amplitude),
        "fold_of_others": mean(fold_of_others),
        "own_survives": proportion(
            sum(fold["lost_at"] is None for row in learned for fold in _own(row)),
            sum(1 for row in learned for _ in _own(row)),
            confidence,
        ),
        "polar": _count(
            f"{row['polar']['n_stable']} + {row['polar']['n_unstable']}"
            for row in learned
            if row["polar"]
        ),
    }


def holds_all(row: Row) -> bool:
    """Whether every stimulus has a stable cycle, its output within 0.05 cycles of the target."""
    errors = [memory["phase_error"] for memory in row["memories"]]
    return all(error is not None and error < PHASE_TOLERANCE for error in errors)


def worst_phase_error(row: Row) -> float | None:
    """Largest distance of an output from its target, in cycles; None if a memory is not held."""
    errors = [memory["phase_error"] for memory in row["memories"]]
    return None if None in errors or not holds_all(row) else max(errors)


def common_edges(row: Row) -> tuple[float | None, float | None]:
    """Lowest and highest frequency at which all memories exist, at the reference's amplitude.

    None for an edge that was not reached.
    """
    if not row["existence"] or not holds_all(row):
        return None, None
    here = row["existence"]["edges"]
    if any(edge["low_Hz"] is None for edge in here):
        return None, None
    low = max(here, key=lambda edge: edge["low_Hz"])
    high = min(here, key=lambda edge: edge["high_Hz"])
    return (
        None if low["low_open"] else low["low_Hz"],
        None if high["high_open"] else high["high_Hz"],
    )


def lowest_amplitude(row: Row) -> float | None:
    """Amplitude of the reference from which all memories exist; None if they always do."""
    if not row["existence"] or not holds_all(row):
        return None
    known = [entry["amplitude"] for entry in row["existence"]["lowest_amplitudes"]]
    known = [amplitude for amplitude in known if amplitude is not None]
    return max(known) if known else None


def fold_of_others(row: Row) -> float | None:
    """Mean pulse amplitude at which a stimulus destroys the other memories."""
    if not holds_all(row):
        return None
    lost = [
        fold["lost_at"]
        for fold in row["folds"]
        if fold["stimulus"] != fold["memory"] and fold["lost_at"] is not None
    ]
    return float(np.mean(lost)) if lost else None


def _own(row: Row) -> list[Row]:
    """The folds of each memory under its own stimulus, in nets that hold all."""
    if not holds_all(row):
        return []
    return [fold for fold in row["folds"] if fold["stimulus"] == fold["memory"]]


def _count(values: Iterable[Any]) -> dict[str, int]:
    """How often each value comes, as JSON values."""
    return {str(value): count for value, count in sorted(Counter(values).items())}
