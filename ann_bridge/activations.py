"""Activation functions and their derivatives as functions of their values, in torch and NumPy."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation function φ.

    Attributes
    ----------
    of : callable
        φ(x) of a tensor, which autograd follows.
    fill : callable
        ``fill(x, out)`` writes φ(x) into `out`.
    vjp : callable
        ``vjp(gradient, rate)`` multiplies a gradient by φ'(x) in place, with rate = φ(x).
    rate : callable
        φ(x) of a NumPy array.
    slope : callable
        φ'(x) from φ(x), for NumPy arrays.
    limit : float
        Least upper bound of |φ|; infinite if φ is not bounded.
    """

    of: Callable[[Tensor], Tensor]
    fill: Callable[[Tensor, Tensor], object]
    vjp: Callable[[Tensor, Tensor], object]
    rate: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    limit: float = math.inf


ACTIVATIONS = {
    "tanh": Activation(
        of=torch.tanh,
        # 2 σ(2x) - 1 is several times faster on a CPU than tanh.
        fill=lambda x, out: torch.mul(x, 2, out=out).sigmoid_().mul_(2).sub_(1),
        vjp=lambda gradient, rate: gradient.addcmul_(gradient * rate, rate, value=-1),
        rate=np.tanh,
        slope=lambda rate: 1 - rate**2,
        limit=1.0,
    ),
    "relu": Activation(
        of=torch.relu,
        fill=lambda x, out: torch.clamp(x, min=0, out=out),
        vjp=lambda gradient, rate: gradient.mul_(rate > 0),
        rate=lambda x: np.maximum(x, 0),
        slope=lambda rate: (rate > 0).astype(float),
    ),
    "softplus": Activation(
        of=lambda x: torch.logaddexp(x, torch.zeros_like(x)),
        fill=lambda x, out: torch.logaddexp(x, torch.zeros_like(x), out=out),
        vjp=lambda gradient, rate: gradient.mul_(-torch.expm1(-rate)),
        rate=lambda x: np.logaddexp(x, 0.0),
        slope=lambda rate: -np.expm1(-rate),
    ),
}
