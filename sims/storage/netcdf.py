"""Labeled results as one compressed netCDF-4 file."""

import io
from pathlib import Path

import h5py
import xarray as xr

from isochron.files import reading, require_file, write_bytes
from isochron.seals import check_seal, seal
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
    check_seal(require_file(path))
    with reading(path, "a complete netCDF-4 file"):
        with h5py.File(path) as file:
            file.visititems(_refuse_foreign_storage)
            _refuse_links(file)
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            refuse_larger(dataset)
            return dataset.load()


def _refuse_foreign_storage(name: str, item: h5py.Dataset | h5py.Group) -> None:
    if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
        raise ValueError(f"The data of {name!r} are in a different file, which is not supported.")


def _refuse_links(group: h5py.Group) -> None:
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            raise ValueError(f"{name!r} is a link to a different file, which is not supported.")
        if isinstance(item := group.get(name), h5py.Group):
            _refuse_links(item)
