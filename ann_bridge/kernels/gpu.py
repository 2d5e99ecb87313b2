"""The leaky tanh recurrence of low rank on a GPU: all trials of all networks in one launch.

The equations and the noise are those of `LeakyRecurrence`, step by step; the kernels are in
`triton_thin`. Contributions of the trials to a gradient are summed in their order.
"""

import warnings
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.kernels.fused import THICKEST, Recurrence
from isochron.ann_bridge.kernels.leaky_recurrence import LeakyRecurrence, LeakySettings

REGISTERS = 49152  # of 65536 of a multiprocessor, 32 bits each; the others are for addresses
TOLERANCE = 1e-4  # relative, of the check in float32

Drawn = tuple[float, torch.Generator]


def fits(readout: Tensor, left: Tensor, right: Tensor | None, activation: str, n_in: int) -> bool:
    """Whether the kernels run a network: GPU, tanh, thin factors, fixed readout, not too large."""
    if (
        readout.device.type != "cuda"
        or activation != "tanh"
        or right is None
        or left.shape[1] > THICKEST
        or readout.requires_grad
    ):
        return False
    n_out = 1 if readout.ndim == 1 else readout.shape[1]
    sizes = padded(len(left), left.shape[1], n_in, n_out)
    return registers(*sizes, dtype=readout.dtype) <= REGISTERS and works(readout.device)


def run_thin_nets(
    nets: Sequence[Recurrence], generators: Sequence[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    """Outputs and rates of each network, as `LeakyRecurrence`; those of one shape in one launch.

    The noise is drawn from the generators, as many numbers as the loop draws; the noise keys of
    the networks are not used.
    """
    groups = defaultdict(list)
    for place, net in enumerate(nets):
        shapes = (part.shape for part in net.tensors if part is not None)
        groups[net.read_rates, net.initial.dtype, net.initial.device, *shapes].append(place)
    done: dict[int, tuple[Tensor, Tensor]] = {}
    for places in groups.values():
        alike = [nets[place] for place in places]
        done |= zip(places, _run_alike(alike, [generators[k] for k in places]), strict=True)
    return [done[place] for place in range(len(nets))]


def _run_alike(
    nets: list[Recurrence], generators: list[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
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
        with _on(initial.device):
            _kernels().run_thin[batch, nets](
                *tensors, rates, sent, outputs, *ctx.counts, read_rates,
                **_compiled_for(n, k, n_inputs, n_outputs, initial.dtype),
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
        with _on(initial.device):
            _kernels().vjp_thin[batch, nets](
                by_outputs.contiguous(), rates if by_rates is None else by_rates.contiguous(),
                inputs, weights, left, right, readout, decay, rates, sent, by_initial,
                by_initial if by_inputs is None else by_inputs, parts,
                *ctx.counts, ctx.read_rates, by_rates is not None, by_inputs is not None,
                **_compiled_for(n, k, n_inputs, n_outputs, initial.dtype),
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


def _compiled_for(n: int, k: int, n_inputs: int, n_outputs: int, dtype: torch.dtype) -> Any:
    """Sizes, and warps of 32 threads with about 100 registers in use each."""
    sizes = padded(n, k, n_inputs, n_outputs)
    (warps,) = padded(-(-registers(*sizes, dtype=dtype) // (32 * 100)))
    options = {"num_warps": min(warps, 16), "enable_fp_fusion": True}
    return dict(zip("NKSO", sizes, strict=True)) | options


def _kernels() -> Any:
    from isochron.ann_bridge.kernels import triton_thin

    return triton_thin


def _on(device: torch.device) -> Any:
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


@cache
def works(device: torch.device) -> bool:
    """Whether the kernels agree with the loop on this device; a warning reports if not."""
    try:
        with torch.inference_mode(False), torch.enable_grad():
            error = disagreement(device)
    except Exception as problem:  # of an import, the compiler or the driver
        reason = f"{type(problem).__name__}: {problem}"
    else:
        if error < TOLERANCE:
            return True
        reason = f"it differs from the loop by {error:.1e} of the result"
    warnings.warn(
        f"The fused kernel of low-rank networks cannot be used on {device} ({reason}). They run "
        f"step by step instead, more slowly. The kernel needs Triton: pip install triton",
        RuntimeWarning,
        stacklevel=2,
    )
    return False


def disagreement(device: torch.device) -> float:
    """Largest error of results and gradients, relative to the loop's, on two small problems."""
    worst = 0.0
    for n_outputs, read_rates in ((None, False), (2, True)):
        nets = [_small(device, seed, n_outputs, read_rates) for seed in (0, 1)]
        ours = run_thin_nets(nets, [torch.Generator(device).manual_seed(k) for k in (0, 1)])
        for seed, (net, results) in enumerate(zip(nets, ours, strict=True)):
            loop = run_loop(net, torch.Generator(device).manual_seed(seed))
            found, wanted = (_with_gradients(net, pair) for pair in (results, loop))
            for a, b in zip(found, wanted, strict=True):
                error = ((a - b).norm() / b.norm()).item()
                worst = max(worst, error if error == error else float("inf"))
    return worst


def run_loop(net: Recurrence, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Results of `run_thin_nets` by the loop, in float64 whatever the data type of the network."""
    (n_steps, batch, _), n = net.inputs.shape, len(net.weights)
    noise = net.initial.new_zeros(n_steps + 1, batch, n)
    if net.noise_std:
        noise.normal_(0, net.noise_std, generator=generator)
    inputs, initial, *factors = (None if part is None else part.double() for part in net.tensors)
    settings = LeakySettings(net.alpha, read_rates=net.read_rates)
    return LeakyRecurrence.apply(settings, inputs, noise.double(), initial, *factors, None)


def _small(device: torch.device, seed: int, n_outputs: int | None, read_rates: bool) -> Recurrence:
    n, k, n_inputs, batch, n_steps = 300, 3, 2, 2, 4
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int, trained: bool = True, scale: float = 1.0) -> Tensor:
        drawn = scale * normal(*shape, generator=generator)
        return drawn.to(device).requires_grad_(trained)

    return Recurrence(
        inputs=draw(n_steps, batch, n_inputs),
        initial=draw(batch, n),
        weights=draw(n, n_inputs),
        left=draw(n, k, scale=3 / n),
        right=draw(n, k),
        readout=draw(*((n,) if n_outputs is None else (n, n_outputs)), trained=False, scale=1 / n),
        alpha=0.2,
        read_rates=read_rates,
        noise_std=0.1,
        noise_key=(0, 0),
    )


def _with_gradients(net: Recurrence, results: tuple[Tensor, Tensor]) -> list[Tensor]:
    trained = [part for part in net.tensors if part is not None and part.requires_grad]
    of = results if net.read_rates else results[:1]
    loss = sum((part.square().sum() for part in of), results[0].new_zeros(()))
    return [*results, *torch.autograd.grad(loss, trained, retain_graph=True)]
