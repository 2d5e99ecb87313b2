"""Whether a simulated model rests, at the end of a run or after settling for longer.

Distances are measured in the width of the synaptic activation curve, 1/steepness: a model is at
rest if every potential is nearer than a thousandth of it to a stable equilibrium.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse.linalg import spsolve

from isochron import analysis, sims
from isochron.runs.graded_cycle import find_graded_cycle

AT_REST = 1e-3  # as a fraction of the width of the activation curve
NEAR = 0.1  # as a fraction of it: within this distance a run may already be at rest
STEP_MS = 8.0
LONGEST_S = 200.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RestingState:
    """A stable equilibrium at which a model rests.

    Attributes
    ----------
    point : FixedPoint
    distance_mV : float
        Largest distance of a potential from it.
    settled_s : float
        Time after the given state until then, in s; 0 if it was at rest.
    """

    point: analysis.FixedPoint
    distance_mV: float
    settled_s: float

    def describe(self) -> str:
        """A sentence."""
        when = f"{self.settled_s:.3g} s after" if self.settled_s else "at"
        return (
            f"The model is resting: {when} the end of the run no potential is farther than "
            f"{max(self.distance_mV, 1e-6):.1g} mV from a stable equilibrium, so there is no limit "
            "cycle here. isochron continue finds the current at which a rhythm starts."
        )


def is_near_equilibrium(network: Any, stimulus: sims.Stimulus, state: np.ndarray) -> bool:
    """Whether Newton's next step is short; a cheap condition for `find_resting_state` at once."""
    field = network.field_under(stimulus)
    step = np.asarray(spsolve(field.jacobian(0.0, state), -field(0.0, state)))
    return bool(_in_widths(network, step) < NEAR)


def find_resting_state(
    network: Any, stimulus: sims.Stimulus, state: np.ndarray, *, longest_s: float = LONGEST_S
) -> RestingState | None:
    """Stable equilibrium to which a model converges under a constant stimulus.

    Parameters
    ----------
    network : GradedNetwork
    stimulus : Stimulus
        Constant.
    state : ndarray, shape (2 n_neurons,)
    longest_s : float
        How long the model may take to settle, in s.

    Returns
    -------
    RestingState or None
        None if no stable equilibrium is reached.
    """
    found = analysis.find_fixed_points(network.field_under(stimulus), [state])
    if not found or not found[0].stable:
        return None
    point = found[0]
    steps = sims.GradedMap(network, stimulus, step_ms=STEP_MS)
    distance, settled_ms = _in_widths(network, state - point.point), 0.0
    while distance > AT_REST:
        # Duration by the linear theory; a state that is far away needs more.
        rate = -float(np.real(point.eigenvalues[0]))
        duration = max(STEP_MS, math.log(2 * distance / AT_REST) / rate)
        if settled_ms + duration > 1e3 * longest_s:
            return None
        count = math.ceil(duration / STEP_MS)
        state = steps.advance(state, count)
        settled_ms += count * STEP_MS
        before, distance = distance, _in_widths(network, state - point.point)
        if not distance < before:
            return None
    width = 1 / network.parameters.steepness
    return RestingState(point=point, distance_mV=distance * width, settled_s=1e-3 * settled_ms)


def find_cycle_or_resting_state(
    network: Any, stimulus: sims.Stimulus, last: np.ndarray, *, max_period_s: float
) -> tuple[analysis.LimitCycle | None, RestingState | None]:
    """The limit cycle at the end of a run, or the equilibrium at which the model rests.

    The cycle is None if it was not searched for, because the model rests already.
    """
    if is_near_equilibrium(network, stimulus, last):
        rest = find_resting_state(network, stimulus, last)
        if rest is not None:
            return None, rest
    cycle = find_graded_cycle(network, stimulus, last, max_period_ms=1e3 * max_period_s)
    return cycle, None if cycle.found else find_resting_state(network, stimulus, last)


def describe_no_cycle(
    cycle: analysis.LimitCycle | None, rest: RestingState | None, *, max_period_s: float
) -> list[str]:
    """Reason why `find_cycle_or_resting_state` found no cycle, and advice; empty if it did."""
    if rest is not None:
        return [rest.describe()]
    if cycle is None or cycle.found:
        return []
    return [
        f"No limit cycle with a period of up to {max_period_s:g} s was found from the end of the "
        "run, and the model does not converge to rest: its equilibrium is unstable or far away. "
        "Simulate for longer (isochron simulate --duration), or allow longer periods "
        f"(--max-period, in s). The search reports, in ms: {cycle.message}"
    ]


def _in_widths(network: Any, step: np.ndarray) -> float:
    """The largest change of a potential in widths of the activation curve."""
    return float(np.abs(step[: network.n_neurons]).max() * network.parameters.steepness)
