"""Currents into chosen neurons. Stimuli add up: ``step_current(...) + sinusoidal_current(...)``.

Neurons are chosen by name (``PLML``), class (``AVA``), cell type (``motor``) or shell pattern
(``VB*``), as in `Connectome.select`; a neuron that several of them choose counts once.
"""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isochron.connectome import Connectome
from isochron.connectome.names import C_ELEGANS, canonical_names
from isochron.files import reads_data
from isochron.formats import describe_content
from isochron.sims.waveforms import (
    Chirp,
    Constant,
    PulseTrain,
    Ramp,
    Sampled,
    Sinusoid,
    Step,
    Waveform,
)
from isochron.wording import counted


@dataclass(frozen=True, slots=True)
class Stimulus:
    """Currents that flow into neurons, as a function of time.

    Attributes
    ----------
    parts : tuple of Waveform
        They add up.
    """

    parts: tuple[Waveform, ...] = ()

    def __add__(self, other: "Stimulus") -> "Stimulus":
        return Stimulus(self.parts + other.parts)

    @property
    def steady(self) -> bool:
        """Nothing changes with time."""
        return all(part.steady for part in self.parts)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms at which it jumps or has a kink, in order."""
        return tuple(sorted({time for part in self.parts for time in part.breaks}))

    @property
    def shortest(self) -> float:
        """Shortest pulse, gap or half period in ms; infinite if there is none."""
        return min((part.shortest for part in self.parts), default=np.inf)

    def with_amplitude(self, amplitude_pA: float) -> "Stimulus":
        """A constant stimulus with another current into each of its neurons."""
        names = dict.fromkeys(name for part in self.parts for name in part.neurons)
        return step_current(names, amplitude_pA=amplitude_pA)

    def describe(self) -> str:
        """One line that holds everything that defines it."""
        return " + ".join(part.describe() for part in self.parts) or "none"

    def bound(self, connectome: Connectome) -> "BoundStimulus":
        """The stimulus as arrays over the neurons of a connectome.

        Raises
        ------
        ValueError
            If a neuron is not in the connectome.
        """
        return BoundStimulus(self, connectome)

    def constant(self, connectome: Connectome) -> np.ndarray:
        """The part that does not change with time, shape (n_neurons,), pA."""
        return self.bound(connectome).constant

    def varying(self, connectome: Connectome, times: Any) -> np.ndarray:
        """The part that changes, at times in ms; shape (..., n_neurons), pA."""
        return self.bound(connectome).varying(times)


class BoundStimulus:
    """A stimulus whose neurons have been looked up in a connectome.

    Attributes
    ----------
    constant : ndarray, shape (n_neurons,)
        The part that does not change with time, pA.
    """

    def __init__(self, stimulus: Stimulus, connectome: Connectome) -> None:
        self.constant = np.zeros(len(connectome.neurons))
        self._moving = []
        for part in stimulus.parts:
            index = connectome.index(connectome.select(*part.neurons))
            self.constant[index] += part.offset
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


def step_current(
    neurons: Iterable[str],
    *,
    amplitude_pA: float,
    onset_ms: float | None = None,
    duration_ms: float | None = None,
    rise_ms: float = 0.0,
) -> Stimulus:
    """A current that is switched on, and off again.

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns.
    amplitude_pA : float
    onset_ms : float, optional
        Without it (and without a duration) the current is constant: it has always been
        there, and the thresholds of the rule "fixed" are those under it.
    duration_ms : float, optional
        Without it the current stays on.
    rise_ms : float
        Time in which it is switched, along tanh; 0 for a jump. At most the duration.

    Raises
    ------
    ValueError
        If a number is not finite, is negative where it is a time span, or is an array; if there
        is no neuron; if a rise is given without an onset.
    TypeError
        If `neurons` is one text instead of a list.
    """
    if onset_ms is None and duration_ms is None:
        if rise_ms:
            raise ValueError(
                f"rise_ms={rise_ms!r} without onset_ms: a constant current does not rise. Give "
                "onset_ms, such as 0."
            )
        return Stimulus((Constant(neurons=_names(neurons), offset=amplitude_pA),))
    part = Step(
        neurons=_names(neurons),
        amplitude=amplitude_pA,
        onset=onset_ms or 0.0,
        duration=duration_ms,
        rise=rise_ms,
    )
    return Stimulus((part,))


def sinusoidal_current(
    neurons: Iterable[str], *, amplitude_pA: float, frequency_Hz: float, phase_rad: float = 0.0
) -> Stimulus:
    """A current amplitude·sin(2π frequency t + phase) into each of the neurons."""
    part = Sinusoid(
        neurons=_names(neurons), amplitude=amplitude_pA, frequency=frequency_Hz, phase=phase_rad
    )
    return Stimulus((part,))


def ramp_current(
    neurons: Iterable[str], *, amplitude_pA: float, duration_ms: float, onset_ms: float = 0.0
) -> Stimulus:
    """A current that rises from 0 to the amplitude in a straight line and stays there."""
    part = Ramp(
        neurons=_names(neurons), amplitude=amplitude_pA, onset=onset_ms, duration=duration_ms
    )
    return Stimulus((part,))


def chirp_current(
    neurons: Iterable[str],
    *,
    amplitude_pA: float,
    first_frequency_Hz: float,
    last_frequency_Hz: float,
    duration_ms: float,
    onset_ms: float = 0.0,
) -> Stimulus:
    """A sinusoid whose frequency moves in a straight line, and that is then off."""
    part = Chirp(
        neurons=_names(neurons),
        amplitude=amplitude_pA,
        first_frequency=first_frequency_Hz,
        last_frequency=last_frequency_Hz,
        onset=onset_ms,
        duration=duration_ms,
    )
    return Stimulus((part,))


def pulse_current(
    neurons: Iterable[str],
    *,
    amplitude_pA: float,
    width_ms: float,
    period_ms: float,
    n_pulses: int,
    onset_ms: float = 0.0,
) -> Stimulus:
    """Rectangular pulses a period apart."""
    part = PulseTrain(
        neurons=_names(neurons),
        amplitude=amplitude_pA,
        onset=onset_ms,
        width=width_ms,
        period=period_ms,
        n_pulses=n_pulses,
    )
    return Stimulus((part,))


def noise_current(
    neurons: Iterable[str],
    *,
    deviation_pA: float,
    correlation_time_ms: float,
    duration_ms: float,
    rng: np.random.Generator,
    mean_pA: float = 0.0,
    sample_ms: float = 1.0,
) -> Stimulus:
    """An Ornstein–Uhlenbeck current, of its own for each entry of `neurons`.

    The samples are drawn with the process's exact transition, from its stationary
    distribution on, and joined by straight lines; so every engine sees the same current.

    Parameters
    ----------
    neurons : iterable of str
        The neurons that one class, type or pattern chooses share one current; for a
        current each, give ``connectome.select("VB*")``.
    deviation_pA : float
        Standard deviation.
    correlation_time_ms : float
        The autocorrelation falls as exp(-lag / correlation time).
    duration_ms : float
        The current is known so long; a longer simulation is refused.
    rng : numpy.random.Generator
    mean_pA : float
        Counts as the constant part.
    sample_ms : float
        Time between samples; well below the correlation time.
    """
    ranges = {
        "deviation_pA": deviation_pA,
        "correlation_time_ms": correlation_time_ms,
        "duration_ms": duration_ms,
        "sample_ms": sample_ms,
    }
    for name, value in ranges.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
    names = _names(neurons)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"neurons contains {twice!r} twice; two noises would add up. Give it once."
        )
    if duration_ms / sample_ms * len(names) > 1e9:
        raise ValueError(
            f"duration_ms={duration_ms:g} at sample_ms={sample_ms:g} are "
            f"{duration_ms / sample_ms * len(names):.3g} samples, above 1e9. Raise sample_ms."
        )
    times = sample_ms * np.arange(int(np.ceil(duration_ms / sample_ms)) + 1)
    keep = np.exp(-sample_ms / correlation_time_ms)
    fresh = np.sqrt(-np.expm1(-2 * sample_ms / correlation_time_ms))
    values = deviation_pA * rng.standard_normal((len(times), len(names)))
    values[1:] *= fresh
    for before, after in zip(values[:-1], values[1:], strict=True):
        after += keep * before
    return Stimulus(
        tuple(
            Sampled(neurons=(name,), offset=mean_pA, times=times, values=column)
            for name, column in zip(names, values.T, strict=True)
        )
    )


@reads_data
def load_current(path: str | os.PathLike) -> Stimulus:
    """A stimulus from a CSV file, joined by straight lines between its rows.

    The first column is ``time_ms``, increasing; every other column is headed by a neuron,
    class, type or pattern and holds pA.

    Raises
    ------
    ValueError
        If the file is not such a table; the message names file, line and column.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = [row for row in csv.reader(lines) if row]
    except UnicodeDecodeError as error:
        kind = describe_content(path)
        raise ValueError(
            f"{path} cannot be decoded as UTF-8{f': it is {kind}' * bool(kind)}."
        ) from error
    header = [name.strip() for name in rows[0]] if rows else []
    if len(header) < 2 or header[0] != "time_ms" or len(set(header)) < len(header):
        raise ValueError(
            f"{path}: the first line must be time_ms and the names of neurons, each once; "
            f"it is {','.join(header)!r}."
        )
    canonical_names(header[1:], species=C_ELEGANS, where=str(path))
    table = np.array([_numbers(path, i, header, row) for i, row in enumerate(rows[1:], 2)])
    try:
        return Stimulus(
            tuple(
                Sampled(neurons=(name,), times=table[:, 0], values=table[:, column])
                for column, name in enumerate(header[1:], 1)
            )
        )
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path}: {error}") from error


def _numbers(path: Path, line: int, header: list[str], row: list[str]) -> list[float]:
    if len(row) != len(header):
        raise ValueError(f"{path}, line {line}: {counted(len(row), 'column')}, not {len(header)}.")
    numbers = []
    for name, text in zip(header, row, strict=True):
        try:
            numbers.append(float(text))
        except ValueError as error:
            raise ValueError(f"{path}, line {line}, {name}: {text!r} is no number.") from error
    return numbers


def _names(neurons: Iterable[str]) -> tuple[str, ...]:
    if isinstance(neurons, str):
        raise TypeError(f"neurons must be a list of names, got the text {neurons!r}.")
    names = tuple(neurons)
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise TypeError(f"neurons must be a list of names, got {wrong[0]!r} in it.")
    return names
