"""Phase response of a limit cycle or invariant circle: how far a small push moves its phase.

The response Z is the gradient of the asymptotic phase along the curve γ(φ), so Z·dγ/dφ = 1.
On a cycle x(t) it is the periodic solution of the adjoint equation dZ/dt = -J(x(t))ᵀ Z, with
Z·dx/dt = Ω = 2π/T at every time: that is checked, and is the residual of the result.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import LinearOperator, gmres

from isochron.analysis.flow import flow
from isochron.analysis.isochrons import asymptotic_phase, difference_of_phases
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.rotation import InvariantCircle, evaluate_series, fourier_series
from isochron.analysis.systems import DrivenMap, VectorField


@dataclass(frozen=True, kw_only=True)
class PhaseResponse:
    """Gradient of the phase along a cycle.

    Attributes
    ----------
    phases : ndarray, shape (m,)
        From 0 to 2π, evenly spaced, both ends included.
    states : ndarray, shape (m, n)
        The cycle at these phases.
    response : ndarray, shape (m, n)
        Z in radians per unit of state: a sudden small change p of the state advances the
        phase by Z·p.
    angular_velocity : float
        Ω in radians per unit of time (per ms for ours), or per return of a map.
    residual : float
        Largest |Z·dγ/dφ - 1| over the nodes; for a flow dγ/dφ is the velocity over Ω.
    consistency : float
        An independent check, relative to the largest |Z|: of a flow |Z(T) - Z(0)|; of a map
        the difference between two solutions with different ends.
    tolerance : float
        Largest residual and consistency accepted.
    method : str
    """

    phases: np.ndarray
    states: np.ndarray
    response: np.ndarray
    angular_velocity: float
    residual: float
    consistency: float
    tolerance: float
    method: str

    def __post_init__(self) -> None:
        if not max(self.residual, self.consistency) <= self.tolerance:
            raise ArithmeticError(
                f"The phase response is off by {self.residual:.1e} in Z·dγ/dφ and by "
                f"{self.consistency:.1e} from itself, above {self.tolerance:.1e}. Lower rtol of "
                "the cycle and here, check the Jacobian, or raise tolerance."
            )


def find_phase_response(
    field: VectorField,
    cycle: LimitCycle,
    *,
    n_nodes: int = 256,
    rtol: float | None = None,
    tolerance: float | None = None,
) -> PhaseResponse:
    """Phase response by the adjoint method, for stable and unstable cycles alike.

    With M the monodromy matrix and f the velocity at the first node, Z there is the solution
    of (I - Mᵀ + f fᵀ/|f|²) Z = Ω f/|f|²: multiplied by fᵀ it says Z·f = Ω, and then MᵀZ = Z.
    GMRES solves it; every product with Mᵀ is one integration of the adjoint equation
    backward in time, in which what decays forward decays too.

    Parameters
    ----------
    field : VectorField
        Autonomous.
    cycle : LimitCycle
        Of that field; found.
    n_nodes : int
        Intervals between the nodes.
    rtol : float, optional
        Relative tolerance of the integration; 1e-12 by default, 1e-9 if the field is stiff.
    tolerance : float, optional
        Largest accepted residual; 1e-7 by default, 1e-4 if the field is stiff.

    Returns
    -------
    PhaseResponse

    Raises
    ------
    ValueError
        If the cycle was not found, or is driven: then the drive, not the cycle, sets the phase.
    ArithmeticError
        If the integration fails, or the residual exceeds the tolerance.

    References
    ----------
    Ermentrout and Kopell (1991), Journal of Mathematical Biology 29:195; Brown, Moehlis and
    Holmes (2004), Neural Computation 16:673.
    """
    require_own_phase(field, cycle)
    if not n_nodes >= 4:
        raise ValueError(f"n_nodes must be at least 4, got {n_nodes!r}.")
    stiff = getattr(field, "stiff", False)
    rtol = (1e-9 if stiff else 1e-12) if rtol is None else rtol
    tolerance = (1e-4 if stiff else 1e-7) if tolerance is None else tolerance
    sweep = _AdjointSweep(field, cycle, rtol)
    omega = 2 * math.pi / cycle.period
    velocity = field(0.0, cycle.point)
    first = _periodic_adjoint(sweep, velocity, omega, rtol)
    times = np.linspace(0, cycle.period, n_nodes + 1)
    response = sweep(first, times)
    states = sweep.orbit(times).T
    product = np.sum(response * np.array([field(0.0, x) for x in states]), axis=1)
    residual = float(np.abs(product / omega - 1).max())
    return PhaseResponse(
        phases=omega * times,
        states=states,
        response=response,
        angular_velocity=omega,
        residual=residual,
        consistency=float(np.linalg.norm(response[0] - response[-1]) / np.abs(response).max()),
        tolerance=tolerance,
        method=f"adjoint equation, {sweep.count} backward integrations",
    )


def find_map_phase_response(
    system: DrivenMap,
    circle: InvariantCircle,
    *,
    n_nodes: int = 256,
    n_returns: int = 2000,
    n_settle: int = 500,
    tolerance: float = 1e-7,
) -> PhaseResponse:
    """Phase response of the attracting invariant circle of a map, at the start of a return.

    Along an orbit the response obeys Z(x) = Z(P(x)) DP(x), P being one return. Followed
    backward this forgets where it began, and what remains is expanded in the phase.

    Parameters
    ----------
    system : DrivenMap
        Its derivative is asked for as a matrix, one of shape (n, n) for every return.
    circle : InvariantCircle
        Of that map.
    n_nodes : int
        Intervals between the nodes.
    n_returns, n_settle : int
        Returns to follow, and how many of these to throw away.
    tolerance : float
        Largest accepted residual.

    Returns
    -------
    PhaseResponse

    Raises
    ------
    ArithmeticError
        If the residual exceeds the tolerance.
    """
    n_harmonics = len(circle.coefficients) // 2
    if not (n_settle >= 1 and n_returns >= n_settle + 16 * n_harmonics):
        raise ValueError(
            f"Need n_settle >= 1 and n_returns >= n_settle + {16 * n_harmonics}, got "
            f"{n_settle!r} and {n_returns!r}."
        )
    omega = 2 * math.pi * circle.rotation.value
    along = omega * np.arange(n_returns + 1)
    rows, consistency = _backward_rows(system, circle, along, n_settle)
    series = fourier_series(rows, along[: len(rows)], n_harmonics)
    phases = np.linspace(0, 2 * math.pi, n_nodes + 1)
    response = evaluate_series(series, phases)
    product = np.sum(response * circle.tangent(phases), axis=1)
    return PhaseResponse(
        phases=phases,
        states=circle(phases),
        response=response,
        angular_velocity=omega,
        residual=float(np.abs(product - 1).max()),
        consistency=consistency,
        tolerance=tolerance,
        method=f"adjoint map, {n_returns} returns backward",
    )


def _backward_rows(system, circle, along, n_settle):
    """Z along an orbit, and the difference of two solutions that end differently."""
    states, tangent = circle(along), circle.tangent(along[-1])
    n = tangent.size
    other = tangent + np.linalg.norm(tangent) * np.random.default_rng(0).standard_normal(n) / n
    last = np.array([tangent / (tangent @ tangent), other / (other @ tangent)])
    rows = []
    for state in states[-2::-1]:
        last = last @ system.advance(state, system.n_steps, tangents=np.eye(n))[1]
        rows.append(last)
    settled = np.array(rows[n_settle:][::-1])
    difference = np.linalg.norm(settled[:, 0] - settled[:, 1], axis=1).max()
    return settled[:, 0], float(difference / np.abs(settled).max())


def require_own_phase(system: Any, cycle: LimitCycle) -> None:
    """Refuse what has no phase of its own: no cycle, a map, or a driven cycle."""
    if not cycle.found:
        raise ValueError(f"There is no cycle to take the phase of: {cycle.message}")
    if hasattr(system, "advance") or not cycle.autonomous:
        raise ValueError(
            "A driven cycle has the phase of its drive: a push moves it for a while only. Take "
            "the autonomous field, or find_invariant_circle for a map without a drive."
        )


class _AdjointSweep:
    """The adjoint equation backward along one period of a cycle."""

    def __init__(self, field: Any, cycle: LimitCycle, rtol: float) -> None:
        self.field, self.period, self.rtol = field, cycle.period, rtol
        self.stiff = getattr(field, "stiff", False)
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
        """Mᵀ Z."""
        if not last.any():
            return last
        return self(last, np.array([0.0]))[0]


def _periodic_adjoint(sweep: _AdjointSweep, velocity, omega: float, rtol: float) -> np.ndarray:
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


def perturbed_phase_response(
    field: VectorField,
    cycle: LimitCycle,
    phases: np.ndarray,
    direction: np.ndarray,
    *,
    size: float = 1e-4,
    max_periods: int = 100,
) -> np.ndarray:
    """Phase response by pushing the state and waiting: an independent, direct method.

    The change of the asymptotic phase by a push of `size` times `direction` forth and back,
    divided by twice the size: an error of order size².

    Parameters
    ----------
    field : VectorField
    cycle : LimitCycle
        Stable, autonomous.
    phases : ndarray, shape (m,)
        Where to push, radians.
    direction : ndarray, shape (n,)
    size : float
        Relative to the length of `direction`.
    max_periods : int
        How long to wait for the state to return to the cycle.

    Returns
    -------
    ndarray, shape (m,)
        Radians per unit of `direction`.
    """
    require_own_phase(field, cycle)
    direction = size * np.asarray(direction, dtype=float)
    points = _states_at(field, cycle, np.asarray(phases, dtype=float))
    forth, back = (
        asymptotic_phase(field, cycle, points + sign * direction, max_periods=max_periods)
        for sign in (1, -1)
    )
    return difference_of_phases(forth, back) / (2 * size)


def _states_at(field: VectorField, cycle: LimitCycle, phases: np.ndarray) -> np.ndarray:
    times = phases % (2 * math.pi) / (2 * math.pi) * cycle.period
    distinct, places = np.unique(times, return_inverse=True)
    return flow(field, cycle.point, cycle.period, times=distinct)[places]
