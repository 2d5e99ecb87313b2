"""Reading of networks and runs, shared by `isochron cycles` and `isochron tongue`."""

from pathlib import Path

import numpy as np

from isochron import sims
from isochron.files import MissingDataFileError, reads_data
from isochron.runs.saved_network import list_nets
from isochron.runs.simulation_spec import SimulationSpec, read_simulation_spec
from isochron.workflows.rhythm_search import DATASETS


def find_nets(path: Path) -> list[Path]:
    """The networks at a path, without suffix: one, or all of a folder or of its folder ``nets``.

    Raises
    ------
    FileNotFoundError
        If the path does not contain a network.
    """
    found = list_nets(path)
    if not found:
        lacks = "does not contain a network or a run" if path.exists() else "does not exist"
        raise MissingDataFileError(
            f"{path} {lacks}. A run ends in {' or '.join(DATASETS)}; a network is a pair of "
            ".safetensors and .json."
        )
    return found


@reads_data
def read_graded_run(path: Path) -> tuple[SimulationSpec, np.ndarray]:
    """Specification and last state of a saved run of a graded model.

    Raises
    ------
    ValueError
        If it is of a different model, or its currents change.
    """
    run = sims.load_dataset(path)
    spec = read_simulation_spec(run)
    if not spec.is_graded or spec.table is not None:
        raise ValueError(
            f"{path} is a run of {spec.model!r}{' under changing currents' * bool(spec.table)};"
            " rhythms are found in graded models under constant currents."
        )
    return spec, sims.state_vector(run.isel(time=-1), spec.network())
