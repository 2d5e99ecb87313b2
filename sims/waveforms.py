"""Shapes of input currents as functions of time. Units: pA, ms, Hz, radians.

Every shape is a current ``offset + varying(t)`` into each neuron of `neurons`, which are
names, cell types (``motor``), classes (``AVA``) or shell patterns (``VB*``). Only `offset`
counts as constant: under the rule "fixed" it alone sets the synapses' thresholds.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any

import numpy as np

from isochron.arguments import what_it_is
from isochron.files import sha256
from isochron.real_numbers import as_float, require_real

Array = np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Waveform(ABC):
    """Base class of all shapes."""

    neurons: tuple[str, ...]
    offset: float = 0.0  # pA

    def __post_init__(self) -> None:
        if not self.neurons:
            raise ValueError(
                "neurons is empty. Name one or more neurons into which the current flows."
            )
        for item in fields(self):
            if item.name in ("neurons", "times", "values"):
                continue
            value = getattr(self, item.name)
            low, unit = item.metadata.get("above", -math.inf), item.metadata.get("unit", "pA")
            if value is None and item.default is None:
                continue
            if not isinstance(value, Real) or isinstance(value, bool):
                raise ValueError(
                    f"{item.name} must be one number (in {unit}), got {value!r}. For a different "
                    "value into each neuron add stimuli, one for each: their currents sum."
                )
            if not math.isfinite(number := as_float(value)) or number < low:
                bound = "" if low == -math.inf else f" and >= {low:g}"
                given = what_it_is(value)
                raise ValueError(f"{item.name} must be finite{bound} (in {unit}), got {given}.")

    @property
    def steady(self) -> bool:
        """Whether the current is constant."""
        return False

    @property
    def shortest(self) -> float:
        """Shortest feature in ms: a time step must not be longer. Infinite if there is none."""
        return math.inf

    @property
    def smooth(self) -> float:
        """Shortest time in ms in which it rises or falls, jumps and kinks aside."""
        return math.inf

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms at which the current jumps or has a kink."""
        return ()

    @abstractmethod
    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""

    def describe(self) -> str:
        """One line that contains everything that defines the current."""
        return repr(self)


def _in(unit: str, *, above: float = -math.inf, **default: Any) -> Any:
    return field(metadata={"unit": unit, "above": above}, **default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Waveform):
    """A constant current, the offset."""

    @property
    def steady(self) -> bool:
        """Whether the current is constant: True."""
        return True

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset: zeros."""
        return np.zeros_like(times, dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinusoid(Waveform):
    """offset + amplitude sin(2π frequency t + phase)."""

    amplitude: float
    frequency: float = _in("Hz", above=0)
    phase: float = _in("rad", default=0.0)

    @property
    def steady(self) -> bool:
        """Whether the current is constant."""
        return not self.amplitude

    @property
    def shortest(self) -> float:
        """Shortest feature: half a period, ms."""
        return 500.0 / self.frequency if self.amplitude and self.frequency else math.inf

    @property
    def smooth(self) -> float:
        """Half a period, ms."""
        return self.shortest

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""
        angle = 2e-3 * np.pi * self.frequency * times + self.phase
        return self.amplitude * np.sin(angle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Waveform):
    """A current switched on and off; with a rise time along tanh, as `isochron.sims.drive.ramp`."""

    amplitude: float
    onset: float = _in("ms")
    duration: float | None = _in("ms", above=math.ulp(0.0), default=None)
    rise: float = _in("ms", above=0, default=0.0)

    def __post_init__(self) -> None:
        Waveform.__post_init__(self)
        if self.duration is not None and self.rise > self.duration:
            raise ValueError(
                f"rise must be at most the duration of {self.duration:g} ms, got {self.rise:g}: "
                "the current would not reach its amplitude."
            )

    @property
    def shortest(self) -> float:
        """Shortest feature: the duration, ms."""
        return math.inf if self.duration is None else self.duration

    @property
    def smooth(self) -> float:
        """The rise, ms: 12 time constants of tanh, of which about 3 make most of the change."""
        return self.rise / 4 if self.rise else math.inf

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms at which it jumps."""
        if self.rise:
            return ()
        return (self.onset,) if self.duration is None else (self.onset, self.onset + self.duration)

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""
        on = self._switched(times - self.onset)
        if self.duration is not None:
            on = on - self._switched(times - self.onset - self.duration)
        return self.amplitude * on

    def _switched(self, since: Array) -> Array:
        if not self.rise:
            return np.where(since >= 0, 1.0, 0.0)
        return 0.5 * (1 + np.tanh(12 * (since / self.rise - 0.5)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp(Waveform):
    """A current that rises linearly from 0 to the amplitude and stays there."""

    amplitude: float
    onset: float = _in("ms")
    duration: float = _in("ms", above=math.ulp(0.0))

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms of the kinks."""
        return (self.onset, self.onset + self.duration)

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""
        return self.amplitude * np.clip((times - self.onset) / self.duration, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chirp(Waveform):
    """A sinusoid whose frequency changes linearly from first to last, from `onset` on."""

    amplitude: float
    first_frequency: float = _in("Hz", above=0)
    last_frequency: float = _in("Hz", above=0)
    onset: float = _in("ms")
    duration: float = _in("ms", above=math.ulp(0.0))

    @property
    def shortest(self) -> float:
        """Shortest feature: half of the shortest period, ms."""
        return 500.0 / max(self.first_frequency, self.last_frequency, math.ulp(0.0))

    @property
    def smooth(self) -> float:
        """Half of the shortest period, ms."""
        return self.shortest

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms at which the current starts and ends."""
        return (self.onset, self.onset + self.duration)

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""
        since = (times - self.onset) * 1e-3
        bend = (self.last_frequency - self.first_frequency) / (2e-3 * self.duration)
        wave = np.sin(2 * np.pi * (self.first_frequency + bend * since) * since)
        inside = (since >= 0) & (since <= self.duration * 1e-3)
        return np.where(inside, self.amplitude * wave, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseTrain(Waveform):
    """Rectangular pulses of one width, one in each period, the first at `onset`."""

    amplitude: float
    onset: float = _in("ms")
    width: float = _in("ms", above=math.ulp(0.0))
    period: float = _in("ms", above=math.ulp(0.0))
    n_pulses: int = _in("pulses", above=1)

    def __post_init__(self) -> None:
        # super() without arguments does not work in a dataclass with slots.
        Waveform.__post_init__(self)
        if self.n_pulses != int(self.n_pulses):
            raise ValueError(f"n_pulses must be a whole number, got {self.n_pulses!r}.")
        if self.width >= self.period:
            raise ValueError(
                f"width must be below the period of {self.period:g} ms, got {self.width:g}."
            )

    @property
    def shortest(self) -> float:
        """Shortest feature: the width of a pulse, or the gap between two, ms."""
        gap = self.period - self.width if self.n_pulses > 1 else math.inf
        return min(self.width, gap)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms of the edges."""
        begins = self.onset + self.period * np.arange(self.n_pulses)
        return tuple(np.stack([begins, begins + self.width], axis=1).ravel().tolist())

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""
        # Number of edges that have passed: the pulse is on after an odd number.
        passed = np.searchsorted(self.breaks, times, side="right")
        return self.amplitude * (passed % 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sampled(Waveform):
    """A sampled current, with straight lines between samples.

    Parameters
    ----------
    times, values : ndarray, shape (n_samples,)
        Increasing times in ms, and currents in pA. The current is not defined outside these
        times, so a longer run raises an error.
    """

    times: Array
    values: Array

    def __post_init__(self) -> None:
        Waveform.__post_init__(self)
        require_real("times", self.times)
        require_real("values", self.values)
        times, values = (np.array(x, dtype=float) for x in (self.times, self.values))
        if times.ndim != 1 or times.shape != values.shape or times.size < 2:
            raise ValueError(
                f"times and values must be two arrays of the same length, at least 2, got shapes "
                f"{times.shape} and {values.shape}."
            )
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            raise ValueError("times must be finite and increase from sample to sample (in ms).")
        if not np.isfinite(values).all():
            raise ValueError("values must be finite (in pA).")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)

    @property
    def breaks(self) -> tuple[float, ...]:
        """The times of the samples, ms."""
        return tuple(self.times.tolist())

    def varying(self, times: Array) -> Array:
        """Current in addition to the offset, at times in ms, pA."""
        slack = 1e-9 * max(1.0, abs(self.times[-1]))
        if times.size and (
            times.min() < self.times[0] - slack or times.max() > self.times[-1] + slack
        ):
            raise ValueError(
                f"The sampled current into {', '.join(self.neurons)} is known from "
                f"{self.times[0]:g} to {self.times[-1]:g} ms, and was asked for from "
                f"{times.min():g} to {times.max():g} ms. Define it for the whole simulation."
            )
        return np.interp(times, self.times, self.values)

    def describe(self) -> str:
        """One line, with the samples as the SHA-256 of times and values."""
        digest = sha256(self.times.tobytes() + self.values.tobytes())
        return (
            f"Sampled(neurons={self.neurons!r}, offset={self.offset!r}, "
            f"n_samples={self.times.size}, sha256={digest!r})"
        )
