"""Phase response of a limit cycle or invariant circle: phase shift by a small perturbation.

The response Z is the gradient of the asymptotic phase along the curve γ(φ), so Z·dγ/dφ = 1.
On a cycle x(t) it is the periodic solution of the adjoint equation dZ/dt = -J(x(t))ᵀ Z, with
Z·dx/dt = Ω = 2π/T at every time: that is checked, and is the residual of the result.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.arrays import real_array
from isochron.analysis.limit_cycles import LimitCycle
from isochron.analysis.phase.adjoint import AdjointSweep, periodic_adjoint
from isochron.analysis.phase.isochrons import (
    asymptotic_phase,
    difference_of_phases,
    require_dimension,
)
from isochron.analysis.phase.rotation import InvariantCircle, evaluate_series, fourier_series
from isochron.analysis.results import short_repr
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import (
    ForcedMap,
    System,
    VectorField,
    has_free_step,
    is_map,
    is_stiff,
)
from isochron.analysis.systems.scales import measure_scale
from isochron.analysis.systems.units import Units

_CONVERGED = 1e-7  # change of a phase shift in a period, relative to the largest


@short_repr
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
        Ω in radians per unit of time (ms for the models of isochron), or per return of a map.
    residual : float
        Largest |Z·dγ/dφ - 1| over the nodes; for a flow dγ/dφ is the velocity over Ω.
    consistency : float
        An independent check, relative to the largest |Z|: for a flow |Z(T) - Z(0)|; for a map
        the difference between two solutions with different ends.
    tolerance : float
        Largest residual and consistency accepted.
    method : str
        Equation and number of integrations or steps.

    Raises
    ------
    ArithmeticError
        If `residual` or `consistency` is above `tolerance`.

    Examples
    --------
    z' = (1 + i) z - |z|² z has the phase arg z, whose gradient on the cycle is i z:

    >>> linear = np.array([[1, -1], [1, 1]])
    >>> system = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * z,
    ...     lambda t, z: linear - z @ z * np.eye(2) - 2 * np.outer(z, z),
    ... )
    >>> cycle = analysis.find_limit_cycle(system, [0.6, 0.8], period_guess=6)
    >>> response = analysis.find_phase_response(system, cycle)
    >>> response.states[0].round(4), response.response[0].round(4)
    (array([0.6, 0.8]), array([-0.8,  0.6]))
    >>> response.angular_velocity
    1.0000
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
                "the cycle and here, or the step of a map, check the Jacobian, or raise tolerance."
            )


def find_phase_response(
    system: System,
    cycle: LimitCycle,
    *,
    n_nodes: int = 256,
    rtol: float | None = None,
    tolerance: float | None = None,
) -> PhaseResponse:
    """Phase response by the adjoint method, for stable and unstable cycles alike.

    With M the monodromy matrix and f the velocity at the first node, Z there is the solution
    of (I - Mᵀ + f fᵀ/|f|²) Z = Ω f/|f|²: multiplied by fᵀ it gives Z·f = Ω, and then MᵀZ = Z.
    For a field GMRES solves it; every product with Mᵀ is one integration of the adjoint
    equation backward in time, in which the modes that decay forward decay too. For a map that
    represents a flow M is computed, and Z is carried backward through the derivatives of its
    steps; f/Ω is dγ/dφ, from the Fourier series of the cycle, which is independent of the
    derivatives.

    Parameters
    ----------
    system : VectorField or ForcedMap
        Autonomous field, or map with ``with_step``, of n dimensions.
    cycle : LimitCycle
        Cycle of that system, as `find_limit_cycle` found it.
    n_nodes : int
        Number of intervals between the nodes, at least 4. For a map it divides the steps of the
        cycle.
    rtol : float, optional
        Relative tolerance of the integration of a field; 1e-12 by default, 1e-9 if stiff.
    tolerance : float, optional
        Largest accepted residual; 1e-7 by default, 1e-4 if a field is stiff and for a map,
        which represents one. In units of the size of each variable.

    Returns
    -------
    PhaseResponse
        Z at n_nodes + 1 phases, in radians per unit of state.

    Raises
    ------
    TypeError
        If `cycle` is not a `LimitCycle`.
    ValueError
        If the cycle was not found, belongs to a different system, or is forced (then the
        forcing, not the cycle, sets the phase), or if `n_nodes` is below 4 or does not divide
        the steps of a map.
    ArithmeticError
        If the integration fails, or the residual exceeds the tolerance.

    References
    ----------
    Ermentrout and Kopell (1991), Journal of Mathematical Biology 29:195; Brown, Moehlis and
    Holmes (2004), Neural Computation 16:673.

    Examples
    --------
    z' = (1 + i) z - (1 + i/2) |z|² z has the phase arg z - ln|z| / 2. At z = 1 its gradient
    is (-1/2, 1):

    >>> linear, cubic = np.array([[1, -1], [1, 1]]), np.array([[1, -0.5], [0.5, 1]])
    >>> system = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * cubic @ z,
    ...     lambda t, z: linear - z @ z * cubic - 2 * np.outer(cubic @ z, z),
    ... )
    >>> cycle = analysis.find_limit_cycle(system, [1.0, 0.0], period_guess=12)
    >>> found = analysis.find_phase_response(system, cycle)
    >>> found.response[0].round(4)
    array([-0.5,  1. ])
    >>> max(found.residual, found.consistency) < 1e-7
    True
    """
    require_own_phase(system, cycle)
    if not n_nodes >= 4:
        raise ValueError(f"n_nodes must be at least 4, got {n_nodes!r}.")
    units = Units(measure_scale(cycle.states))
    system, cycle = units.system(system), units.enter_cycle(cycle)
    if is_map(system):
        tolerance = 1e-4 if tolerance is None else tolerance
        return _in_users_units(_response_in_steps(system, cycle, n_nodes, tolerance), units)
    stiff = is_stiff(system)
    tolerance = (1e-4 if stiff else 1e-7) if tolerance is None else tolerance
    rtol = (1e-9 if stiff else 1e-12) if rtol is None else rtol
    return _in_users_units(_response_of_flow(system, cycle, n_nodes, rtol, tolerance), units)


def _in_users_units(found: PhaseResponse, units: Units) -> PhaseResponse:
    """Radians per unit of each variable."""
    if units.plain:
        return found
    return replace(found, states=units.leave(found.states), response=units.enter(found.response))


def _response_of_flow(field: Any, cycle, n_nodes, rtol, tolerance) -> PhaseResponse:
    sweep = AdjointSweep(field, cycle, rtol)
    omega = 2 * math.pi / cycle.period
    first = periodic_adjoint(sweep, field(0.0, cycle.point), omega, rtol)
    times = np.linspace(0, cycle.period, n_nodes + 1)
    response = sweep(first, times)
    states = sweep.orbit(times).T
    tangents = np.array([field(0.0, x) for x in states]) / omega
    method = f"adjoint equation, {sweep.count} backward integrations"
    return _checked(omega, omega * times, states, tangents, response, tolerance, method)


def _response_in_steps(system: Any, cycle, n_nodes, tolerance) -> PhaseResponse:
    n_steps, n = len(cycle.states) - 1, cycle.point.size
    if n_steps % n_nodes:
        raise ValueError(f"n_nodes must divide the {n_steps} steps of the cycle, got {n_nodes!r}.")
    system = system.with_step(cycle.period / n_steps)
    phases = np.linspace(0, 2 * math.pi, n_nodes + 1)
    states, tangents = _curve(cycle, phases)
    everything, length = np.eye(n), np.linalg.norm(tangents[0])
    unit = tangents[0] / length
    monodromy = system.advance(states[0], n_steps, tangents=everything)[1]
    last = np.linalg.solve(everything - monodromy.T + np.outer(unit, unit), unit / length)
    response = [last]
    for state in states[-2::-1]:
        passage = system.advance(state, n_steps // n_nodes, tangents=everything)[1]
        response.append(passage.T @ response[-1])
    omega, method = 2 * math.pi / cycle.period, f"adjoint of {n_steps} steps"
    return _checked(omega, phases, states, tangents, np.array(response[::-1]), tolerance, method)


def _checked(omega, phases, states, tangents, response, tolerance, method) -> PhaseResponse:
    product = np.sum(response * tangents, axis=1)
    return PhaseResponse(
        phases=phases,
        states=states,
        response=response,
        angular_velocity=omega,
        residual=float(np.abs(product - 1).max()),
        consistency=float(np.linalg.norm(response[0] - response[-1]) / np.abs(response).max()),
        tolerance=tolerance,
        method=method,
    )


def _curve(cycle: LimitCycle, phases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """γ and dγ/dφ of a cycle in equal steps, by its Fourier series; each of shape (m, n)."""
    coefficients = np.fft.fftshift(np.fft.fft(cycle.states[:-1], axis=0, norm="forward"), axes=0)
    coefficients = coefficients[1 - len(coefficients) % 2 :]  # without the order of one sign
    orders = np.arange(len(coefficients)) - len(coefficients) // 2
    return (
        evaluate_series(coefficients, phases),
        evaluate_series(1j * orders[:, None] * coefficients, phases),
    )


def find_map_phase_response(
    system: ForcedMap,
    circle: InvariantCircle,
    *,
    n_nodes: int = 256,
    n_returns: int = 2000,
    n_transient: int = 500,
    tolerance: float = 1e-7,
    scale: ArrayLike | None = None,
) -> PhaseResponse:
    """Phase response of the attracting invariant circle of a map, at the start of a return.

    Along an orbit the response obeys Z(x) = Z(P(x)) DP(x), P being one return. Followed
    backward, it becomes independent of its end; it is then expanded in a Fourier series of the
    phase.

    Parameters
    ----------
    system : ForcedMap
        Map of n dimensions. Its derivative is evaluated as a matrix of shape (n, n) at every
        return.
    circle : InvariantCircle
        Circle of that map, as `find_invariant_circle` returns it.
    n_nodes : int
        Number of intervals between the nodes.
    n_returns, n_transient : int
        Number of returns to follow, and how many of these are discarded, at least 1;
        n_returns - n_transient is at least 16 times the number of harmonics.
    tolerance : float
        Largest accepted residual.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured along the circle by default. Give
        one number if a variable rests on the circle: its size is not known from there.

    Returns
    -------
    PhaseResponse
        Z at n_nodes + 1 phases, in radians per unit of state.

    Raises
    ------
    TypeError
        If `circle` is not an `InvariantCircle`.
    ValueError
        If the circle belongs to a map of a different dimension, or `n_returns` is too small.
    ArithmeticError
        If the residual exceeds the tolerance.

    Examples
    --------
    A map that turns by 2 rad and relaxes to the unit circle: its phase is the angle.

    >>> turn = np.array([[np.cos(2), -np.sin(2)], [np.sin(2), np.cos(2)]])
    >>> system = analysis.SteppedMap(
    ...     lambda k, x: turn @ x / np.sqrt(0.5 + 0.5 * x @ x), None, dimension=2
    ... )
    >>> options = {"n_transient": 100, "n_returns": 400}
    >>> circle = analysis.find_invariant_circle(system, [1.0, 0.0], n_harmonics=8, **options)
    >>> found = analysis.find_map_phase_response(system, circle, **options)
    >>> x, y = found.states.T
    >>> np.allclose(found.response, np.c_[-y, x], atol=1e-6)
    True
    >>> found.angular_velocity
    2.0000
    """
    if not isinstance(circle, InvariantCircle):
        raise TypeError(
            f"circle must be an InvariantCircle, as find_invariant_circle returns it; got "
            f"{type(circle).__name__}. For a LimitCycle use find_phase_response."
        )
    if circle.coefficients.shape[1] != system.dimension:
        raise ValueError(
            f"The map has dimension {system.dimension}, the circle "
            f"{circle.coefficients.shape[1]}: give the map of which the circle was found."
        )
    units = Units(measure_scale(circle(np.linspace(0, 2 * math.pi, 64)), scale=scale))
    system, circle = units.system(system), circle.in_units(units)
    n_harmonics = len(circle.coefficients) // 2
    if not (n_transient >= 1 and n_returns >= n_transient + 16 * n_harmonics):
        raise ValueError(
            f"Need n_transient >= 1 and n_returns >= n_transient + {16 * n_harmonics}, got "
            f"{n_transient!r} and {n_returns!r}."
        )
    omega = 2 * math.pi * circle.rotation.value
    along = omega * np.arange(n_returns + 1)
    rows, consistency = _backward_rows(system, circle, along, n_transient)
    series = fourier_series(rows, along[: len(rows)], n_harmonics)
    phases = np.linspace(0, 2 * math.pi, n_nodes + 1)
    response = evaluate_series(series, phases)
    product = np.sum(response * circle.tangent(phases), axis=1)
    found = PhaseResponse(
        phases=phases,
        states=circle(phases),
        response=response,
        angular_velocity=omega,
        residual=float(np.abs(product - 1).max()),
        consistency=consistency,
        tolerance=tolerance,
        method=f"adjoint map, {n_returns} returns backward",
    )
    return _in_users_units(found, units)


def _backward_rows(system, circle, along, n_transient):
    """Z along an orbit, and the difference of two solutions that end differently."""
    states, tangent = circle(along), circle.tangent(along[-1])
    n = tangent.size
    other = tangent + np.linalg.norm(tangent) * np.random.default_rng(0).standard_normal(n) / n
    last = np.array([tangent / (tangent @ tangent), other / (other @ tangent)])
    rows = []
    for state in states[-2::-1]:
        last = last @ system.advance(state, system.n_steps, tangents=np.eye(n))[1]
        rows.append(last)
    late = np.array(rows[n_transient:][::-1])
    difference = np.linalg.norm(late[:, 0] - late[:, 1], axis=1).max()
    return late[:, 0], float(difference / np.abs(late).max())


def require_own_phase(system: Any, cycle: LimitCycle) -> None:
    """Raise unless a system has a cycle with an intrinsic phase.

    A forced cycle does not have one; a map of a fixed step cannot have such a cycle.
    """
    if not isinstance(cycle, LimitCycle):
        raise TypeError(
            f"A phase needs a LimitCycle, as find_limit_cycle returns it; got "
            f"{type(cycle).__name__}. A fixed point does not have a phase; for an InvariantCircle "
            "use find_map_phase_response."
        )
    if not cycle.found:
        raise ValueError(f"A phase needs a cycle that was found: {cycle.message}")
    stepped = bool(is_map(system))
    if (stepped and not has_free_step(system)) or not cycle.autonomous:
        raise ValueError(
            "A forced cycle has the phase of its forcing: the effect of a perturbation decays. "
            "Use the autonomous field, or find_invariant_circle for a map without a forcing."
        )
    if not stepped:
        require_dimension(system, cycle)
    if stepped and system.dimension != cycle.point.size:
        raise ValueError(
            f"The map has dimension {system.dimension}, the cycle {cycle.point.size}: give the "
            "system of which the cycle was found."
        )


def perturbed_phase_response(
    system: System,
    cycle: LimitCycle,
    phases: np.ndarray,
    direction: np.ndarray,
    *,
    size: float = 1e-4,
    max_periods: int = 100,
) -> np.ndarray:
    """Phase response by perturbing the state and simulating: an independent, direct method.

    It is the difference of the asymptotic phases after perturbations of plus and minus `size`
    times `direction`, divided by twice the size, with an error of order size².

    Parameters
    ----------
    system : VectorField or ForcedMap
        Autonomous field, or map with ``with_step``, of n dimensions.
    cycle : LimitCycle
        Stable, autonomous cycle of that system.
    phases : ndarray, shape (m,)
        Phases at which the state is perturbed, radians.
    direction : ndarray, shape (n,)
        Perturbation of the state, in its unit; not all 0.
    size : float
        Factor of `direction`, positive and small.
    max_periods : int
        Largest number of periods in which the state has to return to the cycle, at least 1.

    Returns
    -------
    ndarray, shape (m,)
        Radians per unit of `direction`; NaN where the state did not return.

    Raises
    ------
    TypeError
        If `cycle` is not a `LimitCycle`.
    ValueError
        If the cycle was not found, is forced or unstable (a perturbed state does not return), or
        belongs to a different system; if the direction is 0 or of a different dimension; or if
        `size` or `max_periods` is out of range.

    Examples
    --------
    z' = (1 + i) z - |z|² z has the phase arg z: at phase φ a push along the imaginary axis
    advances it by cos φ.

    >>> linear = np.array([[1, -1], [1, 1]])
    >>> system = analysis.Flow(
    ...     lambda t, z: linear @ z - z @ z * z,
    ...     lambda t, z: linear - z @ z * np.eye(2) - 2 * np.outer(z, z),
    ... )
    >>> cycle = analysis.find_limit_cycle(system, [1.0, 0.0], period_guess=6)
    >>> phases = np.array([0.1, np.pi / 3])
    >>> analysis.perturbed_phase_response(system, cycle, phases, np.array([0.0, 1.0])).round(3)
    array([0.995, 0.5  ])
    """
    require_own_phase(system, cycle)
    if cycle.multipliers.size and not cycle.stable:
        raise ValueError(
            "The cycle is not stable: a state that is perturbed does not return to it. "
            "find_phase_response works for unstable cycles, too."
        )
    phases = real_array(phases, "phases", n_axes=1)
    direction = real_array(direction, "direction", n_axes=1)
    if direction.shape != cycle.point.shape or not direction.any():
        raise ValueError(
            f"direction must be {cycle.point.size} numbers, one for each variable, not all 0; got "
            f"{direction}."
        )
    if not (0 < size < math.inf and max_periods >= 1):
        raise ValueError(
            f"size must be positive and max_periods at least 1, got {size!r} and {max_periods!r}."
        )
    units = Units(measure_scale(cycle.states))
    system, cycle = units.system(system), units.enter_cycle(cycle)
    direction = size * units.enter(direction)
    if is_map(system):
        return _wait_in_steps(system, cycle, phases, direction, max_periods) / (2 * size)
    return _perturb_and_follow(system, cycle, phases, direction, max_periods) / (2 * size)


def _perturb_and_follow(field: Any, cycle, phases, direction, max_periods) -> np.ndarray:
    """Difference of the asymptotic phases of states perturbed by plus and minus a vector."""
    points = _states_at(field, cycle, phases)
    forth, back = (
        asymptotic_phase(field, cycle, points + sign * direction, max_periods=max_periods)
        for sign in (1, -1)
    )
    return difference_of_phases(forth, back)


def _wait_in_steps(system: Any, cycle, phases, direction, max_periods) -> np.ndarray:
    """Phase between states perturbed by plus and minus a vector.

    It counts once it changes by less than 1e-7 a period.
    """
    n_steps = len(cycle.states) - 1
    system = system.with_step(cycle.period / n_steps)
    points, tangents = _curve(cycle, phases)
    dual = tangents / np.sum(tangents**2, axis=1, keepdims=True)
    pair, shift, change = np.array([points + direction, points - direction]), np.inf, np.inf
    for _ in range(max_periods):
        pair = system.advance(pair, n_steps)
        last, shift = shift, np.sum((pair[0] - pair[1]) * dual, axis=1)
        change = np.abs(shift - last)
        if np.all(change <= _CONVERGED * np.abs(shift).max()):
            break
    return np.where(change <= _CONVERGED * np.abs(shift).max(), shift, math.nan)


def _states_at(field: VectorField, cycle: LimitCycle, phases: np.ndarray) -> np.ndarray:
    times = phases % (2 * math.pi) / (2 * math.pi) * cycle.period
    distinct, places = np.unique(times, return_inverse=True)
    return integrate(field, cycle.point, cycle.period, times=distinct)[places]
