"""The connections of a run, for the page: found from what the run states of itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from isochron.connectome import Connectome, load
from isochron.runs.simulation_spec import ATTRIBUTE, read_simulation_spec
from isochron.view.packing import pack

# Of a matrix without zeros, as that of a trained network, the strongest are shown.
MOST = 20_000
# First words of changes of a connectome that leave the connections between neurons.
SAME_CONNECTIONS = ("signs", "body-wall muscles")


def find_connectome(run: xr.Dataset) -> Connectome | None:
    """The connectome on which a run was made, or None if the run does not tell.

    A run on a connectome that was changed (rewired, merged) is not matched with the published
    one: give the connectome to the page.
    """
    if ATTRIBUTE in run.attrs:
        spec = read_simulation_spec(run)
        return _signed_as(spec.connectome(), spec.signs)
    history = str(run.attrs.get("connectome_history", ""))
    unchanged = all(step.startswith(SAME_CONNECTIONS) for step in history.split("; ") if step)
    digest = run.attrs.get("dataset_sha256")
    try:
        found = load(str(run.attrs.get("dataset", "")))
    except ValueError:
        return None
    return _signed_as(found, None) if unchanged and digest == found.source.content_sha256 else None


def _signed_as(connectome: Connectome, rule: str | None) -> Connectome:
    from isochron.connectome import SIGN_RULES
    from isochron.connectome.signs import signed

    return signed(connectome, None if rule is None else SIGN_RULES.load(rule))


def connectome_table(connectome: Connectome, names: Sequence[str]) -> dict[str, Any]:
    """Connections between the units of a run: chemical and gap junctions."""
    place = {name: k for k, name in enumerate(names)}
    index = np.array([place.get(name, -1) for name in connectome.neurons])
    signs = connectome.signs
    chemical = _entries(connectome.chemical, signs, index)
    gap = _entries(np.triu(connectome.gap, 1), None, index)
    both = [np.concatenate(pair) for pair in zip(chemical, gap, strict=True)]
    return _packed(*both, gap=np.repeat([0, 1], [len(chemical[0]), len(gap[0])]))


def weight_table(weights: np.ndarray) -> dict[str, Any]:
    """Connections of a matrix of weights, the strongest if there are many."""
    strength = np.abs(weights)
    flat = strength[strength > 0]
    if len(flat) > MOST:
        strength = np.where(strength >= np.sort(flat)[-MOST], strength, 0)
    entries = _entries(strength, np.sign(weights), np.arange(len(weights)))
    return _packed(*entries, gap=np.zeros(len(entries[0]))) | {"all": int(len(flat))}


def _entries(weights: np.ndarray, signs: np.ndarray | None, index: np.ndarray) -> list[np.ndarray]:
    """Presynaptic, postsynaptic, weight and sign of each connection between known units."""
    post, pre = np.nonzero(weights)
    sign = np.zeros(len(post)) if signs is None else np.asarray(signs)[post, pre]
    known = (index[post] >= 0) & (index[pre] >= 0)
    return [part[known] for part in (index[pre], index[post], weights[post, pre], sign)]


def _packed(
    pre: np.ndarray, post: np.ndarray, weight: np.ndarray, sign: np.ndarray, *, gap: np.ndarray
) -> dict[str, Any]:
    return {
        "pre": pack(pre, "u2"),
        "post": pack(post, "u2"),
        "weight": pack(weight, "f4"),
        "sign": pack(1 + sign, "u1"),
        "gap": pack(gap, "u1"),
    }
