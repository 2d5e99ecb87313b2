"""The fixed points and limit cycles of a kept run or a kept net."""

from pathlib import Path
from typing import Any

import numpy as np

from isochron import analysis, sims
from isochron.files import MissingDataFileError, reads_data
from isochron.runs.resting_state import describe_no_cycle, find_cycle_or_resting_state
from isochron.runs.saved_network import SavedNet
from isochron.runs.simulation_spec import (
    GRADED,
    SimulationSpec,
    describe_model,
    read_simulation_spec,
)
from isochron.workflows.cycle_rows import cycle_row, fixed_point_row
from isochron.workflows.network_cycles import find_net_rhythms

DATASETS = (".zarr", ".nc")


def find_rhythms(
    path: Path,
    *,
    max_period_s: float = 10.0,
    frequency_Hz: float | None = None,
    amplitude: float | None = None,
    channel: int | None = None,
    n_starts: int = 64,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Every fixed point and limit cycle that a search from a kept state or many states finds.

    Parameters
    ----------
    path : Path
        A run of ``isochron simulate`` (.zarr, .nc), a net that `save_net` wrote, or a folder
        of such nets.
    max_period_s : float
        Of a run: longest period to look for.
    frequency_Hz, amplitude : float, optional
        Reference that drives a network: by default that of its task. A network of a task
        without a reference, or of no known task, is analyzed without forcing; so is any network
        at amplitude 0.
    channel : int, optional
        Number of the input that the reference enters; by default that of the task.
    n_starts, seed : int
        Number of random initial states of a network (`TrainedMap.initial_states`), and their
        seed.

    Returns
    -------
    list of dict
        JSON values, for every system ``source``, ``system`` and ``rhythms``.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ValueError
        If it is neither a run nor a net, or cannot be taken up again.
    """
    if path.suffix in DATASETS:
        return [_of_run(path, max_period_s)]
    return [
        _of_net(net, frequency_Hz, amplitude, channel, n_starts, seed) for net in find_nets(path)
    ]


def find_nets(path: Path) -> list[Path]:
    """The nets at a path, without suffix: one, or all of a folder or of its folder ``nets``.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    bare = path.with_suffix("") if path.suffix in (".safetensors", ".json") else path
    if bare.with_name(f"{bare.name}.safetensors").is_file():
        return [bare]
    found = sorted([*path.glob("*.safetensors"), *path.glob("nets/*.safetensors")])
    if not found:
        raise MissingDataFileError(
            f"There is no net at {path}, and no run: runs end in {' or '.join(DATASETS)}, a net "
            "is a pair of .safetensors and .json."
        )
    return [file.with_suffix("") for file in found]


@reads_data
def read_graded_run(path: Path) -> tuple[SimulationSpec, np.ndarray]:
    """How a kept run of a graded model was made, and its last state.

    Raises
    ------
    ValueError
        If it is of another model, or its currents change.
    """
    run = sims.load_dataset(path)
    spec = read_simulation_spec(run)
    if spec.model not in GRADED or spec.table is not None:
        raise ValueError(
            f"{path} is a run of {spec.model!r}{' under changing currents' * bool(spec.table)};"
            " rhythms are found in graded models under constant currents."
        )
    return spec, sims.state_vector(run.isel(time=-1), spec.network())


def _of_run(path: Path, max_period_s: float) -> dict[str, Any]:
    spec, last = read_graded_run(path)
    network, stimulus = spec.network(), spec.stimulus()
    field = network.field_under(stimulus)
    condition = ", ".join(f"{name} {pA:g} pA" for name, pA in spec.currents) or "no current"
    points = analysis.find_fixed_points(field, [network.equilibrium(stimulus), last])
    cycle, rest = find_cycle_or_resting_state(network, stimulus, last, max_period_s=max_period_s)
    rhythms = [fixed_point_row(point, condition, "Newton's method") for point in points]
    if cycle is not None and cycle.found:
        rhythms.append(cycle_row(cycle, condition, f"from the end of the run; {cycle.message}"))
    return {
        "source": str(path),
        "system": describe_model(spec, network),
        "rhythms": rhythms,
        "resting": rest is not None,
        "notes": describe_no_cycle(cycle, rest, max_period_s=max_period_s),
    }


def _of_net(path: Path, frequency_Hz, amplitude, channel, n_starts, seed) -> dict[str, Any]:
    saved = SavedNet.load(path)
    reference = saved.choose_reference(frequency_Hz, amplitude, channel)
    assumed = saved.assumed_reference(reference, channel, frequency_Hz)
    return find_net_rhythms(saved, reference, n_starts, seed, assumed)
