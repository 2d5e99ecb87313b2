"""Simulations as Neurodata Without Borders files, for tools that read recordings."""

import io
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.connectome.names import C_ELEGANS
from isochron.extras import import_extra
from isochron.files import write_bytes
from isochron.seals import seal

SI = {"mV": ("V", 1e-3), "pA": ("A", 1e-12), "1": ("n.a.", 1.0)}
ADULT = {
    "species": "Caenorhabditis elegans",
    "sex": "XX",
    "age": "P3D",
    "description": "Simulated adult hermaphrodite.",
}
UNKNOWN = "not known"
NAMES = {"V": "membrane_potential", "s": "synaptic_activation", "input": "input_current"}


def export_nwb(
    dataset: xr.Dataset,
    path: str | os.PathLike,
    *,
    session_start: datetime | None = None,
    session_description: str = "Simulation of a nervous system.",
    subject: Mapping[str, str] | None = None,
    experimenter: str | None = None,
    institution: str | None = None,
) -> None:
    """Write a simulation as an NWB file, whole or not at all.

    Every variable of (time, neuron) becomes a time series in the processing module
    ``misc``, whose table ``neurons`` names the columns; dataset attributes go to the notes.

    Parameters
    ----------
    dataset : xarray.Dataset
        Run of `simulate`, with evenly spaced times in ms.
    path : path-like
        Path that ends in ``.nwb``.
    session_start : datetime, optional
        Start of the session, with a time zone; by default now.
    session_description : str
        Description of the session, for readers.
    subject : mapping, optional
        Fields of an NWB subject that differ from those of an adult hermaphrodite of
        C. elegans named after the data set; for a different species (the attribute
        ``species`` of the run), only that is stated.
    experimenter : str, optional
        Name as ``Last, First``.
    institution : str, optional
        Institution where the simulation was run.

    Raises
    ------
    ImportError
        If pynwb is not installed.
    ValueError
        If the path ends otherwise, times are not evenly spaced, or no variable has neurons.
    OSError
        If the file cannot be written; `path` is then unchanged.

    Examples
    --------
    The series in the file, and their rate: a sample each 5 ms.

    >>> import pynwb
    >>> graph = connectome.load("varshney2011")
    >>> worm, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> run = sims.simulate(worm, rest, duration_s=0.1, rng=np.random.default_rng(0))
    >>> sims.export_nwb(run, "run.nwb")
    >>> with pynwb.NWBHDF5IO("run.nwb", "r") as io:
    ...     module = io.read().processing["misc"]
    ...     print(sorted(module.data_interfaces), module["membrane_potential"].rate)
    ['membrane_potential', 'neurons', 'synaptic_activation'] 200.0
    """
    path = Path(path)
    if path.suffix != ".nwb":
        raise ValueError(f"{path} must end in .nwb.")
    names = [name for name, item in dataset.items() if item.dims == ("time", "neuron")]
    if not names:
        raise ValueError("The dataset does not have a variable of (time, neuron) to export.")
    start, rate = _timing(dataset)
    pynwb = import_pynwb()
    file = pynwb.NWBFile(
        session_description=session_description,
        experiment_description="Every value is simulated; nothing was recorded.",
        subject=pynwb.file.Subject(
            **_animal(dataset)
            | {"subject_id": str(dataset.attrs.get("dataset", "simulated"))}
            | dict(subject or {})
        ),
        identifier=str(uuid.uuid4()),
        session_start_time=session_start or datetime.now(UTC),
        experimenter=experimenter,
        institution=institution,
        keywords=["simulation", "connectome", str(dataset.attrs.get("model", "neural network"))],
        notes="; ".join(f"{name}: {value}" for name, value in dataset.attrs.items()),
        source_script=f"isochron {__version__}",
        source_script_file_name="isochron",
    )
    module = file.create_processing_module("misc", "Simulated time series of all neurons.")
    module.add(_neurons(pynwb, dataset))
    for name in names:
        module.add(_series(pynwb, str(name), dataset[name], start, rate))
    # In memory first: HDF5 does not survive a full disk.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as content, pynwb.NWBHDF5IO(file=content, mode="w") as output:
        output.write(file)
    seal(buffer)
    write_bytes(path, buffer.getbuffer())


def _animal(dataset: xr.Dataset) -> dict[str, str]:
    """Fields of the subject of a run; a run without a species is of C. elegans."""
    species = str(dataset.attrs.get("species", C_ELEGANS))
    if species == C_ELEGANS:
        return ADULT
    return {"description": "Simulated."} | ({} if species == UNKNOWN else {"species": species})


def import_pynwb() -> Any:
    """The package pynwb.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    return import_extra("pynwb", "NWB export", "nwb")


def _timing(dataset: xr.Dataset) -> tuple[float, float]:
    """Start in s and rate in Hz."""
    times = dataset.time.values
    steps = np.diff(times)
    if not steps.size or not np.allclose(steps, steps[0], rtol=1e-6, atol=0) or steps[0] <= 0:
        raise ValueError("NWB export needs at least two evenly spaced times.")
    return 1e-3 * float(times[0]), 1e3 * (len(times) - 1) / float(times[-1] - times[0])


def _neurons(pynwb: Any, dataset: xr.Dataset) -> Any:
    from hdmf.common import DynamicTable, VectorData

    column = VectorData(
        name="neuron", description="Canonical name.", data=dataset.neuron.values.tolist()
    )
    return DynamicTable(
        name="neurons", description="The columns of every series, in order.", columns=[column]
    )


def _series(pynwb: Any, name: str, values: xr.DataArray, start: float, rate: float) -> Any:
    unit, conversion = SI.get(values.attrs.get("units", "1"), ("n.a.", 1.0))
    described = NAMES.get(name, name)
    return pynwb.TimeSeries(
        name=described,
        description=f"{described.replace('_', ' ')} of each neuron in table neurons",
        data=pynwb.H5DataIO(values.values, compression="gzip"),
        unit=unit,
        conversion=conversion,
        starting_time=start,
        rate=rate,
    )
