"""Simulations of graded worms, many in the lanes of a processor: how each oscillates at its end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron import sims
from isochron.runs.sweep.experiments import BatchResult
from isochron.runs.sweep.experiments.simulate_settings import SimulateSettings
from isochron.runs.sweep.experiments.worm import WormExperiment, make_worm


class Simulate(WormExperiment):
    """Potentials of the end of a simulation, and what they are summarized to.

    A worm oscillates if half the range of a potential in the last half of the observed time is
    above `oscillates_above_mV`, and at least half as large as in the first half.
    """

    settings: ClassVar[type] = SimulateSettings
    shared: ClassVar[tuple[str, ...]] = (
        *WormExperiment.shared,
        *("observe_s", "record_every_ms", "keep_traces", "trace_neurons"),
    )

    measures: ClassVar[Mapping[str, str]] = {
        "oscillates": "1 for a worm that oscillates at the end, 0 for one that does not",
        "frequency_Hz": "frequency of the largest peak of the spectra of all neurons",
        "half_range_mV": "half the range of the neuron that moves most, at the end",
    }

    def bytes_per_run(self, settings: Mapping[str, Any]) -> int:
        """Three numbers for each neuron, and the traces that are saved."""
        made = self.read(settings)
        network = make_worm(made, 0).network
        samples = 1e3 * made.observe_s / made.record_every_ms
        n_saved = len(made.trace_neurons) or network.n_neurons
        return int(24 * network.n_neurons + 60 + 4 * samples * n_saved * made.keep_traces)

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Simulate the batch as one ensemble."""
        settings = [self.read(run) for run in runs]
        worms = [make_worm(it, seed) for it, seed in zip(settings, seeds, strict=True)]
        starts = np.array([worm.network.random_state(worm.stimulus, worm.rng) for worm in worms])
        first = settings[0]
        skipped_s = first.duration_s - first.observe_s
        networks, stimuli = [w.network for w in worms], [w.stimulus for w in worms]
        if skipped_s >= 1e-3 * first.step_ms:
            before = sims.simulate_many(
                networks, stimuli, duration_s=skipped_s, step_ms=first.step_ms,
                record_every_ms=1e3 * skipped_s, initial_states=starts,
                engine=first.engine, device=first.device,
            )  # fmt: skip
            starts = np.where(np.isfinite(before.final_state), before.final_state, 0.0)
            reasons = [str(reason) for reason in before.reason.values]
        else:
            reasons = [""] * len(worms)
        ensemble = sims.simulate_many(
            networks, stimuli, duration_s=first.observe_s, step_ms=first.step_ms,
            record_every_ms=first.record_every_ms, initial_states=starts,
            engine=first.engine, device=first.device,
        )  # fmt: skip
        reasons = [a or str(b) for a, b in zip(reasons, ensemble.reason.values, strict=True)]
        V = ensemble.V.values
        V[[bool(reason) for reason in reasons]] = np.nan
        above = np.array([it.oscillates_above_mV for it in settings])
        found = describe_oscillation(V, first.record_every_ms, above)
        dims: dict[str, tuple[str, ...]] = {
            name: ("neuron",) for name in ("mean_mV", "amplitude_mV", "phase")
        }
        labels = {"neuron": ensemble.neuron.values.astype(str)}
        if first.keep_traces:
            names = list(first.trace_neurons) or list(labels["neuron"])
            found["V"] = ensemble.V.sel(neuron=names).values.astype(np.float32)
            dims["V"] = ("time", "trace_neuron")
            labels |= {"time": ensemble.time.values, "trace_neuron": np.array(names, dtype=str)}
        return BatchResult(found, dims, labels, tuple(reasons))


def describe_oscillation(
    V: np.ndarray, every_ms: float, above_mV: np.ndarray
) -> dict[str, np.ndarray]:
    """How potentials oscillate.

    Parameters
    ----------
    V : ndarray, shape (n_runs, n_times, n_neurons)
        Potentials in mV; NaN in a run that failed.
    every_ms : float
        Time between samples.
    above_mV : ndarray, shape (n_runs,)
        Half the range above which a run oscillates.

    Returns
    -------
    dict of str to ndarray
        ``oscillates``, ``frequency_Hz`` (of the largest peak of the summed spectra, refined by a
        parabola; NaN without an oscillation), ``half_range_mV`` (half the largest range), shape
        (n_runs,); ``mean_mV``, ``amplitude_mV`` and ``phase`` (of the sine at that frequency, in
        radians), shape (n_runs, n_neurons).
    """
    n = V.shape[1]
    half = n // 2
    early, late = (np.ptp(part, axis=1).max(axis=-1) / 2 for part in (V[:, :half], V[:, half:]))
    oscillates = (late > above_mV) & (late > 0.5 * early)
    mean = V.mean(axis=1)
    centered = (V - mean[:, None]) * np.hanning(n)[:, None]
    power = (np.abs(np.fft.rfft(centered, axis=1)) ** 2).sum(axis=2)
    power[:, 0] = 0
    peak = np.argmax(np.nan_to_num(power), axis=1)
    frequency = (peak + _offset(power, peak)) / (n * every_ms * 1e-3)
    times = np.arange(n) * every_ms * 1e-3
    wave = np.exp(-2j * np.pi * frequency[:, None] * times) * np.hanning(n)
    harmonic = 2 * np.einsum("rt,rtn->rn", wave, V - mean[:, None]) / np.hanning(n).sum()
    nothing = ~oscillates
    frequency[nothing] = np.nan
    harmonic[nothing] = np.nan
    return {
        "oscillates": np.where(np.isfinite(late), oscillates, np.nan),
        "frequency_Hz": frequency,
        "half_range_mV": late,
        "mean_mV": mean,
        "amplitude_mV": np.abs(harmonic),
        "phase": np.angle(harmonic),
    }


def _offset(power: np.ndarray, peak: np.ndarray) -> np.ndarray:
    """Distance of the top of a parabola through three logarithms from the middle one."""
    rows, last = np.arange(len(power)), power.shape[1] - 1
    inside = (peak > 1) & (peak < last)
    near = np.clip(peak, 1, last - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b, c = (np.log(power[rows, near + k]) for k in (-1, 0, 1))
        offset = 0.5 * (a - c) / (a - 2 * b + c)
    return np.where(inside & np.isfinite(offset), np.clip(offset, -0.5, 0.5), 0.0)
