"""Lyapunov exponents: how fast neighbouring states part, in every direction."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.flow import flow
from isochron.analysis.systems import System


@dataclass(frozen=True, kw_only=True)
class LyapunovSpectrum:
    """Lyapunov exponents, largest first.

    Attributes
    ----------
    exponents : ndarray, shape (k,)
        Per time unit of the system (a map: per `step_ms`).
    errors : ndarray, shape (k,)
        Standard errors, from the scatter of the blocks.
    blocks : ndarray, shape (n_starts, n_blocks, k)
        The exponents over each block of time.
    dimension : int
        Of the system; `exponents` may be fewer.
    """

    exponents: np.ndarray
    errors: np.ndarray
    blocks: np.ndarray
    dimension: int

    @property
    def kaplan_yorke_dimension(self) -> float:
        """Kaplan-Yorke dimension; NaN if too few exponents are known.

        References
        ----------
        Kaplan and Yorke (1979), Lecture Notes in Mathematics 730:204.
        """
        sums = np.cumsum(self.exponents)
        below = np.flatnonzero(sums < 0)
        if not below.size:
            return float(self.dimension) if len(sums) == self.dimension else math.nan
        j = int(below[0])
        if j == 0:
            return 0.0
        return j + float(sums[j - 1] / abs(self.exponents[j]))


def compute_lyapunov_spectrum(
    system: System,
    starts: ArrayLike,
    *,
    block: float,
    n_blocks: int,
    transient: float = 0.0,
    renormalise: float | None = None,
    n_exponents: int | None = None,
    rtol: float = 1e-9,
) -> LyapunovSpectrum:
    """Lyapunov exponents by QR decomposition along one or more trajectories.

    Tangent vectors are carried along and made orthonormal again every `renormalise`; the
    logarithms of what they grew by are averaged over blocks of time. The standard error
    takes the blocks of all starts as independent: they must be longer than the system's
    memory.

    Parameters
    ----------
    system : VectorField or DrivenMap
    starts : array_like, shape (n,) or (n_starts, n)
        Where trajectories begin.
    block : float
        Length of a block, in time units of the field, or in steps of a map.
    n_blocks : int
        At least 2.
    transient : float
        Left out at the beginning, in the same unit; the tangents settle in it too.
    renormalise : float, optional
        Time, or steps, between orthonormalisations; a tenth of the block, or one step, by
        default. It should not be longer than the vectors take to become parallel.
    n_exponents : int, optional
        Only so many, the largest.
    rtol : float
        Relative tolerance of the integration of a field.

    Returns
    -------
    LyapunovSpectrum

    Raises
    ------
    ValueError
        If a number is out of range, or a map is given parts of steps.
    ArithmeticError
        If a trajectory leaves all bounds.

    References
    ----------
    Benettin, Galgani, Giorgilli and Strelcyn (1980), Meccanica 15:9.
    """
    points = np.atleast_2d(np.asarray(starts, dtype=float))
    n = points.shape[1]
    is_map = hasattr(system, "advance")
    span = renormalise if renormalise is not None else (1 if is_map else block / 10)
    count = n if n_exponents is None else n_exponents
    _check(
        is_map, n, count, n_blocks, {"block": block, "renormalise": span, "transient": transient}
    )
    unit = system.step_ms if is_map else 1.0  # type: ignore[union-attr]
    per_block = max(1, round(block / span))
    walker = _Walker(system, block / per_block, rtol)
    blocks = []
    for point in points:
        tangents, clock = np.eye(n)[:, :count], 0.0
        for _ in range(round(transient / walker.span)):
            point, tangents, _ = walker.step(point, tangents, clock)
            clock += walker.span
        rows = []
        for _ in range(n_blocks):
            growth = np.zeros(count)
            for _ in range(per_block):
                point, tangents, logarithms = walker.step(point, tangents, clock)
                growth, clock = growth + logarithms, clock + walker.span
            rows.append(growth / (block * unit))
        blocks.append(rows)
    found = np.array(blocks)
    flat = found.reshape(-1, count)
    exponents = flat.mean(axis=0)
    order = np.argsort(-exponents)
    return LyapunovSpectrum(
        exponents=exponents[order],
        errors=(flat.std(axis=0, ddof=1) / math.sqrt(len(flat)))[order],
        blocks=found[:, :, order],
        dimension=n,
    )


@dataclass(frozen=True)
class _Walker:
    """One stretch of a trajectory with its tangents."""

    system: Any
    span: float
    rtol: float

    def step(self, point: np.ndarray, tangents: np.ndarray, clock: float):
        """State, orthonormal tangents, and the logarithms of what they grew by."""
        if hasattr(self.system, "advance"):
            start = round(clock) % self.system.n_steps
            point, tangents = self.system.advance(
                point, round(self.span), start=start, tangents=tangents
            )
        else:
            point, tangents = flow(
                self.system, point, self.span, start=clock, tangents=tangents, rtol=self.rtol
            )
        if not (np.isfinite(point).all() and np.isfinite(tangents).all()):
            raise ArithmeticError(f"The trajectory leaves all bounds near t = {clock:g}.")
        tangents, triangle = np.linalg.qr(tangents)
        with np.errstate(divide="ignore"):
            return point, tangents, np.log(np.abs(np.diag(triangle)))


def _check(is_map, n, count, n_blocks, times) -> None:
    if not 1 <= count <= n:
        raise ValueError(f"n_exponents must lie between 1 and {n}, got {count!r}.")
    if n_blocks < 2:
        raise ValueError(f"n_blocks must be at least 2 for an error, got {n_blocks!r}.")
    for name, value in times.items():
        if not (value >= 0 if name == "transient" else value > 0) or not value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}.")
        if is_map and value != round(value):
            raise ValueError(f"{name} must be whole steps of a map, got {value!r}.")
    if times["renormalise"] > times["block"] or (is_map and times["block"] % times["renormalise"]):
        raise ValueError(
            f"renormalise={times['renormalise']!r} must fit into block={times['block']!r}."
        )
