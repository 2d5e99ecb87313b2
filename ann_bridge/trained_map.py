"""A trained network as the map that was trained, in float64, for `isochron.analysis`."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from isochron.ann_bridge.checks import check_finite_inputs
from isochron.ann_bridge.compiled_steps import CompiledStep
from isochron.ann_bridge.float64_steps import LeakyStep
from isochron.ann_bridge.nets.low_rank_reduction import ReducedNet
from isochron.ann_bridge.nets.net import RecurrentNet, check_network
from isochron.ann_bridge.nets.window import WindowStep
from isochron.ann_bridge.starts import draw_starts
from isochron.real_numbers import require_count, require_real
from isochron.wording import shown

USUAL_STEPS = 120
MOST_STEPS = 100_000
_CHUNK = 4096  # steps whose inputs are expanded at once


class TrainedMap:
    """The step of a network without its noise, driven by a reference oscillation.

    The analysis needs a map that repeats. The frequency is therefore moved to the nearest
    one of which p periods are exactly q steps, with q up to `max_steps`; `frequency_Hz` is the
    frequency that is analyzed. It differs by at most 0.04 Hz at 8 Hz and a step of 2 ms, and
    by a quarter of a step in each period of a slow reference.

    Parameters
    ----------
    net : RecurrentNet or ReducedNet
        Network, trained or not; later changes of its weights do not matter.
    frequency_Hz : float, optional
        Frequency of the reference in Hz; no reference by default.
    amplitude : float
        Amplitude of the reference.
    pulse : dict of int to float, optional
        Constant values of further inputs, by the number of the input.
    channel : int
        Number of the input that the reference enters, from 0.
    max_steps : int, optional
        Largest number of steps q after which the map repeats: by default 120, or two periods
        of a reference whose period is longer than 120 steps. A larger number brings
        `frequency_Hz` closer to the requested frequency; time and memory grow with q.

    Attributes
    ----------
    dimension, n_steps, step_ms, forcing_cycles
        As `isochron.analysis.ForcedMap`.
    frequency_Hz : float
        Frequency that is analyzed, in Hz; 0 without a reference.
    rank : int
        Rank of a reduced network, whose first variables are its κ; 0 of any other.
    smooth : bool
        Whether it has a derivative; false for a spiking network.
    bounded : bool or None
        Whether the map takes a ball into itself, so that the indices of its cycles add up to
        1: true for bounded rates (tanh, gates), false for ReLU and softplus, None if unknown.

    Raises
    ------
    TypeError
        If `net` is not a network, such as the pair that `load_net` returns.
    ValueError
        If `amplitude` or a pulse is not finite, `frequency_Hz` is not below half of the sampling
        frequency or its period has more steps than the map may have, an input does not exist,
        or a pulse is given for the input of the reference.

    Examples
    --------
    A unit without recurrence is a low-pass filter; its gain at a frequency f is
    ``a / |exp(2πi f Δt) - (1 - a)|``, with a = Δt / τ = 0.1.

    >>> net = ann_bridge.FullRankRNN.from_weights([[0]], input_weights=[[1]], output_weights=[1])
    >>> system = ann_bridge.TrainedMap(net, frequency_Hz=8)
    >>> print(system.n_steps, round(system.frequency_Hz, 2))
    63 7.94
    >>> settled = system.advance([0.0], 20 * system.n_steps)
    >>> cycle = system.orbit(settled, system.n_steps)[1:]
    >>> gain = 0.1 / abs(np.exp(2j * np.pi * system.frequency_Hz * 0.002) - 0.9)
    >>> print(round(np.sqrt(2) * cycle.std(), 4), round(gain, 4))
    0.7265 0.7265
    """

    _drives_per_step = 1

    def __init__(
        self,
        net: RecurrentNet | ReducedNet,
        *,
        frequency_Hz: float | None = None,
        amplitude: float = 1.0,
        pulse: dict[int, float] | None = None,
        channel: int = 0,
        max_steps: int | None = None,
    ) -> None:
        check_network(net)
        p = net.settings
        self._net, self._step = net, net.float64_step()
        self.dimension, self.step_ms = self._step.dimension, p.step_ms
        self.smooth: bool = getattr(self._step, "smooth", True)
        self.bounded: bool | None = getattr(self._step, "bounded", None)
        self.rank = p.rank if isinstance(net, ReducedNet) else 0
        self.n_steps, self.forcing_cycles, self.frequency_Hz = 1, 0, 0.0
        if not math.isfinite(amplitude):
            raise ValueError(f"amplitude must be finite, got {shown(amplitude)}.")
        if frequency_Hz is not None:
            self._set_frequency(frequency_Hz, max_steps)
        self._inputs = np.zeros((self._drives_per_step * self.n_steps, p.n_inputs))
        self._fill_inputs(channel, amplitude, pulse or {})
        self._drive = self._step.drive(self._inputs)

    def _set_frequency(self, frequency_Hz: float, max_steps: int | None) -> None:
        fastest, slowest = 500 / self.step_ms, 1e3 / (self.step_ms * MOST_STEPS)
        if not slowest <= frequency_Hz < fastest:
            raise ValueError(
                f"frequency_Hz must lie in [{slowest:.3g}, {fastest:g}) at a step of "
                f"{self.step_ms:g} ms (a period has at most {MOST_STEPS} steps), got "
                f"{shown(frequency_Hz)}."
            )
        period = 1e3 / (frequency_Hz * self.step_ms)
        if max_steps is None:
            max_steps = USUAL_STEPS if period <= USUAL_STEPS else math.ceil(2 * period)
        if not period - 0.5 < max_steps <= 2 * MOST_STEPS:
            raise ValueError(
                f"max_steps must lie between the {math.ceil(period)} steps of a period of "
                f"{frequency_Hz:g} Hz and {2 * MOST_STEPS}, got {shown(max_steps)}."
            )
        ratio = Fraction(frequency_Hz * self.step_ms * 1e-3).limit_denominator(max_steps)
        self.forcing_cycles, self.n_steps = ratio.numerator, ratio.denominator
        self.frequency_Hz = 1e3 * self.forcing_cycles / (self.n_steps * self.step_ms)

    def _fill_inputs(self, channel: int, amplitude: float, pulse: dict[int, float]) -> None:
        n_inputs = self._inputs.shape[1]
        if not set(pulse) | {channel} <= set(range(n_inputs)):
            pulses = f" and pulses on {sorted(pulse)}" if pulse else ""
            inputs = f"inputs 0 to {n_inputs - 1}" if n_inputs > 1 else "a single input, 0"
            raise ValueError(
                f"The network has {inputs}; got the reference on input {shown(channel)}{pulses}."
            )
        if self.forcing_cycles and channel in pulse:
            raise ValueError(f"The reference enters input {channel}; it cannot have a pulse too.")
        for number, value in pulse.items():
            if not math.isfinite(value):
                raise ValueError(f"pulse must be finite, got {shown(value)} on input {number}.")
            self._inputs[:, number] = value
        if self.forcing_cycles:
            phase = self.reference_phase(len(self._inputs)) / self._drives_per_step
            self._inputs[:, channel] = amplitude * np.sin(phase)

    def initial_states(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Random states that span the space in which the network moves, to start a survey from.

        For a network of low rank and bounded rates they are uniform in the box that the rates
        cannot leave, in the few directions that the recurrence and the inputs reach. For any
        other network a quarter are states from which its trials start, a quarter are states of
        noisy runs under random inputs, and the others are spread along the directions in which
        these runs vary (see `isochron.ann_bridge.starts`).

        Parameters
        ----------
        n : int
            Number of states, at least 1.
        rng : numpy.random.Generator
            Source of the states.

        Returns
        -------
        ndarray, shape (n, dimension)
            The states.

        Raises
        ------
        ValueError
            If `n` is not positive.
        """
        return draw_starts(self._net, self._step, self._inputs, n, rng)

    def reference_phase(self, n_steps: int | None = None) -> np.ndarray:
        """Phase of the reference at each step.

        Parameters
        ----------
        n_steps : int, optional
            Number of steps; one period of the map by default.

        Returns
        -------
        ndarray, shape (n_steps,)
            Phase in radians, from 0 on, not wrapped.
        """
        steps = np.arange(self.n_steps if n_steps is None else n_steps)
        return 2 * np.pi * self.forcing_cycles * steps / self.n_steps

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs of the network in given states.

        Parameters
        ----------
        states : ndarray, shape (..., dimension)
            States, such as those of `orbit`.

        Returns
        -------
        ndarray, shape (...) or (..., n_outputs)
            Outputs; without the last axis if the network has one.
        """
        return self._step.outputs(states)

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """States after some steps, and with `tangents` the tangent vectors too.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            States before the first step; one state, shape (dimension,), with `tangents`.
        n_steps : int
            Number of steps, >= 0.
        start : int
            Number of the first step, which sets the phase of the reference.
        tangents : array_like, shape (dimension, k), optional
            Tangent vectors at the state, as columns.

        Returns
        -------
        ndarray, or tuple of ndarray
            States, shape (..., dimension); with `tangents` the pair of the state, shape
            (dimension,), and its tangent vectors, shape (dimension, k).

        Raises
        ------
        ValueError
            If `n_steps` is negative, `state` or `tangents` are masked or complex, or there are
            `tangents` and the network does not have a derivative.
        """
        require_count("n_steps", n_steps)
        require_real("state", state)
        state = np.array(state, dtype=float)
        if tangents is not None:
            require_real("tangents", tangents)
            tangents = np.array(tangents, dtype=float)
        for first in range(start, start + n_steps, _CHUNK):
            drives = self._drives(first, min(_CHUNK, start + n_steps - first))
            if tangents is None:
                state = self._move(state, drives)
            else:
                state, tangents = self._move_tangents(state, drives, tangents)
        return state if tangents is None else (state, tangents)

    def _move(self, state: np.ndarray, drives: np.ndarray) -> np.ndarray:
        """States after the steps of drives, as `_drives` returns them."""
        if isinstance(self._step, CompiledStep):
            return self._step.run(state, drives)
        for drive in drives:
            state = self._step.advance(state, drive)
        return state

    def _move_tangents(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(self._step, CompiledStep):
            return self._step.run_tangents(state, drives, tangents)
        for drive in drives:
            state, tangents = self._step.linearise(state, drive, tangents)
        return state, tangents

    def _drives(self, start: int, n_steps: int) -> np.ndarray:
        """The drives of some steps, with those inside and at the end of a step, if any."""
        first, last = self._drives_per_step * start, self._drives_per_step * (start + n_steps)
        numbers = np.arange(first, last + self._drives_per_step - 1)
        return self._drive[numbers % len(self._drive)]

    def tangent_map(self, state: Any, n_steps: int) -> Callable[[np.ndarray], np.ndarray]:
        """The derivative of the first steps from a state, as a function of tangent vectors.

        For leaky and attention networks the states are computed only once, however often it is
        called.

        Parameters
        ----------
        state : array_like, shape (dimension,)
            State before the first step.
        n_steps : int
            Number of steps, from step 0 on.

        Returns
        -------
        callable
            Maps tangent vectors at the state, shape (dimension, k), to those after the steps.
        """
        if not isinstance(self._step, LeakyStep | WindowStep):
            return lambda tangents: self.advance(state, n_steps, tangents=tangents)[1]
        slopes = self._step.slope(self.orbit(state, n_steps)[:-1])
        return partial(self._step.jvp_along, slopes)

    def orbit(
        self,
        state: Any,
        n_steps: int,
        *,
        start: int = 0,
        noise_std: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """States along a run, including the first.

        With `noise_std`, the private noise of training is drawn from `rng`.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            States before the first step.
        n_steps : int
            Number of steps.
        start : int
            Number of the first step, which sets the phase of the reference.
        noise_std : float
            Standard deviation of the private noise, in the scale of the setting ``noise_std``.
        rng : numpy.random.Generator, optional
            Source of the noise; none without one.

        Returns
        -------
        ndarray, shape (n_steps + 1, ..., dimension)
            States before the first and after each step.

        Raises
        ------
        ValueError
            If `state` is masked or complex, or noise is requested for a reduced network.
        """
        require_real("state", state)
        drives, std = self._drives(start, n_steps), self._noise_std(noise_std)
        if not std or rng is None:
            return self._path(np.array(state, dtype=float), drives)
        states = [np.array(state, dtype=float)]
        for drive in drives:
            after = self._step.advance(states[-1], drive)
            states.append(after + std * rng.standard_normal(after.shape))
        return np.stack(states)

    def _noise_std(self, noise_std: float) -> float:
        """What noise of a standard deviation adds to a state in each step."""
        if not noise_std:
            return 0.0
        if self._step.noise_gain is None:
            raise ValueError(
                "A reduced network is exact only without private noise. For noise, use the "
                "network itself."
            )
        return self._step.noise_gain * noise_std

    def _path(self, state: np.ndarray, drives: np.ndarray) -> np.ndarray:
        """States before the first and after each step."""
        if isinstance(self._step, CompiledStep):
            return self._step.orbit(state, drives)
        path = [state]
        for drive in drives:
            path.append(self._step.advance(path[-1], drive))
        return np.stack(path)

    def respond(self, state: Any, inputs: Any) -> np.ndarray:
        """States after given inputs instead of the reference.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
            States before the first input.
        inputs : array_like, shape (n_steps, ..., n_inputs)
            Inputs of each step, as a task generates them.

        Returns
        -------
        ndarray, shape (..., dimension)
            States after the last input.

        Raises
        ------
        ValueError
            If `state` or `inputs` are masked or complex, or a value of `inputs` is not finite.
        """
        require_real("state", state)
        require_real("inputs", inputs)
        inputs = np.asarray(inputs, dtype=float)
        check_finite_inputs(inputs)
        state = np.asarray(state, dtype=float)
        for drive in self._step.drive(inputs):
            state = self._held(state, drive)
        return state

    def _held(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        """States one step later, under a drive that does not change in the step."""
        return self._step.advance(state, drive)


class FixedRadiusMap:
    """A forced network of rank 2 reduced to the angle of (κ_1, κ_2), at one radius.

    The state is ψ = θ - r φ, in radians: the angle θ minus `turns` r times the phase φ of the
    reference. Each step moves the reduced network from κ = R (cos θ, sin θ), with its inputs as
    they are after the transient, and only the new angle is used. Its cycles over the period of the
    reference are the locked states of the reduction; `lift` gives an initial state of the reduced
    network.

    Parameters
    ----------
    system : TrainedMap
        Map of a `ReducedNet` of rank 2, with a reference.
    radius : float
        R, mean of ``|κ|`` on the cycle, > 0.
    turns : {1, -1}
        Whether θ grows or falls along the cycle.

    Attributes
    ----------
    dimension, n_steps, step_ms, forcing_cycles
        As `isochron.analysis.ForcedMap`.

    Raises
    ------
    ValueError
        If `system` is not that of a reduced network of rank 2 with a reference, or `radius` or
        `turns` is out of range.

    References
    ----------
    Pals, Macke and Barak (2024), bioRxiv 2023.04.11.536352.

    Examples
    --------
    A strong reference entrains an oscillator: the angle relative to the reference converges to the
    same value from five initial angles.

    >>> net = ann_bridge.LowRankRNN(n_units=512, oscillation_Hz=8.0)
    >>> reduced = ann_bridge.reduce_low_rank(net)
    >>> system = ann_bridge.TrainedMap(reduced, frequency_Hz=8.4, amplitude=2.0)
    >>> angle = ann_bridge.FixedRadiusMap(system, radius=0.44, turns=-1)
    >>> final = angle.advance(np.arange(5.0)[:, None], 40 * angle.n_steps)
    >>> print((final[:, 0] % (2 * np.pi)).round(2))
    [2.77 2.77 2.77 2.77 2.77]
    """

    dimension = 1

    def __init__(self, system: TrainedMap, *, radius: float, turns: int = 1) -> None:
        if system.rank != 2 or not system.forcing_cycles:
            raise ValueError(
                "The angle needs the reduced form of a network of rank 2 and a reference."
            )
        if not 0 < radius < math.inf or turns not in (1, -1):
            raise ValueError(
                "radius must be positive and turns 1 or -1, got "
                f"{shown(radius)} and {shown(turns)}."
            )
        self._system, self.radius, self.turns = system, radius, turns
        self.n_steps, self.step_ms = system.n_steps, system.step_ms
        self.forcing_cycles = system.forcing_cycles
        self._reference = turns * system.reference_phase(self.n_steps + 1)
        start, periods = np.zeros(system.dimension), 1 + 1000 // system.n_steps
        # The filtered inputs do not depend on κ.
        settled = system.advance(start, periods * system.n_steps)
        self._inputs = system.orbit(settled, system.n_steps)[:, 2:]

    def lift(self, state: Any, step: int = 0) -> np.ndarray:
        """States of the reduced network at given angles.

        Parameters
        ----------
        state : array_like, shape (..., 1)
            Angles ψ, in radians.
        step : int
            Number of the step, which sets the phase of the reference and the filtered inputs.

        Returns
        -------
        ndarray, shape (..., 2 + n_inputs)
            κ on the circle of radius R, then the filtered inputs.
        """
        k = step % self.n_steps
        theta = np.asarray(state, dtype=float) + self._reference[k]
        kappa = self.radius * np.concatenate([np.cos(theta), np.sin(theta)], axis=-1)
        inputs = np.broadcast_to(self._inputs[k], (*kappa.shape[:-1], self._inputs.shape[1]))
        return np.concatenate([kappa, inputs], axis=-1)

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Angles after some steps, and with `tangents` the tangent vectors too.

        Parameters
        ----------
        state : array_like, shape (..., 1)
            Angles ψ before the first step, in radians; one, shape (1,), with `tangents`.
        n_steps : int
            Number of steps, >= 0.
        start : int
            Number of the first step, which sets the phase of the reference.
        tangents : array_like, shape (1, k), optional
            Tangent vectors at the angle.

        Returns
        -------
        ndarray, or tuple of ndarray
            Angles, shape (..., 1), not wrapped; with `tangents` the pair of the angle, shape (1,),
            and its tangent vectors, shape (1, k).

        Raises
        ------
        ValueError
            If `n_steps` is negative, or `state` is masked or complex.
        """
        require_count("n_steps", n_steps)
        require_real("state", state)
        state = np.array(state, dtype=float)
        for k in range(start, start + n_steps):
            before = self.lift(state, k)
            if tangents is not None:
                along = np.zeros((before.size, 1))
                along[:2, 0] = -before[1], before[0]
                after, moved = self._system.advance(before, 1, start=k, tangents=along)
                across = np.array([-after[1], after[0]]) / (after[:2] @ after[:2])
                tangents = (across @ moved[:2]) * tangents
            else:
                after = self._system.advance(before, 1, start=k)
            state = state + self._turn(before, after, k)
        return state if tangents is None else (state, tangents)

    def orbit(self, state: Any, n_steps: int, *, start: int = 0) -> np.ndarray:
        """Angles along a run, including the first.

        Parameters
        ----------
        state : array_like, shape (..., 1)
            Angles ψ before the first step, in radians.
        n_steps : int
            Number of steps.
        start : int
            Number of the first step, which sets the phase of the reference.

        Returns
        -------
        ndarray, shape (n_steps + 1, ..., 1)
            Angles before the first and after each step, not wrapped.

        Raises
        ------
        ValueError
            If `state` is masked or complex.
        """
        require_real("state", state)
        states = [np.array(state, dtype=float)]
        for k in range(start, start + n_steps):
            states.append(self.advance(states[-1], 1, start=k))
        return np.stack(states)

    def _turn(self, before: np.ndarray, after: np.ndarray, k: int) -> np.ndarray:
        """Change of ψ in a step; that of θ is less than half a turn."""
        planes = (before[..., 0] + 1j * before[..., 1], after[..., 0] + 1j * after[..., 1])
        change = self._reference[1] - self._reference[0]
        return (np.angle(planes[1] / planes[0]) - change)[..., None]
