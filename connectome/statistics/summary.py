"""The statistics of a connectome in one dictionary, ready for JSON."""

import math
from typing import Any

import numpy as np

from isochron.connectome.model import Connectome, check_connectome
from isochron.connectome.statistics._matrix import connections
from isochron.connectome.statistics.clustering import clustering
from isochron.connectome.statistics.degrees import degrees
from isochron.connectome.statistics.motifs import DYADS, dyad_counts
from isochron.connectome.statistics.paths import components, giant_component, mean_path_length
from isochron.connectome.statistics.symmetry import reciprocity, symmetry_degree

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def summary(connectome: Connectome) -> dict[str, Any]:
    """Statistics of the chemical synapses, the gap junctions and both together.

    Parameters
    ----------
    connectome : Connectome
        Connectome with any unit of weights. The combined layer is the sum of the two others, in
        which a gap junction counts in both directions. Muscles are excluded.

    Returns
    -------
    dict
        For each of ``chemical``, ``gap`` and ``combined``:

        - ``connections``: ordered pairs (a gap-junction pair counts twice) and ``dyads``:
          unordered pairs, both without self-connections;
        - ``weak_components``, ``strong_components``: sizes, the largest first;
        - ``giant``: ``neurons`` of the largest strong component, and within it ``mean_path``
          and ``clustering`` by definition (see `clustering`);
        - ``reciprocity``, and ``symmetry_degree``: ``weighted``, ``weighted_centered``,
          ``binary``, ``binary_centered`` (see `symmetry_degree`), unsigned;
        - ``degrees``: ``incoming``, ``outgoing``, ``partners``, each with its ``mean`` and the
          `QUANTILES`.

        All values are int, float, None (not defined), or lists and dictionaries of these.

    Raises
    ------
    TypeError
        If `connectome` is something else.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> gap = statistics.summary(connectome.load("varshney2011"))["gap"]
    >>> gap["connections"], gap["weak_components"][:3], gap["giant"]["neurons"]
    (1028, [248, 3, 2], 248)
    """
    check_connectome(connectome)
    layers = {
        "chemical": connectome.chemical,
        "gap": connectome.gap,
        "combined": connectome.chemical + connectome.gap,
    }
    return {name: _layer(weights) for name, weights in layers.items()}


def _layer(weights: np.ndarray) -> dict[str, Any]:
    return {
        "connections": int(connections(weights).sum()),
        "dyads": dict(zip(DYADS, dyad_counts(weights).tolist(), strict=True)),
        "weak_components": components(weights, connection="weak").sizes.tolist(),
        "strong_components": components(weights, connection="strong").sizes.tolist(),
        "giant": _giant(weights),
        "reciprocity": _known(reciprocity(weights)),
        "symmetry_degree": {
            ("weighted" if weighted else "binary") + ("_centered" if centered else ""): _known(
                symmetry_degree(weights, weighted=weighted, centered=centered)
            )
            for weighted in (True, False)
            for centered in (False, True)
        },
        "degrees": _degrees(weights),
    }


def _giant(weights: np.ndarray) -> dict[str, Any]:
    neurons = giant_component(weights)
    within = weights[np.ix_(neurons, neurons)]
    return {
        "neurons": int(neurons.size),
        "mean_path": _known(mean_path_length(within)),
        "clustering": {
            "out-neighbor": _known(clustering(within, definition="out-neighbor")),
            "undirected": _known(clustering(within, definition="undirected")),
            "directed": _known(clustering(within, definition="directed")),
            "transitivity": _known(clustering(within, definition="transitivity")),
        },
    }


def _degrees(weights: np.ndarray) -> dict[str, Any]:
    found = degrees(weights)
    return {name: _spread(getattr(found, name)) for name in ("incoming", "outgoing", "partners")}


def _spread(values: np.ndarray) -> dict[str, Any]:
    if not values.size:
        return {"mean": None, "quantiles": None}
    quantiles = {f"{q:g}": float(np.quantile(values, q)) for q in QUANTILES}
    return {"mean": float(values.mean()), "quantiles": quantiles}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
