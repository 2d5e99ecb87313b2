"""Graphs of pruned networks and of the connectome, next to null models of each."""

from typing import Any

import numpy as np

from isochron import ann_bridge
from isochron.connectome import Connectome
from isochron.connectome.statistics import (
    TRIADS,
    compare_with_null,
    degrees,
    reciprocity,
    triad_counts,
)
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import Report
from isochron.runs.null_models import randomized
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.sign_couplings import LAYERS, connectome_couplings
from isochron.studies.pruning.configuration import PruningConfig
from isochron.studies.pruning.results import CONNECTOME, GraphRow, GraphStatistic

RECIPROCITY = "reciprocity"
IN_DEGREE = "in-degree, standard deviation"
OUT_DEGREE = "out-degree, standard deviation"
DEGREES = "correlation of in- and out-degree"
STATISTICS = (RECIPROCITY, IN_DEGREE, OUT_DEGREE, DEGREES, *(f"triad {it}" for it in TRIADS))


def connectome_graph(dataset: str) -> Connectome:
    """The connectome with one layer: a connection is a synapse, or a gap junction, in each way."""
    found = open_connectome(dataset)
    connected = connectome_couplings(found, LAYERS, "none") != 0
    return with_connections(found, connected, "gap junctions as connections both ways")


def with_connections(graph: Connectome, connected: np.ndarray, what: str) -> Connectome:
    """The same neurons with other connections, all of weight 1, without signs and gap junctions."""
    return graph.changed(
        what, chemical=connected.astype(float), gap=np.zeros(connected.shape), signs=None
    )


def describe_graph(connected: np.ndarray) -> np.ndarray:
    """The `STATISTICS` of a graph ``[post, pre]``, shape (n_statistics,)."""
    found = degrees(connected)
    pair = np.array([found.incoming, found.outgoing], dtype=float)
    spread = pair.std(axis=1)
    correlation = float("nan")
    if spread.all():
        centered = pair - pair.mean(axis=1, keepdims=True)
        correlation = float(np.mean(centered[0] * centered[1]) / np.prod(spread))
    return np.array([reciprocity(connected), *spread, correlation, *triad_counts(connected)])


def measure_connectome(config: PruningConfig, report: Report) -> Any:
    """The `GraphRow` of the connectome as JSON values."""
    graph = connectome_graph(config.worm.dataset)
    row = GraphRow(
        name=graph.name,
        task="",
        method=CONNECTOME,
        pair=0,
        statistics=compare_graph(config, graph, CONNECTOME, report),
    )
    return to_json_values(row)


def measure_graph(
    config: PruningConfig, folder: RunPaths, name: str, task: str, method: str, pair: int,
    report: Report,
) -> Any:  # fmt: skip
    """The `GraphRow` of a saved network as JSON values."""
    net: Any = ann_bridge.load_net(folder.net_path(name))[0]
    connected = net.chemical_mask.numpy()
    graph = with_connections(open_connectome(config.worm.dataset), connected, "pruned network")
    row = GraphRow(
        name=name,
        task=task,
        method=method,
        pair=pair,
        statistics=compare_graph(config, graph, name, report),
    )
    return to_json_values(row)


def compare_graph(
    config: PruningConfig, graph: Connectome, name: str, report: Report
) -> tuple[GraphStatistic, ...]:
    """Statistics of a graph next to draws from each null model of it."""
    found = []
    for k, null in enumerate(config.graphs.null_models):
        report(k / len(config.graphs.null_models), f"{config.graphs.draws} draws of {null}")
        rng = np.random.default_rng(derive_seed(config.seed, "graph", name, null))
        draws = (randomized(graph, null, rng).chemical for _ in range(config.graphs.draws))
        compared = compare_with_null(describe_graph, graph.chemical, draws)
        found += [
            GraphStatistic(null_model=null, name=statistic, value=_known(value), mean=_known(mean),
                           z=_known(z), p=_known(p))
            for statistic, value, mean, z, p in zip(
                STATISTICS, compared.observed, compared.mean, compared.z, compared.p, strict=True
            )
        ]  # fmt: skip
    return tuple(found)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def profile(row: GraphRow, null_model: str) -> np.ndarray:
    """Standard scores of the triads, NaN where they are not defined, shape (13,)."""
    scores = [row.of(f"triad {it}", null_model).z for it in TRIADS]
    return np.array([np.nan if z is None else z for z in scores])


def profile_correlation(first: GraphRow, second: GraphRow, null_model: str) -> float | None:
    """Correlation of the standard scores of the triads of two graphs.

    It does not depend on the sizes of the scores, as the normalized profiles of Milo et al. (2004).
    None with fewer than 3 triads whose scores are defined in both.
    """
    one, two = profile(first, null_model), profile(second, null_model)
    known = np.isfinite(one) & np.isfinite(two)
    if known.sum() < 3 or not one[known].std() or not two[known].std():
        return None
    return float(np.corrcoef(one[known], two[known])[0, 1])
