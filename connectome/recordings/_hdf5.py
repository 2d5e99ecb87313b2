"""Guarded reading of HDF5 files of a user.

No other file is read, and the size of a dataset is checked before memory is allocated for
it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from isochron.files import reading
from isochron.hdf5_heaps import check_heaps
from isochron.seals import check_seal

LARGEST_ARRAY = 2**31
LARGEST_LABEL = 200
SMALL = 64 * 2**20  # bytes that may be claimed and not written
BEST_RATIO = 1032  # of deflate; see https://zlib.net/zlib_tech.html


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[h5py.File]:
    """An HDF5 file that contains all its data.

    Raises
    ------
    ValueError
        If it is not a whole HDF5 file, was altered since isochron wrote it, or links to or
        stores data in other files; also for errors of HDF5 while it is open.
    """
    check_seal(Path(path))
    check_heaps(Path(path))
    with reading(path, "a whole HDF5 file"), h5py.File(path) as file:
        _refuse_other_files(file)
        yield file


def numbers(item: object, what: str, ndim: int) -> np.ndarray:
    """The numbers of a dataset, float64.

    Raises
    ------
    ValueError
        If the dataset is missing, is not of real numbers in `ndim` dimensions, or
        would take more than 2 GiB.
    """
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{what} is missing.")
    if item.dtype.kind not in "iuf" or len(item.shape or ()) != ndim:
        raise ValueError(
            f"{what} must contain real numbers in {ndim} dimensions, got {item.dtype} of shape "
            f"{item.shape}."
        )
    _refuse_huge(item, what, 8)
    return item[()].astype(np.float64)


def texts(item: object, what: str) -> list[str]:
    """The strings of a dataset of one dimension.

    Raises
    ------
    ValueError
        If the dataset is missing, does not contain strings, or one is not UTF-8.
    """
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{what} is missing.")
    if h5py.check_string_dtype(item.dtype) is None or len(item.shape or ()) != 1:
        raise ValueError(
            f"{what} must be a list of strings, got {item.dtype} of shape {item.shape}."
        )
    _refuse_huge(item, what, max(LARGEST_LABEL, item.dtype.itemsize))
    return [_text(value, what) for value in item[()]]


def references(item: object, what: str) -> list[Any]:
    """The objects that a dataset of references points to, in the order of MATLAB.

    Raises
    ------
    ValueError
        If the dataset is missing, or does not contain valid references.
    """
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{what} is missing.")
    if h5py.check_ref_dtype(item.dtype) is not h5py.Reference:
        raise ValueError(f"{what} must be a cell array, got {item.dtype}.")
    _refuse_huge(item, what, 8)
    found = item[()].ravel()
    if not all(found):
        raise ValueError(f"{what} contains an empty reference.")
    try:
        return [item.file[reference] for reference in found]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{what} refers to an object that is not in the file: {error}.") from error


def keys(group: h5py.Group) -> list[str]:
    """Names of the members of a group, in order."""
    return [str(key) for key in group]


def attribute(item: h5py.Dataset | h5py.Group, name: str) -> str:
    """A text attribute; empty if it is missing."""
    value = item.attrs.get(name, "")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _text(value: bytes | str, what: str) -> str:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        raise ValueError(f"{what} contains a string that is not UTF-8.") from None


def _refuse_huge(item: h5py.Dataset, what: str, itemsize: int) -> None:
    size = item.size or 0
    if size * itemsize > LARGEST_ARRAY:
        raise ValueError(
            f"{what} claims {size} values; at most {LARGEST_ARRAY // itemsize} are read."
        )
    refuse_unwritten(item, what)


def refuse_unwritten(item: h5py.Dataset, what: str) -> None:
    """Reject a large dataset of which the file contains almost nothing.

    Chunks that were never written have a default value, so that a file of some kB can claim any
    size.

    Raises
    ------
    ValueError
        If the file contains less of the data than the best ratio of a compression explains.
    """
    claimed, stored = item.nbytes, item.id.get_storage_size()
    if claimed > SMALL + BEST_RATIO * stored:
        raise ValueError(
            f"{what} claims {claimed / 2**20:.0f} MiB, of which the file contains {stored} bytes."
        )


def _refuse_other_files(file: h5py.File) -> None:
    outside = file.visititems_links(_if_link_outside) or file.visititems(_if_stored_outside)
    if outside is not None:
        raise ValueError(
            f"{outside!r} is stored in a different file, which is not supported. Copy it into "
            f"{file.filename}."
        )


def _if_link_outside(name: str, link: object) -> str | None:
    return name if isinstance(link, h5py.ExternalLink) else None


def _if_stored_outside(name: str, item: object) -> str | None:
    outside = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
    return name if outside else None
