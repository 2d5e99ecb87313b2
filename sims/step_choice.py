"""The method and the step of a run: those that the user gave, or those for a promised error."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from isochron.memory import TooLargeError
from isochron.sims.engines import ENGINES, check_method, default_step
from isochron.sims.engines.accuracy import (
    StepWarning,
    check_coarse_step,
    choose_step,
    compare_with_half,
    first_part,
    longest_step,
    potential_error,
    restarts_rarely,
)
from isochron.sims.engines.request import EngineRequest
from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.run_settings import EnsembleSettings, RunSettings
from isochron.sims.stimuli import Stimulus

LARGEST_STEPS = 10**9
NEURON_STEP_S = 1e-7  # time that a step of a neuron takes
FREE_STRETCH_MS = 500.0  # time over which the error of a default step is estimated


def plan_steps(
    network: GradedNetwork, stimuli: Sequence[Stimulus], settings: RunSettings | EnsembleSettings
) -> dict[str, Any]:
    """Method, steps and samples of a run: fields of an `EngineRequest`.

    Without a step, an engine with a method that chooses its steps uses it.
    """
    check_simulated(network, *stimuli)
    kind, method, step = ENGINES.load_settings(settings.engine), settings.method, settings.step_ms
    if method is None and step is None and kind.sampling:
        method = kind.sampling[0]
    method = check_method(settings.engine, method)
    if method in kind.sampling:
        longest = math.inf if step is None else step
        for stimulus in () if step is None else stimuli:
            require_smooth(stimulus, longest)
        every, duration = float(settings.record_every_ms), 1e3 * settings.duration_s
        n_samples = math.floor(duration / every * (1 + 1e-12))
        times = {"step_ms": every, "n_steps": n_samples, "every": 1}
        return {"method": method, "longest_step_ms": longest, **times}
    if step is None:
        step = default_step(settings.engine, network)
    for stimulus in () if kind.adaptive else stimuli:
        require_resolved(stimulus, step)
    return {"method": method, **whole_steps(settings, step)}


def require_feasible(
    request: EngineRequest, settings: RunSettings | EnsembleSettings, n_members: int = 1
) -> None:
    """Check that a run ends; adaptive methods take at least the steps of the longest length.

    Raises
    ------
    TooLargeError
        If it has more than `LARGEST_STEPS`.
    """
    kind, step = ENGINES.load_settings(settings.engine), request.step_ms
    if kind.adaptive or request.method in kind.sampling:
        step = min(longest_step(request), request.longest_step_ms)
    n_neurons = n_members * request.network.n_neurons
    require_few_steps(1e3 * settings.duration_s / step, step, settings.duration_s, n_neurons)


def require_few_steps(n_steps: float, step_ms: float, duration_s: float, n_neurons: int) -> None:
    """Raise `TooLargeError` if a run has more than `LARGEST_STEPS`."""
    if n_steps > LARGEST_STEPS:
        days = NEURON_STEP_S * n_steps * n_neurons / 86_400
        raise TooLargeError(
            f"duration_s={duration_s:g} is {n_steps:.3g} steps of {step_ms:.3g} ms, about "
            f"{days:.2g} days; at most {LARGEST_STEPS:.0g} steps are allowed. duration_s is in "
            "seconds, step_ms in milliseconds."
        )


def whole_steps(settings: Any, step_ms: float) -> dict[str, Any]:
    """Steps of a run whose samples are a whole number of steps apart."""
    if settings.step_ms is not None and settings.step_ms > 1e3 * settings.duration_s * (1 + 1e-12):
        raise ValueError(
            f"step_ms={settings.step_ms:g} is longer than the run: duration_s="
            f"{settings.duration_s:g} is {1e3 * settings.duration_s:g} ms."
        )
    n_steps = round(1e3 * settings.duration_s / step_ms)
    every = max(1, round(settings.record_every_ms / step_ms))
    return {"step_ms": step_ms, "n_steps": n_steps, "every": every}


def with_accuracy(
    requests: Sequence[EngineRequest], settings: RunSettings | EnsembleSettings, **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the runs to change, their step among them, and attributes that state the error.

    `requests` are the run, or some members of an ensemble; `options` those of its engine.
    """
    engine, kind, one = settings.engine, ENGINES.load_settings(settings.engine), requests[0]
    if one.method not in kind.sampling:
        given = settings.step_ms is not None and one.method in kind.orders
        return {}, check_coarse_step(engine, one, **options) if given else {}
    if math.isfinite(one.longest_step_ms):
        return {}, {}
    changes: dict[str, Any] = {}
    if settings.method is None and not all(map(restarts_rarely, requests)):
        step = default_step(engine, one.network)
        for request in requests:
            require_resolved(request.stimulus, step)
        method = kind.methods()[0]
        changes = {"method": method, "longest_step_ms": math.inf, **whole_steps(settings, step)}
        runs = [first_part(r.changed(**changes), FREE_STRETCH_MS) for r in requests]
        error = potential_error(*compare_with_half(engine, runs, **options))
    else:
        step, error = choose_step(engine, requests, settings.tolerance_mV, **options)
        changes = {"longest_step_ms": step}
    require_reached(error, settings.tolerance_mV)
    return changes, {"estimated_error_mV": error}


def require_reached(error_mV: float, tolerance_mV: float | None) -> None:
    """Warn if an error is above the tolerance that the user gave."""
    if tolerance_mV is not None and error_mV > tolerance_mV:
        warnings.warn(
            f"The error of the potentials is {error_mV:.2g} mV, above tolerance_mV="
            f"{tolerance_mV:g}. Give step_ms, or use engine='scipy'.",
            StepWarning,
            stacklevel=4,
        )


def require_smooth(stimulus: Stimulus, step_ms: float) -> None:
    """Raise ValueError if a stimulus changes within a time step, jumps and kinks aside."""
    if stimulus.smooth < step_ms * (1 - 1e-9):
        raise ValueError(
            f"The stimulus has a rise or half period of {stimulus.smooth:.3g} ms, shorter than "
            f"step_ms={step_ms:g}: steps would miss it. Lower step_ms, or omit it: it is then "
            "chosen. Check that times are in ms and frequencies in Hz."
        )


def require_resolved(stimulus: Stimulus, step_ms: float) -> None:
    """Raise ValueError if a stimulus changes within a time step, which would miss it."""
    if stimulus.shortest < step_ms * (1 - 1e-9):
        raise ValueError(
            f"The stimulus has a pulse, gap or half period of {stimulus.shortest:.3g} ms, shorter "
            f"than step_ms={step_ms:g}: steps would miss it. Lower step_ms, or use engine='scipy'; "
            "check that times are in ms and frequencies in Hz."
        )
