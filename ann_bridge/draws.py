"""Numbers in float32, whatever torch's default type is, so that a seed gives the same ones."""

import torch
from torch import Tensor


def normal(*shape: int, generator: torch.Generator) -> Tensor:
    """Standard normal numbers, on the device of the generator."""
    return torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32)


def uniform(*shape: int, generator: torch.Generator) -> Tensor:
    """Uniform numbers in [0, 1), on the device of the generator."""
    return torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float32)


def zeros(*shape: int, device: torch.device | None = None) -> Tensor:
    """Zeros."""
    return torch.zeros(shape, device=device, dtype=torch.float32)
