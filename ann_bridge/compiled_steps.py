"""Steps of tanh networks of which compiled code does many at once."""

from abc import abstractmethod
from functools import cached_property

import numpy as np

from isochron.ann_bridge.float64_steps import LeakyStep
from isochron.ann_bridge.kernels import few_variables, few_variables_flow, sparse

FEW_CONNECTIONS = 0.2  # of all pairs; above, products of whole matrices are as fast


class CompiledStep(LeakyStep):
    """Base class of steps that also move states and tangents through many drives at once."""

    def run(self, states: np.ndarray, drives: np.ndarray) -> np.ndarray:
        """States, shape (..., dimension), after the steps of drives, (n_steps, dimension)."""
        moved = self._rows(states)
        self._run(moved, drives, None)
        return moved.reshape(states.shape)

    def orbit(self, states: np.ndarray, drives: np.ndarray) -> np.ndarray:
        """States along a run, including both ends; shape (n_steps + 1, ..., dimension)."""
        moved = self._rows(states)
        path = np.empty((len(drives) + 1, *moved.shape))
        self._run(moved, drives, path)
        return path.reshape(-1, *states.shape)

    def run_tangents(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state and tangents of it, shape (dimension, k), after the steps of drives."""
        if state.shape != (self.dimension,):
            raise ValueError(f"state must have shape ({self.dimension},), got {state.shape}.")
        if tangents.ndim != 2 or len(tangents) != self.dimension:
            raise ValueError(
                f"tangents must have shape ({self.dimension}, k), got {tangents.shape}."
            )
        return self._linearise(state, drives, tangents)

    @abstractmethod
    def _run(self, rows: np.ndarray, drives: np.ndarray, path: np.ndarray | None) -> None:
        """Move states, shape (batch, dimension), in place, and write those on the way."""

    @abstractmethod
    def _linearise(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `run_tangents`, for arrays of the right shape."""

    def _rows(self, states: np.ndarray) -> np.ndarray:
        """A copy of states, shape (batch, dimension)."""
        if states.shape[-1:] != (self.dimension,):
            raise ValueError(f"state must have shape (..., {self.dimension}), got {states.shape}.")
        return states.reshape(-1, self.dimension).copy()


class ReducedStep(CompiledStep):
    """The step of a network of low rank in few variables, with an embedding."""

    def _run(self, rows: np.ndarray, drives: np.ndarray, path: np.ndarray | None) -> None:
        few_variables.run(rows, drives, self.alpha, self._factors, path)

    def _linearise(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        moved, rows = state.copy(), tangents.T.copy()
        few_variables.linearise(moved, rows, drives, self.alpha, self._factors)
        return moved, rows.T

    def flow(self, states: np.ndarray, drives: np.ndarray, scale: float) -> np.ndarray:
        """States, shape (..., dimension), after steps of the differential equation.

        Drives, shape (2 n_steps + 1, dimension), are those of a step of the map; the steps of the
        flow are `scale` times as long.
        """
        moved = self._rows(states)
        few_variables_flow.run(moved, scale * drives, scale * self.alpha, self._factors)
        return moved.reshape(states.shape)

    def flow_orbit(self, states: np.ndarray, drives: np.ndarray, scale: float) -> np.ndarray:
        """States along a run of the differential equation, as `flow`; (n_steps + 1, ...)."""
        moved = self._rows(states)
        path = np.empty((len(drives) // 2 + 1, *moved.shape))
        few_variables_flow.run(moved, scale * drives, scale * self.alpha, self._factors, path)
        return path.reshape(-1, *states.shape)

    def flow_tangents(
        self, state: np.ndarray, drives: np.ndarray, scale: float, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """One state and tangents of it, shape (dimension, k), as `flow`."""
        moved, rows = state.copy(), tangents.T.copy()
        few_variables_flow.linearise(moved, rows, scale * drives, scale * self.alpha, self._factors)
        return moved, rows.T

    @cached_property
    def _factors(self) -> few_variables.Factors:
        """The matrices in the form of the kernel."""
        assert self.embedding is not None
        assert self.right is not None
        return few_variables.factors(self.embedding, self.left, self.right)


class SparseStep(CompiledStep):
    """The step of a network with few connections, such as one on a connectome."""

    def _run(self, rows: np.ndarray, drives: np.ndarray, path: np.ndarray | None) -> None:
        sparse.run(rows, drives, self._connections, path)

    def _linearise(
        self, state: np.ndarray, drives: np.ndarray, tangents: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        path = self.orbit(state, drives)
        return path[-1], self.jvp_along(self.slope(path[:-1]), tangents)

    def jvp_along(self, slopes: np.ndarray, tangents: np.ndarray) -> np.ndarray:
        """Tangent vectors after steps from states in which φ' was taken."""
        return sparse.move_tangents(slopes, tangents, self._connections)

    @cached_property
    def _connections(self) -> sparse.Connections:
        """The weights in the form of the kernel."""
        return sparse.connections(self.left, self.alpha)


def is_sparse(step: LeakyStep) -> bool:
    """Whether `SparseStep` takes a step and is faster."""
    whole = step.right is None and step.embedding is None
    return (
        whole
        and step.activation == "tanh"
        and np.count_nonzero(step.left) <= FEW_CONNECTIONS * step.left.size
    )
