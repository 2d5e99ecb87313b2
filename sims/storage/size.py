"""Limit of the data that are read into memory."""

import xarray as xr

LARGEST_BYTES = 16 * 2**30


def refuse_larger(dataset: xr.Dataset) -> None:
    """Check that a dataset fits in memory, whatever the size of its file.

    Raises
    ------
    ValueError
        If it is larger than `LARGEST_BYTES`.
    """
    if dataset.nbytes > LARGEST_BYTES:
        raise ValueError(
            f"It has {dataset.nbytes / 2**30:.0f} GiB of data; {LARGEST_BYTES >> 30} GiB can be "
            "read. Open it with xarray, which reads parts."
        )
