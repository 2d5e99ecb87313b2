"""The fixed points and limit cycles of a kept run or a kept net."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from isochron import analysis, ann_bridge, sims
from isochron.connectome.files import MissingDataFileError, reads_data
from isochron.experiments.graded_cycle import find_graded_cycle
from isochron.experiments.measures import describe_cycle, describe_fixed_point
from isochron.experiments.recipe import GRADED, Recipe, read_recipe

DATASETS = (".zarr", ".nc")
N_FIXED_POINT_STARTS = 8


def find_rhythms(
    path: Path,
    *,
    max_period_s: float = 10.0,
    frequency_Hz: float = 8.4,
    amplitude: float = 1.0,
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
    frequency_Hz, amplitude : float
        Of a net: the reference that drives it.
    n_starts, seed : int
        Of a net: random states to start from.

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
    return [_of_net(net, frequency_Hz, amplitude, n_starts, seed) for net in find_nets(path)]


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
def read_graded_run(path: Path) -> tuple[Recipe, np.ndarray]:
    """How a kept run of a graded model was made, and its last state.

    Raises
    ------
    ValueError
        If it is of another model, or its currents change.
    """
    run = sims.load_dataset(path)
    recipe = read_recipe(run)
    if recipe.model not in GRADED or recipe.table is not None:
        raise ValueError(
            f"{path} is a run of {recipe.model!r}{' under changing currents' * bool(recipe.table)};"
            " rhythms are found in graded models under constant currents."
        )
    return recipe, sims.state_vector(run.isel(time=-1), recipe.network())


def _of_run(path: Path, max_period_s: float) -> dict[str, Any]:
    recipe, last = read_graded_run(path)
    network, stimulus = recipe.network(), recipe.stimulus()
    field = network.field_under(stimulus)
    condition = ", ".join(f"{name} {pA:g} pA" for name, pA in recipe.currents) or "no current"
    points = analysis.find_fixed_points(field, [network.equilibrium(stimulus), last])
    cycle = find_graded_cycle(network, stimulus, last, max_period_ms=1e3 * max_period_s)
    rhythms = [_fixed_point(point, condition, "Newton's method") for point in points]
    if cycle.found:
        rhythms.append(_cycle(cycle, condition, f"from the end of the run; {cycle.message}"))
    return {
        "source": str(path),
        "system": f"{recipe.model} model of {network.wiring.name}, {network.dimension} dimensions",
        "rhythms": rhythms,
        "notes": [] if cycle.found else [cycle.message],
    }


@torch.no_grad()
def _of_net(
    path: Path, frequency_Hz: float, amplitude: float, n_starts: int, seed: int
) -> dict[str, Any]:
    net, _ = ann_bridge.load_net(path)
    states = net.initial_states(n_starts, torch.Generator().manual_seed(seed)).double().numpy()
    system, mapped = f"{net.kind} net, {net.settings.n_units} units", net
    if ann_bridge.is_reducible(net):
        mapped = ann_bridge.reduce_low_rank(net)
        states = mapped.reduce(states)
        system += f", in the {states.shape[1]} variables of their exact reduction"
    driven = ann_bridge.TrainedMap(mapped, frequency_Hz=frequency_Hz, amplitude=amplitude)
    free = ann_bridge.TrainedMap(mapped)
    census = analysis.find_locked_cycles(driven, states)
    candidates = [np.zeros(free.dimension), *states[:N_FIXED_POINT_STARTS]]
    candidates += [cycle.point for cycle in census.cycles]
    rhythms = [
        _fixed_point(point, "reference off", "Newton's method")
        for point in analysis.find_fixed_points(free, candidates)
    ]
    condition = f"reference {driven.frequency_Hz:.4g} Hz, amplitude {amplitude:g}"
    for cycle, basin in zip(census.cycles, census.basins, strict=True):
        how = f"{basin} of {census.n_starts} starts; {cycle.message}"
        rhythms.append(_cycle(cycle, condition, how, driven.drive_cycles))
    notes = [f"An attractor with a basin below {census.missed_basin:.2g} may be missed (95 %)."]
    if census.index_sum != 1:
        notes.append(
            f"The indices of the cycles add up to {census.index_sum}. All cycles of a net of "
            "bounded rates have the sum 1: some unstable ones were missed."
        )
    return {
        "source": str(path),
        "system": system,
        "rhythms": rhythms,
        "notes": notes,
    }


def _fixed_point(point: Any, condition: str, how_found: str) -> dict[str, Any]:
    described = describe_fixed_point(point, condition=condition)
    return {"kind": "fixed point", "period_ms": None, "how_found": how_found} | described


def _cycle(cycle: Any, condition: str, how_found: str, drive_cycles: int = 1) -> dict[str, Any]:
    described = describe_cycle(
        cycle, condition=condition, how_found=how_found, drive_cycles=drive_cycles
    )
    return {"kind": "limit cycle"} | described
