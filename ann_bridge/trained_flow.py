"""A trained network as the differential equation of which the trained map is Euler's method."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from isochron.ann_bridge.compiled_steps import ReducedStep
from isochron.ann_bridge.float64_steps import LeakyStep, RateStep
from isochron.ann_bridge.kernels.few_variables_flow import DRIVES, PLACES, WEIGHTS
from isochron.ann_bridge.trained_map import MOST_STEPS, TrainedMap
from isochron.wording import shown

STEPS_IN_TIME_CONSTANT, STEPS_IN_PERIOD = 5, 20


class TrainedFlow(TrainedMap):
    """The differential equation of a leaky network, driven by a reference oscillation.

    τ dx/dt = -x + W φ(x) + B u(t), or in rate form τ dr/dt = -r + φ(W r + B u(t)). The trained
    network is Euler's method for it with the time step of the settings: compare the two to see
    whether a result depends on this step. Here it is solved by the method of Runge and Kutta of
    order 4. A period of the reference is a whole number of steps, so that its frequency is exact.
    Without a reference it is a flow whose step can be changed, with cycles of any period.

    Parameters
    ----------
    net : RecurrentNet or ReducedNet
        Leaky network in current or rate form; later changes of its weights do not matter.
    frequency_Hz, amplitude, pulse, channel
        As `TrainedMap`.
    step_ms : float, optional
        Largest step in ms; by default a fifth of the shortest time constant and a twentieth of the
        period of the reference. The error of a period is then about 1e-5 of the states of a
        trained network; half the step divides it by 16.

    Attributes
    ----------
    dimension, n_steps, forcing_cycles, frequency_Hz, rank, smooth, bounded
        As `TrainedMap`.
    step_ms : float
        Step in ms, a whole fraction of the period of the reference.

    Raises
    ------
    TypeError
        If `net` is not a network.
    ValueError
        If the network is not a leaky one, the step is not positive, a period has more than
        100,000 steps, or as `TrainedMap`.

    Examples
    --------
    A unit without recurrence is a low-pass filter of gain 1 / |1 + 2πi f τ|.

    >>> net = ann_bridge.FullRankRNN.from_weights([[0]], input_weights=[[1]], output_weights=[1])
    >>> system = ann_bridge.TrainedFlow(net, frequency_Hz=8)
    >>> print(system.n_steps, system.frequency_Hz)
    32 8.0
    >>> cycle = analysis.find_limit_cycle(system, [0.0])
    >>> gain = 1 / abs(1 + 2j * np.pi * 8 * 0.02)
    >>> print(round(np.sqrt(2) * cycle.states[:-1].std(), 4), round(gain, 4))
    0.7052 0.7052
    """

    _drives_per_step = 2  # at its start and in its middle; its end is the start of the next

    def __init__(
        self,
        net: Any,
        *,
        frequency_Hz: float | None = None,
        amplitude: float = 1.0,
        pulse: dict[int, float] | None = None,
        channel: int = 0,
        step_ms: float | None = None,
    ) -> None:
        self._given_step_ms = None if step_ms is None else _checked(step_ms)
        super().__init__(
            net, frequency_Hz=frequency_Hz, amplitude=amplitude, pulse=pulse, channel=channel
        )
        if frequency_Hz is None:
            self.step_ms = self._largest_step()

    def _largest_step(self) -> float:
        """The given step, or a fifth of the shortest time constant."""
        if not isinstance(self._step, LeakyStep | RateStep):
            raise ValueError(
                f"{type(self._net).__name__} is not a leaky network: its step does not approximate "
                "a differential equation. Use TrainedMap."
            )
        if self._given_step_ms is not None:
            return self._given_step_ms
        return self._net.settings.step_ms / float(np.max(self._step.alpha)) / STEPS_IN_TIME_CONSTANT

    def _set_frequency(self, frequency_Hz: float, max_steps: int | None) -> None:  # noqa: ARG002
        if not 0 < frequency_Hz < math.inf:
            raise ValueError(f"frequency_Hz must be positive, got {shown(frequency_Hz)}.")
        period_ms, largest = 1e3 / frequency_Hz, self._largest_step()
        if self._given_step_ms is None:
            largest = min(largest, period_ms / STEPS_IN_PERIOD)
        if period_ms / largest > MOST_STEPS:
            raise ValueError(
                f"A period of {frequency_Hz:g} Hz has more than {MOST_STEPS} steps of {largest:g} "
                "ms; raise step_ms or frequency_Hz."
            )
        self.n_steps, self.forcing_cycles = max(1, math.ceil(period_ms / largest)), 1
        self.step_ms, self.frequency_Hz = period_ms / self.n_steps, float(frequency_Hz)

    def with_step(self, step_ms: float) -> "TrainedFlow":
        """The same flow with another step; without a reference only.

        Parameters
        ----------
        step_ms : float
            Step in ms.

        Returns
        -------
        TrainedFlow

        Raises
        ------
        ValueError
            If the step is not positive, or there is a reference.
        """
        if self.forcing_cycles:
            raise ValueError("With a reference, give step_ms to TrainedFlow.")
        other = copy.copy(self)
        other.step_ms = _checked(step_ms)
        return other

    def tangent_map(self, state: Any, n_steps: int) -> Callable[[np.ndarray], np.ndarray]:
        """As `TrainedMap.tangent_map`; the states are computed in each call."""
        return lambda tangents: self.advance(state, n_steps, tangents=tangents)[1]

    @property
    def _scale(self) -> float:
        """Step in units of the step of the network."""
        return self.step_ms / self._net.settings.step_ms

    def _noise_std(self, noise_std: float) -> float:
        if noise_std:
            raise ValueError("The differential equation is solved without noise; use TrainedMap.")
        return 0.0

    def _held(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        return self._stepped(state, drive, drive, drive)

    def _increment(self, state: np.ndarray, drive: np.ndarray) -> np.ndarray:
        return self._scale * (self._step.advance(state, drive) - state)

    def _path(self, state: np.ndarray, drives: np.ndarray) -> np.ndarray:
        if isinstance(self._step, ReducedStep):
            return self._step.flow_orbit(state, drives, self._scale)
        path = [state]
        for k in range(0, len(drives) - 1, 2):
            path.append(self._stepped(path[-1], *drives[k : k + 3]))
        return np.stack(path)

    def _stepped(self, state: np.ndarray, *drives: np.ndarray) -> np.ndarray:
        """States one step later; drives at its start, in its middle and at its end."""
        start, middle, end = drives
        a = self._increment(state, start)
        b = self._increment(state + a / 2, middle)
        c = self._increment(state + b / 2, middle)
        d = self._increment(state + c, end)
        return state + (a + 2 * b + 2 * c + d) / 6

    def _move(self, state: np.ndarray, drives: np.ndarray) -> np.ndarray:
        if isinstance(self._step, ReducedStep):
            return self._step.flow(state, drives, self._scale)
        return self._path(state, drives)[-1]

    def _move_tangents(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(self._step, ReducedStep):
            return self._step.flow_tangents(state, drives, self._scale, tangents)
        for k in range(0, len(drives) - 1, 2):
            state, tangents = self._step_with_tangents(state, drives[k : k + 3], tangents)
        return state, tangents

    def _step_with_tangents(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        moved, turned = np.zeros_like(state), np.zeros_like(tangents)
        state_change, tangent_change = moved, turned
        for place, weight, number in zip(PLACES, WEIGHTS, DRIVES, strict=True):
            at, along = state + place * moved, tangents + place * turned
            after, carried = self._step.linearise(at, drives[number], along)
            moved, turned = self._scale * (after - at), self._scale * (carried - along)
            state_change = state_change + weight * moved
            tangent_change = tangent_change + weight * turned
        return state + state_change, tangents + tangent_change


def _checked(step_ms: float) -> float:
    if not 0 < step_ms < math.inf:
        raise ValueError(f"step_ms must be positive and finite, got {shown(step_ms)}.")
    return float(step_ms)
