"""Midlines of worms in feature files of Tierpsy Tracker."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from isochron.connectome.recordings import _hdf5
from isochron.files import reads_data
from isochron.sims.body.parameters import require_positive
from isochron.sims.wcon import midline_dataset
from isochron.wording import counted

Array = np.ndarray
TABLES = ("timeseries_data", "features_timeseries")
RATES = ("fps", "expected_fps")
LARGEST_GAP = 100  # frames for each frame with a midline


@reads_data
def load_tierpsy(
    path: str | os.PathLike, *, animal: int | None = None, frame_rate_Hz: float | None = None
) -> xr.Dataset:
    """Read the midline of one animal from ``*_features.hdf5`` or ``*_featuresN.hdf5``.

    Parameters
    ----------
    path : str or path
        Feature file with ``/coordinates/skeletons``, in micrometers. Links to other files are
        rejected.
    animal : int, optional
        ``worm_index`` of the animal; needed if the file has several.
    frame_rate_Hz : float, optional
        Frames per second; by default that of the file.

    Returns
    -------
    xarray.Dataset
        ``x`` and ``y`` (time, node) in mm, from head to tail as the tracker found them, one time
        for each frame; NaN where a frame does not have a midline. Time in ms from the first frame.

    Raises
    ------
    DataFileError
        If it is not such a file, its frame rate is not known, or the animal must be chosen.
    ValueError
        If `frame_rate_Hz` is not positive and finite.

    References
    ----------
    Javer et al. (2018), Nature Methods 15:645.

    Examples
    --------
    >>> import h5py
    >>> skeleton = np.stack([np.linspace(0, 1000, 49), np.zeros(49)], axis=1)
    >>> with h5py.File("worm_features.hdf5", "w") as file:
    ...     file["coordinates/skeletons"] = np.stack([skeleton, skeleton + 5])
    >>> run = sims.load_tierpsy("worm_features.hdf5", frame_rate_Hz=25)
    >>> run.time.values, run.x.values[:, 0]
    (array([ 0., 40.]), array([0.   , 0.005]))
    """
    if frame_rate_Hz is not None:
        require_positive(frame_rate_Hz=frame_rate_Hz)
    if not Path(path).is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with _hdf5.opened(path) as file:
        skeletons = _hdf5.numbers(file.get("coordinates/skeletons"), "coordinates/skeletons", 3)
        if skeletons.shape[2] != 2 or not len(skeletons):
            raise ValueError(
                "coordinates/skeletons must have the shape (frames, points, 2), got "
                f"{skeletons.shape}."
            )
        _require_micrometers(file)
        worms, frames = _table(file, len(skeletons))
        rate = frame_rate_Hz or _frame_rate(file)
    name = _chosen(worms, animal)
    rows = np.flatnonzero(worms == name)
    if len(np.unique(frames[rows])) < len(rows):
        raise ValueError(f"Animal {name} has two midlines in one frame.")
    first, last = int(frames[rows].min()), int(frames[rows].max())
    n_frames = last - first + 1
    if n_frames > LARGEST_GAP * len(rows):
        raise ValueError(
            f"Animal {name} has {len(rows)} midlines in {n_frames} frames; the numbers of frames "
            "are not those of a recording."
        )
    points = np.full((n_frames, 2, skeletons.shape[1]), np.nan)
    points[(frames[rows] - first).astype(int)] = 1e-3 * skeletons[rows].transpose(0, 2, 1)
    times = 1e3 * np.arange(n_frames) / rate
    return midline_dataset(
        times, points, {"animal": str(name), "ventral": "?", "frame_rate_Hz": float(rate)}
    )


def _nodes(file: h5py.File) -> Iterator[Any]:
    """Tables of the frames, and groups that contain one."""
    for name in (*TABLES, "trajectories_data"):
        for place in (name, f"{name}/table"):
            node = file.get(place)
            if node is not None:
                yield node


def _table(file: h5py.File, n: int) -> tuple[Array, Array]:
    """Number of the animal and of the frame of each midline."""
    for name in TABLES:
        for place in (name, f"{name}/table"):
            node = file.get(place)
            columns = ("worm_index", "timestamp")
            if not isinstance(node, h5py.Dataset) or not {*columns} <= set(node.dtype.names or ()):
                continue
            if len(node) != n:
                raise ValueError(f"{place} has {len(node)} rows for {n} midlines.")
            worms, frames = (np.asarray(node[column], dtype=float) for column in columns)
            if not (np.isfinite(worms).all() and np.isfinite(frames).all()):
                raise ValueError(f"{place} has a row without an animal or a frame.")
            return worms.astype(int), frames
    return np.ones(n, dtype=int), np.arange(n)


def _require_micrometers(file: h5py.File) -> None:
    """Raise ValueError for coordinates in pixels: the size of a pixel was not known."""
    for node in (file, *_nodes(file)):
        unit = node.attrs.get("xy_units", b"")
        if (unit.decode("ascii", "replace") if isinstance(unit, bytes) else unit) == "pixels":
            raise ValueError("Its coordinates are in pixels, not in micrometers.")


def _frame_rate(file: h5py.File) -> float:
    for node in (file, *_nodes(file)):
        for name in RATES:
            value: Any = node.attrs.get(name)
            if isinstance(value, int | float | np.number) and 0 < float(value) < 1e6:
                return float(value)
    raise ValueError("The file does not state its frame rate. Give frame_rate_Hz.")


def _chosen(worms: Array, animal: int | None) -> int:
    names = sorted(set(worms.tolist()))
    listed = ", ".join(map(str, names[:8])) + (", …" if len(names) > 8 else "")
    if animal is None and len(names) > 1:
        raise ValueError(
            f"It contains {counted(len(names), 'animal')}: {listed}. Choose one: animal={names[0]}."
        )
    name = names[0] if animal is None else animal
    if name not in names:
        raise ValueError(f"It does not contain animal {animal!r}; it has {listed}.")
    return name
