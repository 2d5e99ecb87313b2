"""The memories of a network: the cycle of each stimulus, and where it exists."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isochron.analysis import LimitCycle
from isochron.ann_bridge import TrainedMap
from isochron.studies.survival import size_of_cycle

TRANSIENT_PERIODS = 60
SAME = 0.05  # distance from a cycle, relative to its size, that counts as on it


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
        if np.linalg.norm(state - cycle.point) < SAME * size_of_cycle(cycle):
            return index
    return -1
