"""Arrays of one GRU or LSTM while compiled kernels run it forwards and backwards, tile by tile."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.kernels.gated import (
    GatedGradients,
    GatedRecord,
    GRUNet,
    LSTMNet,
    run_gated,
    vjp_gated,
)
from isochron.ann_bridge.kernels.products import (
    dense,
    matrix_of_products,
    size_of_products,
    sparse,
)
from isochron.ann_bridge.kernels.runs import array, trials_first, trials_last
from isochron.ann_bridge.kernels.vectors import LANES
from isochron.shapes import check_shape

LARGEST = 512  # units: the matrix stays in the cache of the processor


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GatedLayer:
    """One GRU or LSTM, its readout and its trials; the weights are those of torch's layer.

    Attributes
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
    initial : Tensor, shape (batch, n_units), or (batch, 2 n_units) with c of an LSTM
    input_weights : Tensor, shape (n_gates n_units, n_inputs)
    weights : Tensor, shape (n_gates n_units, n_units)
    input_bias, bias : Tensor, shape (n_gates n_units,)
    readout : Tensor, shape (n_units,) or (n_units, n_outputs)

    Raises
    ------
    ValueError
        If the shapes do not fit together: the kernels do not check them.
    """

    inputs: Tensor
    initial: Tensor
    input_weights: Tensor
    weights: Tensor
    input_bias: Tensor
    bias: Tensor
    readout: Tensor

    def __post_init__(self) -> None:
        (rows, n), (_, batch, n_inputs) = self.weights.shape, self.inputs.shape
        if rows not in (3 * n, 4 * n):
            raise ValueError(f"weights must have 3 or 4 gates of {n} units, got {rows} rows.")
        shapes: dict[str, tuple[int | str, ...]] = {
            "initial": (batch, n if rows == 3 * n else 2 * n),
            "input_weights": (rows, n_inputs),
            "input_bias": (rows,),
            "bias": (rows,),
            "readout": (n,) if self.readout.ndim == 1 else (n, "n_outputs"),
        }
        for name, shape in shapes.items():
            check_shape(name, getattr(self, name), shape)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Tensors that may need a gradient."""
        return (
            self.inputs, self.initial, self.input_weights, self.weights, self.input_bias, self.bias,
            self.readout,
        )  # fmt: skip

    @property
    def fits(self) -> bool:
        """Whether there is a compiled kernel: CPU, float32, a moderate number of units."""
        return (
            self.initial.device.type == "cpu"
            and all(tensor.dtype == torch.float32 for tensor in self.tensors)
            and self.weights.shape[1] <= LARGEST
        )


class GatedRun:
    """Arrays of one network, and the tasks on them, forwards and then backwards."""

    def __init__(self, net: GatedLayer) -> None:
        (n_steps, self.batch, self.n_inputs), self.n = net.inputs.shape, net.weights.shape[1]
        self.n_received = len(net.weights)
        self.one_output = net.readout.ndim == 1
        readout = array(net.readout[:, None] if self.one_output else net.readout)
        self.learns_readout, self.learns_inputs = (
            part.requires_grad for part in (net.readout, net.inputs)
        )
        self.inputs, self.initial = self.inward(net.inputs), self.inward(net.initial)
        self.net = compile_weights(net, readout)
        self.record = GatedRecord(
            gates=self.empty(n_steps, 4 * self.n),
            hidden=self.empty(n_steps + 1, self.n),
            cells=self.empty(n_steps + 1, len(self.initial) - self.n),
            outputs=self.empty(n_steps, readout.shape[1]),
        )

    @property
    def starts(self) -> range:
        """First trial of each tile."""
        return range(0, self.batch, LANES)

    def inward(self, tensor: Tensor) -> np.ndarray:
        """Numbers of each trial, shape (..., batch, k), with the trials as last axis."""
        return trials_last(tensor, -self.batch % LANES)

    def outward(self, found: np.ndarray) -> Tensor:
        """Inverse of `inward`."""
        return trials_first(found, self.batch)

    def empty(self, n_steps: int, width: int) -> np.ndarray:
        """Room for `width` numbers of each step and trial."""
        return np.empty((n_steps, width, self.initial.shape[1]), self.initial.dtype)

    def forward_tasks(self) -> list[Callable[[], None]]:
        """One task for each tile."""
        given = self.net, self.inputs, self.initial, self.record
        return [partial(run_gated, first, *given) for first in self.starts]

    def results(self) -> tuple[Tensor, Tensor]:
        """Outputs and hidden states."""
        outputs, hidden = (
            self.outward(part) for part in (self.record.outputs, self.record.hidden[1:])
        )
        return outputs[..., 0] if self.one_output else outputs, hidden

    def backward_tasks(
        self, by_outputs: Tensor | None, by_hidden: Tensor | None
    ) -> list[Callable[[], None]]:
        """One task for each tile, from gradients by the results."""
        record = self.record
        if by_outputs is None:
            by_y = np.zeros_like(record.outputs)
        else:
            by_y = self.inward(by_outputs[..., None] if self.one_output else by_outputs)
        by_h = record.hidden[:0] if by_hidden is None else self.inward(by_hidden)
        n_learned = record.outputs.shape[1] if self.learns_readout else 0
        sizes = (
            size_of_products(self.net.received, self.n_received),
            size_of_products(self.net.fed, 4 * self.n - self.n_received),
            (n_learned, self.n, LANES),
        )
        self.parts = [np.zeros((len(self.starts), *size), by_y.dtype) for size in sizes]
        self.by_initial = np.empty_like(self.initial)
        self.by_inputs = np.empty_like(self.inputs if self.learns_inputs else self.inputs[:0])
        given = self.net, by_y, by_h, self.inputs, record
        return [
            partial(vjp_gated, first, *given, self._gradients_at(place))
            for place, first in enumerate(self.starts)
        ]

    def _gradients_at(self, place: int) -> GatedGradients:
        parts = (part[place] for part in self.parts)
        return GatedGradients(self.by_inputs, self.by_initial, *parts)

    def gradients(self) -> tuple[Tensor | None, ...]:
        """In the order of `GatedLayer.tensors`."""
        n, width = self.n, self.n_inputs + 1
        received, fed, read = (part.sum(axis=0) for part in self.parts)
        by_all = matrix_of_products(received)[: self.n_received]
        by_fed = by_all[:, n : n + width].copy()
        by_bias = by_fed[:, -1].copy()
        if self.n_received < 4 * n:
            by_fed[2 * n :] = matrix_of_products(fed)[:n, :width]
        by_weights = by_fed[:, :-1], by_all[:, :n], by_fed[:, -1], by_bias
        by_readout = torch.from_numpy(read.sum(axis=2).T) if self.learns_readout else None
        if by_readout is not None and self.one_output:
            by_readout = by_readout[:, 0]
        return (
            self.outward(self.by_inputs) if self.learns_inputs else None,
            self.outward(self.by_initial),
            *(torch.from_numpy(part.copy()) for part in by_weights),
            by_readout,
        )


def compile_weights(net: GatedLayer, readout: np.ndarray) -> GRUNet | LSTMNet:
    """The network in the form of the compiled code."""
    parts = net.weights, net.input_weights, net.input_bias, net.bias
    weights, input_weights, input_bias, bias = (array(part) for part in parts)
    n, fed = weights.shape[1], np.column_stack([input_weights, input_bias])
    gru = len(weights) == 3 * n
    with_hidden, apart = fed.copy(), fed[2 * n :] if gru else fed[:0]
    if gru:
        with_hidden[2 * n :] = 0
    with_hidden[:, -1] += bias
    unfed = np.vstack([with_hidden[:, :-1], apart[:, :-1]]).T
    return (GRUNet if gru else LSTMNet)(
        dense(np.hstack([weights, with_hidden])),
        dense(apart),
        dense(weights.T),
        *(sparse(matrix, matrix != 0) for matrix in (readout.T, readout, unfed)),
    )
