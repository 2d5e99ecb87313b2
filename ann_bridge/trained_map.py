"""A trained net as the map that was trained, in float64, for `isochron.analysis`."""

import math
from fractions import Fraction
from typing import Any

import numpy as np

from isochron.ann_bridge.nets.low_rank_reduction import ReducedNet
from isochron.ann_bridge.nets.net import RecurrentNet

MAX_PERIOD_STEPS = 120


class TrainedMap:
    """The step of a net without its noise, driven by a reference oscillation.

    The analysis needs a map that repeats. The frequency is therefore moved to the nearest
    one of which p periods are exactly q steps, q <= 120; `frequency_Hz` is what it is
    then, within 0.04 Hz at 8 Hz and a step of 2 ms.

    Parameters
    ----------
    net : RecurrentNet or ReducedNet
    frequency_Hz : float, optional
        Of the reference, on input 0; none by default.
    amplitude : float
        Of the reference.
    pulse : dict of int to float, optional
        Constant values of further inputs.

    Attributes
    ----------
    dimension, n_steps, step_ms, drive_cycles
        As `isochron.analysis.DrivenMap`.
    frequency_Hz : float
        0 without a reference.
    """

    def __init__(
        self,
        net: RecurrentNet | ReducedNet,
        *,
        frequency_Hz: float | None = None,
        amplitude: float = 1.0,
        pulse: dict[int, float] | None = None,
    ) -> None:
        p = net.settings
        self._step = net.float64_step()
        self.dimension, self.step_ms = self._step.dimension, p.step_ms
        self.n_steps, self.drive_cycles, self.frequency_Hz = 1, 0, 0.0
        if not math.isfinite(amplitude):
            raise ValueError(f"amplitude must be finite, got {amplitude!r}.")
        if frequency_Hz is not None:
            self._set_frequency(frequency_Hz)
        inputs = np.zeros((self.n_steps, p.n_inputs))
        for channel, value in (pulse or {}).items():
            inputs[:, channel] = value
        if self.drive_cycles:
            inputs[:, 0] = amplitude * np.sin(self.reference_phase())
        self._drive = self._step.drive(inputs)

    def _set_frequency(self, frequency_Hz: float) -> None:
        nyquist = 500 / self.step_ms
        slowest = 1e3 / (self.step_ms * MAX_PERIOD_STEPS)
        if not slowest <= frequency_Hz < nyquist:
            raise ValueError(
                f"frequency_Hz must lie in [{slowest:.3g}, {nyquist:g}) at a step of "
                f"{self.step_ms:g} ms, got {frequency_Hz!r}."
            )
        ratio = Fraction(frequency_Hz * self.step_ms * 1e-3).limit_denominator(MAX_PERIOD_STEPS)
        self.drive_cycles, self.n_steps = ratio.numerator, ratio.denominator
        self.frequency_Hz = 1e3 * self.drive_cycles / (self.n_steps * self.step_ms)

    def reference_phase(self, n_steps: int | None = None) -> np.ndarray:
        """Phase of the reference in each step, radians."""
        steps = np.arange(self.n_steps if n_steps is None else n_steps)
        return 2 * np.pi * self.drive_cycles * steps / self.n_steps

    def outputs(self, states: np.ndarray) -> np.ndarray:
        """Outputs of the net in states, shape (..., dimension) to (...) or (..., n_outputs)."""
        return self._step.outputs(states)

    def advance(self, state: Any, n_steps: int, *, start: int = 0, tangents: Any = None) -> Any:
        """Take steps; with `tangents`, shape (dimension, k), return (state, tangents).

        Parameters
        ----------
        state : array_like, shape (..., dimension)
        n_steps, start : int
            How many steps, and the number of the first.
        tangents : array_like, shape (dimension, k), optional
            Tangent vectors of one state.
        """
        state = np.array(state, dtype=float)
        drives = [self._drive[k % self.n_steps] for k in range(start, start + n_steps)]
        if tangents is None:
            for drive in drives:
                state = self._step.advance(state, drive)
            return state
        tangents = np.array(tangents, dtype=float)
        for drive in drives:
            state, tangents = self._step.linearise(state, drive, tangents)
        return state, tangents

    def orbit(
        self,
        state: Any,
        n_steps: int,
        *,
        start: int = 0,
        noise_std: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """States along a run, the first included; shape (n_steps + 1, ..., dimension).

        With `noise_std`, the private noise of training is drawn from `rng`.

        Raises
        ------
        ValueError
            If there is to be noise in a reduced net.
        """
        states = [np.array(state, dtype=float)]
        std = 0.0
        if noise_std:
            if self._step.noise_gain is None:
                raise ValueError(
                    "A reduced net is exact without private noise only. For noise, use the net."
                )
            std = self._step.noise_gain * noise_std
        for k in range(start, start + n_steps):
            drive = self._drive[k % self.n_steps]
            after = self._step.advance(states[-1], drive)
            if std and rng is not None:
                after += std * rng.standard_normal(after.shape)
            states.append(after)
        return np.stack(states)

    def respond(self, state: Any, inputs: Any) -> np.ndarray:
        """States after given inputs instead of the reference.

        Parameters
        ----------
        state : array_like, shape (..., dimension)
        inputs : array_like, shape (n_steps, ..., n_inputs)
            As a task generates them.
        """
        state = np.asarray(state, dtype=float)
        for drive in self._step.drive(np.asarray(inputs, dtype=float)):
            state = self._step.advance(state, drive)
        return state
