"""Labeled results as a Zarr folder (version 3) with a list of checksums, its seal.

Zarr reads a missing chunk as zeros and a damaged one as data, so every file of the folder is
listed with its SHA-256 in the seal, the attributes of an empty group. A new version is written
next to the old one, with hard links to the files that do not change, and replaces it by renaming:
Zarr replaces files and never writes into one, so the old version is complete until then.
"""

import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from isochron.files import file_sha256, write_bytes
from isochron.sims.storage.size import refuse_larger

SEAL = Path("seal", "zarr.json")
FORMAT = 1
CHUNK_BYTES = 2**21
TEXT = np.dtypes.StringDType()


def save_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset to a folder; see `isochron.sims.storage.save_dataset`."""
    _recover(path)
    if path.exists() and not (path / SEAL).is_file():
        raise FileExistsError(
            f"{path} exists and is not a folder that isochron wrote. Choose a different name."
        )
    with _new_version(path) as folder:
        _write(dataset, folder, mode="w-", encoding=_chunks(dataset))


def append_zarr(dataset: xr.Dataset, path: Path) -> None:
    """Add later times; see `isochron.sims.storage.append_dataset`."""
    _recover(path)
    if not path.exists():
        return save_zarr(dataset, path)
    _verify(path)
    with _open(path) as there:
        _check_continues(there, dataset, path)
        fixed = [
            name for name, variable in dataset.variables.items() if "time" not in variable.dims
        ]
    with _new_version(path) as folder:
        shutil.copytree(path, folder, copy_function=_link)
        _write(dataset.drop_vars(fixed), folder, append_dim="time")
    return None


def load_zarr(path: Path) -> xr.Dataset:
    """Read a folder into memory; see `isochron.sims.storage.load_dataset`."""
    _recover(path)
    if not path.is_dir():
        raise FileNotFoundError(f"The folder {path} does not exist.")
    _verify(path)
    with _open(path) as dataset:
        refuse_larger(dataset)
        return _with_fixed_width(dataset.load())


def _write(dataset: xr.Dataset, folder: Path, **options) -> None:
    texts = {name: item.astype(TEXT) for name, item in dataset.variables.items()
             if item.dtype.kind == "U"}  # fmt: skip
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


@contextmanager
def _new_version(path: Path) -> Iterator[Path]:
    """A folder to write, which then replaces the one at `path`."""
    folder, previous = path.with_name(f".{path.name}.part"), _previous(path)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*Zarr V3 specification")
            yield folder
        _seal(folder)
        if path.exists():
            os.rename(path, previous)
        os.rename(folder, path)
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _previous(path: Path) -> Path:
    return path.with_name(f".{path.name}.previous")


def _recover(path: Path) -> None:
    """Restore a folder that a crash between two renames left under a temporary name."""
    previous = _previous(path)
    if previous.exists():
        if path.exists():
            shutil.rmtree(previous)
        else:
            os.rename(previous, path)


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
        seal = json.loads((path / SEAL).read_text(encoding="utf-8"))["attributes"]
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
