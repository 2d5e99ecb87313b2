"""The memories of a network: the cycle of each stimulus, and where it exists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from isochron import analysis
from isochron.analysis import Branch, LimitCycle
from isochron.ann_bridge import TrainedMap

TRANSIENT_PERIODS = 60
SAME = 0.05  # distance from a cycle, relative to its size, that counts as on it
MAX_POINTS = 80


@dataclass(frozen=True)
class Memory:
    """Attractors at the end of trials of one stimulus.

    Attributes
    ----------
    cycle : LimitCycle or None
        The stable cycle on which most trials settle; None if most settle on none.
    share : float
        Fraction of the trials that did.
    """

    cycle: LimitCycle | None
    share: float


def find_memories(
    system: TrainedMap, stimulus: np.ndarray, ends: np.ndarray, cycles: Sequence[LimitCycle]
) -> list[Memory]:
    """The cycle on which the trials of each stimulus settle, without noise.

    Parameters
    ----------
    stimulus : ndarray of int, shape (n_trials,)
    ends : ndarray, shape (n_trials, dimension)
        States at phase 0 of the reference, after the stimulus.
    cycles : sequence of LimitCycle
        The stable ones.
    """
    settled = system.advance(ends, TRANSIENT_PERIODS * system.n_steps)
    nearest = np.array([_nearest(state, cycles) for state in settled])
    memories = []
    for which in np.unique(stimulus):
        counts = np.bincount(1 + nearest[stimulus == which], minlength=1 + len(cycles))
        most = int(np.argmax(counts)) - 1
        memories.append(
            Memory(
                cycle=None if most < 0 else cycles[most],
                share=float(counts[most + 1] / counts.sum()),
            )
        )
    return memories


def _nearest(state: np.ndarray, cycles: Sequence[LimitCycle]) -> int:
    """Index of the cycle that a state at phase 0 is on; -1 for none."""
    for index, cycle in enumerate(cycles):
        if np.linalg.norm(state - cycle.point) < SAME * _size(cycle):
            return index
    return -1


def _size(cycle: LimitCycle) -> float:
    return float(np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max())


@dataclass(frozen=True)
class Survival:
    """Range of a parameter in which a cycle can be followed.

    Attributes
    ----------
    lost_at : float or None
        Where it ends or becomes unstable; None if it survives to the limit.
    how : str
        ``fold``, ``branch point``, ``period doubling``, ``Neimark-Sacker``, or why the search
        ended; ``survives``.
    branch : Branch
    """

    lost_at: float | None
    how: str
    branch: Branch


def follow_until_lost(
    system_at: Callable[[float], TrainedMap],
    cycle: LimitCycle,
    start: float,
    limit: float,
) -> Survival:
    """Follow a stable cycle in a parameter, up or down, until it folds or loses stability.

    Parameters
    ----------
    system_at : callable
        Value of the parameter to the map.
    cycle : LimitCycle
        Stable, at `start`.
    start, limit : float
        Where to start, and where to stop.
    """
    size = max(1.0, _size(cycle))
    branch = analysis.continue_cycles(
        system_at,
        cycle,
        start,
        limits=(min(start, limit), max(start, limit)),
        direction=1 if limit > start else -1,
        control=analysis.StepControl(
            step=0.01 * size,
            largest_step=0.1 * size,
            parameter_scale=abs(limit - start) / size,
            max_points=MAX_POINTS,
        ),
    )
    if branch.special:
        first = branch.special[0]
        return Survival(first.parameter, first.kind, branch)
    last = branch.points[-1].parameter if branch.points else start
    if abs(last - limit) <= 1e-6 * abs(limit - start):
        return Survival(None, "survives", branch)
    return Survival(last, branch.message, branch)
