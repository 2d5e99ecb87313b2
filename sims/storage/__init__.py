"""Results on disk: Zarr folders, which can grow, and netCDF files; NWB for export.

All are compressed and written whole or not at all. They contain checksums, which are verified
when they are loaded.
"""

import os
from pathlib import Path

import xarray as xr

from isochron.arguments import require_instance
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
        Dataset, as from `simulate`.
    path : path-like
        Path that ends in ``.zarr`` (a folder to which `append_dataset` can add, and that any
        reader of Zarr version 3 opens) or ``.nc`` (one netCDF-4 file). The result of an earlier
        call is replaced.

    Raises
    ------
    ValueError
        If the path ends otherwise.
    FileExistsError
        If a folder is there that this package did not write.
    OSError
        If the folder cannot be written to; `path` is then unchanged.

    Examples
    --------
    >>> graph = connectome.load("varshney2011")
    >>> worm, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> run = sims.simulate(worm, rest, duration_s=0.1, rng=np.random.default_rng(0))
    >>> sims.save_dataset(run, "run.nc")
    >>> sims.load_dataset("run.nc").identical(run)
    True
    """
    require_instance("dataset", dataset, xr.Dataset, "sims.simulate(...)")
    path = Path(path)
    (save_zarr if _kind(path) == "Zarr" else save_netcdf)(dataset, path)


def append_dataset(dataset: xr.Dataset, path: str | os.PathLike) -> None:
    """Add later times to a Zarr folder, or create the folder.

    After a crash at any moment, the folder contains all of the new times or none.

    Parameters
    ----------
    dataset : xarray.Dataset
        Dataset with the same variables, names and types as in the folder, and later times.
    path : path-like
        Path that ends in ``.zarr``.

    Raises
    ------
    ValueError
        If the path ends otherwise, the folder is damaged, or the dataset does not continue it.
    OSError
        If the folder cannot be written to; `path` is then unchanged.

    Examples
    --------
    >>> graph = connectome.load("varshney2011")
    >>> worm, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> run = sims.simulate(worm, rest, duration_s=0.1, rng=np.random.default_rng(0))
    >>> sims.append_dataset(run.isel(time=slice(0, 10)), "run.zarr")
    >>> sims.append_dataset(run.isel(time=slice(10, None)), "run.zarr")
    >>> sims.load_dataset("run.zarr").V.equals(run.V)
    True
    """
    path = Path(path)
    if _kind(path) != "Zarr":
        raise ValueError(f"{path} cannot grow; only a Zarr folder can. Name it *.zarr.")
    append_zarr(dataset, path)


@reads_data
def load_dataset(path: str | os.PathLike) -> xr.Dataset:
    """Read a dataset that `save_dataset` or `append_dataset` wrote, into memory.

    Parameters
    ----------
    path : path-like
        Zarr folder ``*.zarr`` or netCDF file ``*.nc``.

    Returns
    -------
    xarray.Dataset
        The dataset.

    Raises
    ------
    ValueError
        If it is of a different kind, truncated or altered, or refers to data in other files.
    FileNotFoundError
        If the path does not exist.

    Examples
    --------
    >>> graph = connectome.load("varshney2011")
    >>> worm, rest = sims.GradedNetwork(graph), sims.Stimulus()
    >>> run = sims.simulate(worm, rest, duration_s=0.1, rng=np.random.default_rng(0))
    >>> sims.save_dataset(run, "run.zarr")
    >>> loaded = sims.load_dataset("run.zarr")
    >>> loaded.V.dims, loaded.V.shape
    (('time', 'neuron'), (21, 279))
    """
    path = Path(path)
    return (load_zarr if _kind(path) == "Zarr" else load_netcdf)(path)


def _kind(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} must end in .zarr or .nc.")
    return SUFFIXES[path.suffix]
