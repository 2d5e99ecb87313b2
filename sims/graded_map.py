"""A simulated worm as the map that the compiled engine iterates, for `isochron.analysis`."""

import copy
import math
from typing import Any

import numpy as np

from isochron.real_numbers import require_real
from isochron.sims.engines.request import DivergenceError, diverged
from isochron.sims.engines.strang import StepInputs
from isochron.sims.engines.strang_rows import advance, build_kernel
from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.stimuli import Stimulus
from isochron.sims.waveforms import Sinusoid


class GradedMap:
    """The map from one time step to the next of a graded network under a stimulus.

    With an oscillating stimulus the map repeats after `n_steps`, one period of the
    stimulus; with a constant one it is the same in every step.

    Parameters
    ----------
    network : GradedNetwork
        Network that moves.
    stimulus : Stimulus
        Input: constant, or sinusoidal with one frequency.
    step_ms : float
        Time step, in ms. With an oscillating stimulus it is shortened to divide the period.

    Attributes
    ----------
    dimension : int
        Number of state variables, 2 n_neurons.
    n_steps : int
        Number of steps after which the map repeats.
    step_ms : float
        Time step in use, in ms.
    forcing_cycles : int
        Number of periods of the stimulus in `n_steps`; 0 if it is constant.

    Raises
    ------
    ValueError
        If the step is not positive and finite, or the stimulus has several frequencies or is
        neither constant nor sinusoidal.

    Examples
    --------
    Three neurons that inhibit each other in a ring, with 8 pA into each, oscillate:

    >>> ring = np.roll(np.eye(3), 1, axis=0)  # A to B to C to A
    >>> graph = connectome.importers.from_matrices(
    ...     ["A", "B", "C"], -20 * ring, rows="postsynaptic", signs="from_weights"
    ... )
    >>> network = sims.GradedNetwork(graph)
    >>> stimulus = sims.step_current(["*"], amplitude_pA=8)
    >>> system = sims.GradedMap(network, stimulus, step_ms=4)
    >>> start = network.equilibrium(stimulus) + [1, 0, 0, 0, 0, 0]
    >>> start = system.advance(start, 2000)
    >>> cycle = analysis.find_limit_cycle(system, start, max_period=3000)
    >>> round(cycle.period, 1)  # ms
    1101.4
    >>> cycle.multipliers[:2].real.round(3)
    array([1.   , 0.205])
    """

    _contents = "potentials and then activations"

    def __init__(self, network: GradedNetwork, stimulus: Stimulus, *, step_ms: float = 2.0) -> None:
        check_simulated(network, stimulus)
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
        self.dimension, self._names = network.dimension, network.connectome.neurons
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
        """The same network under the same constant stimulus, with a different time step.

        The step is symmetric in time and of second order: its errors have even powers only.

        Parameters
        ----------
        step_ms : float
            Time step, in ms.

        Returns
        -------
        GradedMap
            A new map.

        Raises
        ------
        ValueError
            If the step is not positive and finite, or the stimulus oscillates: then its period
            sets the step.
        """
        _require_step(step_ms)
        if self.forcing_cycles:
            raise ValueError(
                "The period of the stimulus sets the step of a driven map; create a new GradedMap."
            )
        other = copy.copy(self)
        other.step_ms = step_ms
        return other

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            Potentials in mV, then activations.
        n_steps : int
            Number of steps.
        start : int
            Index of the first step within the period of the stimulus.
        tangents : array_like, shape (dimension, k), optional
            Tangent vectors of one state, propagated with it.

        Returns
        -------
        ndarray, shape (..., dimension)
            End state; with `tangents`, the pair of end state and tangents, shape (dimension, k).

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
                f"state must have shape (..., {self.dimension}), {self._contents}; got "
                f"{state.shape}."
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
        """States along a run, the first included.

        Parameters
        ----------
        state : array_like, shape (dimension,)
            Initial state: potentials in mV, then activations.
        n_steps : int
            Number of steps.
        start : int
            Index of the first step within the period of the stimulus.
        every : int
            Number of steps from one returned state to the next.

        Returns
        -------
        ndarray, shape (n_steps // every + 1, dimension)
            States, in order of time.

        Raises
        ------
        ValueError
            If `state` is not real.
        DivergenceError
            If the state does not stay finite.
        """
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
        before = state.copy()
        taken = advance(self._kernel, state, tangents, inputs, n_steps, every, record)
        if taken < n_steps or not np.isfinite(state).all():
            last = (start + taken) * self.step_ms
            raise DivergenceError(
                f"The simulation is not finite after {last:g} ms at a step of "
                f"{self.step_ms:g} ms, in {diverged(self._names, before, state)}."
            )


def _require_step(step_ms: float) -> None:
    if not 0 < step_ms < math.inf:
        raise ValueError(f"step_ms must be positive and finite, got {step_ms!r}.")
