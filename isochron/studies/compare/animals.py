"""Rhythms of recorded animals: the third corner of a comparison."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron import analysis
from isochron.runs import recordings
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.recordings import UsableRecording
from isochron.runs.results import to_json_values
from isochron.studies.compare.configuration import CompareConfig

SYNTHETIC = "synthetic"
SYNTHETIC_LABELS = (
    *("AIBL", "AVAL", "AVBL", "AVDL", "AVEL", "PVCL"),
    *("RIBL", "RIML", "RIVL", "SMDDL", "SMDVL", "VB2"),
)


@dataclass(frozen=True, kw_only=True)
class AnimalRhythm:
    """The rhythm of a recording in the plane of its first two principal components.

    Attributes
    ----------
    name : str
        Name of the file, or ``synthetic``.
    synthetic : bool
        Whether no animal was recorded.
    n_neurons : int
    duration_s : float
    cycles_per_minute, p_value : float
        Net turns per minute, and their test; see `isochron.analysis.planar_rotation`.
    remark : str
        Warning if the record has too few cycles for the test.
    participation_ratio : float
        Effective number of components.
    """

    name: str
    synthetic: bool
    n_neurons: int
    duration_s: float
    cycles_per_minute: float
    p_value: float
    remark: str
    participation_ratio: float

    @property
    def period_s(self) -> float | None:
        """Time of one net turn; None without one."""
        return 60 / self.cycles_per_minute if self.cycles_per_minute else None


def recordings_of(config: CompareConfig) -> tuple[str, ...]:
    """Files of the recordings, or the synthetic one."""
    return config.animals.recordings or (SYNTHETIC,)


def check_recordings(config: CompareConfig) -> None:
    """Check that each recording can be analyzed, before any work is done.

    Raises
    ------
    DataFileError
        As of `open_recording`.
    """
    for name in config.animals.recordings:
        open_recording(config, name)


def animal_step(k: int) -> str:
    """Name of the step of a recording."""
    return f"animal-{k}"


def analyse_animal(config: CompareConfig, name: str, report: Report) -> Any:
    """The rhythm of a recording; `AnimalRhythm` as JSON values."""
    recording = open_recording(config, name)
    activity = recording.activity
    seconds = recording.seconds
    rng = np.random.default_rng(derive_seed(config.seed, "surrogates", Path(name).name))
    rotation = analysis.planar_rotation(activity, rate_Hz=recording.rate_Hz, rng=rng)
    found = AnimalRhythm(
        name=Path(name).name,
        synthetic=name == SYNTHETIC,
        n_neurons=activity.shape[1],
        duration_s=float(seconds[-1] - seconds[0]),
        cycles_per_minute=rotation.cycles_per_minute,
        p_value=rotation.test.p_value,
        remark=rotation.remark,
        participation_ratio=analysis.participation_ratio(activity),
    )
    return to_json_values(found)


def open_recording(config: CompareConfig, name: str) -> UsableRecording:
    """The recording of a file, or the synthetic one.

    Raises
    ------
    DataFileError
        As of `isochron.runs.recordings.open_recording`.
    """
    if name == SYNTHETIC:
        return UsableRecording.of(make_synthetic_recording(config.seed), name)
    return recordings.open_recording(name)


def make_synthetic_recording(seed: int) -> xr.Dataset:
    """Ten minutes of 12 neurons that follow one another around a cycle of 40 s, with noise.

    It shows what the report does with a recording; no animal was recorded. The neurons have the
    labels of 12 neurons of C. elegans in alphabetical order, which is not an order of activity.
    """
    rng = np.random.default_rng(derive_seed(seed, "synthetic recording"))
    seconds = np.arange(0, 600, 1.0)
    phase = 2 * np.pi * seconds / 40 + np.cumsum(0.05 * rng.standard_normal(seconds.size))
    lags = 2 * np.pi * np.arange(12) / 12
    activity = np.exp(np.cos(phase[:, None] - lags)) + 0.6 * rng.standard_normal((600, 12))
    return xr.Dataset(
        {"activity": (("time", "neuron"), activity)},
        {"time": ("time", 1e3 * seconds, {"units": "ms"}), "neuron": [*SYNTHETIC_LABELS]},
    )
