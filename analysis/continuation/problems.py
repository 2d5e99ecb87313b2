"""The equations whose solutions are followed: F(y; parameters) = 0."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator

from isochron.analysis.floquet import ReturnMap, leading_eigenvalues, product_log_eigenvalues
from isochron.analysis.limit_cycles.multiple_shooting import segment_edges

_LEAST = -1e6  # the logarithm that represents a multiplier of 0
_LEADING = 6  # multipliers of a system too large for matrices


class FixedPointProblem:
    """A state that a field does not move; y = x."""

    is_flow = True

    def __init__(self, system_at: Callable[..., Any]) -> None:
        self.system_at = system_at

    def residual(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """F, shape (n,)."""
        return self.system_at(*parameters)(0.0, y)

    def derivative(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """dF/dy, shape (n, n)."""
        matrix = self.system_at(*parameters).jacobian(0.0, y)
        return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix, dtype=float)

    def growth(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """Eigenvalues of the field's derivative."""
        return np.linalg.eigvals(self.derivative(y, *parameters)).astype(complex)

    def state(self, y: np.ndarray, *parameters: float) -> tuple[np.ndarray, float]:
        """The state and the period, which is none."""
        return y, math.nan

    def extent(self, y: np.ndarray, *parameters: float) -> float:
        """0: it does not move."""
        return 0.0

    def units(self, y: np.ndarray, size: float) -> np.ndarray:
        """How much of each unknown counts as one unit of the state."""
        return np.ones(y.size)


class OrbitProblem:
    """A periodic orbit by shooting; y = (x_1, …, x_s), then T if the period is its own.

    Each of s segments, equal parts of the period, ends where the next starts. An orbit of an
    autonomous field has its first state in a plane through an anchor, which `move_anchor` keeps
    near the orbit. Above the dimensions of `ReturnMap.is_large`, one segment is solved without
    matrices and only the leading multipliers are known.

    Parameters
    ----------
    period : float or callable, optional
        Period of the forcing of a field; a callable gets the parameters. A map has one already.
    autonomous : bool
        Whether T is unknown.
    n_segments : int
        s.
    """

    is_flow = False

    def __init__(
        self,
        system_at: Callable[..., Any],
        *,
        autonomous: bool = False,
        period: float | Callable[..., float] | None = None,
        rtol: float | None = None,
        subharmonic: int = 1,
        n_segments: int = 1,
    ) -> None:
        self.system_at, self.rtol, self.subharmonic = system_at, rtol, subharmonic
        self.autonomous, self.period, self.n_segments = autonomous, period, n_segments
        self.anchor = self.normal = np.empty(0)
        self._known: tuple[Any, Any, Any] = (None, None, None)

    def residual(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """F, shape of y."""
        key, ends, _ = self._known
        if key != (y.tobytes(), parameters):
            ends = [back.part(x, *ab) for back, x, ab in self._segments(y, parameters)]
        nodes = self._nodes(y)
        gaps = (np.array(ends) - np.roll(nodes, -1, axis=0)).ravel()
        if not self.autonomous:
            return gaps
        return np.append(gaps, self.normal @ (nodes[0] - self.anchor))

    def derivative(self, y: np.ndarray, *parameters: float) -> Any:
        """dF/dy, a matrix, or a linear operator of a large system."""
        back = self._back(y, parameters)
        if self.is_large(y, *parameters):
            return self._operator(back, y)
        ends, factors = self._linearise(y, parameters)
        s, n = self._nodes(y).shape
        matrix = np.zeros((y.size, y.size))
        for i, factor in enumerate(factors):
            rows, after = slice(i * n, (i + 1) * n), (i + 1) % s
            matrix[rows, rows] += factor
            matrix[rows, after * n : (after + 1) * n] -= np.eye(n)
            if self.autonomous:
                matrix[rows, -1] = back.system(0.0, ends[i]) / s
        if self.autonomous:
            matrix[-1, :n] = self.normal
        return matrix

    def growth(self, y: np.ndarray, *parameters: float) -> np.ndarray:
        """Logarithms of the multipliers, without the trivial one."""
        if self.is_large(y, *parameters):
            back = self._back(y, parameters)
            values = leading_eigenvalues(back.derivative(self._nodes(y)[0]), _LEADING)
            logarithms = np.log(values)
        else:
            logarithms = product_log_eigenvalues(self._linearise(y, parameters)[1])
        if self.autonomous:
            logarithms = np.delete(logarithms, np.argmin(np.abs(logarithms)))
        return np.maximum(np.real(logarithms), _LEAST) + 1j * np.imag(logarithms)

    def state(self, y: np.ndarray, *parameters: float) -> tuple[np.ndarray, float]:
        """The first state and the period."""
        return self._nodes(y)[0], float(self._back(y, parameters).period)

    def extent(self, y: np.ndarray, *parameters: float) -> float:
        """Largest distance of the orbit from its mean; 0 if it rests."""
        samples = [
            back.part_samples(x, a, b, max(8, 64 // self.n_segments))[1]
            for back, x, (a, b) in self._segments(y, parameters)
        ]
        states = np.concatenate(samples)
        spread = float(np.linalg.norm(states - states.mean(axis=0), axis=1).max())
        gap = float(np.linalg.norm(states[-1] - states[0]))  # at rest, all that moves is an error
        return spread if spread > 10 * gap + 1e-9 * float(np.linalg.norm(states[0])) else 0.0

    def units(self, y: np.ndarray, size: float) -> np.ndarray:
        """How much of each unknown counts as one unit of the state; the period as one size."""
        units = np.ones(y.size)
        if self.autonomous:
            units[-1] = y[-1] / size
        return units

    def move_anchor(self, y: np.ndarray, *parameters: float) -> None:
        """Put the plane through the first state, normal to its velocity."""
        if self.autonomous:
            state = self._nodes(y)[0]
            self.set_plane(state, self.system_at(*parameters)(0.0, state))

    def set_plane(self, anchor: np.ndarray, normal: np.ndarray) -> None:
        """Put the plane of the first state."""
        self.anchor, self.normal = anchor.copy(), normal / np.linalg.norm(normal)

    def turned_round(self, y: np.ndarray, *parameters: float) -> bool:
        """Whether the orbit passes the plane the other way: half a turn on."""
        if not self.autonomous:
            return False
        velocity = self.system_at(*parameters)(0.0, self._nodes(y)[0])
        return bool(self.normal @ velocity < 0)

    def is_large(self, y: np.ndarray, *parameters: float) -> bool:
        """Whether matrices are to be avoided."""
        return self.n_segments == 1 and self._back(y, parameters).is_large(self._nodes(y).shape[1])

    def spread(self, state: np.ndarray, period: float, *parameters: float) -> np.ndarray:
        """The unknowns of the orbit through a state, its own period last."""
        y = np.append(np.tile(state, self.n_segments), [period] * self.autonomous)
        back = self._back(y, parameters)
        nodes = [state]
        for a, b in pairwise(segment_edges(back, self.n_segments)[:-1]):
            nodes.append(back.part(nodes[-1], a, b))
        return np.append(np.concatenate(nodes), [period] * self.autonomous)

    def _nodes(self, y: np.ndarray) -> np.ndarray:
        return (y[:-1] if self.autonomous else y).reshape(self.n_segments, -1)

    def _back(self, y: np.ndarray, parameters: tuple[float, ...]) -> ReturnMap:
        period = self.period(*parameters) if callable(self.period) else self.period
        if self.autonomous:
            period = float(y[-1])
            if not 0 < period < math.inf:
                raise ArithmeticError(f"The period has become {period!r}.")
        return ReturnMap(self.system_at(*parameters), period, self.rtol, self.subharmonic)

    def _segments(self, y: np.ndarray, parameters: tuple[float, ...]):
        back = self._back(y, parameters)
        edges = pairwise(segment_edges(back, self.n_segments))
        return [(back, x, ab) for x, ab in zip(self._nodes(y), edges, strict=True)]

    def _linearise(self, y: np.ndarray, parameters: tuple[float, ...]):
        """Ends of the segments and their derivatives; the last ones are remembered."""
        key = (y.tobytes(), parameters)
        if self._known[0] != key:
            n = self._nodes(y).shape[1]
            shots = [back.part(x, *ab, np.eye(n)) for back, x, ab in self._segments(y, parameters)]
            self._known = (key, [end for end, _ in shots], [factor for _, factor in shots])
        return self._known[1:]

    def _operator(self, back: ReturnMap, y: np.ndarray) -> LinearOperator:
        """dF/dy of one segment through its products with vectors."""
        state, own = self._nodes(y)[0], self.autonomous
        n, monodromy = state.size, back.derivative(state)
        velocity = back.system(0.0, back(state)) if own else np.empty(0)

        def product(vector: np.ndarray) -> np.ndarray:
            vector = vector.ravel()
            image = monodromy @ vector[:n] - vector[:n]
            return (
                np.append(image + velocity * vector[n], self.normal @ vector[:n]) if own else image
            )

        return LinearOperator((y.size, y.size), matvec=product, dtype=float)  # type: ignore[call-arg]


Problem = FixedPointProblem | OrbitProblem


def parameter_derivative(
    problem: Problem, y: np.ndarray, parameters: tuple[float, ...], step: float, which: int = 0
) -> np.ndarray:
    """dF/dp by a forward difference, shape of F.

    Its error slows Newton's method a little; solutions and special points do not depend on it.
    """
    moved = list(parameters)
    moved[which] += step
    return (problem.residual(y, *moved) - problem.residual(y, *parameters)) / step
