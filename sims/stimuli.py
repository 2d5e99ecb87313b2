"""Currents into named neurons. Stimuli add up: ``step_current(...) + sinusoidal_current(...)``."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron.connectome import Connectome


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinusoid:
    """A sum of currents offset + amplitude sin(2π frequency t + phase) into one neuron each.

    Units: pA, Hz, radians.
    """

    neurons: tuple[str, ...]
    offset: float = 0.0
    amplitude: float = 0.0
    frequency: float = 0.0
    phase: float = 0.0

    def __post_init__(self) -> None:
        for name, unit in (("offset", "pA"), ("amplitude", "pA"), ("phase", "rad")):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite (in {unit}), got {getattr(self, name)!r}.")
        if not 0 <= self.frequency < math.inf:
            raise ValueError(f"frequency must be finite and >= 0 (in Hz), got {self.frequency!r}.")

    @property
    def steady(self) -> bool:
        """It is no more than its offset."""
        return not self.amplitude

    def varying(self, times: np.ndarray) -> np.ndarray:
        """What it adds to its offset at times in ms, pA."""
        angle = 2e-3 * np.pi * self.frequency * times + self.phase
        return self.amplitude * np.sin(angle)


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Currents that flow into neurons, as a function of time.

    Attributes
    ----------
    parts : tuple of Sinusoid
        They add up.
    """

    parts: tuple[Sinusoid, ...] = ()

    def __add__(self, other: "Stimulus") -> "Stimulus":
        return Stimulus(self.parts + other.parts)

    @property
    def steady(self) -> bool:
        """Nothing changes with time."""
        return all(part.steady for part in self.parts)

    def bound(self, wiring: Connectome) -> "BoundStimulus":
        """The stimulus as arrays over the neurons of a wiring.

        Raises
        ------
        ValueError
            If a neuron is not in the wiring.
        """
        return BoundStimulus(self, wiring)

    def constant(self, wiring: Connectome) -> np.ndarray:
        """The part that does not change with time, shape (n_neurons,), pA."""
        return self.bound(wiring).constant

    def varying(self, wiring: Connectome, times: Any) -> np.ndarray:
        """The part that changes, at times in ms; shape (..., n_neurons), pA."""
        return self.bound(wiring).varying(times)


class BoundStimulus:
    """A stimulus whose neurons have been looked up in a wiring.

    Attributes
    ----------
    constant : ndarray, shape (n_neurons,)
        The part that does not change with time, pA.
    """

    def __init__(self, stimulus: Stimulus, wiring: Connectome) -> None:
        self.constant = np.zeros(len(wiring.neurons))
        self._moving = []
        for part in stimulus.parts:
            index = wiring.index(part.neurons)
            np.add.at(self.constant, index, part.offset)
            if not part.steady:
                self._moving.append((part, index))

    def varying(self, times: Any) -> np.ndarray:
        """The part that changes, at times in ms; shape (..., n_neurons), pA."""
        times = np.asarray(times, dtype=float)
        current = np.zeros((*times.shape, self.constant.size))
        for part, index in self._moving:
            wave = part.varying(times)
            for i in index:
                current[..., i] += wave
        return current

    def at(self, times: Any) -> np.ndarray:
        """The whole input at times in ms; shape (..., n_neurons), pA."""
        return self.constant + self.varying(times)


def step_current(neurons: Iterable[str], *, amplitude_pA: float) -> Stimulus:
    """A constant current into each of the neurons, from the start to the end."""
    return Stimulus((Sinusoid(neurons=tuple(neurons), offset=amplitude_pA),))


def sinusoidal_current(
    neurons: Iterable[str], *, amplitude_pA: float, frequency_Hz: float, phase_rad: float = 0.0
) -> Stimulus:
    """A current amplitude·sin(2π frequency t + phase) into each of the neurons."""
    part = Sinusoid(
        neurons=tuple(neurons), amplitude=amplitude_pA, frequency=frequency_Hz, phase=phase_rad
    )
    return Stimulus((part,))
