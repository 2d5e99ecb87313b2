"""The adjoint equation dZ/dt = -J(x(t))ᵀ Z along a cycle of a vector field."""

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import LinearOperator, gmres

from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.systems.protocols import is_stiff


class AdjointSweep:
    """The adjoint equation backward along one period of a cycle."""

    def __init__(self, field: Any, cycle: LimitCycle, rtol: float) -> None:
        self.field, self.period, self.rtol = field, cycle.period, rtol
        self.stiff = is_stiff(field)
        self.count = 0
        self.orbit: Any = self._integrate(field, cycle.point, field.jacobian).sol

    def _integrate(self, function, start, jacobian, **options):
        scale = float(np.abs(start).max())
        options |= {"method": "Radau", "jac": jacobian} if self.stiff else {"method": "DOP853"}
        solution = solve_ivp(
            function,
            (0.0, self.period),
            start,
            rtol=self.rtol,
            atol=self.rtol * 1e-2 * scale,
            dense_output="t_eval" not in options,
            **options,
        )
        if not solution.success or not np.isfinite(solution.y).all():
            raise ArithmeticError(f"Integration failed: {solution.message}")
        return solution

    def __call__(self, last: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Z at the times, in ascending order, from Z at the end of the period; shape (m, n)."""
        self.count += 1

        def transposed(s: float, _: Any = None) -> Any:
            return self.field.jacobian(0.0, self.orbit(self.period - s)).T

        backward = np.clip(self.period - times[::-1], 0, self.period)
        solution = self._integrate(
            lambda s, z: transposed(s) @ z, last, transposed, t_eval=backward
        )
        return solution.y.T[::-1]

    def once_round(self, last: np.ndarray) -> np.ndarray:
        """Product Mᵀ Z, by one integration."""
        if not last.any():
            return last
        return self(last, np.array([0.0]))[0]


def periodic_adjoint(
    sweep: AdjointSweep, velocity: np.ndarray, omega: float, rtol: float
) -> np.ndarray:
    """The solution Z of Mᵀ Z = Z with Z·f = Ω, shape (n,), by GMRES."""
    unit = velocity / np.linalg.norm(velocity)
    n = velocity.size

    def product(z: np.ndarray) -> np.ndarray:
        z = z.ravel()
        return z - sweep.once_round(z) + unit * (unit @ z)

    matrix = LinearOperator((n, n), matvec=product, dtype=float)  # type: ignore[call-arg]
    right = omega * unit / np.linalg.norm(velocity)
    size = min(n, 60)
    found, _ = gmres(matrix, right, rtol=max(rtol, 1e-11), restart=size, maxiter=1)
    return found
