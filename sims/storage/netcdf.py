"""Labeled results as one compressed netCDF-4 file."""

import io
from pathlib import Path

import h5py
import xarray as xr

from isochron.connectome.recordings._hdf5 import attribute, opened, refuse_unwritten
from isochron.files import reading, require_file, write_bytes
from isochron.seals import seal
from isochron.sims.storage.size import refuse_larger


def save_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset to a netCDF file, whole or not at all.

    Raises
    ------
    OSError
        If the folder cannot be written to; `path` is then unchanged.
    """
    encoding = {
        name: {"zlib": True, "complevel": 4, "fletcher32": True}
        for name, variable in dataset.variables.items()
        if variable.dtype.kind == "f" and variable.ndim
    }
    # In memory first: HDF5 does not survive a full disk.
    buffer = io.BytesIO()
    dataset.to_netcdf(buffer, engine="h5netcdf", encoding=encoding)
    seal(buffer)
    write_bytes(path, buffer.getbuffer())


def load_netcdf(path: Path) -> xr.Dataset:
    """Read a dataset that `save_netcdf` wrote, into memory.

    A file of a different program, which does not have our digest, is read too.

    Raises
    ------
    ValueError
        If the file is not netCDF-4, is truncated or altered, or refers to data in other files.
    FileNotFoundError
        If the file does not exist.
    """
    require_file(path)
    with reading(path, "a complete netCDF-4 file"):
        with opened(path) as file:  # before xarray, which reads coordinates when it opens a file
            for name, item in file.items():
                if isinstance(item, h5py.Dataset) and not _is_dimension_only(item):
                    refuse_unwritten(item, repr(name))
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            refuse_larger(dataset)
            return dataset.load()


def _is_dimension_only(item: h5py.Dataset) -> bool:
    """Whether netCDF gives the size of a dimension by a dataset without data."""
    return attribute(item, "NAME").startswith("This is a netCDF dimension but not a netCDF var")
