"""Distances between the cycles of worm, networks and recordings: the corners of a triangle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from isochron import analysis, sims
from isochron.runs.measures import Report
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.animals import (
    SYNTHETIC,
    AnimalRhythm,
    animal_step,
    open_recording,
    recordings_of,
)
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.phase_order import ALPHA
from isochron.studies.compare.results import NetAnalysis
from isochron.studies.compare.similarity import WORM, has_shape, turn_of, worm_cycle
from isochron.studies.compare.triangle_results import Recorded, Spread, Triangle, Vertex

TRIANGLE = "triangle"  # name of the step
N_PHASES, N_HARMONICS = 64, 5  # of the cycle of a recording


def compare_corners(
    config: CompareConfig, folder: RunPaths, names: tuple[str, ...], report: Report
) -> Any:
    """The corners of a run; `Triangle` as JSON values.

    Parameters
    ----------
    config : CompareConfig
    folder : RunPaths
    names : tuple of str
        Networks that may be corners: trained ones of a task, and those trained elsewhere.
    report : callable
    """
    worm = worm_cycle(folder)
    recorded = _recordings(config, folder, worm)
    cycles = [it.cycle for it in recorded if not it.found.omitted]
    nets = [net for net in (_read(folder, name) for name in names) if _has_cycle(net)]
    vertices, groups = [], {}
    for k, net in enumerate(nets):
        report(k / len(nets), net.name)
        states = cycle_of_network(folder, net)
        if not has_shape(states):
            continue
        vertices.append(_vertex(net.name, states, cycles))
        groups.setdefault((net.substrate, net.task), []).append((net.pair, states))
    return to_json_values(
        Triangle(
            worm_between_runs=None if worm is None else _between_runs(folder, worm),
            recordings=tuple(it.found for it in recorded),
            networks=tuple(vertices),
            between_pairs=tuple(_spread(key, members) for key, members in groups.items()),
        )
    )


def _read(folder: RunPaths, name: str) -> NetAnalysis:
    return from_json_values(folder.result(f"analyze-{name}"), NetAnalysis)


def _has_cycle(net: NetAnalysis) -> bool:
    return net.trained and not net.failed and bool(net.stable_cycles)


def cycle_of_network(folder: RunPaths, net: NetAnalysis) -> np.ndarray:
    """States of a network in a period of the reference, on the stable cycle with the largest basin.

    Shape (n_times, n_units).
    """
    data = sims.load_dataset(folder.data_path(net.name))
    first = next(k for k, cycle in enumerate(net.limit_cycles) if cycle.stable)
    turns = float(data.cycle_time[-1]) * 1e-3 * data.attrs["reference_frequency_Hz"]
    return turn_of(data.cycle_states.values[first], round(turns))


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    return analysis.compare_cycles(first, second).distance


def _between_runs(folder: RunPaths, cycle: np.ndarray) -> float:
    """Distance of the last period of the simulation, from a random state, to the refined cycle."""
    data = sims.load_dataset(folder.data_path(WORM))
    states = (data.trajectory + data.threshold).values[:, data.is_motor.values].astype(float)
    end, period = float(data.time[-1]), float(data.cycle_time[-1])
    times = end - period + period * np.arange(len(cycle) - 1) / (len(cycle) - 1)
    return _distance(cycle, CubicSpline(data.time.values, states)(times))


def _vertex(name: str, states: np.ndarray, recordings: Sequence[np.ndarray]) -> Vertex:
    """Distances of a network to the recordings."""
    ellipse = analysis.ellipse_of(states)
    return Vertex(
        name=name,
        to_recordings=tuple(_distance(states, it) for it in recordings),
        ellipse_to_recordings=tuple(_distance(ellipse, it) for it in recordings),
    )


def _spread(key: tuple[str, str], members: Sequence[tuple[int, np.ndarray]]) -> Spread:
    """Distances between networks of successive pairs."""
    ordered = [states for _, states in sorted(members, key=lambda it: it[0])]
    distances = tuple(_distance(one, other) for one, other in pairwise(ordered))
    return Spread(substrate=key[0], task=key[1], distances=distances)


@dataclass(frozen=True)
class _Folded:
    """A recording, and its cycle."""

    found: Recorded
    cycle: np.ndarray


def _recordings(config: CompareConfig, folder: RunPaths, worm: np.ndarray | None) -> list[_Folded]:
    """Recordings of animals; the synthetic one is not a corner."""
    found = []
    for k, name in enumerate(recordings_of(config)):
        if name == SYNTHETIC:
            continue
        rhythm = from_json_values(folder.result(animal_step(k)), AnimalRhythm)
        found.append(_fold_recording(config, name, rhythm, worm))
    return found


def _fold_recording(
    config: CompareConfig, name: str, rhythm: AnimalRhythm, worm: np.ndarray | None
) -> _Folded:
    recording = open_recording(config, name)
    angle = analysis.planar_rotation(
        recording.activity,
        rate_Hz=recording.rate_Hz,
        n_surrogates=1,
        rng=np.random.default_rng(0),  # the test is that of the step of the recording
    ).protophase
    half = len(angle) // 2
    parts = [
        fold_by_phase(recording.activity[part], angle[part])
        for part in (slice(None), slice(half), slice(half, None))
    ]
    ellipse = analysis.ellipse_of(parts[0])
    few = rhythm.p_value > ALPHA
    corner = Recorded(
        name=rhythm.name,
        omitted=f"no rhythm beyond its surrogates (p = {rhythm.p_value:.2g})" if few else "",
        to_worm=None if worm is None else _distance(parts[0], worm),
        ellipse_to_worm=None if worm is None else _distance(ellipse, worm),
        to_its_ellipse=_distance(parts[0], ellipse),
        between_halves=_distance(parts[1], parts[2]),
        portrait=_plane(parts[0]),
    )
    return _Folded(corner, parts[0])


def fold_by_phase(activity: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Mean activity over one turn, with the first harmonics only.

    The samples are sorted by the angle and averaged in groups of one size. A group lasts as long
    as any other, so the result is evenly sampled in the phase that grows evenly in time, as that
    of `isochron.analysis.protophase_to_phase`, also where noise turns the angle back.

    Parameters
    ----------
    activity : ndarray, shape (n_times, n_neurons)
        At least 8 times.
    angle : ndarray, shape (n_times,)
        Radians; it grows with time on the whole.

    Returns
    -------
    ndarray, shape (n_phases, n_neurons)
        64 phases; half as many as there are times, if they are few.
    """
    n_phases = min(N_PHASES, len(angle) // 2)
    groups = np.array_split(np.argsort(angle % (2 * np.pi), kind="stable"), n_phases)
    means = np.array([activity[group].mean(axis=0) for group in groups])
    series = np.fft.rfft(means, axis=0)
    series[N_HARMONICS + 1 :] = 0
    return np.fft.irfft(series, n_phases, axis=0)


def _plane(states: np.ndarray) -> tuple[tuple[float, float], ...]:
    """A cycle in the plane of its first two components, closed."""
    centered = states - states.mean(axis=0)
    plane = centered @ analysis.principal_components(states)[1][:2].T
    closed = np.concatenate([plane, plane[:1]]) / np.abs(plane).max()
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in closed)
