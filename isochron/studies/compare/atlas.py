"""The signal-propagation atlas against the responses of the model of the worm."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from isochron import analysis, sims
from isochron.connectome import Connectome
from isochron.connectome.recordings import load_functional_atlas
from isochron.connectome.transform import pair_labels
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.studies.compare.configuration import CompareConfig
from isochron.wording import counted

ATLAS = "atlas"  # name of the step
STRAIN = "wt"
LEAST_NEURONS = 5
N_PERMUTATIONS = 999


@dataclass(frozen=True, kw_only=True)
class AtlasComparison:
    """Measured responses to the stimulation of single neurons against those of the model.

    Attributes
    ----------
    name : str
        Name of the file.
    n_neurons : int
        Number of neurons that atlas and model share; left-right pairs count as one.
    n_pairs : int
        Number of pairs (stimulated, responding) that the atlas has.
    correlation, p_value : float or None
        Spearman's correlation over these pairs, and its one-sided test; see
        `isochron.analysis.mantel_test`. None if the model does not rest without a current.
    of_weights : float
        Spearman's correlation of the same measured responses with the weights of the connectome,
        synapses and gap junctions together: what a model must exceed to add to the connectome.
    method : str
    remark : str
        Reason why there is no correlation, else empty.
    """

    name: str
    n_neurons: int
    n_pairs: int
    of_weights: float
    correlation: float | None = None
    p_value: float | None = None
    method: str = ""
    remark: str = ""


def check_atlas(config: CompareConfig) -> None:
    """Reject an atlas that cannot be read or does not fit the connectome, before any work.

    Raises
    ------
    ValueError
        If it is not the atlas, or has too few neurons of the connectome.
    """
    if config.animals.atlas:
        _measured(config.animals.atlas, open_connectome(config.worm.dataset))


def compare_with_atlas(config: CompareConfig, report: Report) -> Any:
    """The atlas against the model without a current; `AtlasComparison` as JSON values."""
    network = sims.GradedNetwork(open_connectome(config.worm.dataset))
    connectome = network.connectome
    measured, names = _measured(config.animals.atlas, connectome)
    labels = pair_labels(connectome.neurons, connectome.neurons)

    def correlate(values: np.ndarray, n_permutations: int) -> analysis.SignificanceTest:
        return analysis.mantel_test(
            measured,
            merge_pairs(values, labels, names),
            n_permutations=n_permutations,
            rng=np.random.default_rng(derive_seed(config.seed, ATLAS)),
        )

    weights = connectome.chemical.astype(float) + connectome.gap
    found = AtlasComparison(
        name=Path(config.animals.atlas).name,
        n_neurons=len(names),
        n_pairs=int(np.isfinite(measured).sum()),
        of_weights=correlate(weights, 1).statistic,
        remark="Without a current the model does not rest at its equilibrium.",
    )
    report(0.2, "permutations")
    responses = steady_responses(network)
    if responses is not None:
        test = correlate(responses, N_PERMUTATIONS)
        found = replace(
            found, correlation=test.statistic, p_value=test.p_value, method=test.method, remark=""
        )
    return to_json_values(found)


def steady_responses(network: sims.GradedNetwork) -> np.ndarray | None:
    """Change of each potential for a small constant current into each neuron, mV/pA.

    Linear, at the equilibrium without a current, whose thresholds do not change. It is also the
    integral over time of the response to a brief pulse, for each pC.

    Returns
    -------
    ndarray, shape (n_neurons, n_neurons), or None
        ``[post, pre]``; None if the equilibrium is not stable.
    """
    rest, n = sims.Stimulus(), network.n_neurons
    jacobian = network.field_under(rest).jacobian(0.0, network.equilibrium(rest)).toarray()
    if np.linalg.eigvals(jacobian).real.max() >= 0:
        return None
    current = np.eye(2 * n, n) / network.parameters.capacitance
    return -np.linalg.solve(jacobian, current)[:n]


def merge_pairs(values: np.ndarray, labels: Sequence[str], merged: Sequence[str]) -> np.ndarray:
    """Mean of the known entries over the members of each left-right pair.

    Parameters
    ----------
    values : ndarray, shape (n, n)
        NaN where an entry is not known.
    labels : sequence of str, length n
        Name of the pair of each neuron; of a neuron without a twin, its name.
    merged : sequence of str
        Labels in the order of the result.

    Returns
    -------
    ndarray, shape (n_merged, n_merged)
        NaN where no entry is known, and for a pair with itself.
    """
    known = np.isfinite(values)
    members = np.equal.outer(np.array(merged), np.array(labels)).astype(float)
    total = members @ np.where(known, values, 0.0) @ members.T
    count = members @ known @ members.T
    np.fill_diagonal(count, 0)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def _measured(path: str, connectome: Connectome) -> tuple[np.ndarray, list[str]]:
    """Responses of the wild type between neurons of a connectome, ``[post, pre]``, and labels."""
    atlas = load_functional_atlas(path)
    if STRAIN not in atlas.strain:
        raise ValueError(f"atlas: {path} does not have the strain {STRAIN}.")
    shared = [name for name in atlas.post.values.tolist() if name in set(connectome.neurons)]
    responses = atlas.response.sel(strain=STRAIN, post=shared, pre=shared).values
    labels = pair_labels(shared, connectome.neurons)
    merged = sorted(set(labels))
    responses = merge_pairs(responses, labels, merged)
    known = np.isfinite(responses)
    kept = np.flatnonzero(known.any(axis=0) | known.any(axis=1))
    if kept.size < LEAST_NEURONS:
        raise ValueError(
            f"atlas: {path} has responses between {counted(kept.size, 'neuron')} of "
            f"{connectome.name}; at least {LEAST_NEURONS} are needed. Omit the setting."
        )
    return responses[np.ix_(kept, kept)], [merged[k] for k in kept]
