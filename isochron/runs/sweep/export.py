"""Results of a sweep in one file."""

import importlib.util
from pathlib import Path

from isochron.files import write_bytes
from isochron.runs.sweep.sweeps import Sweep
from isochron.sims import save_dataset


def export_sweep(sweep: Sweep, path: Path) -> None:
    """Write all results: ``.nc`` and ``.zarr`` as a dataset, ``.parquet`` as a table of runs.

    Raises
    ------
    ValueError
        If the path ends otherwise, or there are no results yet.
    ModuleNotFoundError
        If a table is asked for and pyarrow is not installed.
    """
    if path.suffix not in (".nc", ".zarr", ".parquet"):
        raise ValueError(f"{path} must end in .nc, .zarr or .parquet.")
    found = sweep.dataset()
    if path.suffix != ".parquet":
        save_dataset(found, path)
        return
    if importlib.util.find_spec("pyarrow") is None:
        raise ModuleNotFoundError(
            'A .parquet file needs pyarrow: pip install "isochron[parquet]".', name="pyarrow"
        )
    dims = sweep.grid.dimensions
    columns = [name for name in found.data_vars if set(found[name].dims) <= set(dims)]
    write_bytes(path, found[columns].to_dataframe().reset_index().to_parquet())
