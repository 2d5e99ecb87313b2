"""The leaky tanh recurrence with a small full matrix on a GPU: all networks in one launch.

The equations are those of `LeakyRecurrence`. The kernels, in `triton_full`, run the steps; torch
computes what is before and after them: drive, readout, and sums over steps and trials in gradients.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isochron.ann_bridge.kernels.fused import Recurrence

LARGEST = 128  # units: their matrix, split into two, stays in the memory of a multiprocessor
TRIALS = 16  # of a program: the rows of a product on tensor cores
WARPS = {16: 2, 32: 4, 64: 8, 128: 8}  # by the padded number of units


def fits_full(readout: Tensor, left: Tensor) -> bool:
    """Whether the kernels run a network with a full matrix: small, float32."""
    return len(left) <= LARGEST and readout.dtype == torch.float32


def run_full_nets(
    nets: Sequence[Recurrence], generators: Sequence[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    """Outputs and rates of networks of one shape, as `LeakyRecurrence`.

    All but the steps is computed one network at a time, so that results and gradients are
    bit-identical to those of the network alone.
    """
    kind = {"dtype": nets[0].initial.dtype, "device": nets[0].initial.device}
    pairs = zip(nets, generators, strict=True)
    read_rates = nets[0].read_rates
    states, rates = FullRecurrence.apply(
        read_rates,
        torch.stack([net.initial for net in nets]),
        torch.stack([_drive(net, generator) for net, generator in pairs]),
        torch.stack([net.alpha * net.left for net in nets]),
        torch.stack([torch.full((), 1 - net.alpha, **kind) for net in nets]),  # in a graph too
    )
    seen = rates if read_rates else states
    by_net = zip(nets, seen.unbind(), rates.unbind(), strict=True)
    return [(read @ net.readout, rate) for net, read, rate in by_net]


def _drive(net: Recurrence, generator: torch.Generator) -> Tensor:
    """Inputs of the units and noise, shape (n_steps, batch, n)."""
    inputs = net.alpha * net.inputs.to(net.initial.dtype) @ net.weights.T
    if not net.noise_std:
        return inputs
    # As many numbers as the loop draws: one step more.
    noise = net.initial.new_empty(len(inputs) + 1, *inputs.shape[1:])
    return inputs + noise.normal_(0, net.noise_std, generator=generator)[1:]


class FullRecurrence(torch.autograd.Function):
    """States and rates after each step, shape (n_nets, n_steps, batch, n).

    Arguments of ``apply``: whether the readout reads rates, so that states are not written and
    empty; then tensors as in `triton_full`.
    """

    @staticmethod
    def forward(ctx: Any, read_rates: bool, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        """Run all networks."""
        initial, drive, matrix, decay = (part.contiguous() for part in tensors)
        nets, n_steps, batch, n = drive.shape
        rates = initial.new_empty(nets, n_steps + 1, batch, n)
        states = drive.new_empty(nets, 0 if read_rates else n_steps, batch, n)
        ctx.save_for_backward(matrix, decay, rates)
        ctx.set_materialize_grads(False)
        with _on(initial):
            _kernels().run_full[_grid(nets, batch)](
                initial, drive, matrix, decay, rates, states, n_steps, batch, n,
                not read_rates, **compiled_for(n),
            )  # fmt: skip
        return states, rates[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run all networks backwards."""
        matrix, decay, rates = ctx.saved_tensors
        nets, n_steps, batch, n = len(rates), rates.shape[1] - 1, *rates.shape[2:]
        by_initial = rates.new_empty(nets, batch, n)
        adjoint = rates.new_empty(nets, n_steps, batch, n)
        by_states, by_rates = (None if by is None else by.contiguous() for by in gradients)
        with _on(rates):
            _kernels().vjp_full[_grid(nets, batch)](
                adjoint if by_states is None else by_states,
                adjoint if by_rates is None else by_rates,
                matrix.mT.contiguous(), decay, rates, by_initial, adjoint, n_steps, batch, n,
                by_states is not None, by_rates is not None, **compiled_for(n),
            )  # fmt: skip
        pairs = zip(adjoint.flatten(1, 2), rates[:, :-1].flatten(1, 2), strict=True)
        by_matrix = torch.stack([after.T @ before for after, before in pairs])
        return None, by_initial, adjoint, by_matrix, None


def padded_units(n: int) -> int:
    """A power of two that is not smaller; products have at least 16 terms."""
    return max(16, 1 << (n - 1).bit_length())


def compiled_for(n: int) -> dict[str, Any]:
    """Size of the padded matrix, trials of a program, and warps of 32 threads."""
    size = padded_units(n)
    return {"TRIALS": TRIALS, "N": size, "num_warps": WARPS[size], "enable_fp_fusion": True}


def _grid(nets: int, batch: int) -> tuple[int, int]:
    return -(-batch // TRIALS), nets


def _on(tensor: Tensor) -> Any:
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()


def _kernels() -> Any:
    from isochron.ann_bridge.kernels import triton_full

    return triton_full
