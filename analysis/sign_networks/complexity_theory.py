"""Complexity: exponential growth, with size, of the mean number of cycles of a length.

Sigma_L(eta) = lim ln(E N_L) / n, an annealed average: rare networks with many cycles may
dominate it, so that a typical network has fewer.

A cycle of even length L = 2k consists of two halves that do not overlap, the even times
and the odd times; each is a chain of k states, in which state j determines state j + 1. For odd L
the states in steps of two are one chain of k = L. With A_k the exponent of a chain,

    Sigma_L = A_L for odd L        Sigma_2k = 2 A_k

and A_k is the extremum, over overlaps Q_d, their multipliers P_d and responses m_c, of

    sum_(i<j) P Q - (eta k / 2) sum_c m_c m_(1-c)
        + ln sum_u exp(-sum_(i<j) P u_i u_j) Prob[u_j (z_j + eta sum_i m_(j-i) u_i) > 0 for all j]

with z Gaussian of covariance Q (Q_0 = 1), u in {-1, 1}^k, indices modulo k.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr

MAX_CHAIN = 5
REACH = 7.5  # where Gaussian tails are cut: 3e-14
NODES = {1: (1, 1), 2: (24, 32), 3: (24, 32), 4: (16, 20), 5: (12, 16)}  # of each integral
STABLE = 2e-6  # largest change from the coarse to the fine quadrature
STEP = 0.025


@dataclass(frozen=True, kw_only=True, slots=True)
class Complexity:
    """Exponents of the mean number of cycles of one length, at one symmetry degree.

    Attributes
    ----------
    length : int
        L, number of states of the cycles.
    symmetry : float
        eta, from -1 to 1.
    interior : float
        Exponent of the saddle that continues the one at eta = 0; NaN where it does not exist.
    boundary : float
        Exponent of cycles close to a shorter cycle, or of antiperiodic ones; NaN if unknown.
    boundary_kind : str
        Description of these cycles; empty if none is known.
    residual : float
        Largest derivative at the interior saddle, where all are 0 in theory.
    quadrature_change : float
        Change of `interior` from the coarser quadrature; 0 for closed forms.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> found = sign_networks.complexity(2, -0.5)
    >>> found.interior < found.boundary, found.leading == found.boundary
    (True, True)
    >>> found.boundary_kind
    'antiperiodic, s(t+1) = -s(t)'
    """

    length: int
    symmetry: float
    interior: float
    boundary: float
    boundary_kind: str
    residual: float
    quadrature_change: float

    @property
    def leading(self) -> float:
        """The larger exponent of those known."""
        return float(np.fmax(self.interior, self.boundary))


def complexity(length: int, symmetry: float) -> Complexity:
    """Annealed exponent Sigma_L(eta), with its branches.

    Parameters
    ----------
    length : int
        L, from 1 to 6, 8 or 10. Five-fold integrals (L = 5 and 10) take minutes.
    symmetry : float
        eta, from -1 to 1.

    Returns
    -------
    Complexity
        Exponents per neuron: the mean number of cycles grows as exp(n Sigma).

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325; Tanaka and Edwards (1980) and Gutfreund, Reger and
    Young (1988) for fixed points.

    Examples
    --------
    Cycles of length 2 have twice the exponent of fixed points; at eta = 1 that of fixed points
    is the 0.1992 of the Sherrington-Kirkpatrick model.

    >>> from isochron.analysis import sign_networks
    >>> [sign_networks.complexity(length, 1.0).leading for length in (1, 2)]
    [0.1992, 0.3985]
    """
    chain = _chain(length)
    if not -1 <= symmetry <= 1:
        raise ValueError(f"The symmetry degree must lie between -1 and 1, got {symmetry!r}.")
    value, residual, change = chain_exponent(chain, symmetry)
    copies = 1 if length % 2 else 2
    boundary, kind = _boundary(length, symmetry)
    return Complexity(
        length=length,
        symmetry=symmetry,
        interior=copies * value,
        boundary=boundary,
        boundary_kind=kind,
        residual=residual,
        quadrature_change=copies * change,
    )


def fixed_point_complexity(symmetry: float) -> float:
    """Sigma_1: the extremum of -eta m^2 / 2 + ln 2 Phi(eta m); about eta / pi near 0.

    Parameters
    ----------
    symmetry : float
        eta, from -1 to 1.

    Returns
    -------
    float
        Exponent per neuron; -inf at eta = -1, where fixed points do not exist.

    References
    ----------
    Tanaka and Edwards (1980); Gutfreund, Reger and Young (1988); Hwang et al. (2019).

    Examples
    --------
    0.1992 of the Sherrington-Kirkpatrick model; eta / pi for small eta:

    >>> from isochron.analysis import sign_networks
    >>> sign_networks.fixed_point_complexity(1.0)
    0.1992
    >>> sign_networks.fixed_point_complexity(0.001) * np.pi
    0.001
    """
    if symmetry == -1:
        return -math.inf
    m = _response(symmetry)
    return -symmetry * m * m / 2 + math.log(2) + float(log_ndtr(symmetry * m))


def fixed_point_prefactor(symmetry: float) -> float:
    """C in E N_1 = C exp(n Sigma_1) (1 + O(1/n)), by Laplace's method.

    With x = eta m / sqrt(eta) at the saddle, the curvature of the exponent along z / sqrt(n) gives
    1 / sqrt(1 + eta m^2 (1 + eta)), and the difference of c^2 = eta / (n - 1 - eta) from eta / n
    gives exp((1 + eta) eta m^2 / 2).

    Parameters
    ----------
    symmetry : float
        eta, above -1 and up to 1.

    Returns
    -------
    float
        Factor C, dimensionless.

    Examples
    --------
    Ratio of the asymptotic and the exact mean number of fixed points of 40 neurons:

    >>> from isochron.analysis import sign_networks
    >>> growth = np.exp(40 * sign_networks.fixed_point_complexity(0.5))
    >>> asymptotic = sign_networks.fixed_point_prefactor(0.5) * growth
    >>> print(round(asymptotic / sign_networks.mean_fixed_points(40, 0.5), 4))
    0.9995
    """
    m = _response(symmetry)
    bend = symmetry * m * m
    return math.exp((1 + symmetry) * bend / 2) / math.sqrt(1 + bend * (1 + symmetry))


def complexity_asymptote(length: int, symmetry: float) -> float:
    """Leading term of the interior Sigma_L for small eta.

    eta / pi and 2 eta / pi for L = 1 and 2 are elementary. 20 (eta / pi)^3, 8 (eta / pi)^2 and
    40 (eta / pi)^3 for L = 3, 4 and 6 were determined from the numerical saddles, to four
    digits, and are not proven.

    Parameters
    ----------
    length : int
        L: 1, 2, 3, 4 or 6.
    symmetry : float
        eta, of small modulus.

    Returns
    -------
    float
        Exponent per neuron.

    Raises
    ------
    ValueError
        If the asymptote is not known for the length.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> sign_networks.complexity_asymptote(2, 0.01)
    0.00637
    >>> sign_networks.complexity(2, 0.01).interior
    0.00633
    """
    terms = {1: (1, 1), 2: (2, 1), 3: (20, 3), 4: (8, 2), 6: (40, 3)}
    if length not in terms:
        raise ValueError(f"Asymptotes are known for the lengths 1, 2, 3, 4 and 6, got {length!r}.")
    factor, power = terms[length]
    return factor * (symmetry / math.pi) ** power


def interior_branch_end(length: int, *, tolerance: float = 1e-3) -> float:
    """The largest eta up to which the interior saddle of a length can be continued from 0.

    Parameters
    ----------
    length : int
        L, from 1 to 6, 8 or 10. L = 1 and 2 are immediate; the others take seconds to minutes.
    tolerance : float
        Accuracy of the result, above 0.

    Returns
    -------
    float
        eta; 1 if the saddle exists everywhere.

    Raises
    ------
    ValueError
        If the length is not one of these.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> [sign_networks.interior_branch_end(length) for length in (1, 2)]
    [1.0, 1.0]
    """
    chain = _chain(length)
    if chain == 1:
        return 1.0
    low, high = 0.0, 1.0
    solution = None
    step = STEP
    while step > tolerance:
        target = min(1.0, low + step)
        start = _start(chain) if solution is None else solution
        found = _newton(chain, target, start, NODES[chain][0])
        if found is None or _jumped(start, found[0], step):
            high = target
            step /= 2
        else:
            low, solution = target, found[0]
            if low == high:
                break
    return low


def _chain(length: int) -> int:
    chain = length if length % 2 else length // 2
    if length < 1 or chain > MAX_CHAIN:
        raise ValueError(f"The length must be from 1 to 6, 8 or 10, got {length!r}.")
    return chain


def _boundary(length: int, symmetry: float) -> tuple[float, str]:
    """Exponents that belong to no interior saddle."""
    if length % 2:
        return math.nan, ""
    if length == 4 and symmetry <= 0:
        return 2 * fixed_point_complexity(-symmetry), "antiperiodic, s(t+2) = -s(t)"
    if (length // 2) % 2 and symmetry < 0:
        half = chain_exponent(length // 2, symmetry)[0]
        return half, f"antiperiodic, s(t+{length // 2}) = -s(t)"
    if length > 2 and 0 < symmetry < 1:
        return 2 * fixed_point_complexity(symmetry), "close to a 2-cycle"
    return math.nan, ""


def _response(symmetry: float) -> float:
    """The m of a fixed point: m = phi(eta m) / Phi(eta m)."""

    def excess(m):
        u = symmetry * m
        return m - math.exp(-u * u / 2 - math.log(2 * math.pi) / 2 - float(log_ndtr(u)))

    high = 1.0
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-15))  # type: ignore[arg-type]


@cache
def chain_exponent(chain: int, symmetry: float) -> tuple[float, float, float]:
    """A_k, the largest derivative at the saddle, and the change from the coarser quadrature.

    NaN if the saddle cannot be continued from eta = 0, or the quadrature is not stable.
    """
    if chain == 1:
        return fixed_point_complexity(symmetry), 0.0, 0.0
    if symmetry == 0:
        return 0.0, 0.0, 0.0
    coarse, fine = NODES[chain]
    solution = _follow(chain, symmetry, coarse)
    if solution is None:
        return math.nan, math.nan, math.nan
    before, _ = _action_and_gradient(chain, symmetry, solution, coarse)
    refined = _newton(chain, symmetry, solution, fine, jacobian_nodes=coarse)
    if refined is None:
        return math.nan, math.nan, math.nan
    value, _ = _action_and_gradient(chain, symmetry, refined[0], fine)
    if abs(value - before) > STABLE:
        return math.nan, refined[1], abs(value - before)
    return value, refined[1], abs(value - before)


def _follow(chain: int, symmetry: float, nodes: int) -> np.ndarray | None:
    """The saddle at a symmetry degree, from the one at 0, in small steps."""
    solution = _start(chain)
    steps = math.ceil(abs(symmetry) / STEP)
    for k in range(1, steps + 1):
        found = _newton(chain, symmetry * k / steps, solution, nodes)
        if found is None or _jumped(solution, found[0], abs(symmetry) / steps):
            return None
        solution = found[0]
    return solution


def _jumped(before: np.ndarray, after: np.ndarray, step: float) -> bool:
    """Whether Newton's method converged to a different branch."""
    return bool(np.abs(after - before).max() > 20 * step)


def _start(chain: int) -> np.ndarray:
    """Q = P = 0 and the response of the next state: the saddle at eta = 0."""
    pairs = chain // 2
    unknowns = np.zeros(2 * pairs + chain)
    unknowns[2 * pairs + 1 % chain] = math.sqrt(2 / math.pi)
    return unknowns


def _newton(chain, symmetry, start, nodes, *, jacobian_nodes=None, tolerance=1e-9):
    """Point where all derivatives vanish, and the largest one there; None if not found."""
    x = start.copy()
    jacobian, last = None, math.inf
    for _ in range(12):
        gradient = _action_and_gradient(chain, symmetry, x, nodes)[1]
        size = float(np.abs(gradient).max())
        if not math.isfinite(size):
            return None
        if size < tolerance:
            return x, size
        if jacobian is None or size > 0.3 * last:
            jacobian = _jacobian(chain, symmetry, x, jacobian_nodes or nodes)
        last = size
        move = np.linalg.lstsq(jacobian, -gradient, rcond=None)[0]
        x = x + move * min(1.0, 0.3 / float(np.abs(move).max()))
        if np.abs(x[: chain // 2]).max(initial=0) >= 1:
            return None
    return None


def _jacobian(chain, symmetry, x, nodes):
    """Derivatives of the gradient, by central differences."""
    columns = []
    for k in range(x.size):
        move = np.zeros_like(x)
        move[k] = 1e-5
        up, down = (
            _action_and_gradient(chain, symmetry, x + sign * move, nodes)[1] for sign in (1, -1)
        )
        columns.append((up - down) / 2e-5)
    return np.stack(columns, axis=1)


def _action_and_gradient(chain, symmetry, unknowns, nodes) -> tuple[float, np.ndarray]:
    """The action and its derivatives; those by responses are divided by eta k."""
    import torch

    x = torch.tensor(unknowns, dtype=torch.float64, requires_grad=True)
    try:
        value = _action(chain, symmetry, x, nodes)
        (gradient,) = torch.autograd.grad(value, x)
    except RuntimeError:  # Q is not positive definite
        return math.nan, np.full(unknowns.size, math.nan)
    gradient = gradient.numpy().copy()
    gradient[2 * (chain // 2) :] /= symmetry * chain
    return float(value.detach()), gradient


def _action(chain: int, symmetry: float, x: Any, nodes: int) -> Any:
    import torch

    pairs = chain // 2
    overlap, multiplier, response = x[:pairs], x[pairs : 2 * pairs], x[2 * pairs :]
    number = torch.tensor(
        [chain / 2 if 2 * d == chain else chain for d in range(1, pairs + 1)], dtype=torch.float64
    )
    mirrored = response[torch.tensor([(1 - c) % chain for c in range(chain)])]
    value = (number * multiplier * overlap).sum() - symmetry * chain / 2 * response @ mirrored
    covariance = _circulant(torch.cat([torch.ones(1, dtype=torch.float64), overlap]), chain)
    weights = _circulant(torch.cat([torch.zeros(1, dtype=torch.float64), multiplier]), chain)
    kernel = response[torch.tensor([[(j - i) % chain for i in range(chain)] for j in range(chain)])]
    terms = []
    for pattern, copies in _necklaces(chain):
        u = torch.tensor(pattern, dtype=torch.float64)
        bias = u * (symmetry * kernel @ u)
        probability = _orthant(covariance * torch.outer(u, u), bias, nodes)
        terms.append(copies * torch.exp(-u @ weights @ u / 2) * probability)
    return value + torch.log(torch.stack(terms).sum())


def _circulant(row: Any, chain: int) -> Any:
    """Symmetric matrix of values that depend on the distance on a ring."""
    import torch

    distance = [[min((i - j) % chain, (j - i) % chain) for i in range(chain)] for j in range(chain)]
    return row[torch.tensor(distance)]


@cache
def _necklaces(chain: int) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Patterns of signs on a ring, up to rotation and a common sign, with their multiplicities."""
    copies: dict[tuple[int, ...], int] = {}
    for word in range(1 << chain):
        bits = [1 if word >> k & 1 else -1 for k in range(chain)]
        turned = [tuple(s * b for b in bits[k:] + bits[:k]) for k in range(chain) for s in (1, -1)]
        copies[max(turned)] = copies.get(max(turned), 0) + 1
    return tuple(copies.items())


def _orthant(covariance: Any, bias: Any, nodes: int) -> Any:
    """Probability that y + bias > 0 in all components, y Gaussian: nested Gauss-Legendre.

    With y = L w, each w starts at a bound that depends on those before it; the last integral
    is in closed form.
    """
    import torch

    factor = torch.linalg.cholesky(covariance)
    points, weights = np.polynomial.legendre.leggauss(nodes)
    points, weights = torch.tensor((points + 1) / 2), torch.tensor(weights / 2)
    drawn: list[Any] = []
    mass = torch.ones((), dtype=torch.float64)
    for k in range(len(bias) - 1):
        shift = bias[k] + sum(factor[k, j] * w[..., None] for j, w in enumerate(drawn))
        bound = -(shift / factor[k, k]).reshape(*mass.shape, 1)
        w = bound + (REACH - bound) * points
        density = torch.exp(-w * w / 2) / math.sqrt(2 * math.pi)
        mass = mass[..., None] * density * (REACH - bound) * weights
        drawn = [earlier[..., None].expand(w.shape) for earlier in drawn] + [w]
    last = bias[-1] + sum(factor[-1, j] * w for j, w in enumerate(drawn))
    return (mass * torch.special.ndtr(last / factor[-1, -1])).sum()
