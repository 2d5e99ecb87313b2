"""Guarded reading of arrays in files of NumPy."""

import os

import numpy as np

from isochron.files import DataFileError, reading, reads_data, require_file
from isochron.formats import NPY, describe_content

# What a user may do with a file that should be an array.
_AS_ARRAY = {
    "a MATLAB 5 file": "scipy.io.loadmat",
    "a MATLAB 7.3 file": "h5py.File",
    "an HDF5 file": "h5py.File",
    "text": "numpy.loadtxt",
    "a table": "numpy.loadtxt",
}


@reads_data
def load_npy(path: str | os.PathLike) -> np.ndarray:
    """The numbers of a .npy file.

    Returns
    -------
    ndarray
        Real numbers or booleans, of any shape.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is of a different format, is damaged, or contains anything but real numbers; the
        message names what it is.
    """
    path = require_file(path)
    kind = describe_content(path)
    if kind != NPY:
        reader = _AS_ARRAY.get(kind)
        way_out = f" Read it with {reader} and write it with numpy.save." if reader else ""
        raise ValueError(
            f"{path} is not a .npy file of numbers{f': it is {kind}' * bool(kind)}.{way_out}"
        )
    try:
        with reading(path, "a .npy file of numbers"):
            # Not more is allocated than the file has, whatever its header says.
            array = np.array(np.load(path, allow_pickle=False, mmap_mode="r"))
    except DataFileError:
        raise
    except ValueError as error:
        objects = "pickle" in str(error) or "Python objects" in str(error)
        text = "it contains Python objects" if objects else f"{error}"
        raise ValueError(f"{path} is not a .npy file of numbers: {text}.") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path} is not a .npy file of real numbers: it has {array.dtype}.")
    return array


@reads_data
def load_finite_npy(path: str | os.PathLike) -> np.ndarray:
    """The array of a .npy file that contains finite numbers only.

    Raises
    ------
    ValueError, FileNotFoundError
        As `load_npy`, and if a number is not finite.
    """
    array = load_npy(path)
    if not np.isfinite(array).all():
        raise ValueError(f"{path} contains {array.dtype} that is not all finite numbers.")
    return array
