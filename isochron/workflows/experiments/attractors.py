"""Attractors of networks of ±1 neurons, as `isochron attractors` counts them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isochron.analysis import sign_networks
from isochron.connectome import Connectome, gaba_inhibitory
from isochron.runs.datasets import open_connectome
from isochron.runs.null_models import OF_SIGNS, draw_connectome
from isochron.runs.results import from_json_values
from isochron.runs.sweep import Sweep
from isochron.runs.sweep.experiments import BatchResult, Experiment
from isochron.workflows.attractor_results import (
    ConnectomePlacement,
    Ensemble,
    NetworkOfConnectome,
    RandomNetwork,
)
from isochron.workflows.attractors import (
    describe_ensemble,
    placement,
    sample_connectome,
    sample_network,
)
from isochron.workflows.experiments.results import read_results, texts_of
from isochron.workflows.experiments.settings import AttractorSettings

Found = NetworkOfConnectome | RandomNetwork


class AttractorExperiment(Experiment):
    """Number of attractors by length, largest basin, symmetry degree."""

    settings: ClassVar[type] = AttractorSettings
    shared: ClassVar[tuple[str, ...]] = ("n_random",)
    files: ClassVar[tuple[str, ...]] = ("dataset",)
    measures: ClassVar[Mapping[str, str]] = {
        "n_attractors": "number of attractors; of a connectome, of those that random starts found",
        "n_fixed_points": "number of fixed points among them",
        "largest_basin": "fraction of the states that lead to the attractor with most of them; of "
        "a connectome a lower limit",
        "mean_transient": "mean number of steps to an attractor",
        "symmetry_degree": "symmetry degree of the couplings",
        "unseen_mass": "estimated fraction of states that lead to attractors that were not found",
    }

    def run(
        self, runs: Sequence[Mapping[str, Any]], seeds: Sequence[int], folder: Path
    ) -> BatchResult:
        """Count the attractors of one network after the other."""
        found: list[Found] = []
        for run, seed in zip(runs, seeds, strict=True):
            it = self.read(run)
            found.append(_of_connectome(it, seed) if it.dataset else _random_network(it, seed))
        return _batch(found)


def _of_connectome(it: AttractorSettings, seed: int) -> NetworkOfConnectome:
    """A draw as in every sweep, or that of `isochron attractors` with its seed."""
    if it.seed is not None:
        return sample_network(_connectome(str(it.dataset)), it, it.seed)
    permuted = it.null_model == OF_SIGNS and it.signs == "gaba"
    rule = gaba_inhibitory if permuted else None
    drawn = draw_connectome(str(it.dataset), it.null_model, it.draw, rule)
    it = replace(it, signs="own") if permuted else it
    return sample_connectome(drawn, it, np.random.default_rng(seed))


@cache
def _connectome(dataset: str) -> Connectome:
    return open_connectome(dataset)


def _random_network(it: AttractorSettings, seed: int) -> RandomNetwork:
    """One of the networks that the stream of a seed gives one after the other."""
    rng = np.random.default_rng(seed if it.seed is None else it.seed)
    assert it.n_random is not None
    for _ in range(it.draw):
        sign_networks.random_couplings(it.n_random, it.symmetry, rng)
    couplings = sign_networks.random_couplings(it.n_random, it.symmetry, rng)
    found = sign_networks.enumerate_attractors(couplings, 0, it.tie, n_threads=1)
    return RandomNetwork(
        n=found.n,
        lengths=tuple(found.lengths.tolist()),
        basins=tuple(found.basins.tolist()),
        transients=tuple(found.transients.tolist()),
    )


def placement_grid(points: Sequence[AttractorSettings]) -> dict[str, Any]:
    """The sweep that computes the networks of `place_on_axis`, each in a batch."""
    varied = ("tie", "solve", "null_model", "draw")
    first = {field.name: getattr(points[0], field.name) for field in fields(AttractorSettings)}
    fixed = {name: value for name, value in first.items() if name not in varied}
    return {
        "experiment": "attractors",
        "batch": 1,
        "fixed": _given(fixed),
        "axes": {"network": {"points": [{k: getattr(it, k) for k in varied} for it in points]}},
    }


def ensemble_grid(
    n: int, symmetry: float, n_networks: int, *, tie: str, seed: int
) -> dict[str, Any]:
    """The sweep that enumerates the networks of `count_in_ensemble`."""
    if n_networks < 2:
        raise ValueError(
            f"The number of networks must be at least 2, for a standard error; got {n_networks!r}."
        )
    fixed = {"n_random": n, "symmetry": symmetry, "tie": tie, "seed": seed}
    return {
        "experiment": "attractors",
        "fixed": fixed,
        "axes": {"draw": list(range(n_networks))},
        "batch": 16,
    }


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that have a value, as TOML has them."""
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
    return {name: value for name, value in plain.items() if value is not None}


def read_placement(sweep: Sweep, points: Sequence[AttractorSettings]) -> ConnectomePlacement:
    """The results of `placement_grid`, as `place_on_axis` returns them."""
    parts = [from_json_values(it, NetworkOfConnectome) for it in read_results(sweep)]
    return placement(open_connectome(str(points[0].dataset)), points, parts)


def read_ensemble(sweep: Sweep, symmetry: float, *, tie: str, seed: int) -> Ensemble:
    """The results of `ensemble_grid`, as `count_in_ensemble` returns them."""
    networks = [from_json_values(it, RandomNetwork) for it in read_results(sweep)]
    counted = sign_networks.EnsembleCount.of(symmetry, [_enumeration(it, tie) for it in networks])
    return describe_ensemble(counted, tie=tie, seed=seed)


def _enumeration(found: RandomNetwork, tie: str) -> sign_networks.Enumeration:
    """A random network as its enumeration, without what only a single one has."""
    nothing = np.zeros(len(found.lengths), dtype=np.int64)
    return sign_networks.Enumeration(
        n=found.n,
        tie_rule=tie,
        lengths=np.array(found.lengths, dtype=np.int64),
        basins=np.array(found.basins, dtype=np.int64),
        representatives=nothing,
        max_transients=nothing,
        transients=np.array(found.transients, dtype=np.int64),
        symmetric=False,
        seconds=0.0,
    )


def _batch(found: Sequence[Found]) -> BatchResult:
    numbers = [_numbers(it) for it in found]
    lengths = sorted({length for it in numbers for length in it})
    rows = [_summary(it) for it in found]
    variables = {name: np.array([row[name] for row in rows], float) for name in rows[0]}
    variables["n_attractors"] = np.array([float(sum(it.values())) for it in numbers])
    variables["n_fixed_points"] = np.array([float(it.get(1, 0)) for it in numbers])
    variables["n_by_length"] = np.array(
        [[float(it.get(length, 0)) for length in lengths] for it in numbers]
    )
    variables["result"] = texts_of(found)
    labels = {"length": np.array(lengths, dtype=np.int64)}
    return BatchResult(variables, {"n_by_length": ("length",)}, labels, reasons=("",) * len(found))


def _numbers(found: Found) -> dict[int, int]:
    """Number of attractors of each length."""
    if isinstance(found, NetworkOfConnectome):
        return found.sampled.found_by_length
    lengths, counts = np.unique(np.array(found.lengths), return_counts=True)
    return dict(zip(lengths.tolist(), counts.tolist(), strict=True))


def _summary(found: Found) -> dict[str, float | None]:
    if isinstance(found, NetworkOfConnectome):
        sampled = found.sampled
        return {
            "largest_basin": max((it.basin_low for it in sampled.attractors), default=None),
            "mean_transient": sampled.mean_transient,
            "symmetry_degree": found.symmetry_degree,
            "unseen_mass": sampled.unseen_mass,
        }
    return {
        "largest_basin": max(found.basins) / 2.0**found.n,
        "mean_transient": _enumeration(found, "plus").mean_transient,
        "symmetry_degree": None,
        "unseen_mass": 0.0,
    }
