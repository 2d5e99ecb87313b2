"""The interface between `simulate` and an engine.

An engine is an entry of `isochron.sims.engines.ENGINES`: its settings, a subclass of
`EngineSettings`, and a module with

``run(request)``
    which takes an `EngineRequest` and returns the states, shape
    ``(request.n_samples, 2 n_neurons)``: potentials in mV, then activations, at
    ``request.sample_times``. The first sample is the initial state.

An engine with an explicit method has

``largest_stable_step(network)``
    the step in ms above which it is unstable; infinite if it is always stable.

An engine that needs packages or programs of an extra has

``require()``
    which raises `isochron.extras.MissingExtraError` if they are not installed.

It raises `isochron.sims.DivergenceError` if the state does not stay finite.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from isochron.sims.drive import RAMP_MS, Drive
from isochron.sims.graded import GradedNetwork
from isochron.sims.stimuli import Stimulus
from isochron.wording import counted


class DivergenceError(ArithmeticError):
    """A state of a simulation is not finite."""


class Progress:
    """Receives the progress of a run; this one discards it. See `isochron.sims.unfinished`."""

    def resume(self, request: "EngineRequest", states: np.ndarray) -> Mapping[str, np.ndarray]:
        """Restore the samples of a run that was interrupted, shape (n_samples, 2 n_neurons).

        Returns
        -------
        mapping of str to ndarray
            What the engine passed to `update`; empty if the run starts.
        """
        return {}

    def update(self, states: np.ndarray, n_samples: int, **position: Any) -> None:
        """Note how many samples are final, and all that the engine needs to resume there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineRequest:
    """One run of a graded network, already checked.

    Attributes
    ----------
    network : GradedNetwork
        Network that is simulated.
    stimulus : Stimulus
        Input to the network.
    step_ms : float
        Time step, in ms. An adaptive engine or method chooses its steps and samples at
        `sample_times`.
    n_steps : int
        Number of steps from time 0 to the end.
    every : int
        Number of steps from one recorded sample to the next.
    initial_state : ndarray, shape (2 n_neurons,)
        Potentials in mV, then activations.
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        See `isochron.sims.drive`.
    method : str or None
        One of the engine's methods, or None for its default.
    longest_step_ms : float
        Longest step of a method that chooses its steps, in ms.
    notes : dict
        Attributes of the result that the engine adds, such as steps that it chose; filled by it.
    progress : Progress
        Receives the progress of the run, and restores that of an interrupted one.
    """

    network: GradedNetwork
    stimulus: Stimulus
    step_ms: float
    n_steps: int
    every: int
    initial_state: np.ndarray
    threshold_rule: str = "fixed"
    method: str | None = None
    longest_step_ms: float = math.inf
    notes: dict[str, Any] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)

    @cached_property
    def drive(self) -> Drive:
        """Currents and thresholds as functions of time; built once."""
        return Drive(self.network, self.stimulus, self.threshold_rule)

    def changed(self, **fields: Any) -> "EngineRequest":
        """The same input with other steps, method or length; nothing is computed again."""
        other = replace(self, **{"notes": {}, "progress": Progress(), **fields})
        vars(other)["drive"] = self.drive
        return other

    @property
    def smooth(self) -> float:
        """Shortest time in ms in which the input rises or falls, jumps and kinks aside."""
        ramped = RAMP_MS / 4 if self.threshold_rule == "ramped" else math.inf
        return min(self.stimulus.smooth, ramped)

    @property
    def steady(self) -> bool:
        """Whether neither currents nor thresholds change with time."""
        return self.drive.steady

    @property
    def steady_thresholds(self) -> bool:
        """Whether the thresholds do not change with time."""
        return self.drive.steady_thresholds

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms at which the input jumps or has a kink, in order."""
        ramped = (RAMP_MS,) if self.threshold_rule == "ramped" else ()
        return tuple(sorted({*self.stimulus.breaks, *ramped}))

    def currents(self, times: Any) -> np.ndarray:
        """Input at times in ms, of any shape; shape (..., n_neurons), pA."""
        return self.drive.currents(times)

    def thresholds(self, times: Any) -> np.ndarray:
        """Vth at times in ms, of any shape; shape (..., n_neurons), mV."""
        return self.drive.thresholds(times)

    @property
    def n_samples(self) -> int:
        """Number of recorded states, including the initial one."""
        return self.n_steps // self.every + 1

    @property
    def sample_times(self) -> np.ndarray:
        """Times of the recorded states, shape (n_samples,), ms."""
        return np.arange(self.n_samples) * self.every * self.step_ms


def raise_if_diverged(request: EngineRequest, states: np.ndarray, *, simulator: str = "") -> None:
    """Raise if a state of a run, shape (n_samples, 2 n_neurons), is not finite.

    Parameters
    ----------
    request : EngineRequest
    states : ndarray, shape (n_samples, 2 n_neurons)
        Samples, the initial state first; they may end before the run does.
    simulator : str, optional
        Name of the program that simulates.

    Raises
    ------
    DivergenceError
        With the time of the first sample that is not finite, and the neurons.
    """
    if failure := describe_divergence(request, states):
        where = f" in {simulator}" if simulator else ""
        raise DivergenceError(
            f"The simulation{where} is {failure}, at a step of {request.step_ms:g} ms."
        )


def describe_divergence(request: EngineRequest, states: np.ndarray) -> str:
    """When and where a run is not finite: ``not finite after 10 ms in neuron AVAL``; "" if it is.

    Parameters
    ----------
    request : EngineRequest
    states : ndarray, shape (n_samples, 2 n_neurons)
        Samples, the initial state first; they may end before the run does.
    """
    finite = np.isfinite(states).all(axis=1)
    if finite.all():
        return ""
    bad = int(np.argmin(finite))
    neurons = diverged(request.network.connectome.neurons, states[max(0, bad - 1)], states[bad])
    return f"not finite after {request.sample_times[bad]:g} ms in {neurons}"


def diverged(neurons: Sequence[str], before: np.ndarray, after: np.ndarray) -> str:
    """Neurons whose state is not finite, in words: ``neuron AVAL and 3 others``.

    An implicit step carries the values of one neuron to many others, so the one that had the
    largest potential is named.

    Parameters
    ----------
    neurons : sequence of str
    before : ndarray, shape (at least n_neurons,)
        Potentials in an earlier state, then anything.
    after : ndarray, shape (k n_neurons,)
        Values of each neuron in the state that is not finite; if all are finite, the neuron with
        the largest potential is named.
    """
    bad = ~np.isfinite(np.reshape(after, (-1, len(neurons)))).all(axis=0)
    worst = neurons[int(np.where(bad | ~bad.any(), np.abs(before[: len(neurons)]), -1).argmax())]
    others = int(bad.sum()) - 1
    return f"neuron {worst}" + (f" and {counted(others, 'other')}" if others > 0 else "")
