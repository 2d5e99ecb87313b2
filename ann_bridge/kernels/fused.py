"""The leaky tanh recurrence on a CPU by compiled kernels: trials in tiles, tiles in threads.

The equations are those of `LeakyRecurrence`. Tiles do not depend on the number of threads,
and their contributions to a gradient are summed in their order, so results do not either.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isochron.ann_bridge.kernels.gated_run import GatedLayer, GatedRun
from isochron.ann_bridge.kernels.rounded_run import RoundedRun
from isochron.ann_bridge.kernels.runs import LanesRun, Recurrence, Run, ThinRun
from isochron.ann_bridge.kernels.threads import in_threads, threads_for_tiles

THICKEST = 8  # factors wider than this are better multiplied as matrices
LARGEST = 1024  # units with a full matrix: it stays in the cache of the processor


def fits(readout: Tensor, left: Tensor, right: Tensor | None, activation: str) -> bool:
    """Whether there is a compiled kernel: CPU, tanh, thin factors or a matrix."""
    return (
        readout.device.type == "cpu"
        and activation == "tanh"
        and (left.shape[1] <= THICKEST if right is not None else len(left) <= LARGEST)
    )


def fits_rounded(
    readout: Tensor,
    left: Tensor,
    right: Tensor | None,
    activation: str,
    low: torch.dtype,
    alphas: Tensor | None,
) -> bool:
    """Whether the compiled kernel with products in bfloat16 runs a network: CPU, tanh, a matrix."""
    return (
        (readout.device.type, readout.dtype) == ("cpu", torch.float32)
        and (activation, low) == ("tanh", torch.bfloat16)
        and right is None
        and alphas is None
    )


def draw_key(generator: torch.Generator) -> tuple[int, int]:
    """A key for the noise of one batch."""
    first, second = torch.randint(2**32, (2,), generator=generator).tolist()
    return first, second


def run_fused(nets: Sequence[Recurrence | GatedLayer]) -> list[tuple[Tensor, Tensor]]:
    """Outputs and rates of each network, as `LeakyRecurrence`, all networks together."""
    flat = FusedRecurrence.apply(list(nets), *(t for net in nets for t in net.tensors))
    return list(zip(flat[::2], flat[1::2], strict=True))


class FusedRecurrence(torch.autograd.Function):
    """Outputs and rates of several networks; the tensors of each `Recurrence` in turn."""

    @staticmethod
    def forward(
        ctx: Any, nets: list[Recurrence | GatedLayer], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        """Run all networks."""
        ctx.save_for_backward(*tensors)
        ctx.runs = [_run(net) for net in nets]
        with threads_for_tiles():
            in_threads([task for run in ctx.runs for task in run.forward_tasks()])
        ctx.set_materialize_grads(False)
        return tuple(result for run in ctx.runs for result in run.results())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run all backwards."""
        _ = ctx.saved_tensors  # raises for tensors that were altered since
        by_results = zip(gradients[::2], gradients[1::2], strict=True)
        pairs = zip(ctx.runs, by_results, strict=True)
        with threads_for_tiles():
            in_threads([task for run, by in pairs for task in run.backward_tasks(*by)])
        return None, *(gradient for run in ctx.runs for gradient in run.gradients())


def _run(net: Recurrence | GatedLayer) -> Run | GatedRun:
    if isinstance(net, GatedLayer):
        return GatedRun(net)
    if net.right is not None:
        return ThinRun(net)
    return RoundedRun(net) if net.rounded else LanesRun(net)
