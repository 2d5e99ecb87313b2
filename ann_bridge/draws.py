"""Random numbers in float32 whatever torch's default type, so that seeds are reproducible."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def one_hot(numbers: "torch.Tensor", count: int) -> "torch.Tensor":
    """1 at each number below `count`, else 0; torch's function reads the numbers on the host."""
    import torch

    return (numbers[..., None] == torch.arange(count, device=numbers.device)).long()


def constants(values: "Sequence[float]", device: "torch.device") -> "torch.Tensor":
    """Numbers in float32, written by the device: a CUDA graph cannot copy them from the host."""
    import torch

    return torch.stack(
        [torch.full((), value, dtype=torch.float32, device=device) for value in values]
    )
