"""What the searches of `isochron cycles` and `isochron tongue` share: settings, files, results."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isochron import sims
from isochron.files import MissingDataFileError, reads_data
from isochron.runs.simulation_spec import SimulationSpec, read_simulation_spec
from isochron.settings import setting

DATASETS = (".zarr", ".nc")


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmSearch:
    """How the rhythms of saved networks and runs are searched for.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    frequency_Hz: float | None = setting(
        None,
        "frequency of the reference; by default that of a network's task, or the intrinsic "
        "frequency of a run",
        unit="Hz",
    )
    channel: int | None = setting(
        None, "number of the network's input that the reference enters; by default that of its task"
    )
    n_starts: int = setting(64, "number of random initial states of a network")
    seed: int = setting(0, "seed of the random initial states")
    max_period_s: float = setting(10.0, "longest intrinsic period of a run", unit="s")

    def __post_init__(self) -> None:
        if self.frequency_Hz is not None and not 0 < self.frequency_Hz < math.inf:
            raise ValueError(f"frequency must be positive and finite, got {self.frequency_Hz!r}.")
        if self.n_starts < 1 or self.seed < 0 or not 0 < self.max_period_s < math.inf:
            raise ValueError(
                "starts must be at least 1, seed at least 0 and max_period positive, got "
                f"{self.n_starts!r}, {self.seed!r} and {self.max_period_s!r}."
            )


def find_nets(path: Path) -> list[Path]:
    """The networks at a path, without suffix: one, or all of a folder or of its folder ``nets``.

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
            f"There is no network at {path}, and no run: runs end in {' or '.join(DATASETS)}, a "
            "network is a pair of .safetensors and .json."
        )
    return [file.with_suffix("") for file in found]


@reads_data
def read_graded_run(path: Path) -> tuple[SimulationSpec, np.ndarray]:
    """How a saved run of a graded model was made, and its last state.

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
