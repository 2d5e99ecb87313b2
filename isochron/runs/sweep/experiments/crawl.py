"""Crawling worms, many in the lanes of a processor: the gait of each, and where bending starts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron import sims
from isochron.runs.gait_convergence import has_converged, refinements_of
from isochron.runs.provenance import derive_seed
from isochron.runs.sweep.experiments import BatchResult
from isochron.runs.sweep.experiments.crawl_settings import CrawlRunSettings
from isochron.runs.sweep.experiments.worm import PARAMETERS, WormExperiment, make_network
from isochron.sims.locomotion.onset import CrawlMode, find_crawl_onsets

TARGET = {"frequency_Hz": 0.4, "wavelength": 0.65, "rms_curvature": 4.3}
WEIGHTS = {"frequency_Hz": 1.0, "wavelength": 2.0, "rms_curvature": 1.0}
SIGNS = {"head to tail": 1.0, "tail to head": -1.0, "standing": 0.0, "none": 0.0, "": math.nan}
GAIT = ("frequency_Hz", "wavelength", "speed", "path_speed", "efficiency", "rms_curvature",
        "peak_curvature", "traveling_index")  # fmt: skip


@dataclass
class _Run:
    """One run: its settings, network, constants and results."""

    it: CrawlRunSettings
    seed: int
    network: sims.GradedNetwork
    parameters: sims.CrawlParameters
    row: dict[str, float]
    reason: str = ""
    gait: sims.Gait | None = None


class Crawl(WormExperiment):
    """Gait numbers of crawls, whether they have converged, and the onset of bending."""

    settings: ClassVar[type] = CrawlRunSettings
    shared: ClassVar[tuple[str, ...]] = (
        "dataset", "model", "n_links", "duration_s", "transient_s", "step_ms", "record_every_ms",
        "check",
    )  # fmt: skip
    measures: ClassVar[Mapping[str, str]] = {
        "frequency_Hz": "frequency of the curvature",
        "wavelength": "wavelength in body lengths",
        "speed": "velocity forward, mm/s",
        "path_speed": "speed of the center in any direction, mm/s",
        "efficiency": "velocity divided by the speed of the wave",
        "rms_curvature": "root mean square of the curvature, 1/mm",
        "peak_curvature": "largest curvature, 1/mm",
        "traveling_index": "1 for a wave from head to tail, -1 for one from tail to head, 0 for a "
        "standing wave",
        "direction": "1 for a crawl with waves from head to tail, -1 from tail to head, 0 for a "
        "standing wave or rest",
        "converged": "1 if half the step and twice the links give the same gait",
        "distance": "distance of frequency, wavelength and curvature from those of a crawl of the "
        "animal; infinite without waves from head to tail",
        "used_gain_pA": "loop gain in use",
        "onset_pA": "loop gain at which the straight worm starts to bend",
        "onset_frequency_Hz": "frequency there, 0 for a static bend",
        "onset_direction": "1 for a first mode from head to tail, -1 for one from tail to head",
    }

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Find the onsets, then simulate the batch as one ensemble."""
        networks: dict[Any, sims.GradedNetwork] = {}
        made = [
            _prepare(self.read(run), seed, networks) for run, seed in zip(runs, seeds, strict=True)
        ]
        for network in networks.values():
            _find_onsets([one for one in made if one.network is network])
        moving = [one for one in made if not one.reason]
        for one, gait in zip(moving, _simulate(moving), strict=True):
            if isinstance(gait, str):
                one.reason = gait
            else:
                one.gait = gait
                one.row |= _numbers(gait)
        moving = [one for one in moving if one.gait is not None]
        if moving and moving[0].it.check:
            _check_convergence(moving)
        rows = [dict.fromkeys(self.measures, np.nan) | one.row for one in made]
        found = {name: np.array([row[name] for row in rows], float) for name in self.measures}
        return BatchResult(found, reasons=tuple(one.reason for one in made))


def distance_to_animal(gait: sims.Gait) -> float:
    """Sum of weighted absolute logarithms of ratios to a crawl of the animal.

    |log f / 0.4 Hz| + 2 |log wavelength / 0.65 L| + |log rms curvature / 4.3 per mm|; infinite
    for a gait without waves from head to tail.
    """
    if gait.direction != "head to tail" or not gait.rms_curvature > 0:
        return math.inf
    return sum(
        WEIGHTS[name] * abs(math.log(getattr(gait, name) / value)) for name, value in TARGET.items()
    )


def _numbers(gait: sims.Gait) -> dict[str, float]:
    row = {name: getattr(gait, name) for name in GAIT}
    return row | {"direction": SIGNS[gait.direction], "distance": distance_to_animal(gait)}


def _prepare(it: CrawlRunSettings, seed: int, networks: dict[Any, sims.GradedNetwork]) -> _Run:
    key = (
        it.null_model, it.draw, it.ablate, it.connected, *(getattr(it, k) for k in PARAMETERS)
    )  # fmt: skip
    if key not in networks:
        network = make_network(it)
        unconnected = {"synaptic_conductance": 0.0, "gap_conductance": 0.0}
        networks[key] = network if it.connected else network.with_parameters(**unconnected)
    usual: sims.CrawlParameters = sims.CRAWLS.load(it.model)
    tau = it.muscle_time_constant_ms
    parameters = replace(
        usual,
        body=it.changed_body(usual.body),
        muscles=usual.muscles if tau is None else replace(usual.muscles, time_constant=tau),
        proprioception=replace(usual.proprioception, **it.feedback),
    )
    return _Run(it, seed, networks[key], parameters, {})


def _stimulus(it: CrawlRunSettings) -> sims.Stimulus:
    if not it.stimulate:
        return sims.Stimulus()
    return sims.step_current(list(it.stimulate), amplitude_pA=it.amplitude_pA)


def _find_onsets(runs: Sequence[_Run]) -> None:
    """Onsets of runs with one network, and their loop gains; runs with one stimulus together."""
    inputs = {(one.it.stimulate, one.it.amplitude_pA) for one in runs}
    for given in inputs:
        same = [one for one in runs if (one.it.stimulate, one.it.amplitude_pA) == given]
        try:
            modes = find_crawl_onsets(
                same[0].network, [one.parameters for one in same], _stimulus(same[0].it)
            )
        except (ArithmeticError, ValueError) as error:
            for one in same:
                one.reason = f"{type(error).__name__}: {error}"
            continue
        for one, mode in zip(same, modes, strict=True):
            _set_gain(one, mode)


def _set_gain(one: _Run, mode: CrawlMode) -> None:
    it, body = one.it, one.parameters.body
    gain = one.parameters.loop_gain
    if it.loop_gain_pA is not None:
        gain = it.loop_gain_pA
    elif it.loop_gain_ratio is not None:
        gain = it.loop_gain_ratio * mode.loop_gain
    one.row |= {
        "used_gain_pA": gain,
        "onset_pA": mode.loop_gain,
        "onset_frequency_Hz": mode.frequency_Hz,
        "onset_direction": SIGNS[mode.direction],
    }
    if not math.isfinite(gain):
        one.reason = "The straight worm is stable at every loop gain."
    elif body.curvature_gain:
        feedback = replace(one.parameters.proprioception, gain=gain / body.curvature_gain)
        one.parameters = replace(one.parameters, proprioception=feedback)


def _simulate(
    runs: Sequence[_Run], step_ms: float | None = None, finer: int = 1
) -> list[sims.Gait | str]:
    """The gait of each run, or why there is none."""
    if not runs:
        return []
    first = runs[0].it
    parameters = [
        replace(p, body=replace(p.body, n_links=finer * p.body.n_links))
        for p in (one.parameters for one in runs)
    ]
    ensemble = sims.simulate_worm_many(
        [one.network for one in runs],
        parameters,
        [_stimulus(one.it) for one in runs],
        rng=[np.random.default_rng(derive_seed(one.seed, "start")) for one in runs],
        duration_s=first.duration_s,
        step_ms=step_ms or first.step_ms,
        record_every_ms=first.record_every_ms,
    )
    return [
        str(ensemble.reason.values[k])
        or sims.describe_gait(ensemble.isel(member=k), transient_s=first.transient_s)
        for k in range(len(runs))
    ]


def _check_convergence(runs: Sequence[_Run]) -> None:
    """Whether half the step and twice the links give the same gaits."""
    step, links = refinements_of(runs[0].parameters.body, runs[0].it.step_ms)
    pairs = (
        (step.tolerance, _simulate(runs, step.step_ms)),
        (links.tolerance, _simulate(runs, finer=2)),
    )
    for k, one in enumerate(runs):
        same = [_agrees(one.gait, gaits[k], tolerance) for tolerance, gaits in pairs]
        one.row["converged"] = float(all(same))


def _agrees(gait: sims.Gait | None, finer: sims.Gait | str, tolerance: float) -> bool:
    if gait is None or isinstance(finer, str):
        return False
    return has_converged(gait, finer, tolerance)
