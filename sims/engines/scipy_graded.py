"""The engine "scipy": adaptive implicit methods with the analytic sparse Jacobian; the reference.

The tolerances are tight, so that its result is the reference for the other engines. The
integration restarts wherever the input jumps or has a kink, which an adaptive step would smooth
or miss. The step of the request determines the sample times only.
"""

from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from isochron.sims.engines.request import DivergenceError, EngineRequest, diverged
from isochron.sims.engines.settings import ScipySettings

RTOL, ATOL = 1e-10, 1e-10


def run(request: EngineRequest) -> np.ndarray:
    """States of a run; see `isochron.sims.engines.request`."""
    field = request.network.field_under(request.stimulus, threshold_rule=request.threshold_rule)
    end = request.n_steps * request.step_ms
    times = np.minimum(request.sample_times, end)
    breaks = [time for time in request.breaks if 0 < time < end]
    state = np.array(request.initial_state, dtype=float)
    states = np.empty((request.n_samples, state.size))
    for first, last in pairwise([0.0, *breaks, end]):
        inside = (times >= first) & (times < last)
        # BDF of SciPy subtracts entries of an array before it sets them.
        with np.errstate(invalid="ignore", over="ignore"):
            result = solve_ivp(
                _within(field, first, last),
                (first, last),
                state,
                method=request.method or ScipySettings().method,
                jac=field.jacobian,
                rtol=RTOL,
                atol=ATOL,
                t_eval=np.append(times[inside], last),
            )
        if not result.success or not np.isfinite(result.y).all():
            before, after = _last_two(state, result.y)
            neurons = diverged(request.network.connectome.neurons, before, after)
            raise DivergenceError(
                f"The simulation is not finite after {result.t[-1]:g} ms, in {neurons}."
            )
        states[inside] = result.y.T[:-1]
        state = result.y[:, -1]
    states[times == end] = state
    return states


def _last_two(start, states):
    """The first state that is not finite, or the last one, and the one before it.

    `states` has shape (2 n_neurons, n_times); it is empty if no sample was reached.
    """
    samples = [start, *np.transpose(states)] if np.size(states) else [start]
    bad = next((k for k, row in enumerate(samples) if not np.isfinite(row).all()), -1)
    return samples[max(0, bad - 1) if bad >= 0 else -1], samples[bad]


def _within(field, first, last):
    """The field with its input at the two ends taken from inside the interval."""
    inset = 1e-9 * (last - first)
    return lambda t, x: field(min(max(t, first + inset), last - inset), x)
