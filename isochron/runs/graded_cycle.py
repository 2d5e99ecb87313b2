"""The limit cycle of a graded model, by the compiled engine, checked by a stiff integrator."""

from dataclasses import replace

import numpy as np

from isochron import analysis, sims

STEP_MS = 8.0
CLOSES = 1e-6  # of the orbit's size, by the stiff integrator


def find_graded_cycle(
    network: sims.GradedNetwork, stimulus: sims.Stimulus, start: np.ndarray, *, max_period_ms: float
) -> analysis.LimitCycle:
    """Find the limit cycle near a state of a graded model under a constant stimulus.

    Newton-Krylov on the map of the compiled engine, extrapolated to steps of length zero. The
    model's equations, integrated from the point that was found by an independent method
    (Radau IIA, rtol 1e-9), must close too: ``checks["stiff_return_error"]``, relative to the size
    of the orbit.

    Returns
    -------
    LimitCycle
        With ``found=False`` and a message if there is none within `max_period_ms`, or the two
        integrators disagree.
    """
    steps = analysis.ExtrapolatedMap(sims.GradedMap(network, stimulus, step_ms=STEP_MS))
    cycle = analysis.find_limit_cycle(steps, start, max_period=max_period_ms)
    if not cycle.found:
        return cycle
    end = analysis.flow(network.field_under(stimulus), cycle.point, cycle.period)
    size = np.linalg.norm(cycle.states - cycle.states.mean(axis=0), axis=1).max()
    return_error = float(np.linalg.norm(end - cycle.point) / size)
    if return_error > CLOSES:
        return analysis.LimitCycle(
            found=False,
            message=f"The compiled engine has a cycle of {cycle.period:.6g} ms, which a stiff "
            f"integrator closes only to {return_error:.1e} of its size; it may be an artefact of "
            f"the step of {STEP_MS:g} ms.",
            tolerance=cycle.tolerance,
        )
    return replace(cycle, checks=cycle.checks | {"stiff_return_error": return_error})
