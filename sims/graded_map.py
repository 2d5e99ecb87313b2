"""A simulated worm as the map that the compiled engine iterates, for `isochron.analysis`."""

import copy
import math
from typing import Any

import numpy as np

from isochron.real_numbers import require_real
from isochron.sims.engines.request import DivergenceError
from isochron.sims.engines.strang import StepInputs, advance, build_kernel
from isochron.sims.graded import GradedNetwork
from isochron.sims.stimuli import Stimulus
from isochron.sims.waveforms import Sinusoid


class GradedMap:
    """The map from one time step to the next of a graded network under a stimulus.

    With an oscillating stimulus the map repeats after `n_steps`, one period of the
    stimulus; with a constant one it is the same in every step.

    Parameters
    ----------
    network : GradedNetwork
    stimulus : Stimulus
        Constant, or oscillating with one frequency.
    step_ms : float
        Time step. With an oscillating stimulus it is shortened to divide the period.

    Attributes
    ----------
    dimension : int
    n_steps : int
        Steps after which the map repeats.
    step_ms : float
    forcing_cycles : int
        Periods of the stimulus in `n_steps`; 0 if it is constant.

    Raises
    ------
    ValueError
        If the step is not positive and finite, or the stimulus has several frequencies or is
        of another shape.
    """

    def __init__(self, network: GradedNetwork, stimulus: Stimulus, *, step_ms: float = 2.0) -> None:
        _require_step(step_ms)
        frequencies = set()
        for part in stimulus.parts:
            if part.steady:
                continue
            if not isinstance(part, Sinusoid):
                raise ValueError(
                    f"A map repeats: its stimulus is constant or sinusoidal, not a "
                    f"{type(part).__name__}. For other stimuli use simulate()."
                )
            frequencies.add(part.frequency)
        if len(frequencies) > 1:
            listed = ", ".join(f"{frequency:g}" for frequency in sorted(frequencies))
            raise ValueError(f"A map repeats with one frequency; the stimulus has {listed} Hz.")
        constant = stimulus.constant(network.connectome)
        self.dimension = network.dimension
        self.thresholds = network.thresholds(constant)
        self.step_ms, self.n_steps, self.forcing_cycles = step_ms, 1, 0
        self._kernel = build_kernel(
            network.parameters, network.laplacian, network.synapses, network.reversal
        )
        if frequencies and max(frequencies) > 0:
            period = 1e3 / frequencies.pop()
            self.forcing_cycles = 1
            self.n_steps = math.ceil(period / step_ms)
            self.step_ms = period / self.n_steps
        middles = (np.arange(self.n_steps) + 0.5) * self.step_ms
        self._currents = constant + stimulus.varying(network.connectome, middles)

    def with_step(self, step_ms: float) -> "GradedMap":
        """The same network under the same constant stimulus, in steps of another length.

        The step is symmetric in time and of second order: errors go with even powers of it.

        Raises
        ------
        ValueError
            If the step is not positive and finite, or the stimulus oscillates: then its period
            sets the step.
        """
        _require_step(step_ms)
        if self.forcing_cycles:
            raise ValueError(
                "The period of the stimulus sets the step of a driven map; make a new GradedMap."
            )
        other = copy.copy(self)
        other.step_ms = step_ms
        return other

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
        n_steps : int
        start : int
            Number of the first step: where in the drive to begin.
        tangents : array_like, shape (dimension, k), optional
            Tangent vectors of one state, to be carried along.

        Returns
        -------
        ndarray, shape (..., dimension)
            If `tangents` is given: the pair of end state and tangents.

        Raises
        ------
        ValueError
            If `state` or `tangents` has a wrong shape.
        DivergenceError
            If the state does not stay finite.
        """
        require_real("state", state)
        state = np.array(state, dtype=float, order="C")
        if state.shape[-1:] != (self.dimension,):
            raise ValueError(
                f"state must have shape (..., {self.dimension}), potentials and then activations; "
                f"got {state.shape}."
            )
        if tangents is not None:
            require_real("tangents", tangents)
            tangents = np.array(tangents, dtype=float, order="C")
            self._run(state, n_steps, start, tangents)
            return state, tangents
        for one in state.reshape(-1, self.dimension):
            self._run(one, n_steps, start)
        return state

    def orbit(self, state: Any, n_steps: int, *, start: int = 0, every: int = 1) -> np.ndarray:
        """States along a run, the first included; shape (n_steps // every + 1, dimension)."""
        require_real("state", state)
        state = np.array(state, dtype=float, order="C")
        first = state.copy()
        record = np.empty((n_steps // every, self.dimension))
        self._run(state, n_steps, start, record=record, every=every)
        return np.concatenate([first[None], record])

    def _run(self, state, n_steps, start, tangents=None, record=None, every=0):
        tangents = np.empty((self.dimension, 0)) if tangents is None else tangents
        record = np.empty((0, self.dimension)) if record is None else record
        inputs = StepInputs(self.thresholds[None], self._currents, start, self.step_ms)
        taken = advance(self._kernel, state, tangents, inputs, n_steps, every, record)
        if taken < n_steps or not np.isfinite(state).all():
            last = (start + taken) * self.step_ms
            raise DivergenceError(
                f"The simulation is not finite after {last:g} ms at a step of {self.step_ms:g} ms."
            )


def _require_step(step_ms: float) -> None:
    if not 0 < step_ms < math.inf:
        raise ValueError(f"step_ms must be positive and finite, got {step_ms!r}.")
