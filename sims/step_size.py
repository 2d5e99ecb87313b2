"""Which time step to take: the error of a step by halving it, and where explicit steps end."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from isochron.sims.graded import GradedNetwork
from isochron.sims.simulation import simulate
from isochron.sims.stimuli import Stimulus


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """Error of the second-order step, estimated.

    Attributes
    ----------
    step_ms : float
    potential_mV : float
        Largest error of a potential at any recorded time; grows with the simulated time
        where the phase of a rhythm is not held by the input.
    period : float
        Relative error of the period of the rhythm; NaN if there are not three cycles of it.
    """

    step_ms: float
    potential_mV: float
    period: float

    def step_for(self, *, period: float) -> float:
        """The step, in ms, at which the relative error of the period would be this small."""
        return self.step_ms * math.sqrt(period / abs(self.period))


def estimate_step_error(
    network: GradedNetwork,
    stimulus: Stimulus,
    *,
    step_ms: float,
    duration_s: float,
    initial_state: np.ndarray,
    threshold_rule: str = "fixed",
) -> StepError:
    """Error of a simulation at a step, from another at half the step.

    The method is of second order, so the error at the step is 4/3 of the difference of the
    two (Richardson). It holds where halving the step once more divides the error by four.

    Parameters
    ----------
    network : GradedNetwork
    stimulus : Stimulus
    step_ms, duration_s, threshold_rule
        As in `simulate`.
    initial_state : ndarray, shape (2 n_neurons,)
        Best a state that has settled.
    """
    options: dict[str, Any] = {
        "duration_s": duration_s,
        "record": ["V"],
        "record_every_ms": step_ms,
        "threshold_rule": threshold_rule,
        "initial_state": initial_state,
    }
    whole = simulate(network, stimulus, step_ms=step_ms, **options)
    half = simulate(network, stimulus, step_ms=step_ms / 2, **options)
    v, better = whole.V.values, half.V.values[: whole.time.size]
    liveliest = int(np.argmax(v[len(v) // 2 :].std(axis=0)))
    period, better_period = (_period(x[:, liveliest], step_ms) for x in (v, better))
    return StepError(
        step_ms=step_ms,
        potential_mV=4 / 3 * float(np.abs(v - better).max()),
        period=4 / 3 * (period - better_period) / better_period,
    )


def _period(signal: np.ndarray, step_ms: float) -> float:
    """Mean time between upward crossings of the mean in the last half; NaN if there is no cycle."""
    late = signal[len(signal) // 2 :]
    late = late - late.mean()
    if np.ptp(late) < 1e-3:
        return math.nan
    curve = CubicSpline(np.arange(late.size), late)
    crossings = curve.roots(extrapolate=False)
    crossings = crossings[curve(crossings, 1) > 0]
    return step_ms * float(np.diff(crossings).mean()) if crossings.size >= 3 else math.nan


def largest_explicit_step(network: GradedNetwork) -> float:
    """The step in ms above which forward Euler explodes on the gap junctions.

    That is 2 C over the largest eigenvalue of leak, gap junctions and synapses at rest: about
    0.2 ms for varshney2011. Engines with explicit methods refuse a longer step; the step of
    "numba" and "torch" is stable at any length.
    """
    p = network.parameters
    at_rest = p.leak_conductance + p.equilibrium_activation * network.synapses.sum(axis=1)
    stiffest = np.linalg.eigvalsh(network.laplacian + np.diag(at_rest))[-1]
    return 2 * p.capacitance / float(stiffest)
