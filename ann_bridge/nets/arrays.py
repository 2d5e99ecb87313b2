"""Weights from plain arrays, checked."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from isochron.ann_bridge.draws import zeros


def checked_arrays(**arrays: ArrayLike) -> dict[str, Tensor]:
    """Arrays as tensors in float32, by name.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    tensors = {}
    for name, values in arrays.items():
        array = np.array(values, dtype=np.float64)
        if not np.isfinite(array).all() or array.size == 0:
            raise ValueError(f"{name} must hold finite numbers, at least one.")
        tensors[name] = torch.from_numpy(array).float()
    return tensors


def fit_sizes(n_units: int, input_weights: Tensor, output_weights: Tensor) -> dict[str, int]:
    """The sizes that input and output weights of so many units give a net.

    Raises
    ------
    ValueError
        If they have other shapes than (n_units, n_inputs) and (n_units,) or
        (n_units, n_outputs).
    """
    if input_weights.ndim != 2 or len(input_weights) != n_units:
        raise ValueError(
            f"input_weights must have the shape ({n_units}, n_inputs), "
            f"got {tuple(input_weights.shape)}."
        )
    outputs = tuple(output_weights.shape[1:])
    if output_weights.ndim not in (1, 2) or len(output_weights) != n_units or outputs == (1,):
        raise ValueError(
            f"output_weights must have the shape ({n_units},), or ({n_units}, n_outputs) for "
            f"several outputs, got {tuple(output_weights.shape)}."
        )
    return {
        "n_units": n_units,
        "n_inputs": input_weights.shape[1],
        "n_outputs": math.prod(outputs),
    }


def torch_layer(weights: Mapping[str, ArrayLike], n_gates: int) -> dict[str, Tensor]:
    """The state dict of a one-layer recurrent module of torch, checked; biases 0 if it has none.

    Raises
    ------
    ValueError
        If names or shapes are those of something else, or a value is not finite.
    """
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    if not set(names[:2]) <= set(weights) <= set(names):
        raise ValueError(
            f"weights must be {', '.join(names)}, of one layer in one direction, got "
            f"{', '.join(weights) or 'none'}."
        )
    tensors = checked_arrays(**weights)
    rows = len(tensors["weight_hh_l0"])
    n_units = rows // n_gates
    for name in names[2:]:
        tensors.setdefault(name, zeros(rows))
    n_inputs = tensors["weight_ih_l0"].shape[-1]
    shapes = ((rows, n_inputs), (n_gates * n_units, n_units), (rows,), (rows,))
    for name, shape in zip(names, shapes, strict=True):
        if tensors[name].shape != shape:
            raise ValueError(
                f"{name} must have the shape {shape} with {n_gates} gates, got "
                f"{tuple(tensors[name].shape)}."
            )
    return tensors
