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

from isochron.arguments import require_instance, require_rng, what_it_is
from isochron.connectome import Connectome
from isochron.connectome.names import C_ELEGANS, canonical_names
from isochron.files import reads_data, require_file
from isochron.formats import describe_content
from isochron.settings import check_type
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
    """Currents into neurons as a function of time; made by `step_current` and its like.

    Attributes
    ----------
    parts : tuple of Waveform
        Currents that add up; each has its neurons and its shape.

    Examples
    --------
    A constant current of 20 pA and an oscillation with a phase of 90 degrees:

    >>> graph = connectome.load("varshney2011")
    >>> stimulus = sims.step_current(["PLM"], amplitude_pA=20) + sims.sinusoidal_current(
    ...     ["PLML"], amplitude_pA=5, frequency_Hz=4, phase_rad=np.pi / 2
    ... )
    >>> into = graph.index(["PLML", "PLMR"])
    >>> stimulus.constant(graph)[into]
    array([20., 20.])
    >>> stimulus.varying(graph, [0, 125])[:, into].round(6)  # at 0 ms and half a period later
    array([[ 5.,  0.],
           [-5.,  0.]])
    """

    parts: tuple[Waveform, ...] = ()

    def __add__(self, other: "Stimulus") -> "Stimulus":
        return Stimulus(self.parts + other.parts)

    @property
    def steady(self) -> bool:
        """Whether nothing changes with time."""
        return all(part.steady for part in self.parts)

    @property
    def breaks(self) -> tuple[float, ...]:
        """Times in ms at which it jumps or has a kink, in order."""
        return tuple(sorted({time for part in self.parts for time in part.breaks}))

    @property
    def shortest(self) -> float:
        """Shortest pulse, gap or half period in ms; infinite if there is none."""
        return min((part.shortest for part in self.parts), default=np.inf)

    @property
    def smooth(self) -> float:
        """Shortest rise or half period in ms, jumps and kinks aside; infinite if there is none."""
        return min((part.smooth for part in self.parts), default=np.inf)

    def with_amplitude(self, amplitude_pA: float) -> "Stimulus":
        """A constant stimulus with a given current into each of its neurons.

        Parameters
        ----------
        amplitude_pA : float
            Current into each neuron, in pA.

        Returns
        -------
        Stimulus
            A new constant stimulus.
        """
        names = dict.fromkeys(name for part in self.parts for name in part.neurons)
        return step_current(names, amplitude_pA=amplitude_pA)

    def describe(self) -> str:
        """One line that contains everything that defines the stimulus."""
        return " + ".join(part.describe() for part in self.parts) or "none"

    def bound(self, connectome: Connectome) -> "BoundStimulus":
        """The stimulus as arrays over the neurons of a connectome.

        Parameters
        ----------
        connectome : Connectome
            Connectome in which the neurons are looked up.

        Returns
        -------
        BoundStimulus
            Currents by position of the neuron.

        Raises
        ------
        ValueError
            If a neuron is not in the connectome.
        """
        return BoundStimulus(self, connectome)

    def constant(self, connectome: Connectome) -> np.ndarray:
        """The part that does not change with time.

        Parameters
        ----------
        connectome : Connectome
            Connectome in which the neurons are looked up.

        Returns
        -------
        ndarray, shape (n_neurons,)
            Currents, in pA.
        """
        return self.bound(connectome).constant

    def varying(self, connectome: Connectome, times: Any) -> np.ndarray:
        """The part that changes with time.

        Parameters
        ----------
        connectome : Connectome
            Connectome in which the neurons are looked up.
        times : array_like, shape (...)
            Times, in ms.

        Returns
        -------
        ndarray, shape (..., n_neurons)
            Currents at these times, in pA.

        Raises
        ------
        ValueError
            If a sampled current is not known at a time.
        """
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
    """A current that is constant, or switched on and off.

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns of neurons, as in `Connectome.select`.
    amplitude_pA : float
        Current into each neuron while it is on, in pA.
    onset_ms : float, optional
        Time at which it is switched on, in ms. Without onset and duration the current is
        constant, and the thresholds of the rule "fixed" are those under it.
    duration_ms : float, optional
        Time for which it is on, in ms; without it the current stays on.
    rise_ms : float
        Time in which it is switched on and off, along tanh, in ms; 0 for a jump. At most the
        duration.

    Returns
    -------
    Stimulus
        The current into each of the neurons.

    Raises
    ------
    ValueError
        If a number is not finite, is negative where it is a time span, or is an array; if
        `neurons` is empty; if a rise is given without an onset.
    TypeError
        If `neurons` is one text instead of a list.

    Examples
    --------
    10 pA from 100 to 300 ms, at four times:

    >>> graph = connectome.load("varshney2011")
    >>> pulse = sims.step_current(["AVAL"], amplitude_pA=10, onset_ms=100, duration_ms=200)
    >>> pulse.varying(graph, [50, 100, 299, 300])[:, graph.index(["AVAL"])].ravel()
    array([ 0., 10., 10.,  0.])
    """
    if onset_ms is None and duration_ms is None:
        if rise_ms:
            raise ValueError(
                f"rise_ms={rise_ms!r} without onset_ms: a constant current does not rise. Give "
                "onset_ms, such as 0."
            )
        return Stimulus((Constant(neurons=neuron_names(neurons), offset=amplitude_pA),))
    part = Step(
        neurons=neuron_names(neurons),
        amplitude=amplitude_pA,
        onset=onset_ms or 0.0,
        duration=duration_ms,
        rise=rise_ms,
    )
    return Stimulus((part,))


def sinusoidal_current(
    neurons: Iterable[str], *, amplitude_pA: float, frequency_Hz: float, phase_rad: float = 0.0
) -> Stimulus:
    """A current amplitude·sin(2π frequency t + phase).

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns of neurons, as in `Connectome.select`.
    amplitude_pA : float
        Amplitude, in pA.
    frequency_Hz : float
        Frequency, in Hz, >= 0.
    phase_rad : float
        Phase at time 0, in radians.

    Returns
    -------
    Stimulus
        The current into each of the neurons.

    Raises
    ------
    ValueError
        If a number is not finite or the frequency is negative, or `neurons` is empty.
    TypeError
        If `neurons` is one text instead of a list.

    Examples
    --------
    4 Hz, at the quarters of a period of 250 ms:

    >>> graph = connectome.load("varshney2011")
    >>> wave = sims.sinusoidal_current(["AVAL"], amplitude_pA=10, frequency_Hz=4)
    >>> current = wave.varying(graph, [62.5, 187.5])[:, graph.index(["AVAL"])]
    >>> current.ravel().round(6)
    array([ 10., -10.])
    """
    part = Sinusoid(
        neurons=neuron_names(neurons),
        amplitude=amplitude_pA,
        frequency=frequency_Hz,
        phase=phase_rad,
    )
    return Stimulus((part,))


def ramp_current(
    neurons: Iterable[str], *, amplitude_pA: float, duration_ms: float, onset_ms: float = 0.0
) -> Stimulus:
    """A current that rises linearly from 0 to the amplitude and stays there.

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns of neurons, as in `Connectome.select`.
    amplitude_pA : float
        Current after the ramp, in pA.
    duration_ms : float
        Duration of the ramp, in ms, positive.
    onset_ms : float
        Start of the ramp, in ms.

    Returns
    -------
    Stimulus
        The current into each of the neurons.

    Raises
    ------
    ValueError
        If a number is not finite or the duration is not positive, or `neurons` is empty.
    TypeError
        If `neurons` is one text instead of a list.

    Examples
    --------
    >>> graph = connectome.load("varshney2011")
    >>> ramp = sims.ramp_current(["AVAL"], amplitude_pA=10, duration_ms=100)
    >>> ramp.varying(graph, [0, 50, 200])[:, graph.index(["AVAL"])].ravel()
    array([ 0.,  5., 10.])
    """
    part = Ramp(
        neurons=neuron_names(neurons), amplitude=amplitude_pA, onset=onset_ms, duration=duration_ms
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
    """A sinusoid whose frequency changes linearly in time; 0 outside its duration.

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns of neurons, as in `Connectome.select`.
    amplitude_pA : float
        Amplitude, in pA.
    first_frequency_Hz : float
        Frequency at the onset, in Hz, >= 0.
    last_frequency_Hz : float
        Frequency at the end, in Hz, >= 0.
    duration_ms : float
        Duration, in ms, positive.
    onset_ms : float
        Start, in ms; the phase is 0 there.

    Returns
    -------
    Stimulus
        The current into each of the neurons.

    Raises
    ------
    ValueError
        If a number is not finite, a frequency is negative, the duration is not positive, or
        `neurons` is empty.
    TypeError
        If `neurons` is one text instead of a list.

    Examples
    --------
    From 0 to 2 Hz in 1 s. The phase is 2π t² (t in s), a quarter of a cycle at 0.5 s:

    >>> graph = connectome.load("varshney2011")
    >>> chirp = sims.chirp_current(
    ...     ["AVAL"], amplitude_pA=10, first_frequency_Hz=0, last_frequency_Hz=2, duration_ms=1000
    ... )
    >>> chirp.varying(graph, [0, 500, 1500])[:, graph.index(["AVAL"])].ravel().round(6)
    array([ 0., 10.,  0.])
    """
    part = Chirp(
        neurons=neuron_names(neurons),
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
    """A train of rectangular pulses.

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns of neurons, as in `Connectome.select`.
    amplitude_pA : float
        Height of the pulses, in pA.
    width_ms : float
        Width of a pulse, in ms, positive and below the period.
    period_ms : float
        Time from the start of one pulse to the start of the next, in ms.
    n_pulses : int
        Number of pulses, at least 1.
    onset_ms : float
        Start of the first pulse, in ms.

    Returns
    -------
    Stimulus
        The current into each of the neurons.

    Raises
    ------
    ValueError
        If a number is out of range, or `neurons` is empty.
    TypeError
        If `neurons` is one text instead of a list.

    Examples
    --------
    Two pulses of 10 ms, at 0 and 50 ms:

    >>> graph = connectome.load("varshney2011")
    >>> train = sims.pulse_current(
    ...     ["AVAL"], amplitude_pA=5, width_ms=10, period_ms=50, n_pulses=2
    ... )
    >>> train.varying(graph, [5, 30, 55, 105])[:, graph.index(["AVAL"])].ravel()
    array([5., 0., 5., 0.])
    """
    part = PulseTrain(
        neurons=neuron_names(neurons),
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
    """Ornstein–Uhlenbeck currents, independent for each entry of `neurons`.

    The samples are drawn with the exact transition of the process, from its stationary
    distribution, and joined by straight lines; so every engine sees the same current.

    Parameters
    ----------
    neurons : iterable of str
        Names, classes, types or patterns, each once. The neurons that one class, type or pattern
        chooses share one current; for independent currents give ``connectome.select("VB*")``.
    deviation_pA : float
        Standard deviation, in pA, positive.
    correlation_time_ms : float
        Correlation time, in ms: the autocorrelation falls as exp(-lag / correlation time).
    duration_ms : float
        Time for which the current is defined, in ms; a longer simulation raises an error.
    rng : numpy.random.Generator
        Source of the noise.
    mean_pA : float
        Mean, in pA; it is the constant part of the stimulus.
    sample_ms : float
        Time between samples, in ms; well below the correlation time.

    Returns
    -------
    Stimulus
        The current into each of the neurons.

    Raises
    ------
    ValueError
        If a number is not positive and finite, `neurons` is empty or contains a name twice, or
        there would be more than 1e9 samples.
    TypeError
        If `neurons` is one text instead of a list.

    Examples
    --------
    Mean, standard deviation, and the autocorrelation at a lag of one correlation time, which
    approaches 1/e = 0.37 in a long sample:

    >>> graph = connectome.load("varshney2011")
    >>> noise = sims.noise_current(
    ...     ["AVAL"], deviation_pA=2, correlation_time_ms=20, duration_ms=3e4,
    ...     rng=np.random.default_rng(0), mean_pA=5,
    ... )
    >>> into = graph.index(["AVAL"])[0]
    >>> change = noise.varying(graph, np.arange(30_000))[:, into]
    >>> correlation = np.corrcoef(change[:-20], change[20:])[0, 1]
    >>> print(noise.constant(graph)[into], round(change.std(), 1), round(correlation, 1))
    5.0 2.0 0.4
    """
    ranges = {
        "deviation_pA": deviation_pA,
        "correlation_time_ms": correlation_time_ms,
        "duration_ms": duration_ms,
        "sample_ms": sample_ms,
    }
    require_rng(rng)
    for name, value in ranges.items():
        check_type(name, value, float)
        if not value > 0:
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
    names = neuron_names(neurons)
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
    """A stimulus from a CSV file, with straight lines between its rows.

    The first column is ``time_ms``, increasing. The head of every other column is a neuron,
    class, type or pattern, and the column contains currents in pA.

    Parameters
    ----------
    path : path-like
        CSV file in UTF-8.

    Returns
    -------
    Stimulus
        Sampled currents, defined between the first and the last time of the file.

    Raises
    ------
    ValueError
        If the file is not such a table; the message names file, line and column.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("touch.csv").write_text("time_ms,PLM\\n0,0\\n100,20\\n")
    >>> graph = connectome.load("varshney2011")
    >>> sims.load_current("touch.csv").varying(graph, 25.0)[graph.index(["PLML", "PLMR"])]
    array([5., 5.])
    """
    path = require_file(path)
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
    if len(rows) < 2:
        raise ValueError(f"{path} does not have a line below its header.")
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
            raise ValueError(f"{path}, line {line}, {name}: {text!r} is not a number.") from error
    return numbers


def neuron_names(neurons: Iterable[str]) -> tuple[str, ...]:
    """Names of neurons as a tuple; TypeError if they are not a list of texts."""
    if isinstance(neurons, str):
        raise TypeError(f"neurons must be a list of names, got the text {neurons!r}.")
    if not isinstance(neurons, Iterable) or isinstance(neurons, bytes):
        raise TypeError(f"neurons must be a list of names, got {what_it_is(neurons)}.")
    names = tuple(neurons)
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise TypeError(f"neurons must be a list of names, got {wrong[0]!r} in it.")
    return names


def check_stimulus(stimulus: object) -> None:
    """Check that an argument is a stimulus.

    Raises
    ------
    TypeError
        If it is something else, such as a number.
    """
    require_instance("stimulus", stimulus, Stimulus, "sims.step_current(['PLML'], amplitude_pA=10)")
