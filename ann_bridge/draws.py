"""Random numbers in float32 whatever torch's default type, so that seeds are reproducible."""

from typing import TYPE_CHECKING

from isochron.arguments import require_instance
from isochron.settings import require_seed

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


def seeded_generator(seed: int, device: "torch.device | str" = "cpu") -> "torch.Generator":
    """A generator with the seed of a user.

    Raises
    ------
    ValueError
        If the seed is not a whole number from 0 to 2**63 - 1.
    """
    import torch

    require_seed(seed)
    return torch.Generator(device).manual_seed(int(seed))


def checked_generator(
    generator: "torch.Generator | None", *, required: bool = False
) -> "torch.Generator":
    """A generator; one with seed 0 if none is given and none is required.

    Raises
    ------
    TypeError
        If it is something else, such as a seed.
    """
    import torch

    if generator is None and not required:
        return torch.Generator().manual_seed(0)
    example = "torch.Generator().manual_seed(0)"
    require_instance("generator", generator, torch.Generator, example)
    return generator  # pyright: ignore[reportReturnType]


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
