"""Random numbers in float32 whatever torch's default type, so that seeds are reproducible."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def normal(*shape: int, generator: "torch.Generator") -> "torch.Tensor":
    """Standard normal numbers, on the device of the generator."""
    import torch

    return torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32)


def uniform(*shape: int, generator: "torch.Generator") -> "torch.Tensor":
    """Uniform numbers in [0, 1), on the device of the generator."""
    import torch

    return torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float32)


def zeros(*shape: int, device: "torch.device | None" = None) -> "torch.Tensor":
    """Zeros in float32."""
    import torch

    return torch.zeros(shape, device=device, dtype=torch.float32)
