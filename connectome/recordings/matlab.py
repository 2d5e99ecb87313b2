"""Recordings of the Zimmer laboratory in MATLAB 7.3 files.

The file contains one structure, such as ``WT_NoStim``. Its fields are cell arrays with one entry
for each worm, or it has one structure for each worm, or it is itself that of one worm. Names
of the fields differ between releases.
"""

import re
from typing import Any

import h5py
import numpy as np

from isochron.connectome.recordings import _hdf5
from isochron.connectome.recordings._dataset import Traces

Worm = dict[str, Any]

FIELDS = {
    "names": ("NeuronNames", "IDs", "neuron_ID"),
    "traces": ("deltaFOverF_bc", "traces", "traces_bleach_corrected"),
    "time": ("tv", "timeVectorSeconds", "time_vector"),
}
REFERENCE = "Kato et al. (2015), Cell 163:656, or a later recording of the same laboratory"


def is_matlab(file: h5py.File) -> bool:
    """Whether MATLAB wrote the file, by its header or by a group that MATLAB adds."""
    with open(file.filename, "rb") as raw:
        return raw.read(10) == b"MATLAB 7.3" or "#refs#" in file


def read(file: h5py.File, worm: int | None) -> Traces:
    """One worm of a file.

    Raises
    ------
    ValueError
        If the file contains several worms and `worm` is not given, or does not contain one, or
        a field is missing or malformed.
    """
    structures = [key for key in _hdf5.keys(file) if not key.startswith("#")]
    if len(structures) != 1:
        raise ValueError(
            f"{file.filename} must contain one MATLAB structure, it contains {len(structures)}: "
            f"{', '.join(structures[:5])}."
        )
    name = structures[0]
    worms = _worms(file[name], name)
    if worm is None and len(worms) != 1:
        raise ValueError(
            f"{file.filename} contains {len(worms)} worms; choose one: worm=0 to {len(worms) - 1}."
        )
    number = 0 if worm is None else worm
    if not 0 <= number < len(worms):
        raise ValueError(
            f"{file.filename} does not contain worm {number}; it has {len(worms)}, counted from 0."
        )
    return _traces(worms[number], f"{name}, worm {number}")


def _worms(root: Any, name: str) -> list[Worm]:
    if not isinstance(root, h5py.Group):
        raise ValueError(f"{name} must be a MATLAB structure with fields, it is an array.")
    fields = _fields(root)
    if not fields:
        parts = [root[key] for key in sorted(_hdf5.keys(root), key=_natural)]
        parts = [part for part in parts if isinstance(part, h5py.Group) and _is_worm(part)]
        if not parts:
            wanted = "; ".join(" or ".join(known) for known in FIELDS.values())
            raise ValueError(
                f"{name} has none of the fields {wanted}. It has {', '.join(_hdf5.keys(root)[:8])}."
            )
        return [_fields(part) for part in parts]
    missing = [" or ".join(FIELDS[kind]) for kind in FIELDS if kind not in fields]
    if missing:
        raise ValueError(
            f"{name} has no field {missing[0]}. It has {', '.join(_hdf5.keys(root)[:8])}."
        )
    if not _is_cell(fields["time"]):
        return [fields]
    entries = {kind: _hdf5.references(item, f"{name}.{kind}") for kind, item in fields.items()}
    if len({len(items) for items in entries.values()}) != 1:
        counts = ", ".join(f"{kind} of {len(items)}" for kind, items in entries.items())
        raise ValueError(f"{name} has {counts} worms; they must be as many.")
    return [dict(zip(entries, row, strict=True)) for row in zip(*entries.values(), strict=True)]


def _fields(group: h5py.Group) -> Worm:
    return {
        kind: group[next(key for key in known if key in group)]
        for kind, known in FIELDS.items()
        if any(key in group for key in known)
    }


def _is_worm(group: h5py.Group) -> bool:
    return len(_fields(group)) == len(FIELDS)


def _is_cell(item: Any) -> bool:
    return isinstance(item, h5py.Dataset) and h5py.check_ref_dtype(item.dtype) is h5py.Reference


def _traces(worm: Worm, what: str) -> Traces:
    names = _hdf5.references(worm["names"], f"The names of {what}")
    return Traces(
        time_s=_hdf5.numbers(worm["time"], f"The time of {what}", 2).ravel(),
        # MATLAB's (time, neuron) is HDF5's (neuron, time): columns come first.
        variables={"activity": _hdf5.numbers(worm["traces"], f"The traces of {what}", 2).T},
        quantity={"activity": "fluorescence change over baseline, corrected for bleaching"},
        labels=[_label(item) for item in names],
        attrs={"format": "MATLAB 7.3", "recording": what, "reference": REFERENCE},
    )


def _label(item: Any) -> str:
    """The text of an entry; of a cell of candidates, the first that is not empty."""
    if not _is_cell(item) or "MATLAB_empty" in item.attrs:
        return _characters(item)
    candidates = map(_characters, _hdf5.references(item, "A name"))
    return next(filter(None, candidates), "")


def _characters(item: Any) -> str:
    if not isinstance(item, h5py.Dataset) or "MATLAB_empty" in item.attrs:
        return ""
    too_long = (item.size or 0) > _hdf5.LARGEST_LABEL
    if _hdf5.attribute(item, "MATLAB_class") != "char" or too_long:
        return ""
    return "".join(map(chr, np.asarray(item[()], dtype=np.uint16).ravel())).strip()


def _natural(name: str) -> list[int | str]:
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
