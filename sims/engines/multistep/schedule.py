"""Steps of a segment: small ones at the start that double, then equal ones to its end.

After a jump of the input the potentials relax at rates that span orders of magnitude. A step that
grows in proportion to the time since the jump resolves each of them while it matters: after n
steps of each length, a step h starts about n h after the jump. n is such that the longest step h
starts at a time that does not depend on h, so that the error of all rates falls with h.
"""

import math
from typing import NamedTuple

import numpy as np

FIRST_STEPS = 2  # of order 1, extrapolated: they give the history that order 3 needs
LEAST_STEPS = 6  # of every other length: they give the history of the doubled step


class Stage(NamedTuple):
    """Equal steps of one order.

    Attributes
    ----------
    step : float
        Time step, ms.
    order : int
        Order of the method.
    n_steps : int
        Number of steps.
    doubled : bool
        Whether the step is twice that of the stage before.
    """

    step: float
    order: int
    n_steps: int
    doubled: bool


class Scales(NamedTuple):
    """Times of a network that set the small steps.

    Attributes
    ----------
    synapses : float
        Time constant of synapses that are open, 1 / (a_r + a_d): time after a jump at which the
        longest step starts, ms.
    n_doublings : int
        Number of times that the first step is doubled, for the longest step.
    """

    synapses: float
    n_doublings: int


def find_scales(network) -> Scales:
    """Times of a graded network.

    The first step is half of the shortest time constant of the potentials where the longest one
    is a tenth of that of the synapses. The ratio of both does not depend on the step, so that the
    error falls with the step.
    """
    p = network.parameters
    conductance = 2 * np.diag(network.laplacian) + p.leak_conductance
    conductance = conductance + p.equilibrium_activation * network.synapses.sum(axis=1)
    synapses = 1 / (p.activation_rate + p.decay_rate)
    ratio = 0.2 * synapses * float(conductance.max()) / p.capacitance
    return Scales(synapses, min(12, max(3, math.ceil(math.log2(max(ratio, 1.0))))))


def plan_stages(duration: float, step: float, scales: Scales) -> list[Stage]:
    """Stages of a segment whose last step ends exactly at its end.

    Parameters
    ----------
    duration : float
        Length of the segment, ms.
    step : float
        Longest step, ms.
    scales : Scales
        Times of the network.
    """
    each = max(LEAST_STEPS, math.ceil(scales.synapses / step))
    doublings = scales.n_doublings
    # A short segment ends before the longest step.
    while doublings > 1 and duration < _start(each, doublings) * step:
        doublings, step = doublings - 1, step / 2
    start = _start(each, doublings)
    n_last = max(0, math.ceil(duration / step - start - 1e-9))
    step = duration / (start + n_last)
    steps = [step * 0.5**k for k in range(doublings, 0, -1)]
    stages = [
        Stage(steps[0], 1, FIRST_STEPS, doubled=False),
        Stage(steps[0], 3, each, doubled=False),
        *[Stage(one, 3, each, doubled=True) for one in steps[1:]],
    ]
    return [*stages, Stage(step, 3, n_last, doubled=True)] if n_last else stages


def _start(each: int, doublings: int) -> float:
    """Duration of the stages before the last one in units of its step."""
    lengths = [0.5**k for k in range(doublings, 0, -1)]
    return FIRST_STEPS * lengths[0] + each * sum(lengths)
