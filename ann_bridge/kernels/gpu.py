"""Leaky tanh networks on a GPU: which have a kernel, and the check that it is the loop.

Kernels are those of low rank (`gpu_thin`) and of small full matrices (`gpu_full`). The noise is
that of `LeakyRecurrence`, too.
"""

import math
import warnings
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.kernels.fused import Recurrence
from isochron.ann_bridge.kernels.gpu_full import fits_full, padded_units, run_full_nets
from isochron.ann_bridge.kernels.gpu_thin import fits_thin, run_thin_nets
from isochron.ann_bridge.kernels.leaky_recurrence import LeakyRecurrence, LeakySettings

TOLERANCE = 1e-4  # relative, of the check in float32


def fits(readout: Tensor, left: Tensor, right: Tensor | None, activation: str, n_in: int) -> bool:
    """Whether a kernel runs a network: GPU, tanh, and what the kernel of its kind needs."""
    if readout.device.type != "cuda" or activation != "tanh":
        return False
    if right is None:
        return fits_full(readout, left) and works(readout.device, padded_units(len(left)))
    return fits_thin(readout, left, n_in) and works(readout.device)


def run_nets(
    nets: Sequence[Recurrence], generators: Sequence[torch.Generator]
) -> list[tuple[Tensor, Tensor]]:
    """Outputs and rates of each network, as `LeakyRecurrence`; those of one shape in one launch.

    The noise is drawn from the generators, as many numbers as the loop draws; the noise keys of
    the networks are not used.
    """
    groups = defaultdict(list)
    for place, net in enumerate(nets):
        shapes = (None if part is None else part.shape for part in net.tensors)
        groups[net.read_rates, net.initial.dtype, net.initial.device, *shapes].append(place)
    done: dict[int, tuple[Tensor, Tensor]] = {}
    for places in groups.values():
        run = run_full_nets if nets[places[0]].right is None else run_thin_nets
        results = run([nets[k] for k in places], [generators[k] for k in places])
        done |= zip(places, results, strict=True)
    return [done[place] for place in range(len(nets))]


@cache
def works(device: torch.device, matrix: int | None = None) -> bool:
    """Whether a kernel agrees with the loop on this device; a warning reports if not.

    `matrix` is the padded size of a full matrix, which takes the memory of a multiprocessor; None
    for the kernel of low rank.
    """
    try:
        with torch.inference_mode(False), torch.enable_grad():
            error = disagreement(device, matrix)
    except Exception as problem:  # of an import, the compiler or the driver
        reason = f"{type(problem).__name__}: {problem}"
    else:
        if error < TOLERANCE:
            return True
        reason = f"it differs from the loop by {error:.1e} of the result"
    kind = f"full-rank networks of up to {matrix} units" if matrix else "low-rank networks"
    warnings.warn(
        f"The fused kernel of {kind} cannot be used on {device} ({reason}). They run "
        f"step by step instead, more slowly. The kernel needs Triton: pip install triton",
        RuntimeWarning,
        stacklevel=2,
    )
    return False


def disagreement(device: torch.device, matrix: int | None = None) -> float:
    """Largest error of results and gradients, relative to the loop's, on two small problems."""
    worst = 0.0
    for n_outputs, read_rates in ((None, False), (2, True)):
        nets = [_small(device, matrix, seed, n_outputs, read_rates) for seed in (0, 1)]
        ours = run_nets(nets, [torch.Generator(device).manual_seed(k) for k in (0, 1)])
        for seed, (net, results) in enumerate(zip(nets, ours, strict=True)):
            loop = run_loop(net, torch.Generator(device).manual_seed(seed))
            found, wanted = (_with_gradients(net, pair) for pair in (results, loop))
            for a, b in zip(found, wanted, strict=True):
                error = ((a - b).norm() / b.norm()).item()
                worst = max(worst, error if error == error else float("inf"))
    return worst


def run_loop(net: Recurrence, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Results of `run_nets` by the loop, in float64 whatever the data type of the network."""
    (n_steps, batch, _), n = net.inputs.shape, len(net.weights)
    noise = net.initial.new_zeros(n_steps + 1, batch, n)
    if net.noise_std:
        noise.normal_(0, net.noise_std, generator=generator)
    inputs, initial, *factors = (None if part is None else part.double() for part in net.tensors)
    settings = LeakySettings(net.alpha, read_rates=net.read_rates)
    return LeakyRecurrence.apply(settings, inputs, noise.double(), initial, *factors, None)


def _small(
    device: torch.device, matrix: int | None, seed: int, n_outputs: int | None, read_rates: bool
) -> Recurrence:
    n, k, batch = (matrix - 3, matrix - 3, 20) if matrix else (300, 3, 2)
    n_inputs, n_steps, scale = 2, 4, 1 / math.sqrt(n) if matrix else 3 / n
    generator = torch.Generator().manual_seed(seed)

    shape = (n,) if n_outputs is None else (n, n_outputs)

    def draw(*shape: int, trained: bool = True, scale: float = 1.0) -> Tensor:
        drawn = scale * normal(*shape, generator=generator)
        return drawn.to(device).requires_grad_(trained)

    return Recurrence(
        inputs=draw(n_steps, batch, n_inputs),
        initial=draw(batch, n),
        weights=draw(n, n_inputs),
        left=draw(n, k, scale=scale),
        right=None if matrix else draw(n, k),
        readout=draw(*shape, trained=matrix is not None, scale=1 / n),
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
