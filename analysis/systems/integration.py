"""Integration of a vector field with states of size 1, and of its variational equation."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, sparse
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import splu

from isochron.analysis.systems.functions import takes_differences
from isochron.analysis.systems.protocols import VectorField, is_stiff, jacobian_product

# Hairer and Wanner (1996), Solving Ordinary Differential Equations II, table IV.6.5:
# singly diagonally implicit, L-stable, order 4, stiffly accurate.
_GAMMA = 1 / 4
_NODES = (1 / 4, 3 / 4, 11 / 20, 1 / 2, 1)
_STAGES = (
    (),
    (1 / 2,),
    (17 / 50, -1 / 25),
    (371 / 1360, -137 / 2720, 15 / 544),
    (25 / 24, -49 / 48, 125 / 16, -85 / 12),
)

# Tolerance with tangents by differences: below it, steps would follow their rounding errors of
# some 1e-12.
_DIFFERENCE_RTOL = 1e-10

_EVALUATIONS = 10_000  # of a field, after which it is checked how far the integration got
_LEAST_ADVANCE = 1e-5  # of its duration that these must advance


def integrate(
    field: VectorField,
    state: ArrayLike,
    duration: float,
    *,
    start: float = 0.0,
    tangents: np.ndarray | None = None,
    rtol: float | None = None,
    times: np.ndarray | None = None,
    max_step: float = math.inf,
) -> Any:
    """As `flow`, for states of size 1; tangent vectors may have any length."""
    if not 0 < duration < math.inf:
        raise ValueError(f"duration must be positive and finite, got {duration!r}.")
    stiff = is_stiff(field)
    rtol = (1e-9 if stiff else 1e-12) if rtol is None else rtol
    state = np.asarray(state, dtype=float)
    if not np.isfinite(state).all():
        raise ArithmeticError("The state is not finite.")
    span = (start, start + duration)
    options: dict[str, Any] = {"rtol": rtol, "atol": rtol * 1e-2, "max_step": max_step}
    if times is not None:
        options["t_eval"] = np.clip(start + np.asarray(times), *span)
    if tangents is not None and (lengths := _lengths(tangents)) is not None:
        found = integrate(
            field, state, duration, start=start, tangents=tangents / lengths, rtol=rtol,
            times=times, max_step=max_step,
        )  # fmt: skip
        return found[0], found[1] * lengths
    if not stiff:
        return _explicit(field, state, span, tangents, options)
    orbit = _solve(field, span, state, "Radau", options, jac=field.jacobian, dense_output=True)
    states = orbit.y[:, -1] if times is None else orbit.y.T
    if tangents is None:
        return states
    return states, _carry(field, orbit.sol, tangents)


def _lengths(tangents: np.ndarray) -> np.ndarray | None:
    """Powers of two near the lengths of vectors; None if all are near 1."""
    lengths = np.abs(tangents).max(axis=0, initial=0.0)
    lengths = 2.0 ** np.round(np.log2(np.where(lengths > 0, lengths, 1.0)))
    return None if np.all((lengths > 1e-2) & (lengths < 1e2)) else lengths


class _Watched:
    """A field that is no longer evaluated where the integration does not advance.

    Next to a singularity that the solution reaches in finite time the steps shrink until they
    vanish, or, where derivatives by differences are rounding errors, almost for ever.
    """

    def __init__(self, function: Any, span: tuple) -> None:
        self.function, self.least = function, _LEAST_ADVANCE * (span[1] - span[0])
        self.count, self.latest = 0, span[0]

    def __call__(self, t: float, state: np.ndarray) -> np.ndarray:
        self.count += 1
        if self.count % _EVALUATIONS == 0:
            if abs(t - self.latest) < self.least:
                raise ArithmeticError(
                    f"Integration failed at t = {t:g}: it no longer advances. The trajectory may "
                    "grow without bound in finite time there, or the field be discontinuous."
                )
            self.latest = t
        return self.function(t, state)


def _solve(function: Any, span: tuple, state: np.ndarray, method: str, options: dict, **more: Any):
    watched = _Watched(function, span)
    if not np.isfinite(function(span[0], state)).all():  # the solver would not end
        raise ArithmeticError(f"The vector field is not finite at t = {span[0]:g}.")
    solution = solve_ivp(watched, span, state, method=method, **options, **more)
    if not solution.success or not np.isfinite(solution.y).all():
        raise ArithmeticError(f"Integration failed at t = {solution.t[-1]:g}: {solution.message}")
    return solution


def _explicit(field, state, span, tangents, options):
    n = state.size
    if tangents is None:
        orbit = _solve(field, span, state, "DOP853", options)
        return orbit.y[:, -1] if "t_eval" not in options else orbit.y.T
    shape = (n, tangents.shape[1])

    def variational(t, y):
        slopes = jacobian_product(field, t, y[:n], y[n:].reshape(shape))
        return np.concatenate([field(t, y[:n]), slopes.ravel()])

    joint = np.concatenate([state, np.asarray(tangents, dtype=float).ravel()])
    if takes_differences(field):
        least = np.where(np.arange(joint.size) < n, 0.0, _DIFFERENCE_RTOL)
        rtol = np.maximum(options["rtol"], least)
        options = {**options, "rtol": rtol, "atol": rtol * 1e-2}
    orbit = _solve(variational, span, joint, "DOP853", options)
    states = orbit.y[:n, -1] if "t_eval" not in options else orbit.y[:n].T
    return states, orbit.y[n:, -1].reshape(shape)


def _carry(field, solution, tangents):
    """Tangents along a dense solution, in three steps of it at a time."""
    mesh = np.append(solution.ts[:-1:3], solution.ts[-1])
    for begin, end in pairwise(mesh):
        h = end - begin
        slopes: list[np.ndarray] = []
        stage = tangents
        for node, row in zip(_NODES, _STAGES, strict=True):
            known = tangents + h * sum(a * k for a, k in zip(row, slopes, strict=True))
            t = begin + node * h
            stage = _shifted_solve(field.jacobian(t, solution(t)), h * _GAMMA, known)
            slopes.append((stage - known) / (h * _GAMMA))
        tangents = stage
    return tangents


def _shifted_solve(jacobian, scale, right):
    """(I - scale J)^-1 right."""
    n = len(right)
    if not sparse.issparse(jacobian):
        return np.linalg.solve(np.eye(n) - scale * np.asarray(jacobian), right)
    matrix = sparse.csc_array(sparse.eye_array(n) - scale * jacobian)
    if right.shape[1] * 8 < n:
        return splu(matrix).solve(np.ascontiguousarray(right))
    factors = linalg.lu_factor(matrix.toarray(), overwrite_a=True, check_finite=False)
    return linalg.lu_solve(factors, right, check_finite=False)
