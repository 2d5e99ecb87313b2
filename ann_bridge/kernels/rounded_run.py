"""A network with a full matrix whose products are in bfloat16, on a CPU that has instructions."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.kernels.elementwise import steps_at_once
from isochron.ann_bridge.kernels.rounded import (
    RoundedNet,
    RoundedTile,
    advance,
    keep_factors,
    retreat,
    start,
)
from isochron.ann_bridge.kernels.runs import Recurrence, Run
from isochron.ann_bridge.kernels.thin import ThinRecord, ThinReplay
from isochron.devices import has_bfloat16

CHUNK = 16


class Bits:
    """bfloat16 numbers for torch, and their bits for compiled code, in one memory."""

    def __init__(self, *shape: int) -> None:
        self.tensor = torch.zeros(shape, dtype=torch.bfloat16)
        self.array = bits_of(self.tensor)


def bits_of(tensor: Tensor) -> np.ndarray:
    """Bits of bfloat16 numbers, in their memory."""
    return tensor.view(torch.int16).numpy().view(np.uint16)


def product_with(matrix: Tensor, count: int) -> Callable[[Tensor], Tensor]:
    """The function x -> x matrix', of `count` rows in bfloat16.

    The matrix is put in the order of the processor's instructions once, not in each product.
    """
    if not has_bfloat16(matrix.device):
        return lambda x: x @ matrix.T
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(matrix, count)
        multiply = torch.ops.mkldnn._linear_pointwise
    except (AttributeError, RuntimeError):  # internal operators, which a version may not have
        return lambda x: x @ matrix.T
    return lambda x: multiply(x, packed, None, "none", [], "")


class RoundedRun(Run):
    """A network with a full matrix; one product of a tile in each step, by torch in bfloat16.

    Tiles are large, because a product has to read the whole matrix.
    """

    trials = 64

    def __init__(self, net: Recurrence) -> None:
        super().__init__(net)
        self.matrix = net.left.detach().to(torch.bfloat16)
        self.net = RoundedNet(self.weights, self.readout, self.alpha, self.read_rates)
        self.sent = np.empty((0, self.batch, 0), self.initial.dtype)

    def forward_task(self, first: int, last: int) -> None:
        """Run a tile."""
        torch.set_num_threads(1)  # of this thread: the product has the order of sums of one
        record = ThinRecord(self.rates, self.states, self.sent, self.outputs)
        n = len(self.matrix)
        tile = self._tile(last - first, steps_at_once(n))
        sent, times = Bits(last - first, n), product_with(self.matrix, last - first)
        start(first, self.net, self.starts, tile, record, sent.array)
        for t in range(len(self.inputs)):
            received = bits_of(times(sent.tensor))
            advance(t, first, self.net, self.starts, tile, record, received, sent.array)

    def backward_tasks(
        self, by_outputs: Tensor | None, by_rates: Tensor | None
    ) -> list[Callable[[], None]]:
        """One task for each tile, from gradients by the results."""
        shapes = self.weights.shape, self.matrix.shape, self.readout.shape
        self.parts = [self.by_tiles(*shape) for shape in shapes]
        return super().backward_tasks(by_outputs, by_rates)

    def backward_task(self, place: int, first: int, last: int) -> None:
        """Run a tile backwards."""
        torch.set_num_threads(1)
        n, n_steps, count = len(self.matrix), len(self.inputs), last - first
        by_weights, by_matrix, by_readout = (part[place] for part in self.parts)
        replay = ThinReplay(*self.by_results, self.inputs, self.rates, self.seen, self.sent)
        gradients = self.by_inputs, self.by_initial, by_weights, by_readout
        tile, total = self._tile(count, 0), torch.from_numpy(by_matrix)
        adjoints, sent = Bits(CHUNK, count, n), Bits(CHUNK, count, n)
        times = product_with(self.matrix.T.contiguous(), count)
        retreat(n_steps, first, self.net, tile, replay, gradients, sent.array[0])
        kept = 0
        for t in range(n_steps - 1, -1, -1):
            keep_factors(t, first, tile, self.rates, adjoints.array[kept], sent.array[kept])
            returned = bits_of(times(adjoints.tensor[kept]))
            retreat(t, first, self.net, tile, replay, gradients, returned)
            kept += 1
            if kept == CHUNK or t == 0:
                taken, given = (part.tensor[:kept].flatten(0, 1) for part in (adjoints, sent))
                total.add_(taken.T @ given, alpha=float(self.alpha))
                kept = 0
        self.by_initial[first:last] = tile.state

    def by_readout(self) -> np.ndarray:
        """Gradient by the readout, transposed."""
        return self.parts[2].sum(axis=0)

    def by_matrices(self) -> tuple[Tensor, Tensor, None]:
        """Gradients by the weights and the matrix."""
        weights, matrix = (torch.from_numpy(part.sum(axis=0)) for part in self.parts[:2])
        return weights.T, matrix, None

    def _tile(self, count: int, steps: int) -> RoundedTile:
        n, kind = len(self.matrix), self.initial.dtype
        return RoundedTile(
            np.zeros((count, n), kind), np.zeros((count, steps, n), kind), np.empty(n, kind)
        )
