"""Floquet multipliers: how perturbations of a periodic orbit grow over one period."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

from isochron.analysis.systems.angles import without_turns
from isochron.analysis.systems.functions import Flow
from isochron.analysis.systems.integration import integrate
from isochron.analysis.systems.protocols import System, has_free_step, is_map, is_stiff
from isochron.analysis.systems.units import find_units
from isochron.real_numbers import as_floats

DENSE_LIMIT = 200  # dimensions of a map up to which the whole monodromy matrix is made
DENSE_FLOW_LIMIT = 300  # of a vector field; a stiff one shares its factorisations: always
SMALL = 50  # dimensions up to which the monodromy is split until its parts are well conditioned
_WELL_CONDITIONED = 1e4
_SHORTEST_PART = 2.0**-14
_SHORTEST_STIFF_PART = 2.0**-3  # an L-stable method does not resolve what decays within a step
_VANISHED = -25.0  # logarithm of a multiplier that counts as 0 there
_SWEEPS = 60
_SAMPLES = 256  # of an orbit
_STRETCH = 1e-5  # of a step: where rounding and bending of a central difference are alike


class ReturnMap:
    """A system over one period: where a state returns to, and the derivative of that.

    A map without a forcing that offers ``with_step(step_ms)`` can have a period of its own, as
    a vector field can: a whole number of steps whose length goes with the period.

    Parameters
    ----------
    system : VectorField or ForcedMap
    period : float, optional
        Period of the forcing of a vector field, or of the cycle of a system without a forcing.
        A forced map has one already.
    rtol : float, optional
        Relative tolerance of the integration of a vector field.
    subharmonic : int
        Periods of the forcing, or of the map, that count as one.
    angles : tuple of int
        Indices of variables that are angles: whole turns of them are taken back after a period.
    """

    def __init__(
        self,
        system: System,
        period: float | None = None,
        rtol: float | None = None,
        subharmonic: int = 1,
        angles: tuple[int, ...] = (),
    ) -> None:
        self.system: Any = system
        self.is_map = is_map(system)
        if not self.is_map and period is None:
            raise ValueError("A vector field needs a period; a map has one already.")
        self.subharmonic, self.angles = subharmonic, angles
        self.has_own_step = self.is_map and period is not None and has_free_step(system)
        self.n_steps = subharmonic * self.system.n_steps if self.is_map else 0
        if self.has_own_step and period is not None:
            self.n_steps = _whole_steps(period, self.system.step_ms)
        self.rtol = rtol
        self.period = self.n_steps * self.system.step_ms if period is None else subharmonic * period

    @property
    def period(self) -> float:
        """Time after which the state is compared."""
        return self._period

    @period.setter
    def period(self, value: float) -> None:
        self._period = value
        if self.has_own_step:
            self.system = self.system.with_step(value / self.n_steps)

    @property
    def given_period(self) -> float | None:
        """The argument `period` that makes this return map again; None if the map brings it."""
        if self.is_map and not self.has_own_step:
            return None
        return self.period / self.subharmonic

    def __call__(self, state: np.ndarray, tangents: np.ndarray | None = None) -> Any:
        """End state, and the tangents there if some are given."""
        if self.is_map:
            found = self.system.advance(state, self.n_steps, tangents=tangents)
        else:
            found = integrate(self.system, state, self.period, tangents=tangents, rtol=self.rtol)
        if not self.angles:
            return found
        if tangents is None:
            return state + self.gap(found, state)
        return state + self.gap(found[0], state), found[1]

    def gap(self, end: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Difference of states without whole turns of angles."""
        return without_turns(end - start, self.angles)

    def velocity(self, state: np.ndarray) -> np.ndarray:
        """Direction of the motion at phase 0; of a map, over its next step."""
        if not self.is_map:
            return self.system(0.0, state)
        return (self.system.advance(state, 1) - state) / self.system.step_ms

    def stretch(
        self, state: np.ndarray, arrival: np.ndarray, begin: float = 0.0, end: float = 1.0
    ) -> np.ndarray:
        """Derivative by the period of where a state without a forcing arrives.

        It is the velocity there; for a map, a central difference in the length of the step.
        """
        if not self.is_map:
            return (end - begin) * self.system(end * self.period, arrival)
        count, step = self._steps(begin, end)[1], self.system.step_ms
        late, early = (
            self.system.with_step((1 + sign * _STRETCH) * step).advance(state, count)
            for sign in (1, -1)
        )
        return (late - early) / (2 * _STRETCH * self.period)

    def part(
        self, state: np.ndarray, begin: float, end: float, tangents: np.ndarray | None = None
    ) -> Any:
        """The same from one fraction of the period to another; whole steps of a map."""
        if not self.is_map:
            duration = (end - begin) * self.period
            start = begin * self.period
            return integrate(
                self.system, state, duration, start=start, tangents=tangents, rtol=self.rtol
            )
        start, count = self._steps(begin, end)
        return self.system.advance(state, count, start=start, tangents=tangents)

    def _steps(self, begin: float, end: float) -> tuple[int, int]:
        """The first step of a map and how many between two fractions of the period."""
        first, last = round(begin * self.n_steps), round(end * self.n_steps)
        return first % self.system.n_steps, last - first

    def after(self, state: np.ndarray, fraction: float) -> np.ndarray:
        """State after a fraction of the period; free steps are fitted to it, if need be."""
        if not self.has_own_step:
            return self.part(state, 0.0, fraction)
        count = round(fraction * self.n_steps)
        return self.system.with_step(fraction * self.period / count).advance(state, count)

    def split(self, begin: float, end: float, n_parts: int = 8) -> np.ndarray:
        """Fractions of the period from one to another; only the two if they are too near."""
        if not self.is_map:
            shortest = _SHORTEST_STIFF_PART if self.is_stiff else _SHORTEST_PART
            n_parts = n_parts if end - begin > shortest else 1
            return np.linspace(begin, end, n_parts + 1)
        first, last = round(begin * self.n_steps), round(end * self.n_steps)
        n_parts = min(n_parts, last - first)
        return np.round(np.linspace(first, last, n_parts + 1)) / self.n_steps

    def samples(
        self, state: np.ndarray, n_samples: int = _SAMPLES
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times and states along the orbit, both ends included."""
        return self.part_samples(state, 0.0, 1.0, n_samples)

    def part_samples(
        self, state: np.ndarray, begin: float, end: float, n_samples: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same from one fraction of the period to another; every step of a map."""
        if self.is_map:
            start, count = self._steps(begin, end)
            times = begin * self.period + np.arange(count + 1) * self.system.step_ms
            return times, self.system.orbit(state, count, start=start)
        start, duration = begin * self.period, (end - begin) * self.period
        times = np.linspace(0, duration, n_samples + 1)
        states = integrate(self.system, state, duration, start=start, times=times, rtol=self.rtol)
        return start + times, states

    def derivative(self, point: np.ndarray) -> LinearOperator:
        """The monodromy as a linear operator that integrates once for every product.

        A map with a method ``tangent_map(state, n_steps)``, the derivative of this many steps as a
        function of tangents, goes through the states only once.
        """
        make = getattr(self.system, "tangent_map", None)
        jvp = make(point, self.n_steps) if make else lambda v: self(point, v)[1]

        def product(vector: np.ndarray) -> np.ndarray:
            return jvp(vector.reshape(-1, 1)).ravel()

        n = len(point)
        return LinearOperator((n, n), matvec=product, dtype=float)  # type: ignore[call-arg]

    def is_large(self, dimension: int) -> bool:
        """Whether the monodromy is better used without making the matrix."""
        if self.is_map:
            return dimension > DENSE_LIMIT
        return dimension > DENSE_FLOW_LIMIT and not self.is_stiff

    @property
    def is_stiff(self) -> bool:
        """Whether a field is integrated by implicit methods."""
        return not self.is_map and is_stiff(self.system)


def _whole_steps(period: float, step: float) -> int:
    """Steps in a period, none longer than asked: a multiple of 256, for even samples."""
    return _SAMPLES * max(1, math.ceil(period / (_SAMPLES * step) - 1e-6))


def floquet_multipliers(
    system: System,
    point: ArrayLike,
    period: float | None = None,
    *,
    n_leading: int | None = None,
    rtol: float | None = None,
    subharmonic: int = 1,
    scale: ArrayLike | None = None,
) -> np.ndarray:
    """Floquet multipliers of the periodic orbit through a point.

    They are the eigenvalues of the monodromy matrix, the derivative of the flow over one
    period. An autonomous cycle has one equal to 1, the direction of the flow; an orbit is
    stable if all others lie inside the unit circle.

    Up to 50 dimensions each comes with a small error relative to itself, however far apart
    they lie (see `floquet_exponents`). Above, the error is relative to the largest.

    Parameters
    ----------
    system : VectorField or ForcedMap
        System to which the orbit belongs.
    point : ndarray, shape (n,) or (s, n)
        A state on the orbit, or several at equal intervals of time from phase 0: through a
        very unstable orbit, one state does not lead back to itself.
    period : float, optional
        Period, for a vector field, or for a map without a forcing that has a period of its own.
    n_leading : int, optional
        Number of multipliers, the largest in modulus, by Arnoldi iteration. By default all of them,
        or 6 for a map of more than 200 dimensions or a field, not stiff, of more than 300.
    rtol : float, optional
        Relative tolerance of the integration of a vector field.
    subharmonic : int
        Periods of the forcing, or of the map, after which the orbit closes.
    scale : array_like, shape () or (n,), optional
        Typical size of the state, or of each variable; measured along the orbit by default.

    Returns
    -------
    ndarray of complex, shape (k,)
        The multipliers, largest modulus first. Dimensionless.

    Raises
    ------
    ValueError
        If `point` is not finite and real, or a vector field comes without a period.

    References
    ----------
    Guckenheimer and Holmes (1983), section 1.5.

    Examples
    --------
    >>> hopf = analysis.Flow(lambda t, x: x * (1 - x @ x) + 2 * np.array([-x[1], x[0]]))
    >>> multipliers = analysis.floquet_multipliers(hopf, [1.0, 0.0], period=np.pi)
    >>> print(multipliers.real.round(5), f"{np.exp(-2 * np.pi):.5f}")
    [1.      0.00187] 0.00187
    """
    nodes = np.atleast_2d(as_floats("point", point))
    units = find_units(system, nodes, scale=scale, duration=period)
    back = ReturnMap(units.system(system), period, rtol, subharmonic)
    nodes = units.enter(nodes)
    return multipliers_of(back, nodes, n_leading)


def multipliers_of(back: ReturnMap, nodes: np.ndarray, n_leading: int | None = None) -> np.ndarray:
    """Floquet multipliers of the orbit through nodes of size 1; see `floquet_multipliers`."""
    if n_leading is None and back.is_large(nodes.shape[1]):
        n_leading = 6
    if n_leading is not None and n_leading < nodes.shape[1] - 1:
        return leading_eigenvalues(back.derivative(nodes[0]), n_leading)
    if len(nodes) == 1 and nodes.size > SMALL:
        return by_modulus(np.linalg.eigvals(back(nodes[0], np.eye(nodes.size))[1]))
    return by_modulus(multipliers_from(log_multipliers(back, nodes)))


def floquet_exponents(
    system: System,
    point: ArrayLike,
    period: float | None = None,
    *,
    rtol: float | None = None,
    subharmonic: int = 1,
    scale: ArrayLike | None = None,
) -> np.ndarray:
    """Floquet exponents, the logarithms of the multipliers over the period.

    Orthogonal iteration on the product of short monodromy matrices (a periodic Schur form)
    retains what a single matrix loses: an exponent is right even where its multiplier is
    less than the rounding error of the largest, or than the smallest number.

    Parameters
    ----------
    system, point, period, rtol, subharmonic, scale
        As in `floquet_multipliers`: `point` of shape (n,) or (s, n), `scale` of shape () or
        (n,).

    Returns
    -------
    ndarray of complex, shape (n,)
        Per time unit of the system, largest real part first. The imaginary part is known
        up to multiples of 2π over the period; minus infinity represents a multiplier of 0.

    Raises
    ------
    ValueError
        If `point` is not finite and real, or a vector field comes without a period.

    References
    ----------
    Bojanczyk, Golub and Van Dooren (1992), Proc. SPIE 1770:31.

    Examples
    --------
    >>> hopf = analysis.Flow(lambda t, x: x * (1 - x @ x) + 2 * np.array([-x[1], x[0]]))
    >>> analysis.floquet_exponents(hopf, [1.0, 0.0], period=np.pi).real.round(6) + 0.0
    array([ 0., -2.])
    """
    nodes = np.atleast_2d(as_floats("point", point))
    units = find_units(system, nodes, scale=scale, duration=period)
    back = ReturnMap(units.system(system), period, rtol, subharmonic)
    logarithms = log_multipliers(back, units.enter(nodes))
    order = np.lexsort((-np.imag(logarithms), -np.round(np.real(logarithms), 12)))
    # Real and imaginary part apart: a complex quotient makes NaN of minus infinity.
    return (np.real(logarithms) / back.period + 1j * (np.imag(logarithms) / back.period))[order]


def log_multipliers(back: ReturnMap, nodes: np.ndarray) -> np.ndarray:
    """Logarithms of all multipliers of the orbit through nodes, shape (s, n), in no order."""
    n_nodes, n = nodes.shape
    edges = np.linspace(0, 1, n_nodes + 1)
    factors: list[np.ndarray] = []
    for node, begin, end in zip(nodes, edges[:-1], edges[1:], strict=True):
        if n > SMALL:
            factors.append(back.part(node, begin, end, np.eye(n))[1])
        else:
            factors += _well_conditioned_parts(back, node, float(begin), float(end))
    return product_log_eigenvalues(factors)


def _well_conditioned_parts(back, state, begin, end) -> list[np.ndarray]:
    """Monodromy matrices of stretches, in the order of time, split until each is benign."""
    matrix = back.part(state, begin, end, np.eye(state.size))[1]
    edges = back.split(begin, end)
    if len(edges) == 2 or np.linalg.cond(matrix) < _WELL_CONDITIONED:
        return [matrix]
    parts = []
    for left, right in pairwise(edges):
        parts += _well_conditioned_parts(back, state, left, right)
        state = back.part(state, left, right)
    return parts


def product_log_eigenvalues(factors: Sequence[np.ndarray]) -> np.ndarray:
    """Logarithms of the eigenvalues of a product of matrices, the first applied first.

    Parameters
    ----------
    factors : sequence of ndarray, shape (n, n)

    Returns
    -------
    ndarray of complex, shape (n,)
        Real parts are the logarithms of the moduli, minus infinity for a zero; imaginary
        parts the angles.
    """
    n = len(factors[0])
    if len(factors) == 1:
        return _logarithm(np.linalg.eigvals(factors[0]))
    basis, turn, triangles, blocks = np.eye(n), np.eye(n), [], []
    for _ in range(_SWEEPS):
        start, triangles = basis, []
        for factor in factors:
            basis, triangle = np.linalg.qr(factor @ basis)
            triangles.append(triangle)
        turn = start.T @ basis
        blocks = _diagonal_blocks(turn)
        if all(_is_settled(turn, triangles, block) for block in blocks):
            break
    return np.concatenate([_block_logarithms(turn, triangles, block) for block in blocks])


def _is_settled(turn, triangles, block) -> bool:
    """Whether a block of the Schur form cannot be split: one number, or a complex pair."""
    size = block.stop - block.start
    return size == 1 or (
        size == 2 and bool(np.abs(np.sin(np.imag(_block_logarithms(turn, triangles, block))[0])))
    )


def _diagonal_blocks(turn: np.ndarray) -> list[slice]:
    """Where an orthogonal matrix is block diagonal, to 1e-12."""
    n = len(turn)
    cuts = [k for k in range(1, n) if np.abs(turn[k:, :k]).max() < 1e-12]
    return [slice(a, b) for a, b in zip([0, *cuts], [*cuts, n], strict=True)]


def _block_logarithms(turn, triangles, block) -> np.ndarray:
    """Logarithms of a diagonal block of the Schur form, scaled so that products stay in range."""
    product, logarithm = np.eye(block.stop - block.start), 0.0
    for triangle in triangles:
        product = triangle[block, block] @ product
        size = np.abs(product).max()
        if size == 0:
            break
        product, logarithm = product / size, logarithm + np.log(size)
    return logarithm + _logarithm(np.linalg.eigvals(turn[block, block] @ product))


def _logarithm(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(values, dtype=complex))


def multipliers_from(logarithms: np.ndarray) -> np.ndarray:
    """Multipliers of given logarithms; a real one stays real."""
    angles = np.imag(logarithms)
    with np.errstate(over="ignore", under="ignore"):
        moduli = np.exp(np.real(logarithms))
    cosines, sines = np.cos(angles), np.sin(angles)
    sines[np.abs(sines) < 1e-15] = 0.0  # exp(iπ) is real
    return moduli * cosines + 1j * moduli * sines


def liouville_defect(back: ReturnMap, point: np.ndarray, logarithms: np.ndarray) -> float:
    """How far the product of the multipliers of a vector field is from Liouville's formula.

    log |det M| = ∫ trace J dt along the orbit. The trace is integrated with the orbit and
    knows nothing of the tangents. What decays within a step of an implicit method is known to
    vanish, but not how fast: there a multiplier counts as e⁻²⁵ at least.

    Parameters
    ----------
    back : ReturnMap
        Return map of a vector field.
    point : ndarray, shape (n,)
    logarithms : ndarray of complex, shape (n,)
        Logarithms of all multipliers.

    Returns
    -------
    float
        Difference, relative to max(1, |∫ trace J dt|).
    """
    n, field = point.size, back.system

    def joint(t: float, y: np.ndarray) -> np.ndarray:
        return np.append(field(t, y[:n]), field.jacobian(t, y[:n]).trace())

    extended = Flow(joint, stiff=is_stiff(field), scale=1.0)
    trace = integrate(extended, np.append(point, 0.0), back.period, rtol=back.rtol)[-1]
    found = float(np.sum(np.real(logarithms)))
    if back.is_stiff and np.real(logarithms).min() < _VANISHED:
        others = np.real(logarithms) >= _VANISHED
        found, trace = (
            max(value - float(np.real(logarithms)[others].sum()), _VANISHED)
            for value in (found, trace)
        )
    return float(abs(found - trace) / max(1.0, abs(trace)))


def leading_eigenvalues(operator: LinearOperator, count: int) -> np.ndarray:
    """The eigenvalues of largest modulus, as `whole_pairs`, by Arnoldi iteration; all if it fails.

    Those of a nilpotent operator are exactly 0.

    One more than `count` is computed: that may be the other half of the last pair.
    """
    n = operator.shape[0]
    start = np.random.default_rng(0).standard_normal(n)
    if _vanishes(operator, start):
        return np.zeros(count, dtype=complex)
    computed = min(count + 1, n - 2)
    size = min(n, max(2 * computed + 1, 12))
    options: dict[str, Any] = {"k": computed, "ncv": size, "v0": start, "tol": 1e-8}
    try:
        found: Any = eigs(operator, return_eigenvectors=False, **options)
    except ArpackError:
        found = np.linalg.eigvals(np.asarray(operator.matmat(np.eye(n))))
    return whole_pairs(by_modulus(found), count)


def _vanishes(operator: LinearOperator, start: np.ndarray) -> bool:
    """Whether repeated products take a random vector to exactly 0, as by a window that moves.

    The operator is then nilpotent. Arnoldi iteration would find the k-th root of the rounding
    error, k the products that it takes. It ends where a product leaves as many entries as before.
    """
    vector, entries = start, len(start) + 1
    while 0 < (left := int(np.count_nonzero(vector))) < entries:
        vector, entries = np.asarray(operator @ vector), left
    return left == 0


def whole_pairs(values: np.ndarray, count: int) -> np.ndarray:
    """The first of some eigenvalues of a real matrix, in the order of `by_modulus`.

    There is one more than `count` where they would end with half of a conjugate pair.
    """
    last, after = values[count - 1 : count], values[count : count + 1]
    cut = last.size and after.size and last[0].imag > 0 and after[0].imag < 0
    return values[: count + bool(cut)]


def by_modulus(values: Any) -> np.ndarray:
    """Complex values, largest modulus first; of a conjugate pair, positive imaginary part first."""
    values = np.asarray(values, dtype=complex)
    order = np.lexsort((-np.imag(values), -np.round(np.real(_logarithm(values)), 12)))
    return values[order]
