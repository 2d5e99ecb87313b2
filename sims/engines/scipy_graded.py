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
        wanted = np.append(times[inside], last)
        result = _integrate(request, field, (first, last), state, wanted)
        states[inside] = result.y.T[:-1]
        state = result.y[:, -1]
    states[times == end] = state
    return states


def _integrate(request, field, span, state, times):
    """Integrate from one jump of the input to the next."""
    neurons = request.network.connectome.neurons
    try:
        # BDF of SciPy subtracts entries of an array before it sets them.
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            result = solve_ivp(
                _within(field, *span),
                span,
                state,
                method=request.method or ScipySettings().method,
                jac=field.jacobian,
                rtol=RTOL,
                atol=ATOL,
                t_eval=times,
            )
    except RuntimeError as error:  # of the solver of linear equations
        raise DivergenceError(
            f"The simulation is not finite between {span[0]:g} and {span[1]:g} ms, in "
            f"{diverged(neurons, state, state)}: {error}."
        ) from error
    if not result.success or not np.isfinite(result.y).all():
        raise DivergenceError(
            f"The simulation is not finite after {[*span[:1], *result.t][-1]:g} ms, in "
            f"{diverged(neurons, *_last_two(state, result.y))}."
        )
    return result


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
