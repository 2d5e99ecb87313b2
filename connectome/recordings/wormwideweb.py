"""Recordings of the Flavell laboratory: JSON of WormWideWeb, HDF5 of the papers.

JSON stores traces as (neuron, time), HDF5 as (time, neuron). Neurons count from 1 in the keys
of the labels.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from isochron.connectome.recordings import _hdf5
from isochron.connectome.recordings._dataset import Traces
from isochron.files import read_text, without_repeats

QUANTITY = {
    "activity": "z-scored ratio of green to red fluorescence",
    "activity_original": "ratio of green to red fluorescence, not normalized",
}
REFERENCE = "Atanas et al. (2023), Cell 186:4134, and later recordings of the same laboratory"


def is_wormwideweb(file: h5py.File) -> bool:
    """Whether an HDF5 file is laid out as those of the laboratory."""
    return "gcamp" in file and "timing" in file


def read_hdf5(file: h5py.File, labels: str | os.PathLike | None) -> Traces:
    """A recording in HDF5, with labels from the laboratory's table of them.

    Raises
    ------
    ValueError
        If a dataset is missing or malformed, or the table does not contain the recording.
    """
    variables = {"activity": _hdf5.numbers(file.get("gcamp/trace_array"), "gcamp/trace_array", 2)}
    if "gcamp/trace_array_original" in file:
        original = file["gcamp/trace_array_original"]
        variables["activity_original"] = _hdf5.numbers(original, str(original.name), 2)
    identifier = Path(file.filename).stem.removesuffix("-data")
    table = {} if labels is None else _table_of(labels, identifier)
    time = file.get("timing/timestamp_confocal")
    return _traces(
        _hdf5.numbers(time, "timing/timestamp_confocal", 1), variables, table,
        {"format": "WormWideWeb HDF5", "recording": identifier},
    )  # fmt: skip


def read_json(path: Path) -> Traces:
    """A recording in JSON, of the present site or of its first version.

    Raises
    ------
    ValueError
        If a field is missing or malformed.
    """
    content = parse(path)
    if {"units", "data"} <= set(content):
        raise ValueError(
            f"{path} is WCON, the tracked posture of worms; a recording of neurons is wanted."
        )
    nested = "gcamp" in content
    gcamp = _object(content, "gcamp", path) if nested else content
    timing = _object(content, "timing", path) if nested else content
    about = _object(content, "metadata", path) if nested else content
    variables = {"activity": _matrix(gcamp, "trace_array", path)}
    original = "trace_array_original" if nested else "trace_original"
    if gcamp.get(original) is not None:
        variables["activity_original"] = _matrix(gcamp, original, path)
    return _traces(
        _array(timing, "timestamp_confocal", path, 1), variables,
        content.get("label" if nested else "labeled") or {},
        {
            "format": "WormWideWeb JSON",
            "recording": str(about.get("uid", "")),
            "paper_id": str(about.get("paper_id", "")),
        },
    )  # fmt: skip


def parse(path: str | os.PathLike) -> dict[str, Any]:
    """A JSON object of a user's file, without repeated keys.

    Raises
    ------
    ValueError
        If the file is not JSON, not an object, too deep, or repeats a key.
    """
    try:
        content = json.loads(read_text(path), object_pairs_hook=without_repeats)
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply to be read.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not whole JSON: {error}.") from None
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must contain a JSON object, it contains a {type(content).__name__}."
        )
    return content


def _traces(
    time: np.ndarray, variables: dict[str, np.ndarray], table: object, attrs: dict[str, str]
) -> Traces:
    labels, confidence = _labels(table, variables["activity"].shape[1])
    return Traces(
        time_s=time,
        variables=variables,
        quantity=QUANTITY,
        labels=labels,
        confidence=confidence,
        attrs={**attrs, "reference": REFERENCE},
    )


def _table_of(path: str | os.PathLike, identifier: str) -> object:
    data = parse(path).get("data")
    if not isinstance(data, dict) or not isinstance(data.get(identifier), dict):
        near = ", ".join([*data][:3]) if isinstance(data, dict) else "nothing"
        raise ValueError(
            f"{path} does not have labels of {identifier!r}; it has those of {near}, …"
        )
    return data[identifier].get("idx_neuron-label")


def _labels(table: object, n: int) -> tuple[list[str], np.ndarray]:
    if not isinstance(table, Mapping):
        raise ValueError("The labels must be an object with the numbers of the neurons as keys.")
    labels, confidence = [""] * n, np.full(n, np.nan)
    for key, entry in table.items():
        if not (re.fullmatch(r"[0-9]{1,9}", key) and 1 <= int(key) <= n):
            raise ValueError(f"There is a label of neuron {key[:20]!r}, but they are 1 to {n}.")
        if isinstance(entry, Mapping):  # several candidates are a list, and no identity
            labels[int(key) - 1] = str(entry.get("label", ""))[: _hdf5.LARGEST_LABEL]
            sure = entry.get("confidence")
            confidence[int(key) - 1] = sure if isinstance(sure, int | float) else np.nan
    return labels, confidence


def _matrix(content: Mapping[str, Any], key: str, path: Path) -> np.ndarray:
    return _array(content, key, path, 2).T


def _array(content: Mapping[str, Any], key: str, path: Path, ndim: int) -> np.ndarray:
    if key not in content:
        raise ValueError(f"{path} does not have {key}. It has {', '.join([*content][:8])}.")
    wrong = f"{path}: {key} must contain numbers in {ndim} dimensions"
    try:
        values = np.array(content[key])
    except ValueError:
        raise ValueError(f"{wrong}; its rows are of different lengths.") from None
    if values.dtype == object and all(v is None or type(v) in (int, float) for v in values.flat):
        values = values.astype(np.float64)
    if values.dtype.kind not in "iuf" or values.ndim != ndim:
        raise ValueError(f"{wrong}, got {values.dtype} of shape {values.shape}.")
    return values.astype(np.float64)


def _object(content: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    if not isinstance(content.get(key), dict):
        raise ValueError(
            f"{path} does not have an object {key!r}. It has {', '.join([*content][:8])}."
        )
    return content[key]
