"""Recordings in Neurodata Without Borders 2 files, such as those of the DANDI archive.

Read straight from HDF5, so that images in the same file, tens of GB, are never touched.
"""

from collections import Counter
from typing import Any

import h5py
import numpy as np

from isochron.connectome.recordings import _hdf5
from isochron.connectome.recordings._dataset import Traces
from isochron.connectome.recordings._nwb_labels import Labels, read_labels, text_columns
from isochron.wording import counted

USUAL_SERIES = "SignalCalciumImResponseSeries"
SIMULATED = "neurons"  # the table of names that `isochron.sims.export_nwb` writes
_POTENTIAL = {"V": ("mV", 1e3), "volts": ("mV", 1e3), "A": ("pA", 1e12), "amperes": ("pA", 1e12)}


def is_nwb(file: h5py.File) -> bool:
    """Whether the file states that it is of this format."""
    return _hdf5.attribute(file, "neurodata_type") == "NWBFile"


def read(file: h5py.File, series: str | None, labels: str | None = None) -> Traces:
    """One series of responses of regions of interest, or of a simulation that we exported.

    Raises
    ------
    ValueError
        If the series is missing, or there are several and `series` is not given; if it is
        malformed; or if the column `labels` is missing.
    """
    group = _choose(file, series)
    where = group.name
    data: Any = group.get("data")
    stored = _numbers(data, f"{where}/data")
    activity = stored * _scale(data, "conversion", 1) + _scale(data, "offset", 0)
    unit, factor = "1", 1.0
    if "rois" in group or _table_beside(group) is None:
        found = _labels(group, activity.shape, labels)
    else:
        found = _labels_beside(group, activity.shape, labels)
        unit, factor = _POTENTIAL.get(_hdf5.attribute(data, "unit"), ("1", 1.0))
    return Traces(
        time_s=_time(group, len(activity)),
        variables={"activity": factor * activity},
        quantity={"activity": _hdf5.attribute(group, "description") or str(where)},
        units={"activity": unit},
        labels=found.values,
        species=_scalar_text(file, "general/subject/species").strip(),
        attrs={
            "format": f"NWB {_hdf5.attribute(file, 'nwb_version')}".strip(),
            "recording": _scalar_text(file, "identifier"),
            "series": str(where),
            "labels": found.source,
        },
    )


def _numbers(data: object, what: str) -> np.ndarray:
    """Traces, shape (n_times, n_regions); those of one region may have one dimension."""
    one = isinstance(data, h5py.Dataset) and len(data.shape or ()) == 1
    return _hdf5.numbers(data, what, 1)[:, None] if one else _hdf5.numbers(data, what, 2)


def _choose(file: h5py.File, series: str | None) -> h5py.Group:
    responses: dict[str, h5py.Group] = {}
    simulated: dict[str, h5py.Group] = {}
    kinds: Counter[str] = Counter()

    def collect(name: str, item: object) -> None:
        kind = _hdf5.attribute(item, "neurodata_type") if isinstance(item, h5py.Group) else ""
        if isinstance(item, h5py.Group) and kind.endswith("Series"):
            kinds[kind] += 1
            if kind == "RoiResponseSeries":
                responses[name] = item
            elif kind == "TimeSeries" and _table_beside(item) is not None:
                simulated[name] = item

    file.visititems(collect)
    found = responses or simulated
    wanted = series
    if series is None and len(found) > 1:
        wanted = USUAL_SERIES if responses else "membrane_potential"
    chosen = [
        item
        for name, item in found.items()
        if wanted is None or wanted.strip("/") in (name, name.rsplit("/", 1)[-1])
    ]
    if len(chosen) != 1:
        raise ValueError(_not_one(file, series, len(chosen), found, kinds))
    return chosen[0]


def _not_one(
    file: h5py.File,
    series: str | None,
    n_chosen: int,
    found: dict[str, h5py.Group],
    kinds: Counter[str],
) -> str:
    if not found:
        other = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        images = any("Photon" in kind or "Image" in kind for kind in kinds)
        what = "images without traces" if images else "NWB without optical physiology"
        return (
            f"{file.filename} is {what}: it does not contain a RoiResponseSeries, the activity "
            f"of regions of interest. It has {other or 'no time series'}."
        )
    asked = "" if series is None else f" {series!r}"
    return (
        f"{file.filename} has {n_chosen if series else len(found)} response series{asked}; "
        f"exactly one is read. It contains: {', '.join(sorted(found))}. Choose one: series=..."
    )


def _time(group: h5py.Group, n_times: int) -> np.ndarray:
    if "timestamps" in group:
        return _hdf5.numbers(group["timestamps"], f"{group.name}/timestamps", 1)
    first: Any = group.get("starting_time")
    start = _hdf5.numbers(first, f"{group.name}/starting_time", 0)
    rate = _scale(first, "rate", np.nan)
    if not 0 < rate < np.inf:
        raise ValueError(f"{group.name}/starting_time has the rate {rate}; it must be in Hz.")
    return float(start) + np.arange(n_times) / rate


def _labels(group: h5py.Group, shape: tuple[int, ...], wanted: str | None) -> Labels:
    """Labels of the regions: of their table, else of the NeuronIDs next to the series."""
    rois: Any = group.get("rois")
    rows = _hdf5.numbers(rois, f"{group.name}/rois", 1).astype(np.int64)
    if rows.size != shape[1]:
        turned = (
            " Its data seem to be transposed: NWB stores time first, so write data.T."
            if rows.size == shape[0]
            else ""
        )
        raise ValueError(
            f"{group.name} has {counted(shape[1], 'trace')} of {rows.size} regions.{turned}"
        )
    table = _table_of(rois)
    found = None if table is None else read_labels(table, wanted)
    if found is not None:
        labels = found.values
        if rows.size and not (rows.min() >= 0 and rows.max() < len(labels)):
            raise ValueError(
                f"{group.name}/rois points to region {rows.max()} of {len(labels)} (from 0)."
            )
        return found._replace(values=[labels[row] for row in rows])
    beside = _beside(group)
    if beside is not None and beside.shape == (rows.size,):
        return Labels(_hdf5.texts(beside, str(beside.name)), str(beside.name))
    if wanted is not None:
        raise ValueError(f"{group.name} does not have a table of regions with a column {wanted!r}.")
    return Labels([""] * rows.size, _no_labels(table))


def _no_labels(table: h5py.Group | None) -> str:
    columns = () if table is None else text_columns(table)
    if not columns or table is None:
        return "none in the file"
    return f"none; {table.name} has columns of other texts: {', '.join(columns)} (labels=...)"


def _labels_beside(group: h5py.Group, shape: tuple[int, ...], wanted: str | None) -> Labels:
    """Names of the columns of a simulation that was exported."""
    table = _table_beside(group)
    found = None if table is None else read_labels(table, wanted or "neuron")
    if found is None or len(found.values) != shape[1]:
        n = 0 if found is None else len(found.values)
        raise ValueError(
            f"{group.name} has {counted(shape[1], 'column')}, {SIMULATED} next to it "
            f"{counted(n, 'name')}."
        )
    return found


def _table_beside(group: h5py.Group) -> h5py.Group | None:
    module: Any = group.parent
    table = module.get(SIMULATED)
    return table if isinstance(table, h5py.Group) and "neuron" in table else None


def _table_of(rois: h5py.Dataset) -> h5py.Group | None:
    reference = rois.attrs.get("table")
    if not isinstance(reference, h5py.Reference) or not reference:
        return None
    table: Any = rois.file[reference]
    return table if isinstance(table, h5py.Group) else None


def _beside(group: h5py.Group) -> h5py.Dataset | None:
    """``NeuronIDs/labels`` of the processing module that contains the series."""
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
