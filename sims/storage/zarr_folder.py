"""Labeled results as a Zarr folder (version 3) with a list of checksums, its seal.

Zarr reads a missing chunk as zeros and a damaged one as data, so every file of the folder is
listed with its SHA-256 in the seal, the attributes of an empty group. A new version is written
next to the old one, with hard links to the files that do not change, and replaces it by renaming
(`isochron.folders`): Zarr replaces files and never writes into one, so the old version is complete
until then.
"""

import errno
import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from isochron.files import file_sha256, read_json, reading, reads_data, write_bytes
from isochron.folders import SEAL, WAIT_S, new_version, recover
from isochron.locks import locked
from isochron.sims.storage.size import refuse_larger

FORMAT = 1
WHOLE = "a whole Zarr folder"
ATTEMPTS = 10  # at reading a folder that is replaced in the meantime
CHUNK_BYTES = 2**21
TEXT = np.dtypes.StringDType()


def save_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset to a folder; see `isochron.sims.storage.save_dataset`."""
    with locked(path, WAIT_S):
        recover(path)
        if os.path.lexists(path) and not (path / SEAL).is_file():
            raise FileExistsError(
                f"{path} exists and is not a folder that isochron wrote. Choose a different name."
            )
        with new_version(path) as folder:
            _write(dataset, folder, mode="w-", encoding=_chunks(dataset))
            _seal(folder)


def append_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Add later times; see `isochron.sims.storage.append_dataset`."""
    with locked(path, WAIT_S):
        recover(path)
        if not os.path.lexists(path):
            return save_zarr(dataset, path)
        _verify(path)
        with reading(path, WHOLE), _open(path) as there:
            _check_continues(there, dataset, path)
            fixed = [
                name for name, variable in dataset.variables.items() if "time" not in variable.dims
            ]
        with new_version(path) as folder:
            shutil.copytree(path, folder, copy_function=_link, dirs_exist_ok=True)
            _write(dataset.drop_vars(fixed), folder, append_dim="time")
            _seal(folder)
    return None


def load_zarr(path: Path) -> xr.Dataset:
    """Read a folder into memory; see `isochron.sims.storage.load_dataset`."""
    return read_zarr(path, lambda dataset: dataset)


@reads_data
def read_zarr(
    path: Path,
    choose: Callable[[xr.Dataset], xr.Dataset],
    *,
    verified: tuple[int, int] | None = None,
) -> xr.Dataset:
    """Read a part of a folder into memory.

    Reading does not lock the folder, which may be on a disk that is read-only. If a new version
    replaces the folder in the meantime, it is read again.

    Parameters
    ----------
    path : Path
        The folder.
    choose : callable
        Function from the whole dataset, whose values are not read yet, to the part.
    verified : tuple of int, optional
        A `version` whose files have been verified before.
    """
    for _ in range(ATTEMPTS):
        recover(path)
        before = version(path)
        try:
            found = _read(path, choose, verify=before is None or before != verified)
        except (OSError, ValueError):
            if version(path) == before:
                raise
            continue
        if version(path) == before:
            return found
    raise BlockingIOError(errno.EWOULDBLOCK, f"{path} is being written by a second isochron.")


def version(path: Path) -> tuple[int, int] | None:
    """Which version of a folder is there; None if there is none."""
    try:
        found = os.stat(path / SEAL)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _read(path: Path, choose: Callable[[xr.Dataset], xr.Dataset], *, verify: bool) -> xr.Dataset:
    if not path.exists():
        raise FileNotFoundError(f"The folder {path} does not exist.")
    if not path.is_dir():
        raise ValueError(f"{path} is not a folder.")
    if verify:
        _verify(path)
    with reading(path, WHOLE), _open(path) as whole:
        dataset = choose(whole)
        refuse_larger(dataset)
        return _with_fixed_width(dataset.load())


def _write(dataset: xr.Dataset, folder: Path, **options) -> None:
    texts = {name: item.astype(TEXT) for name, item in dataset.variables.items()
             if item.dtype.kind == "U"}  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Zarr V3 specification")
        dataset.assign(texts).to_zarr(folder, consolidated=False, zarr_format=3, **options)


def _open(path: Path) -> xr.Dataset:
    return xr.open_zarr(path, consolidated=False, chunks=None)


def _with_fixed_width(dataset: xr.Dataset) -> xr.Dataset:
    """Texts as fixed-width strings of NumPy, as they were before they were written."""
    texts = {
        name: (item.dims, np.array(item.values.tolist(), dtype=str), item.attrs)
        for name, item in dataset.variables.items()
        if item.dtype.kind in "OT"
    }
    return dataset.assign(texts)


def _chunks(dataset: xr.Dataset) -> dict[str, dict[str, tuple[int, ...]]]:
    """Chunks of about 2 MiB along time, so that the last one is cheap to write again."""
    encoding = {}
    for name, item in dataset.variables.items():
        if item.dims[:1] == ("time",):
            row = item.dtype.itemsize * int(np.prod(item.shape[1:]))
            encoding[name] = {"chunks": (max(1, CHUNK_BYTES // max(1, row)), *item.shape[1:])}
    return encoding


def _check_continues(there: xr.Dataset, dataset: xr.Dataset, path: Path) -> None:
    there = _with_fixed_width(there)
    if "time" not in dataset.indexes or "time" not in there.indexes:
        raise ValueError(f"Only datasets with times can grow; {path} or the new one lacks them.")
    if set(there.variables) != set(dataset.variables):
        raise ValueError(f"{path} contains {_names(there)}, not {_names(dataset)}.")
    for name, item in dataset.variables.items():
        old = there.variables[name]
        if item.dims != old.dims or (item.dtype != old.dtype and item.dtype.kind != "U"):
            raise ValueError(
                f"{name} in {path} is {old.dims} of type {old.dtype}, not {item.dims} of type "
                f"{item.dtype}."
            )
        if "time" not in item.dims and not item.equals(old):
            raise ValueError(f"{name} differs from that in {path}: this is a different run.")
    times = np.concatenate([there.time.values[-1:], dataset.time.values])
    if not (np.diff(times) > 0).all():
        raise ValueError(
            f"{path} ends at {times[0]:g} ms; the new times must be later, and increase."
        )


def _names(dataset: xr.Dataset) -> str:
    return ", ".join(sorted(map(str, dataset.variables)))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _files(folder: Path) -> list[Path]:
    files = []
    for item in sorted(folder.rglob("*")):
        if item.is_symlink():
            raise ValueError(f"{item} is a symbolic link, which is not supported.")
        if item.is_file() and item != folder / SEAL:
            files.append(item)
    return files


def _digest(file: Path) -> str:
    with open(file, "rb") as stream:
        os.fsync(stream.fileno())
    return file_sha256(file)


def _seal(folder: Path) -> None:
    digests = {str(file.relative_to(folder)): _digest(file) for file in _files(folder)}
    attributes = {"isochron_format": FORMAT, "sha256": digests}
    group = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    (folder / SEAL).parent.mkdir(exist_ok=True)
    write_bytes(folder / SEAL, json.dumps(group, indent=1).encode())


def _verify(path: Path) -> None:
    """Check that a folder contains exactly the files that its seal lists.

    Raises
    ------
    ValueError
        If a file is missing, altered or not in the seal; the message names the first one.
    """
    try:
        seal = read_json(path / SEAL)["attributes"]
        known, digests = seal["isochron_format"], dict(seal["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path} is not a complete folder that isochron wrote: {SEAL} is missing or damaged."
        ) from error
    if known != FORMAT:
        raise ValueError(f"{path} has format {known!r}; this version reads format {FORMAT}.")
    for file in _files(path):
        name = str(file.relative_to(path))
        expected = digests.pop(name, None)
        if expected is None:
            raise ValueError(f"{path} contains {name}, which isochron did not write.")
        if _digest(file) != expected:
            raise ValueError(f"{name} in {path} has been altered.")
    if digests:
        raise ValueError(f"{path} lacks {min(digests)}.")
