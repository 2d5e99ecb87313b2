"""isochron attractors."""

import sys
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import debug_option, json_option, open_connectome, print_json, say
from isochron.cli.execution import StoreOptions
from isochron.cli.options import PATH, NearestChoice, SettingsCommand, reject_given
from isochron.runs.model_settings import DATASET_HELP
from isochron.settings import require_seed, setting
from isochron.wording import shown

if TYPE_CHECKING:
    from isochron.workflows.attractor_results import (
        ConnectomePlacement,
        Ensemble,
        Enumerated,
        SampledNetwork,
    )

STEP = "attractors"
MOST_NETWORKS = 1_000_000
MOST_STARTS = 100_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchSettings:
    """Counting of attractors."""

    tie: str = setting(
        "plus", "State of a neuron whose field is exactly 0",
        choices="isochron.analysis.sign_networks:TIE_RULES",
    )  # fmt: skip
    n_starts: int | None = setting(
        None, f"Number of random initial states of a sample, at most {MOST_STARTS:,}; by default "
        "all states are enumerated, and for a connectome 2000 are sampled",
    )  # fmt: skip
    seed: int = setting(0, "Seed of initial states, random networks and null models")
    n_threads: int | None = setting(None, "Number of threads of an enumeration; by default all")
    device: str = setting(
        "cpu", "Device of an enumeration; a GPU (cuda) enumerates up to 32 neurons",
        choices=("cpu", "cuda"),
    )  # fmt: skip

    def __post_init__(self) -> None:
        require_seed(self.seed)
        if self.n_starts is not None and not 1 <= self.n_starts <= MOST_STARTS:
            raise ValueError(
                f"n_starts must be a whole number from 1 to {MOST_STARTS:,}, got "
                f"{shown(self.n_starts)}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSettings:
    """A network in files."""

    theta: Path | None = setting(None, "File of the thresholds of J.npy (.npy)", form="FILE")


@dataclass(frozen=True, kw_only=True, slots=True)
class EnsembleSettings:
    """Random networks."""

    n_random: int | None = setting(None, "Number of neurons of each random network")
    symmetry: float = setting(0.0, "Symmetry of the couplings of random networks, -1 to 1")
    n_networks: int = setting(100, f"Number of random networks, 2 to {MOST_NETWORKS:,}")

    def __post_init__(self) -> None:
        if not 2 <= self.n_networks <= MOST_NETWORKS:
            raise ValueError(
                f"n_networks must be a whole number from 2 to {MOST_NETWORKS:,}, got "
                f"{self.n_networks}."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class AxisSettings:
    """A connectome and its rewirings."""

    dataset: str | None = setting(None, DATASET_HELP)
    layers: str = setting(
        "chemical,gap", "Layers of the connectome, separated by a comma: chemical, gap"
    )
    n_nulls: int = setting(0, "Number of randomized connectomes for comparison")
    null_model: str = setting(
        "rewire", "Null model that randomizes the connectome",
        choices="isochron.connectome.null_models:NULL_MODELS",
    )  # fmt: skip


SETTINGS: dict[str, type] = {
    "search": SearchSettings,
    "file": FileSettings,
    "ensemble": EnsembleSettings,
    "axis": AxisSettings,
    "execution": StoreOptions,
}
WHOSE = {"file": "J.npy", "ensemble": "--random", "axis": "--dataset"}


@click.command(cls=SettingsCommand, settings=SETTINGS)
@click.argument("couplings", metavar="[J.npy]", type=PATH, required=False)
@click.option(
    "--signs", type=NearestChoice(["own", "gaba", "none"], case_sensitive=False),
    help="Signs of the chemical connections: those of the connectome (own), the 26 GABAergic "
    "neurons inhibit (gaba), or all excite (none).  [default: own if the connectome has signs, "
    "else gaba]",
)  # fmt: skip
@json_option
@debug_option
def attractors(
    couplings: Path | None,
    search: SearchSettings,
    file: FileSettings,
    ensemble: EnsembleSettings,
    axis: AxisSettings,
    signs: str | None,
    execution: StoreOptions,
    as_json: bool,
) -> None:
    """Count the fixed points and limit cycles of a network of ±1 neurons.

    Give couplings J[post, pre] as a .npy file, --random N, or --dataset ID. Up to 30 neurons
    (32 on a GPU) are enumerated; larger networks need --starts.
    """
    sources = {"file": couplings, "ensemble": ensemble.n_random, "axis": axis.dataset}
    named = [name for name, source in sources.items() if source is not None]
    if len(named) != 1:
        raise click.UsageError("Give one of J.npy, --random and --dataset.")
    _reject_other_options(named[0], search, signs)
    if execution.is_used():
        if couplings is not None:
            raise click.UsageError("--store does not apply to J.npy: it is a single network.")
        result: Any = _stored(execution, search, ensemble, axis, signs, quiet=as_json)
    else:
        with _reporting() as report:
            if couplings is not None:
                result = _of_file(couplings, file.theta, search, report)
            elif ensemble.n_random is not None:
                result = _of_ensemble(search, ensemble, report)
            else:
                result = _of_connectome(search, axis, signs, report)
    if as_json:
        print_json(asdict(result))
    else:
        say(_text(result))


def _stored(
    execution: StoreOptions, search: SearchSettings, ensemble: EnsembleSettings, axis: AxisSettings,
    signs: str | None, *, quiet: bool,
) -> "Ensemble | ConnectomePlacement":  # fmt: skip
    """The result of parts that a store has."""
    from isochron.workflows.experiments import attractors as parts

    if ensemble.n_random is not None:
        names = ["n_threads", "device"]
        reject_given("search", names, "does not apply with --store; see --workers.")
        sizes = (ensemble.n_random, ensemble.symmetry, ensemble.n_networks)
        grid = parts.ensemble_grid(*sizes, tie=search.tie, seed=search.seed)
        found = execution.compute(grid, quiet=quiet)
        return parts.read_ensemble(found, ensemble.symmetry, tie=search.tie, seed=search.seed)
    from isochron.workflows.attractors import NullModels, placement_points

    points = placement_points(
        str(axis.dataset), layers=_layers(axis.layers), signs=signs, tie=search.tie,
        nulls=NullModels(n=axis.n_nulls, model=axis.null_model), seed=search.seed,
        n_starts=2000 if search.n_starts is None else search.n_starts,
    )  # fmt: skip
    return parts.read_placement(
        execution.compute(parts.placement_grid(points), quiet=quiet), points
    )


def _of_ensemble(search: SearchSettings, ensemble: EnsembleSettings, report: Any) -> "Ensemble":
    from isochron.workflows.attractors import count_in_ensemble

    return count_in_ensemble(
        int(ensemble.n_random or 0), ensemble.symmetry, ensemble.n_networks, tie=search.tie,
        seed=search.seed, n_threads=search.n_threads, device=search.device, progress=report,
    )  # fmt: skip


def _of_connectome(
    search: SearchSettings, axis: AxisSettings, signs: str | None, report: Any
) -> "ConnectomePlacement":
    from isochron.workflows.attractors import NullModels, place_on_axis

    return place_on_axis(
        open_connectome(str(axis.dataset)), layers=_layers(axis.layers), signs=signs,
        tie=search.tie, nulls=NullModels(n=axis.n_nulls, model=axis.null_model),
        seed=search.seed, progress=report,
        n_starts=2000 if search.n_starts is None else search.n_starts,
    )  # fmt: skip


def _reject_other_options(source: str, search: SearchSettings, signs: str | None) -> None:
    """Raise if an option was given that does not apply to this source of networks."""
    for section, whose in WHOSE.items():
        if section != source:
            names = [field.name for field in fields(SETTINGS[section])]
            reject_given(section, names, f"goes with {whose}, not with {WHOSE[source]}.")
    if signs is not None and source != "axis":
        raise click.UsageError(f"--signs goes with --dataset, not with {WHOSE[source]}.")
    if source == "ensemble":
        reject_given("search", ["n_starts"], "does not apply: random networks are enumerated.")
    elif source == "axis" or search.n_starts is not None:
        names = ["n_threads", "device"]
        reject_given("search", names, "goes with an enumeration, not with sampling.")


def _reporting() -> Any:
    """A progress callback on stderr."""
    import time
    from contextlib import contextmanager

    from isochron.cli.progress import show_progress

    @contextmanager
    def reporting():
        began = time.perf_counter()
        with show_progress(sys.stderr) as progress:
            progress.begin(STEP)
            yield lambda fraction, text: progress.update(STEP, fraction, text)
            progress.end(STEP, time.perf_counter() - began)

    return reporting()


def _layers(text: str) -> list[str]:
    """Layers by the words that files use: electrical is gap. Other words are left as they are."""
    from isochron.connectome.importers.vocabulary import read_layer

    def read(word: str) -> str:
        try:
            layer = read_layer(word, extrasynaptic=(), where="--layers")
        except ValueError:
            return word
        return layer if layer in ("chemical", "gap") else word

    return list(dict.fromkeys(map(read, text.split(","))))


def _of_file(
    path: Path, theta: Path | None, search: SearchSettings, report: Any
) -> "Enumerated | SampledNetwork":
    import numpy as np

    from isochron.analysis.sign_networks import enumerate_attractors, sample_attractors
    from isochron.analysis.sign_networks.enumeration import MAX_NEURONS, MAX_ON_GPU
    from isochron.connectome.arrays import load_finite_npy
    from isochron.workflows.attractor_results import Enumerated, SampledNetwork

    J, thresholds = load_finite_npy(path), 0 if theta is None else load_finite_npy(theta)
    if search.n_starts is not None:
        rng = np.random.default_rng(search.seed)
        sample = sample_attractors(
            J, thresholds, search.tie, n_starts=search.n_starts, rng=rng, progress=report
        )  # fmt: skip
        return SampledNetwork.of(sample, n=sample.n, tie_rule=search.tie)
    largest = MAX_NEURONS if search.device == "cpu" else MAX_ON_GPU
    if J.ndim == 2 and len(J) > largest:
        raise ValueError(
            f"{len(J)} neurons cannot be enumerated; {largest} can. Sample them: --starts 1000."
        )
    found = enumerate_attractors(
        J, thresholds, search.tie, n_threads=search.n_threads, device=search.device,
        progress=report,
    )  # fmt: skip
    return Enumerated.of(found)


def _text(result: object) -> str:
    """The main numbers of a result, one a line."""
    lines = []
    for name, value in _items(result):
        if isinstance(value, list | tuple):
            value = f"{len(value)} (--json lists them)" if value else "none"
        elif _has_items(value):
            value = ", ".join(f"{k}: {_short(v)}" for k, v in _items(value) if k != "attractors")
        lines.append(f"{name.replace('_', ' ')}: {_short(value)}")
    return "\n".join(lines)


def _has_items(value: object) -> bool:
    return isinstance(value, dict) or is_dataclass(value)


def _items(value: Any) -> list[tuple[Any, Any]]:
    """Names and values of a dataclass, or of a dictionary."""
    if isinstance(value, dict):
        return list(value.items())
    return [(field.name, getattr(value, field.name)) for field in fields(value)]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    if _has_items(value):
        return " ".join(f"{k} {_short(v)}" for k, v in _items(value) if k != "attractors")
    return str(value)
