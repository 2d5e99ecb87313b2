"""Neurons of snntorch from their state dicts; used by `SpikingNet.from_snntorch`."""

import math
from typing import Any

import torch
from torch import Tensor

from isochron.ann_bridge.nets.agreement import module_setting
from isochron.ann_bridge.nets.arrays import Weights, checked_doubles, read_weights
from isochron.shapes import check_shape

OPTIONAL = (
    "graded_spikes_factor", "reset_mechanism_val", "V", "recurrent.V", "recurrent.weight",
    "recurrent.bias", "alpha",
)  # fmt: skip


def read_neurons(neurons: Weights, prefix: str | None) -> dict[str, Any]:
    """beta and threshold as numbers, and the recurrent weights as tensors.

    Raises
    ------
    ValueError
        If the neurons are not those of `SpikingNet`.
    """
    found = read_weights(
        neurons,
        prefix=prefix,
        needed=("beta", "threshold"),
        optional=OPTIONAL,
        what="of snntorch.Leaky or RLeaky",
    )
    parts: dict[str, Any] = checked_doubles(**found)
    for name, usual in (("inhibition", False), ("reset_delay", True)):
        if module_setting(neurons, prefix, name) not in (None, usual):
            raise ValueError(
                f"The neurons have {name}={not usual}; those of SpikingNet have {name}={usual}."
            )
    if "alpha" in parts:
        raise ValueError(
            "The neurons have a synaptic current (alpha: snntorch.Synaptic, RSynaptic or Alpha). "
            "SpikingNet does not have one; train it, or use Leaky or RLeaky."
        )
    if (parts.get("reset_mechanism_val", torch.zeros(())) != 0).any():
        raise ValueError("The neurons do not reset by subtraction, as those of SpikingNet do.")
    if (parts.get("graded_spikes_factor", torch.ones(())) != 1).any():
        raise ValueError("The neurons have graded spikes; a spike of SpikingNet has size 1.")
    if parts["threshold"].min() <= 0:
        raise ValueError(f"threshold must be positive, got {parts['threshold'].min().item():.4g}.")
    for name in ("beta", "threshold"):
        if parts[name].max() != parts[name].min():
            raise ValueError(
                f"{name} differs between units ({parts[name].min().item():.4g} to "
                f"{parts[name].max().item():.4g}); SpikingNet has one for all units."
            )
        parts[name] = parts[name].flatten()[0].item()
    return parts


def recurrent_parts(parts: dict[str, Any], n_units: int) -> tuple[Tensor, Tensor]:
    """Recurrent weights and bias: all to all, each unit to itself, or 0.

    Raises
    ------
    ValueError
        If they do not fit the units.
    """
    nothing = torch.zeros(n_units, dtype=torch.float64)
    if "recurrent.V" in parts and "recurrent.weight" in parts:
        raise ValueError(
            "The neurons have recurrent.V (of each unit to itself) and recurrent.weight (of all to "
            "all); RLeaky has one of them."
        )
    if "recurrent.V" in parts:
        own = parts["recurrent.V"].flatten()
        if len(own) not in (1, n_units):
            raise ValueError(f"recurrent.V must have 1 or {n_units} values, got {len(own)}.")
        return torch.diag(own.expand(n_units)), nothing
    matrix = parts.get("recurrent.weight", torch.zeros(n_units, n_units, dtype=torch.float64))
    if matrix.shape != (n_units, n_units):
        raise ValueError(
            f"recurrent.weight must have the shape ({n_units}, {n_units}) of the units that "
            f"input_weights reaches, got {tuple(matrix.shape)}."
        )
    bias = parts.get("recurrent.bias", nothing)
    check_shape("recurrent.bias", bias, (n_units,))
    return matrix, bias


def time_constant(name: str, beta: float, step_ms: float) -> float:
    """Time constant in ms of a decay by beta = exp(-step / time constant) in each step.

    Raises
    ------
    ValueError
        If beta is not between 0 and 1.
    """
    if not 0 < beta < 1:
        raise ValueError(f"{name} must lie between 0 and 1 for a time constant, got {beta!r}.")
    return -step_ms / math.log(beta)
