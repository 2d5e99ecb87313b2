"""Recordings in Neurodata Without Borders 2 files, such as those of the DANDI archive.

Read straight from HDF5, so that images in the same file, tens of GB, are never touched.
"""

from typing import Any

import h5py
import numpy as np

from isochron.connectome.recordings import _hdf5
from isochron.connectome.recordings._dataset import Traces

USUAL_SERIES = "SignalCalciumImResponseSeries"
LABEL_COLUMNS = ("ID_labels", "labels", "label", "neuron_name", "name")


def is_nwb(file: h5py.File) -> bool:
    """Whether the file says that it is of this format."""
    return _hdf5.attribute(file, "neurodata_type") == "NWBFile"


def read(file: h5py.File, series: str | None) -> Traces:
    """One series of responses of regions of interest.

    Raises
    ------
    ValueError
        If there is no such series, or several and `series` does not say which, or it is not
        what the format asks for.
    """
    group = _choose(file, series)
    where = group.name
    data: Any = group.get("data")
    stored = _hdf5.numbers(data, f"{where}/data", 2)
    activity = stored * _scale(data, "conversion", 1) + _scale(data, "offset", 0)
    return Traces(
        time_s=_time(group, len(activity)),
        variables={"activity": activity},
        quantity={"activity": _hdf5.attribute(group, "description") or str(where)},
        labels=_labels(file, group, activity.shape[1]),
        attrs={
            "format": f"NWB {_hdf5.attribute(file, 'nwb_version')}".strip(),
            "recording": _scalar_text(file, "identifier"),
            "series": str(where),
        },
    )


def _choose(file: h5py.File, series: str | None) -> h5py.Group:
    found: dict[str, h5py.Group] = {}

    def collect(name: str, item: object) -> None:
        if (
            isinstance(item, h5py.Group)
            and _hdf5.attribute(item, "neurodata_type") == "RoiResponseSeries"
        ):
            found[name] = item

    file.visititems(collect)
    wanted = series
    if series is None and len(found) > 1:
        wanted = USUAL_SERIES
    chosen = [
        item
        for name, item in found.items()
        if wanted is None or wanted.strip("/") in (name, name.rsplit("/", 1)[-1])
    ]
    if len(chosen) != 1:
        listed = ", ".join(sorted(found)) or "none"
        asked = "" if series is None else f" {series!r}"
        raise ValueError(
            f"{file.filename} has {len(chosen) if series else len(found)} response series{asked}; "
            f"exactly one is read. It holds: {listed}. Say which: series=..."
        )
    return chosen[0]


def _time(group: h5py.Group, n_times: int) -> np.ndarray:
    if "timestamps" in group:
        return _hdf5.numbers(group["timestamps"], f"{group.name}/timestamps", 1)
    first: Any = group.get("starting_time")
    start = _hdf5.numbers(first, f"{group.name}/starting_time", 0)
    rate = _scale(first, "rate", np.nan)
    if not 0 < rate < np.inf:
        raise ValueError(f"{group.name}/starting_time has the rate {rate}; it must be in Hz.")
    return float(start) + np.arange(n_times) / rate


def _labels(file: h5py.File, group: h5py.Group, n: int) -> list[str]:
    """Labels of the regions: of their table, else of the NeuronIDs beside the series."""
    rois: Any = group.get("rois")
    rows = _hdf5.numbers(rois, f"{group.name}/rois", 1).astype(np.int64)
    if rows.size != n:
        raise ValueError(f"{group.name} has {n} traces of {rows.size} regions.")
    column = _label_column(file, rois)
    if column is not None:
        labels = _hdf5.texts(column, str(column.name))
        if rows.size and not (rows.min() >= 0 and rows.max() < len(labels)):
            raise ValueError(
                f"{group.name}/rois points to region {rows.max()} of {len(labels)} (from 0)."
            )
        return [labels[row] for row in rows]
    beside = _beside(group)
    if beside is not None and beside.shape == (n,):
        return _hdf5.texts(beside, str(beside.name))
    return [""] * n


def _label_column(file: h5py.File, rois: h5py.Dataset) -> h5py.Dataset | None:
    reference = rois.attrs.get("table")
    if not isinstance(reference, h5py.Reference) or not reference:
        return None
    table: Any = file[reference]
    for name in LABEL_COLUMNS:
        column = table.get(name) if isinstance(table, h5py.Group) else None
        if isinstance(column, h5py.Dataset) and h5py.check_string_dtype(column.dtype):
            return column
    return None


def _beside(group: h5py.Group) -> h5py.Dataset | None:
    """``NeuronIDs/labels`` of the processing module that holds the series."""
    module: Any = group.parent
    while module.name != "/":
        found = module.get("NeuronIDs/labels")
        if isinstance(found, h5py.Dataset):
            return found
        module = module.parent
    return None


def _scale(dataset: h5py.Dataset, name: str, default: float) -> float:
    value = np.asarray(dataset.attrs.get(name, default))
    if value.ndim or value.dtype.kind not in "iuf":
        raise ValueError(f"{dataset.name} has a {name} that is not a number.")
    return float(value)


def _scalar_text(file: h5py.File, name: str) -> str:
    item = file.get(name)
    if not isinstance(item, h5py.Dataset) or item.shape != ():
        return ""
    value = item[()]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
