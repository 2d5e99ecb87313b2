"""Currents into named neurons. Stimuli add up: ``step_current(...) + sinusoidal_current(...)``."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

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

    def constant(self, wiring: Connectome) -> np.ndarray:
        """The part that does not change with time, shape (n_neurons,), pA.

        Raises
        ------
        ValueError
            If a neuron is not in the wiring.
        """
        current = np.zeros(len(wiring.neurons))
        for part in self.parts:
            np.add.at(current, wiring.index(part.neurons), part.offset)
        return current

    def oscillating(self, wiring: Connectome, times: np.ndarray) -> np.ndarray:
        """The part that oscillates, at times in ms; shape (..., n_neurons), pA."""
        times = np.asarray(times, dtype=float)
        current = np.zeros((*times.shape, len(wiring.neurons)))
        for part in self.parts:
            if part.amplitude:
                angle = 2e-3 * np.pi * part.frequency * times + part.phase
                for index in wiring.index(part.neurons):
                    current[..., index] += part.amplitude * np.sin(angle)
        return current


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
