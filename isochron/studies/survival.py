"""Cycles of a network that are followed in a parameter until they are lost."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from isochron import analysis
from isochron.analysis import Branch, LimitCycle
from isochron.ann_bridge import TrainedMap

MAX_POINTS = 80


def size_of_cycle(cycle: LimitCycle) -> float:
    """Largest distance of a state on a cycle from its mean."""
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
    size = max(1.0, size_of_cycle(cycle))
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
