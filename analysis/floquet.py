"""Floquet multipliers: how perturbations of a periodic orbit grow over one period."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

from isochron.analysis.flow import flow
from isochron.analysis.systems import System

DENSE_LIMIT = 200


class ReturnMap:
    """A system over one period: where a state returns to, and the derivative of that.

    Parameters
    ----------
    system : VectorField or DrivenMap
    period : float, optional
        Of the forcing of a vector field, or of its cycle. A map brings its own.
    rtol : float, optional
        Relative tolerance of the integration of a vector field.
    """

    def __init__(
        self, system: System, period: float | None = None, rtol: float | None = None
    ) -> None:
        self.system: Any = system
        self.is_map = hasattr(system, "advance")
        if not self.is_map and period is None:
            raise ValueError("A vector field needs a period; a map brings its own.")
        self.period = self.system.n_steps * self.system.step_ms if period is None else period
        self.rtol = rtol

    def __call__(self, state: np.ndarray, tangents: np.ndarray | None = None) -> Any:
        """End state, and the tangents there if some are given."""
        if self.is_map:
            return self.system.advance(state, self.system.n_steps, tangents=tangents)
        return flow(self.system, state, self.period, tangents=tangents, rtol=self.rtol)

    def samples(self, state: np.ndarray, n_samples: int = 256) -> tuple[np.ndarray, np.ndarray]:
        """Times and states along the orbit, both ends included."""
        if self.is_map:
            states = self.system.orbit(state, self.system.n_steps)
            return np.arange(len(states)) * self.system.step_ms, states
        times = np.linspace(0, self.period, n_samples + 1)
        return times, flow(self.system, state, self.period, times=times, rtol=self.rtol)

    def derivative(self, point: np.ndarray) -> LinearOperator:
        """The monodromy as a linear operator that integrates once for every product."""

        def product(vector: np.ndarray) -> np.ndarray:
            return self(point, vector.reshape(-1, 1))[1].ravel()

        n = len(point)
        return LinearOperator((n, n), matvec=product, dtype=float)  # type: ignore[call-arg]


def floquet_multipliers(
    system: System,
    point: ArrayLike,
    period: float | None = None,
    *,
    n_leading: int | None = None,
    rtol: float | None = None,
) -> np.ndarray:
    """Floquet multipliers of the periodic orbit through a point.

    They are the eigenvalues of the monodromy matrix, the derivative of the flow over one
    period. An autonomous cycle has one equal to 1, the direction of the flow; an orbit is
    stable if all others lie inside the unit circle.

    Parameters
    ----------
    system : VectorField or DrivenMap
    point : ndarray, shape (n,)
        A state on the orbit.
    period : float, optional
        Period, for a vector field.
    n_leading : int, optional
        Only so many, the largest in modulus, by Arnoldi iteration. By default all of them,
        or 6 for a map of more than 200 dimensions.
    rtol : float, optional
        Relative tolerance of the integration of a vector field.

    Returns
    -------
    ndarray of complex
        The multipliers, largest modulus first. Dimensionless.

    References
    ----------
    Guckenheimer and Holmes (1983), section 1.5.
    """
    back = ReturnMap(system, period, rtol)
    point = np.asarray(point, dtype=float)
    if n_leading is None and back.is_map and point.size > DENSE_LIMIT:
        n_leading = 6
    if n_leading is not None and n_leading < point.size - 1:
        return leading_eigenvalues(back.derivative(point), n_leading)
    monodromy = back(point, np.eye(point.size))[1]
    return by_modulus(np.linalg.eigvals(monodromy))


def leading_eigenvalues(operator: LinearOperator, count: int) -> np.ndarray:
    """The eigenvalues of largest modulus, by Arnoldi iteration; all, if it fails, and the best."""
    n = operator.shape[0]
    start = np.random.default_rng(0).standard_normal(n)
    size = min(n, max(2 * count + 1, 12))
    options: dict[str, Any] = {"k": count, "ncv": size, "v0": start, "tol": 1e-8}
    try:
        found: Any = eigs(operator, return_eigenvectors=False, **options)
    except ArpackNoConvergence:
        found = np.linalg.eigvals(np.asarray(operator.matmat(np.eye(n))))
    return by_modulus(found)[:count]


def by_modulus(values: Any) -> np.ndarray:
    """Complex values, largest modulus first; of a conjugate pair, positive imaginary part first."""
    values = np.asarray(values, dtype=complex)
    order = np.lexsort((-np.imag(values), -np.round(np.abs(values), 12)))
    return values[order]
