"""Reading of recordings in any known format."""

import os
from pathlib import Path

import h5py
import xarray as xr

from isochron.connectome.recordings import _hdf5, matlab, nwb, wormwideweb
from isochron.connectome.recordings._dataset import Traces, to_dataset
from isochron.connectome.recordings.functional_atlas import is_functional_atlas
from isochron.files import reads_data, require_file
from isochron.formats import describe_content

KNOWN = (
    "Known are MATLAB 7.3 (Kato et al.), NWB 2, and JSON or HDF5 of WormWideWeb; the functional "
    "atlas has load_functional_atlas."
)


@reads_data
def load_recording(
    path: str | os.PathLike,
    *,
    worm: int | None = None,
    series: str | None = None,
    labels: str | os.PathLike | None = None,
) -> xr.Dataset:
    """Load a recording of many neurons of one worm. The format is found from the content.

    Parameters
    ----------
    path : path-like
        MATLAB 7.3 as released by Kato et al. (2015) and later of the same laboratory, NWB 2
        with a `RoiResponseSeries` or written by `isochron.sims.export_nwb`, or JSON or HDF5 of
        WormWideWeb. Only this file is read; a file that links to other files is rejected.
    worm : int, optional
        Number of the worm in a MATLAB file, from 0; required if the file contains several.
    series : str, optional
        Name or path of the series in an NWB file with several. By default
        ``SignalCalciumImResponseSeries``.
    labels : str or path-like, optional
        NWB: the column of the table of regions that contains the names of the neurons. By
        default one with a usual header (``ID_labels``, ``neuropal_ID``, ``cell_id``, ...) or with
        names of neurons. HDF5 of WormWideWeb: ``neuropal_label.json`` of the same
        release, in which the recording is looked up by its file name.

    Returns
    -------
    xarray.Dataset
        ``activity`` with dimensions (time, neuron), NaN where missing, and in WormWideWeb
        ``activity_original`` too. Coordinates: ``time`` in ms; ``neuron``, the canonical
        name, or ``?7`` for the seventh neuron of the file if it is not identified or if two
        have its name (the label as it is, if the file states a species that is not
        C. elegans); ``label`` as the file writes it; ``confidence`` of the label, where the
        format has it. Attributes: format, recording, sampling_rate_hz (from the median
        interval), species, unresolved_labels (those that are not the name of one neuron, and why),
        file, sha256 (of the whole file), isochron_version; for NWB series and labels, where
        the labels come from.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the format is not known, the file is damaged, links to a different file, or contains
        several recordings and none was chosen, or an option does not belong to its format.

    References
    ----------
    Kato et al. (2015), Cell 163:656. Rübel et al. (2022), eLife 11:e78362 (NWB). Atanas et al.
    (2023), Cell 186:4134 (WormWideWeb).

    Examples
    --------
    A file with the layout of WormWideWeb, of two neurons and three frames:

    >>> import json
    >>> from pathlib import Path
    >>> from isochron.connectome.recordings import load_recording
    >>> content = {
    ...     "gcamp": {"trace_array": [[0.0, 1.0, 0.5], [0.2, 0.1, 0.3]]},
    ...     "timing": {"timestamp_confocal": [0.0, 0.6, 1.2]},
    ...     "label": {"1": {"label": "AVA_L", "confidence": 3}},
    ...     "metadata": {"uid": "worm 1"},
    ... }
    >>> _ = Path("worm.json").write_text(json.dumps(content))
    >>> recording = load_recording("worm.json")
    >>> recording.neuron.values.tolist(), recording.time.values.tolist()  # ms
    (['AVAL', '?2'], [0.0, 600.0, 1200.0])
    """
    path = require_file(path)
    given = {"worm": worm, "series": series, "labels": labels}
    return to_dataset(_read(path, given), path)


def _read(path: Path, given: dict) -> Traces:
    with path.open("rb") as file:
        head = file.read(64)
    if h5py.is_hdf5(path):
        with _hdf5.opened(path) as file:
            return _read_hdf5(file, path, given)
    if head.startswith(b"MATLAB 5.0"):
        raise ValueError(
            f"{path} is a MATLAB 5 file. Load it in MATLAB and save it again with "
            "save(name, '-v7.3')."
        )
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        _only(given, (), "JSON")
        return wormwideweb.read_json(path)
    kind = describe_content(path)
    raise ValueError(
        f"{path} is in no known format, or damaged{f': it is {kind}' * bool(kind)}. {KNOWN}"
    )


def _read_hdf5(file: h5py.File, path: Path, given: dict) -> Traces:
    if nwb.is_nwb(file):
        _only(given, ("series", "labels"), "NWB")
        labels = given["labels"]
        return nwb.read(file, given["series"], None if labels is None else str(labels))
    if wormwideweb.is_wormwideweb(file):
        _only(given, ("labels",), "WormWideWeb HDF5")
        return wormwideweb.read_hdf5(file, given["labels"])
    if is_functional_atlas(file):
        raise ValueError(f"{path} is the functional atlas; use load_functional_atlas.")
    if matlab.is_matlab(file):
        _only(given, ("worm",), "MATLAB")
        return matlab.read(file, given["worm"])
    if "_NCProperties" in file.attrs:
        raise ValueError(
            f"{path} is netCDF-4, not a recording; isochron.sims.load_dataset reads a simulation."
        )
    raise ValueError(
        f"{path} is HDF5 of no known layout. {KNOWN} It has {', '.join(_hdf5.keys(file)[:8])}."
    )


def _only(given: dict, allowed: tuple[str, ...], kind: str) -> None:
    for name, value in given.items():
        if value is not None and name not in allowed:
            raise ValueError(f"{name}={value!r} does not apply to {kind}; omit it.")
