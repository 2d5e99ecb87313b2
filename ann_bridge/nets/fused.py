"""The leaky tanh recurrence on a CPU by compiled kernels: trials in tiles, tiles in threads.

The equations are those of `LeakyRecurrence`. Tiles are the same whatever the number of threads,
and what they add to a gradient is summed in their order, so results are too.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isochron.ann_bridge.nets.fused_thin import pull_thin, run_thin

THICKEST = 8  # factors wider than this are better multiplied as matrices
TILE = 4  # trials; a batch of 8 keeps two threads busy
PARTS = 6  # tensors of one net


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recurrence:
    """One net and its trials.

    Attributes
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
    initial : Tensor, shape (batch, n_units)
    weights : Tensor, shape (n_units, n_inputs)
    left, right : Tensor, shape (n_units, k)
    readout : Tensor, shape (n_units,) or (n_units, n_outputs)
    leak : float
    read_rates : bool
    noise_std : float
        Of the noise added at each step.
    noise_key : tuple of two int
        Below 2^32; the noise is a function of it.
    """

    inputs: Tensor
    initial: Tensor
    weights: Tensor
    left: Tensor
    right: Tensor | None
    readout: Tensor
    leak: float
    read_rates: bool
    noise_std: float
    noise_key: tuple[int, int]

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """What a gradient may be wanted of, and the inputs."""
        return self.inputs, self.initial, self.weights, self.left, self.right, self.readout


def fits(readout: Tensor, left: Tensor, right: Tensor | None, activation: str) -> bool:
    """Whether there is a compiled kernel: on a CPU, tanh, thin factors, a fixed readout."""
    return (
        readout.device.type == "cpu"
        and activation == "tanh"
        and right is not None
        and left.shape[1] <= THICKEST
        and not readout.requires_grad
    )


def draw_key(generator: torch.Generator) -> tuple[int, int]:
    """A key for the noise of one batch."""
    first, second = torch.randint(2**32, (2,), generator=generator).tolist()
    return first, second


def run_fused(nets: Sequence[Recurrence]) -> list[tuple[Tensor, Tensor]]:
    """Outputs and rates of each net, as `LeakyRecurrence`, all nets side by side."""
    flat = FusedRecurrence.apply(list(nets), *(t for net in nets for t in net.tensors))
    return list(zip(flat[::2], flat[1::2], strict=True))


class FusedRecurrence(torch.autograd.Function):
    """Outputs and rates of several nets; the tensors of `Recurrence`, net after net."""

    @staticmethod
    def forward(ctx: Any, nets: list[Recurrence], *tensors: Tensor | None) -> tuple[Tensor, ...]:
        """Run all nets."""
        ctx.save_for_backward(*tensors)
        ctx.runs = [ThinRun(net) for net in nets]
        in_threads([task for run in ctx.runs for task in run.forward_tasks()])
        ctx.set_materialize_grads(False)
        return tuple(result for run in ctx.runs for result in run.results())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Run all backwards."""
        _ = ctx.saved_tensors  # refuses tensors that were altered since
        pulls = [
            run.pull(*pair)
            for run, pair in zip(
                ctx.runs, zip(gradients[::2], gradients[1::2], strict=True), strict=True
            )
        ]
        in_threads([task for pull in pulls for task in pull.tasks()])
        return None, *(gradient for pull in pulls for gradient in pull.gradients())


class ThinRun:
    """Arrays of one net of low rank, and the work to be done on them."""

    def __init__(self, net: Recurrence) -> None:
        assert net.right is not None
        (n_steps, batch, _), (n, rank) = net.inputs.shape, net.left.shape
        self.one_output = net.readout.ndim == 1
        readout = net.readout[:, None] if self.one_output else net.readout
        dtype = net.initial.detach().numpy().dtype
        self.inputs, self.initial = array(net.inputs.to(net.initial.dtype)), array(net.initial)
        self.factors = tuple(array(part.T) for part in (net.weights, net.left, net.right, readout))
        self.leak, self.read_rates = dtype.type(net.leak), net.read_rates
        self.noise = dtype.type(net.noise_std), np.array(net.noise_key, dtype=np.uint32)
        self.rates = np.empty((n_steps + 1, batch, n), dtype)
        self.sent = np.empty((n_steps, batch, rank), dtype)
        self.outputs = np.empty((n_steps, batch, readout.shape[1]), dtype)

    def forward_tasks(self) -> list[Callable[[], None]]:
        """The kernel, for each tile of trials."""
        return [
            lambda tile=tile: run_thin(
                *tile, self.inputs, self.initial, *self.factors, self.leak, self.read_rates,
                *self.noise, self.rates, self.sent, self.outputs,
            )
            for tile in tiles(self.initial.shape[0])
        ]  # fmt: skip

    def results(self) -> tuple[Tensor, Tensor]:
        """Outputs and rates."""
        outputs = self.outputs[..., 0] if self.one_output else self.outputs
        return torch.from_numpy(outputs), torch.from_numpy(self.rates[1:])

    def pull(self, by_outputs: Tensor | None, by_rates: Tensor | None) -> "ThinPull":
        """The work of the backward run."""
        if by_outputs is None:
            pulled = np.zeros_like(self.outputs)
        else:
            pulled = array(by_outputs[..., None] if self.one_output else by_outputs)
        return ThinPull(self, pulled, self.rates[:0] if by_rates is None else array(by_rates))


class ThinPull:
    """Gradients of one net of low rank; those of the weights apart for each tile."""

    def __init__(self, run: ThinRun, by_outputs: np.ndarray, by_rates: np.ndarray) -> None:
        self.run, self.by = run, (by_outputs, by_rates)
        self.by_initial = np.empty_like(run.initial)
        n_tiles = len(tiles(len(run.initial)))
        self.by_factors = tuple(
            np.zeros((n_tiles, *factor.shape), factor.dtype) for factor in run.factors[:3]
        )

    def tasks(self) -> list[Callable[[], None]]:
        """The kernel, for each tile of trials."""
        run = self.run
        return [
            lambda tile=tile, place=place: pull_thin(
                *tile, *self.by, run.inputs, *run.factors, run.leak, run.read_rates, run.rates,
                run.sent, self.by_initial, *(part[place] for part in self.by_factors),
            )
            for place, tile in enumerate(tiles(len(run.initial)))
        ]  # fmt: skip

    def gradients(self) -> tuple[Tensor | None, ...]:
        """In the order of `Recurrence.tensors`."""
        factors = (torch.from_numpy(part.sum(axis=0).T) for part in self.by_factors)
        return None, torch.from_numpy(self.by_initial), *factors, None


def tiles(batch: int) -> list[tuple[int, int]]:
    """First trial of each tile, and that of the next."""
    return [(first, min(first + TILE, batch)) for first in range(0, batch, TILE)]


def array(tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor, contiguous."""
    return tensor.detach().contiguous().numpy()


def in_threads(tasks: Sequence[Callable[[], None]]) -> None:
    """Do all tasks, in as many threads as torch may use."""
    workers = min(torch.get_num_threads(), len(tasks))
    if workers <= 1:
        for task in tasks:
            task()
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
