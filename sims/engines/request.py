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

It raises `isochron.sims.DivergenceError` if the state does not stay finite.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from isochron.sims.drive import RAMP_MS, Drive
from isochron.sims.graded import GradedNetwork
from isochron.sims.stimuli import Stimulus


class DivergenceError(ArithmeticError):
    """A state of a simulation is not finite."""


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
        Time step, in ms. An adaptive engine chooses its steps and samples at `sample_times`.
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
    """

    network: GradedNetwork
    stimulus: Stimulus
    step_ms: float
    n_steps: int
    every: int
    initial_state: np.ndarray
    threshold_rule: str = "fixed"
    method: str | None = None

    @cached_property
    def drive(self) -> Drive:
        """Currents and thresholds as functions of time; built once."""
        return Drive(self.network, self.stimulus, self.threshold_rule)

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
