"""A recording of the user that an analysis can use: its neurons without gaps, normalized."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import xarray as xr

from isochron import analysis
from isochron.connectome.recordings import load_recording
from isochron.files import DataFileError, file_sha256
from isochron.wording import counted

LEAST_TIMES, LEAST_SHARE = 16, 1e-12  # of planar_rotation; variance of the second component


@dataclass(frozen=True)
class UsableRecording:
    """Neurons of a recording that vary and are known at all times.

    Attributes
    ----------
    seconds : ndarray, shape (n_times,)
    activity : ndarray, shape (n_times, n_neurons)
        Normalized to mean 0 and variance 1.
    names : tuple of str
        Names of the neurons; ``?3`` for one that is not identified.
    """

    seconds: np.ndarray
    activity: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, recording: xr.Dataset, name: str) -> Self:
        """The usable part of a recording.

        Raises
        ------
        DataFileError
            If it has too few neurons without gaps, or too few times, or one time course only.
        """
        every = recording.activity.values
        used = np.isfinite(every).all(axis=0)
        used[used] = every[:, used].max(axis=0) > every[:, used].min(axis=0)
        activity = every[:, used].astype(float)
        if activity.shape[1] < 2 or len(activity) < LEAST_TIMES:
            raise DataFileError(
                f"{name} has {counted(activity.shape[1], 'neuron')} without gaps at "
                f"{len(activity)} times; at least 2 neurons and {LEAST_TIMES} times are needed."
            )
        activity = _normalized(activity)
        if not analysis.principal_components(activity)[0][1] > LEAST_SHARE:
            raise DataFileError(
                f"{name}: its {counted(activity.shape[1], 'neuron')} have the same time course, so "
                "that they do not turn in a plane; two or more different ones are needed."
            )
        return cls(
            recording.time.values / 1e3,
            activity,
            tuple(recording.neuron.values[used].tolist()),
        )

    @property
    def rate_Hz(self) -> float:
        """Mean number of samples per second."""
        return (len(self.seconds) - 1) / float(self.seconds[-1] - self.seconds[0])


def open_recording(file: str) -> UsableRecording:
    """The usable part of a recording in a file.

    Raises
    ------
    DataFileError
        If it cannot be read, or as of `UsableRecording.of`.
    """
    return UsableRecording.of(load_recording(file), file)


def recording_inputs(files: Sequence[str]) -> dict[str, str]:
    """Digests of the files of recordings, by their names.

    Files of one name in different folders are different, and are by their paths.
    """
    names = [Path(it).name for it in files]
    return {
        name if names.count(name) == 1 else file: file_sha256(Path(file))
        for name, file in zip(names, files, strict=True)
    }


def _normalized(activity: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 of each neuron, in whatever unit it is."""
    _, exponents = np.frexp(np.abs(activity).max(axis=0))
    scaled = np.ldexp(activity, -exponents)  # exact, and its squares are in the range of floats
    return (scaled - scaled.mean(axis=0)) / scaled.std(axis=0)
