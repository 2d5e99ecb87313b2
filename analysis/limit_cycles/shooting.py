"""Newton's method on the return map: for a forced orbit, and for one with an intrinsic period."""

import math

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

from isochron.analysis.floquet import ReturnMap
from isochron.analysis.limit_cycles.result import NotFoundError, orbit_ranges, orbit_size

_LONGER = 8.0  # times its guess: a period from which Newton's method does not come back
_LONGEST_MOVE = 3.0  # of a variable, in its range along the first orbit
_MOST_SHORTENED = 3  # moves, after which the start was not near a cycle
_SINGULAR = 1e-7  # of the largest singular value of a bordered matrix


def shoot_autonomous(
    back: ReturnMap, start, tolerance, max_iterations, *, krylov=False, patient=True
):
    """Newton on (x, T) with x(T) = x and v.(x - start) = 0; sets the period of `back`.

    v is the velocity at the start. A matrix is reused from one iteration to the next while it
    halves the residual; without one, GMRES takes the derivative of the return map one
    direction at a time. A move that leaves the range of the first orbit is shortened.
    Without patience it ends when the residual grows: there is a better place to start from.
    """
    point, normal, n = start, back.velocity(start), start.size
    normal = normal / np.linalg.norm(normal)
    orbit = back.samples(start)[1]
    size, ranges, n_shortened = orbit_size(orbit), orbit_ranges(orbit), 0
    guess = back.period
    unit = 2.0 ** round(math.log2(guess))  # of time: the period is then like a state of size 1
    matrix, stale, last = np.empty((n + 1, n + 1)), True, math.inf
    for iteration in range(max_iterations):
        if stale and not krylov:
            end, monodromy = back(point, np.eye(n))
            matrix, stale = np.zeros((n + 1, n + 1)), False
            matrix[:n, :n] = monodromy - np.eye(n)
            matrix[:n, n] = unit * back.stretch(point, end)
            matrix[n, :n] = normal
        else:
            end = back(point)
        gap = np.append(end - point, normal @ (point - start))
        error = np.linalg.norm(gap[:n]) / size
        if error < tolerance:
            return point, iteration
        if not patient and error > last:
            break
        move = (
            _bordered_krylov(back, point, end, normal, gap, unit)
            if krylov
            else _solve(matrix, -gap)
        )
        share = float((np.abs(move[:n]) / ranges).max()) / _LONGEST_MOVE
        n_shortened += share > 1
        move = move / max(1.0, share)
        point, period = point + move[:n], float(back.period + unit * move[n])
        if not guess / _LONGER < period < guess * _LONGER:
            raise NotFoundError(
                f"Newton's method converged to a period of {period:.3g}, far from the guess of "
                f"{guess:.3g}. Give period_guess nearer to the period, or start on the cycle."
            )
        if n_shortened > _MOST_SHORTENED:
            break
        back.period = period
        stale, last = error > 0.5 * last, error
    raise NotFoundError(_no_convergence(max_iterations) + _NEARER)


@np.errstate(all="ignore")  # of iterates that diverge
def shoot_forced(back: ReturnMap, start, tolerance, max_iterations, *, krylov=False):
    """Newton on x with x(T) = x."""
    point, n = start, start.size
    size, last = None, math.inf
    for iteration in range(max_iterations):
        if krylov:
            gap = back(point) - point
            solve = _krylov_solver
        else:
            end, monodromy = back(point, np.eye(n))
            gap = end - point
            solve = _dense_solver(monodromy)
        if not np.isfinite(gap).all():
            break
        size = size or orbit_size(back.samples(point)[1])
        error = float(np.linalg.norm(gap)) / size
        if error <= tolerance:
            return point, iteration
        if error > 1e3 * max(last, 1e-3):
            break
        last = error
        point = point + solve(back, point, gap)
    how = HOW_TO_CLOSE_A_MAP if back.is_map else _HOW_TO_CLOSE_A_FORCED_FIELD
    raise NotFoundError(_no_convergence(max_iterations) + how)


HOW_TO_CLOSE_A_MAP = (
    "Start nearer to the cycle, or raise tolerance. For a cycle of n returns of a map give "
    "subharmonic=n; a map that turns without a period has an invariant circle: see "
    "find_invariant_circle."
)
_HOW_TO_CLOSE_A_FORCED_FIELD = (
    "Start nearer to the cycle, or raise max_iterations or tolerance. For a cycle of n periods of "
    "the forcing give subharmonic=n; for an orbit that is not locked see find_all_attractors."
)
_NEARER = (
    "Start nearer to the cycle (simulate longer), or raise max_iterations or tolerance (see "
    "ShootingControl)."
)


def _no_convergence(max_iterations: int) -> str:
    return f"Newton's method did not converge (max_iterations={max_iterations}). "


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution, the shortest if there are many: closed orbits of a family."""
    try:
        found = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        found = np.full(right.size, np.inf)
    length = float(np.linalg.norm(found)) * float(np.linalg.norm(matrix))
    if length <= float(np.linalg.norm(right)) / _SINGULAR:
        return found
    return np.linalg.lstsq(matrix, right, rcond=_SINGULAR)[0]


def _dense_solver(monodromy):
    matrix = np.eye(len(monodromy)) - monodromy

    def solve(back, point, gap):
        try:
            return np.linalg.solve(matrix, gap)
        except np.linalg.LinAlgError:  # the shortest of many, as in a family of orbits
            return np.linalg.lstsq(matrix, gap, rcond=_SINGULAR)[0]

    return solve


def _krylov_solver(back, point, gap):
    derivative = back.derivative(point)
    n = point.size
    matrix = LinearOperator((n, n), matvec=lambda v: v - derivative @ v, dtype=float)  # type: ignore[call-arg]
    move, _ = gmres(matrix, gap, rtol=1e-6, restart=25, maxiter=1)
    return move


def _bordered_krylov(back, point, end, normal, gap, unit):
    """The move of (x, T / unit): M - I with the velocity next to it and the normal below.

    GMRES is stopped at 1e-4 of the residual: Newton's method gains as much in an iteration.
    """
    derivative = back.derivative(point)
    velocity, n = unit * back.stretch(point, end), point.size

    def product(vector):
        column, stretch = vector[:n], vector[n]
        return np.append(derivative @ column - column + velocity * stretch, normal @ column)

    matrix = LinearOperator((n + 1, n + 1), matvec=product, dtype=float)  # type: ignore[call-arg]
    move, _ = gmres(matrix, -gap, rtol=1e-4, restart=40, maxiter=2)
    return move
