"""Results of a sweep in one file."""

from pathlib import Path

from isochron.extras import import_extra
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
    if path.suffix == ".parquet":
        import_extra("pyarrow", "A .parquet file", "parquet")
    found = sweep.dataset()
    if path.suffix != ".parquet":
        save_dataset(found, path)
        return
    dims = sweep.grid.dimensions
    columns = [name for name in found.data_vars if set(found[name].dims) <= set(dims)]
    write_bytes(path, found[columns].to_dataframe().reset_index().to_parquet())
