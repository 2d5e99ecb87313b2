"""Weights from plain arrays, checked."""

import math

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor


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
