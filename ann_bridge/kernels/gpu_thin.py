"""The leaky tanh recurrence of low rank on a GPU: all trials of all networks in one launch.

The equations are those of `LeakyRecurrence`, step by step; the kernels are in `triton_thin`.
Contributions of the trials to a gradient are summed in their order.
"""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isochron.ann_bridge.kernels.fused import THICKEST, Recurrence

REGISTERS = 49152  # of 65536 of a multiprocessor, 32 bits each; the others are for addresses

Drawn = tuple[float, torch.Generator]


def fits_thin(readout: Tensor, left: Tensor, n_in: int) -> bool:
    """Whether the kernels run a network of low rank: thin factors, fixed readout, not too large."""
    if left.shape[1] > THICKEST or readout.requires_grad:
        return False
    n_out = 1 if readout.ndim == 1 else readout.shape[1]
    sizes = padded(len(left), left.shape[1], n_in, n_out)
    return registers(*sizes, dtype=readout.dtype) <= REGISTERS


def run_thin_nets(
    nets: list[Recurrence], generators: list[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    """Outputs and rates of networks of one shape, as `LeakyRecurrence`."""
    kind = {"dtype": nets[0].initial.dtype, "device": nets[0].initial.device}
    one_output = nets[0].readout.ndim == 1
    rows = zip(*(_rows(net) for net in nets), strict=True)
    outputs, rates = ThinRecurrence.apply(
        [(net.noise_std, generator) for net, generator in zip(nets, generators, strict=True)],
        nets[0].read_rates,
        torch.stack([net.inputs.transpose(0, 1) for net in nets]).to(**kind).contiguous(),
        torch.stack([net.initial for net in nets]),
        *(torch.stack(parts).contiguous() for parts in rows),
        torch.stack([torch.full((), 1 - net.alpha, **kind) for net in nets]),  # in a graph too
    )
    steps_first = (y.transpose(0, 1) for y in outputs.unbind())
    by_net = (y[..., 0] if one_output else y for y in steps_first)
    return list(zip(by_net, rates.unbind(), strict=True))


def _rows(net: Recurrence) -> tuple[Tensor, ...]:
    """Input weights, left, right and readout in the form of the kernels."""
    assert net.right is not None
    readout = net.readout[:, None] if net.readout.ndim == 1 else net.readout
    return net.alpha * net.weights.T, net.alpha * net.left.T, net.right.T, readout.T


class ThinRecurrence(torch.autograd.Function):
    """Outputs (n_nets, batch, n_steps, n_outputs) and rates (n_nets, n_steps, batch, n).

    Arguments of ``apply``: the standard deviation of noise and the generator of each network;
    whether the readout reads rates; then tensors as in `triton_thin`.
    """

    @staticmethod
    def forward(ctx: Any, noise: list[Drawn], read_rates: bool, *tensors: Tensor) -> Any:
        """Run all networks."""
        inputs, initial, weights, left, _, readout, _ = tensors
        nets, batch, n_steps, n_inputs = inputs.shape
        (k, n), n_outputs = left.shape[1:], readout.shape[1]
        rates = initial.new_empty(nets, n_steps + 1, batch, n)
        for place, (std, generator) in zip(rates, noise, strict=True):
            place.zero_()
            if std:
                place.normal_(0, std, generator=generator)
        sent = initial.new_empty(nets, batch, n_steps, k)
        outputs = initial.new_empty(nets, batch, n_steps, n_outputs)
        ctx.counts = n_steps, batch, n, k, n_inputs, n_outputs
        ctx.read_rates = read_rates
        with torch.cuda.device(initial.device) if initial.is_cuda else nullcontext():
            _kernels().run_thin[batch, nets](
                *tensors, rates, sent, outputs, *ctx.counts, read_rates,
                **compiled_for(n, k, n_inputs, n_outputs, initial.dtype),
            )  # fmt: skip
        ctx.save_for_backward(*tensors, rates, sent)
        ctx.set_materialize_grads(False)
        return outputs, rates[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run all networks backwards."""
        inputs, initial, weights, left, right, readout, decay, rates, sent = ctx.saved_tensors
        by_outputs, by_rates = gradients
        n_steps, batch, n, k, n_inputs, n_outputs = ctx.counts
        nets = len(initial)
        if by_outputs is None:
            by_outputs = initial.new_zeros(nets, batch, n_steps, n_outputs)
        by_initial = torch.empty_like(initial)
        by_inputs = torch.empty_like(inputs) if ctx.needs_input_grad[2] else None
        parts = initial.new_empty(nets, batch, 2 * k + n_inputs, n)
        with torch.cuda.device(initial.device) if initial.is_cuda else nullcontext():
            _kernels().vjp_thin[batch, nets](
                by_outputs.contiguous(), rates if by_rates is None else by_rates.contiguous(),
                inputs, weights, left, right, readout, decay, rates, sent, by_initial,
                by_initial if by_inputs is None else by_inputs, parts,
                *ctx.counts, ctx.read_rates, by_rates is not None, by_inputs is not None,
                **compiled_for(n, k, n_inputs, n_outputs, initial.dtype),
            )  # fmt: skip
        # One network at a time, so that its gradient is bit-identical to that of the network alone.
        sums = torch.stack([part.sum(dim=0) for part in parts])
        by_left, by_right, by_weights = sums.split([k, k, n_inputs], dim=1)
        return None, None, by_inputs, by_initial, by_weights, by_left, by_right, None, None


def padded(*counts: int) -> tuple[int, ...]:
    """Powers of two, none smaller than its count."""
    return tuple(1 << (count - 1).bit_length() for count in counts)


def registers(n: int, k: int, n_inputs: int, n_outputs: int, dtype: torch.dtype) -> int:
    """Registers of 32 bits that a trial needs: factors, gradients, and some vectors of units."""
    return (4 * k + 2 * n_inputs + n_outputs + 6) * n * dtype.itemsize // 4


def compiled_for(n: int, k: int, n_inputs: int, n_outputs: int, dtype: torch.dtype) -> Any:
    """Sizes, and warps of 32 threads with about 100 registers in use each."""
    sizes = padded(n, k, n_inputs, n_outputs)
    (warps,) = padded(-(-registers(*sizes, dtype=dtype) // (32 * 100)))
    options = {"num_warps": min(warps, 16), "enable_fp_fusion": True}
    return dict(zip("NKSO", sizes, strict=True)) | options


def _kernels() -> Any:
    from isochron.ann_bridge.kernels import triton_thin

    return triton_thin
