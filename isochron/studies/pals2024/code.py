"""Phase code or rate code: differences between memories in phase and in mean output."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

PHASE_CODE_RAD = 1.6  # mean |Δφ| above it, and
PURE_PHASE_RATE_Z = 0.05  # mean |Δrate| below it: a pure phase code
NO_PHASE_RAD = 0.1  # mean |Δφ| below it, and a rate as above: no code


@dataclass(frozen=True, kw_only=True)
class Code:
    """Differences of the units of a network between memories.

    Attributes
    ----------
    phase_difference : float
        Mean |Δφ| over units and pairs of memories, radians, from 0 to π.
    rate_difference : float
        Mean |Δrate| over units and pairs of memories, in standard deviations.
    kind : {"phase", "rate", "mixed", "none"}
        See `name_code`.
    """

    phase_difference: float
    rate_difference: float
    kind: str


def name_code(phase_difference: float, rate_difference: float) -> str:
    """``phase``, ``rate``, ``mixed`` or ``none``.

    A pure phase code has |Δφ| > 1.6 rad and |Δrate| < 0.05. Otherwise it is a rate code if
    the rates differ by more than the phases, each relative to the largest difference there
    can be between two memories: 2 standard deviations, and π rad.
    """
    if rate_difference < PURE_PHASE_RATE_Z:
        if phase_difference > PHASE_CODE_RAD:
            return "phase"
        if phase_difference < NO_PHASE_RAD:
            return "none"
    return "rate" if rate_difference / 2 > phase_difference / np.pi else "mixed"


def measure_code(
    states: np.ndarray, rates: np.ndarray, memories: np.ndarray, reference_phase: np.ndarray
) -> Code:
    """Differences between memories in phase and in rate, unit by unit.

    The phase of a unit is that of the first harmonic of its state, relative to the
    reference, and its circular mean over the trials of a memory. Its rate is the mean over
    the cycle of what the readout sees of it, in standard deviations of that over all trials
    and times, and the mean over the trials.

    Parameters
    ----------
    states, rates : ndarray, shape (n_times, n_trials, n_units)
        States of the units, and the readout's function of them (the same for a linear readout,
        tanh of it else), over whole cycles of the reference.
    memories : ndarray of int, shape (n_trials,)
        The stimulus of each trial.
    reference_phase : ndarray, shape (n_times,)
        Radians, evenly spread over whole cycles.

    Raises
    ------
    ValueError
        If there are fewer than two memories.

    References
    ----------
    Pals, Macke and Barak (2024), figure S3; the definition is that of the analysis which
    they released (github.com/mackelab/phase-limit-cycle-RNNs, ``su_stats``), with the mean
    of the same signal taken off before its phase is measured.
    """
    kinds = np.unique(memories)
    if kinds.size < 2:
        raise ValueError("A code needs at least two memories to tell apart.")
    harmonic = np.tensordot(np.exp(-1j * reference_phase), states - states.mean(axis=0), axes=1)
    turns = harmonic / np.maximum(np.abs(harmonic), np.finfo(float).tiny)
    spread = rates.std(axis=(0, 1))
    levels = rates.mean(axis=0) / np.where(spread > 0, spread, 1.0)
    turn = {kind: turns[memories == kind].mean(axis=0) for kind in kinds}
    level = {kind: levels[memories == kind].mean(axis=0) for kind in kinds}
    pairs = list(combinations(kinds, 2))
    phase = float(np.mean([np.abs(np.angle(turn[a] * turn[b].conj())) for a, b in pairs]))
    rate = float(np.mean([np.abs(level[a] - level[b]) for a, b in pairs]))
    return Code(phase_difference=phase, rate_difference=rate, kind=name_code(phase, rate))
