"""Results on disk: Zarr folders, which can grow, and netCDF files; NWB for export.

All are compressed, written whole or not at all, and carry checksums that loading verifies.
"""

import os
from pathlib import Path

import xarray as xr

from isochron.files import reads_data
from isochron.sims.storage.netcdf import load_netcdf, save_netcdf
from isochron.sims.storage.nwb import export_nwb
from isochron.sims.storage.zarr_folder import append_zarr, load_zarr, save_zarr

__all__ = ["append_dataset", "export_nwb", "load_dataset", "save_dataset"]

SUFFIXES = {".zarr": "Zarr", ".nc": "netCDF"}


def save_dataset(dataset: xr.Dataset, path: str | os.PathLike) -> None:
    """Write a dataset, whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
    path : path-like
        Ends in ``.zarr`` (a folder that `append_dataset` can add to, and that any reader of
        Zarr version 3 opens) or ``.nc`` (one netCDF-4 file). What an earlier call wrote there
        is replaced.

    Raises
    ------
    ValueError
        If the path ends otherwise.
    FileExistsError
        If a folder is there that this package did not write.
    OSError
        If the folder cannot be written to; what was at `path` is left as it was.
    """
    path = Path(path)
    (save_zarr if _kind(path) == "Zarr" else save_netcdf)(dataset, path)


def append_dataset(dataset: xr.Dataset, path: str | os.PathLike) -> None:
    """Add later times to a Zarr folder, or begin one.

    A crash at any moment leaves the folder with or without all of the new times.

    Parameters
    ----------
    dataset : xarray.Dataset
        With the variables, names and types of what is there, and later times.
    path : path-like
        Ends in ``.zarr``.

    Raises
    ------
    ValueError
        If the path ends otherwise, the folder is damaged, or the dataset does not continue it.
    """
    path = Path(path)
    if _kind(path) != "Zarr":
        raise ValueError(f"{path} cannot grow; only a Zarr folder can. Name it *.zarr.")
    append_zarr(dataset, path)


@reads_data
def load_dataset(path: str | os.PathLike) -> xr.Dataset:
    """Read a dataset that `save_dataset` or `append_dataset` wrote, into memory.

    Raises
    ------
    ValueError
        If it is of another kind, truncated or altered, or keeps its data elsewhere.
    FileNotFoundError
        If nothing is there.
    """
    path = Path(path)
    return (load_zarr if _kind(path) == "Zarr" else load_netcdf)(path)


def _kind(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} must end in .zarr or .nc.")
    return SUFFIXES[path.suffix]
