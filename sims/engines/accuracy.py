"""The error that a step causes, from a second run with half of it, and the step for an error.

One mechanism serves `isochron.sims.estimate_step_error`, the choice of the step by `simulate`, and
the warning about a step that is too coarse.
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from isochron.sims.engines import ENGINES
from isochron.sims.engines.request import EngineRequest

TOLERANCE_mV, RELATIVE_TOLERANCE = 1e-3, 1e-7  # of potentials and of their range, by default
STRETCH_MS = 5000.0  # time over which an error is promised
COARSE_STEPS = 100  # time over which a given step is checked
COARSE = 0.1  # share of the range of the potentials
# In time constants of open synapses, 1 / (a_r + a_d): the longest step that is chosen, and that
# is not checked if it is given. 20 ms for the usual constants.
LONGEST = 0.08
SHORTEST = 1e-3  # in units of the longest step
SHORTEST_SEGMENT = 0.1  # in the same unit: mean time between jumps and kinks of the input
MOST_SAMPLES = 1000
TRIALS, SAFETY = 6, 0.8


class StepWarning(UserWarning):
    """A time step is too coarse for what is simulated."""


def restarts_rarely(request: EngineRequest) -> bool:
    """Whether a method that starts with small steps at every jump or kink is worth it."""
    p, duration = request.network.parameters, request.n_steps * request.step_ms
    segments = 1 + sum(0 < time < duration for time in request.breaks)
    return duration / segments * (p.activation_rate + p.decay_rate) > SHORTEST_SEGMENT


def longest_step(request: EngineRequest) -> float:
    """Longest step that is chosen for a network and a stimulus, ms."""
    p = request.network.parameters
    return min(LONGEST / (p.activation_rate + p.decay_rate), request.smooth / 8)


def compare_with_half(
    engine: str, requests: Sequence[EngineRequest], **options: Any
) -> tuple[np.ndarray, np.ndarray, int]:
    """States of runs at the step and at half of it, at the same times; the order of the method.

    Several runs, or `options`, need an engine with ``run_many``. Rounding of float32 is not an
    error of the step: where the engine can, the runs are in float64.
    """
    if "dtype" in options and isinstance(options["dtype"], str):
        options["dtype"] = "float64"
    module, kind = ENGINES.load(engine), ENGINES.load_settings(engine)
    order = kind.orders[requests[0].method or kind.methods()[0]]

    def run(some: list[EngineRequest]) -> np.ndarray:
        if len(some) > 1 or options:
            return module.run_many(some, **options)
        return module.run(some[0])[None]

    return run([*requests]), run([_halved(request) for request in requests]), order


def potential_error(states: np.ndarray, better: np.ndarray, order: int) -> float:
    """Largest error of a potential, mV, by Richardson extrapolation."""
    n = states.shape[-1] // 2
    return remaining(order) * float(np.abs(states[..., :n] - better[..., :n]).max())


def remaining(order: int) -> float:
    """Error at a step in units of the difference to half of it."""
    return 2**order / (2**order - 1)


def choose_step(
    engine: str, requests: Sequence[EngineRequest], tolerance_mV: float | None, **options: Any
) -> tuple[float, float]:
    """Longest step with an error below a tolerance over the first 5 s, and that error.

    No step is shorter than a thousandth of the longest one.

    Parameters
    ----------
    engine : str
        Name of the engine.
    requests : sequence of EngineRequest
        Runs by a method that chooses its steps.
    tolerance_mV : float, optional
        Largest error of a potential, in mV; by default `TOLERANCE_mV`, and more in potentials
        whose range is above 10 V.
    **options
        Options of the ``run_many`` of the engine.

    Returns
    -------
    step_ms : float
        Step, in ms.
    error_mV : float
        Estimated largest error of a potential in any of the runs, in mV.
    """
    step, error = min(map(longest_step, requests)), math.inf
    shortest = SHORTEST * step
    requests = [_thinned(first_part(request, STRETCH_MS)) for request in requests]
    left = TRIALS
    while left:
        trial = [request.changed(longest_step_ms=step) for request in requests]
        *runs, order = compare_with_half(engine, trial, **options)
        taken = min(step, *(one.notes.get("step_ms", step) for one in trial))
        halved, step = taken < 0.75 * step, taken
        if halved:  # by the guard of the method, which may take the same for half the step
            continue
        left -= 1
        error = potential_error(*runs, order)
        allowed = _default_tolerance(runs[1]) if tolerance_mV is None else tolerance_mV
        if not error > allowed or step <= shortest:
            break
        step *= max(1 / 8, shortest / step, (SAFETY * allowed / error) ** (1 / order))
    return step, error


def _default_tolerance(states: np.ndarray) -> float:
    potentials = states[..., : states.shape[-1] // 2]
    return max(TOLERANCE_mV, RELATIVE_TOLERANCE * float(np.ptp(potentials, axis=-2).max()))


def check_coarse_step(engine: str, request: EngineRequest, **options: Any) -> dict[str, float]:
    """Attributes with the error of a long step that the user gave; a warning if it is too coarse.

    Empty, without a check, for an ordinary step.
    """
    p = request.network.parameters
    if request.step_ms * (p.activation_rate + p.decay_rate) <= LONGEST:
        return {}
    start = first_part(request, COARSE_STEPS * request.step_ms)
    states, better, order = compare_with_half(engine, [start], **options)
    error = potential_error(states, better, order)
    size = float(np.ptp(better[..., : request.network.n_neurons], axis=-2).max())
    if error > COARSE * size:
        warnings.warn(
            f"step_ms={request.step_ms:g} is too coarse: half of it changes potentials by "
            f"{error / remaining(order):.2g} mV, and their range is {size:.2g} mV. Lower step_ms, "
            "or omit it: it is then chosen.",
            StepWarning,
            stacklevel=3,
        )
    return {"estimated_error_mV": error}


def first_part(request: EngineRequest, duration_ms: float) -> EngineRequest:
    """The start of a run."""
    n_steps = min(request.n_steps, max(request.every, math.ceil(duration_ms / request.step_ms)))
    return request.changed(n_steps=n_steps - n_steps % request.every)


def _thinned(request: EngineRequest) -> EngineRequest:
    """The same run with at most `MOST_SAMPLES` samples, for a method whose samples are free."""
    every = -(-request.n_steps // MOST_SAMPLES)
    return request.changed(n_steps=request.n_steps // every, step_ms=every * request.step_ms)


def _halved(request: EngineRequest) -> EngineRequest:
    """The same run with half the step and the same samples."""
    if math.isfinite(request.longest_step_ms):
        return request.changed(longest_step_ms=request.longest_step_ms / 2)
    return request.changed(
        step_ms=request.step_ms / 2, n_steps=2 * request.n_steps, every=2 * request.every
    )
