"""Arrays of one network while compiled kernels run it forwards and backwards, tile by tile."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.kernels.lanes import (
    LanesGradients,
    LanesNet,
    LanesRecord,
    LanesReplay,
    run_lanes,
    vjp_lanes,
)
from isochron.ann_bridge.kernels.products import (
    dense,
    matrix_of_products,
    size_of_products,
    sparse,
)
from isochron.ann_bridge.kernels.thin import (
    ThinGradients,
    ThinNet,
    ThinRecord,
    ThinReplay,
    Trials,
    run_thin,
    vjp_thin,
)
from isochron.ann_bridge.kernels.vectors import LANES, LENGTH
from isochron.shapes import check_shape

DENSEST = 0.3  # share of weights above which a full matrix is faster


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Recurrence:
    """One network and its trials.

    Attributes
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
        Inputs of each step.
    initial : Tensor, shape (batch, n_units)
        States before the first step.
    weights : Tensor, shape (n_units, n_inputs)
        Input weights B.
    left, right : Tensor, shape (n_units, k)
        Factors of W; or a full matrix, and None.
    readout : Tensor, shape (n_units,) or (n_units, n_outputs)
        Output weights C.
    alpha : float
        Step / time constant.
    read_rates : bool
        Whether the readout reads tanh(x) instead of x.
    noise_std : float
        Standard deviation of the noise added at each step.
    noise_key : tuple of two int
        Key of the noise, which is a function of it; each below 2^32.
    pattern : Tensor of bool, shape (n_units, n_units), optional
        Where a full matrix may be other than zero; elsewhere the gradient is not defined.
    rounded : bool
        Whether products with a full matrix are in bfloat16.

    Raises
    ------
    ValueError
        If the shapes, data types or devices do not fit together: the kernels do not check them.
    """

    inputs: Tensor
    initial: Tensor
    weights: Tensor
    left: Tensor
    right: Tensor | None
    readout: Tensor
    alpha: float
    read_rates: bool
    noise_std: float
    noise_key: tuple[int, int]
    pattern: Tensor | None = None
    rounded: bool = False

    def __post_init__(self) -> None:
        n, inputs = len(self.weights), self.inputs
        rank = n if self.right is None else self.left.shape[-1]
        shapes: dict[str, tuple[int | str, ...]] = {
            "inputs": ("n_steps", "batch", self.weights.shape[-1]),
            "initial": (inputs.shape[1] if inputs.ndim == 3 else "batch", n),
            "weights": (n, "n_inputs"),
            "left": (n, rank),
            "right": (n, rank),
            "readout": (n,) if self.readout.ndim == 1 else (n, "n_outputs"),
            "pattern": (n, n),
        }
        for name, shape in shapes.items():
            part = getattr(self, name)
            if part is None:
                continue
            check_shape(name, part, shape)
            kind = torch.bool if name == "pattern" else self.initial.dtype
            if name != "inputs" and part.dtype != kind:
                raise ValueError(f"{name} must be of type {kind}, got {part.dtype}.")
            if part.device != self.initial.device and name != "pattern":
                where = self.initial.device
                raise ValueError(f"{name} must be on device {where}, got {part.device}.")
        if self.initial.is_cpu and self.initial.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"The kernels need float32 or float64, got {self.initial.dtype}.")
        if self.rounded and (self.initial.dtype != torch.float32 or self.right is not None):
            raise ValueError("Products in bfloat16 are for a full matrix in float32.")

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """Tensors that may need a gradient."""
        return self.inputs, self.initial, self.weights, self.left, self.right, self.readout


class Run(ABC):
    """Arrays of one network, and the tasks on them, forwards and then backwards."""

    trials: int  # in a tile; small tiles occupy more threads

    def __init__(self, net: Recurrence) -> None:
        (n_steps, batch, _), n = net.inputs.shape, len(net.weights)
        self.one_output = net.readout.ndim == 1
        readout = net.readout[:, None] if self.one_output else net.readout
        kind = net.initial.detach().numpy().dtype
        self.batch = batch
        self.inputs = self.inward(net.inputs.to(net.initial.dtype))
        self.initial = self.inward(net.initial)
        self.weights, self.readout = array(net.weights.T), array(readout.T)
        self.alpha, self.read_rates = kind.type(net.alpha), net.read_rates
        self.starts = Trials(
            self.inputs, self.initial, kind.type(net.noise_std), np.array(net.noise_key, np.uint32)
        )
        self.rates = self.empty(n_steps + 1, n)
        self.learns_readout, self.learns_inputs = (
            part.requires_grad for part in (net.readout, net.inputs)
        )
        keeps_states = self.learns_readout and not net.read_rates
        self.states = self.empty(n_steps if keeps_states else 0, n)
        self.outputs = self.empty(n_steps, readout.shape[1])

    @property
    def tiles(self) -> list[tuple[int, int]]:
        """First trial of each tile, and that of the next."""
        starts = range(0, self.batch, self.trials)
        return [(k, min(k + self.trials, self.batch)) for k in starts]

    @property
    def seen(self) -> np.ndarray:
        """Values that the readout reads after each step; empty if the readout is not trained."""
        if not self.learns_readout:
            return self.rates[:0]
        return self.rates[1:] if self.read_rates else self.states

    def inward(self, tensor: Tensor) -> np.ndarray:
        """Numbers of each trial, shape (..., batch, k), in the layout of the kernel."""
        return array(tensor)

    def outward(self, found: np.ndarray) -> Tensor:
        """Inverse of `inward`."""
        return torch.from_numpy(found)

    def empty(self, n_steps: int, width: int) -> np.ndarray:
        """Room for `width` numbers of each step and trial."""
        return np.empty((n_steps, self.batch, width), self.initial.dtype)

    @abstractmethod
    def forward_task(self, first: int, last: int) -> None:
        """Run a tile."""

    @abstractmethod
    def backward_task(self, place: int, first: int, last: int) -> None:
        """Run a tile backwards; `place` is where its part of the weights' gradients is stored."""

    @abstractmethod
    def by_readout(self) -> np.ndarray:
        """Gradient by the readout, shape (n_outputs, n_units): a sum over tiles."""

    @abstractmethod
    def by_matrices(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Gradients by `Recurrence.weights`, `left` and `right`: sums over tiles."""

    def forward_tasks(self) -> list[Callable[[], None]]:
        """One task for each tile."""
        return [partial(self.forward_task, *tile) for tile in self.tiles]

    def results(self) -> tuple[Tensor, Tensor]:
        """Outputs and rates."""
        outputs = self.outward(self.outputs)
        return outputs[..., 0] if self.one_output else outputs, self.outward(self.rates[1:])

    def backward_tasks(
        self, by_outputs: Tensor | None, by_rates: Tensor | None
    ) -> list[Callable[[], None]]:
        """One task for each tile, from gradients by the results."""
        if by_outputs is None:
            by_y = np.zeros_like(self.outputs)
        else:
            by_y = self.inward(by_outputs[..., None] if self.one_output else by_outputs)
        self.by_results = by_y, self.rates[:0] if by_rates is None else self.inward(by_rates)
        self.by_initial = np.empty_like(self.initial)
        self.by_inputs = np.empty_like(self.inputs if self.learns_inputs else self.inputs[:0])
        return [partial(self.backward_task, k, *tile) for k, tile in enumerate(self.tiles)]

    def by_tiles(self, *shape: int) -> np.ndarray:
        """Zeros of a shape for each tile."""
        return np.zeros((len(self.tiles), *shape), self.initial.dtype)

    def gradients(self) -> tuple[Tensor | None, ...]:
        """In the order of `Recurrence.tensors`."""
        by_readout = None
        if self.learns_readout:
            found = torch.from_numpy(self.by_readout().T)
            by_readout = found[:, 0] if self.one_output else found
        by_inputs = self.outward(self.by_inputs) if self.learns_inputs else None
        return by_inputs, self.outward(self.by_initial), *self.by_matrices(), by_readout


class ThinRun(Run):
    """A network of low rank."""

    trials = 4

    def __init__(self, net: Recurrence) -> None:
        super().__init__(net)
        assert net.right is not None
        self.sent = np.empty((*self.inputs.shape[:2], net.left.shape[1]), self.initial.dtype)
        self.net = ThinNet(
            self.weights, array(net.left.T), array(net.right.T), self.readout, self.alpha,
            self.read_rates,
        )  # fmt: skip

    def forward_task(self, first: int, last: int) -> None:
        """Run a tile."""
        record = ThinRecord(self.rates, self.states, self.sent, self.outputs)
        run_thin(first, last, self.net, self.starts, record)

    def backward_tasks(
        self, by_outputs: Tensor | None, by_rates: Tensor | None
    ) -> list[Callable[[], None]]:
        """One task for each tile, from gradients by the results."""
        self.parts = [self.by_tiles(*part.shape) for part in self.net[:4]]
        return super().backward_tasks(by_outputs, by_rates)

    def backward_task(self, place: int, first: int, last: int) -> None:
        """Run a tile backwards."""
        parts = (part[place] for part in self.parts)
        replay = ThinReplay(*self.by_results, self.inputs, self.rates, self.seen, self.sent)
        gradients = ThinGradients(self.by_inputs, self.by_initial, *parts)
        vjp_thin(first, last, self.net, replay, gradients)

    def by_readout(self) -> np.ndarray:
        """Gradient by the readout, transposed."""
        return self.parts[3].sum(axis=0)

    def by_matrices(self) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients by the weights and the factors."""
        weights, left, right = (torch.from_numpy(part.sum(axis=0).T) for part in self.parts[:3])
        return weights, left, right


class LanesRun(Run):
    """A network with a matrix; trials are the last axis of its arrays, padded to whole tiles."""

    trials = LANES

    def __init__(self, net: Recurrence) -> None:
        super().__init__(net)
        n, weights = len(net.weights), self.weights.T
        few = net.pattern is not None and net.pattern.float().mean() <= DENSEST
        self.pattern = net.pattern.numpy() if few and net.pattern is not None else None
        self.matrix = self.alpha * array(net.left)
        received = np.hstack([self.matrix, self.alpha * weights])
        if self.pattern is None:
            matrices = dense(received), dense(self.matrix.T)
            self.sizes = size_of_products(matrices[0], n)
            self.room = self.sizes[0], LENGTH, LANES
        else:
            self.entries = np.hstack([self.pattern, np.ones_like(weights, bool)])
            matrices = sparse(received, self.entries), sparse(self.matrix.T, self.pattern.T)
            self.sizes = matrices[0].values.shape
            self.room = received.shape[1], LENGTH
        self.net = LanesNet(
            *matrices,
            sparse(self.readout, self.readout != 0),
            sparse(self.readout.T, self.readout.T != 0),
            sparse(self.alpha * self.weights, self.weights != 0),
            self.alpha,
            self.read_rates,
        )

    def inward(self, tensor: Tensor) -> np.ndarray:
        """Arrays with the trials as last axis."""
        return trials_last(tensor, -self.batch % self.trials)

    def outward(self, found: np.ndarray) -> Tensor:
        """Inverse of `inward`."""
        return trials_first(found, self.batch)

    def empty(self, n_steps: int, width: int) -> np.ndarray:
        """Room for `width` numbers of each step and trial."""
        return np.empty((n_steps, width, self.initial.shape[1]), self.initial.dtype)

    def forward_task(self, first: int, last: int) -> None:  # noqa: ARG002
        """Run a tile."""
        record = LanesRecord(self.rates, self.states, self.outputs)
        run_lanes(first, self.net, self.starts, record)

    def backward_tasks(
        self, by_outputs: Tensor | None, by_rates: Tensor | None
    ) -> list[Callable[[], None]]:
        """One task for each tile, from gradients by the results."""
        self.by_received = self.by_tiles(*self.sizes)
        self.by_read = self.by_tiles(*self.readout.shape, self.trials)
        return super().backward_tasks(by_outputs, by_rates)

    def backward_task(self, place: int, first: int, last: int) -> None:  # noqa: ARG002
        """Run a tile backwards."""
        replay = LanesReplay(*self.by_results, self.inputs, self.rates, self.seen)
        gradients = LanesGradients(
            self.by_inputs,
            self.by_initial,
            np.zeros(self.room, self.initial.dtype),
            self.by_received[place],
            self.by_read[place],
        )
        vjp_lanes(first, self.net, replay, gradients)

    def by_readout(self) -> np.ndarray:
        """Gradient by the readout, transposed."""
        return self.by_read.sum(axis=(0, 3))

    def by_matrices(self) -> tuple[Tensor, Tensor, None]:
        """Gradients by the weights and the factors."""
        n, total = len(self.matrix), self.alpha * self.by_received.sum(axis=0)
        if self.pattern is None:
            total = matrix_of_products(total)
        else:
            values, total = total, np.zeros(self.entries.shape, total.dtype)
            total[self.entries] = values
        width = n + len(self.weights)
        by_matrix, by_weights = total[:n, :n].copy(), total[:n, n:width].copy()
        return torch.from_numpy(by_weights), torch.from_numpy(by_matrix), None


def array(tensor: Tensor) -> np.ndarray:
    """A tensor as a contiguous array."""
    return tensor.detach().contiguous().numpy()


def trials_last(tensor: Tensor, missing: int) -> np.ndarray:
    """Numbers of each trial, shape (..., batch, k), as (..., k, batch + missing)."""
    tensor = tensor.detach().transpose(-1, -2)
    return array(torch.nn.functional.pad(tensor, (0, missing)) if missing else tensor)


def trials_first(found: np.ndarray, batch: int) -> Tensor:
    """Inverse of `trials_last`."""
    return torch.from_numpy(found).transpose(-1, -2)[..., :batch, :]
