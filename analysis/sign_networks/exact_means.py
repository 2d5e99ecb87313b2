"""Mean numbers of fixed points and short cycles of Gaussian networks, exact at finite size."""

import math

import numpy as np
from scipy.special import gammaln, log_ndtr

RESOLVED = 1e-12


def mean_fixed_points(n: int, symmetry: float) -> float:
    r"""E N_1 = 2^n \int Dz Phi(c z)^n with c^2 = eta / (n - 1 - eta).

    The contour is moved to the saddle, which is imaginary for eta < 0, and the trapezoidal
    rule refined until nothing changes.

    Parameters
    ----------
    n : int
        Number of neurons, at least 3.
    symmetry : float
        eta, between -1 and 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a value is out of range.
    ArithmeticError
        If refinement does not converge.

    References
    ----------
    Gutfreund, Reger and Young (1988), Journal of Physics A 21:2775; Hwang et al. (2019).
    """
    if n < 3:
        raise ValueError(f"n must be at least 3, got {n!r}.")
    if not -1 <= symmetry <= 1:
        raise ValueError(f"The symmetry degree must lie between -1 and 1, got {symmetry!r}.")
    if symmetry == -1:
        return 0.0  # s.Js = 0, but in a fixed point it would be the sum of all |field|
    slope = np.sqrt(complex(symmetry / (n - 1 - symmetry)))

    def logarithm(z):
        return -z * z / 2 + n * (log_ndtr(slope * z) + math.log(2))

    saddle = _saddle(n, slope)
    last = math.nan
    step, reach = 0.25, 10.0
    for _ in range(12):
        grid = np.arange(-reach, reach + step / 2, step)
        value = step * float(np.exp(logarithm(saddle + grid)).real.sum()) / math.sqrt(2 * math.pi)
        if abs(value - last) <= RESOLVED * abs(value):
            return value
        last, step, reach = value, step / 1.7, reach * 1.4
    raise ArithmeticError(
        f"The integral for n={n}, symmetry={symmetry} does not converge: last {last!r}."
    )


def _saddle(n: int, slope: complex) -> complex:
    """Where z = n c phi(c z) / Phi(c z), on the real or on the imaginary axis."""
    if slope == 0:
        return 0j
    direction = 1j if slope.imag else 1.0
    # With z = direction * y and c z = u real: y grows, the right side falls.
    slope_along = (slope * direction).real
    low, high = 0.0, 10.0 * math.sqrt(n)
    for _ in range(200):
        y = (low + high) / 2
        u = slope_along * y
        mills = math.exp(-u * u / 2 - math.log(2 * math.pi) / 2 - float(log_ndtr(u)))
        if y < n * abs(slope_along) * mills:
            low = y
        else:
            high = y
    return direction * low


def mean_two_cycles(n: int) -> float:
    """E N_2 at eta = 0: a sum over the overlap of the two states.

    Parameters
    ----------
    n : int
        Number of neurons, at least 2.

    Raises
    ------
    ValueError
        If `n` is below 2.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325.
    """
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n!r}.")
    same = np.arange(n)
    agree = 0.25 + np.arcsin((2 * same - n - 1) / (n - 1), where=same > 0, out=_edge(n)) / math.tau
    differ = 0.25 - np.arcsin((2 * same - n + 1) / (n - 1)) / math.tau
    with np.errstate(divide="ignore"):
        logarithms = (
            (n - 1) * math.log(2)
            + gammaln(n + 1) - gammaln(same + 1) - gammaln(n - same + 1)
            + np.where(same > 0, same * np.log(agree), 0)
            + (n - same) * np.log(differ)
        )  # fmt: skip
    return float(np.exp(logarithms).sum())


def _edge(n: int) -> np.ndarray:
    """At an overlap of -1 no neuron agrees, and its arcsine is not needed."""
    return np.zeros(n)


def mean_three_cycles(n: int) -> float:
    """E N_3 at eta = 0: a sum over how many neurons show each pattern of three states.

    Rows of J are independent, so each neuron contributes an orthant probability of three
    Gaussians, whose correlations are the overlaps of the states without that neuron:
    1/8 + (asin r_12 + asin r_13 + asin r_23) / 4 pi, with signs of the neuron's next states.

    Parameters
    ----------
    n : int
        Number of neurons, at least 2.

    Raises
    ------
    ValueError
        If `n` is below 2, or above 200: the sum has n^3 / 6 terms.
    """
    if not 2 <= n <= 200:
        raise ValueError(f"n must be from 2 to 200, got {n!r}.")
    patterns = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]])  # up to a change of sign
    a, b, c = (grid.ravel() for grid in np.meshgrid(*[np.arange(n + 1)] * 3, indexing="ij"))
    kept = (a + b + c <= n) & (a < n)  # a = n is a fixed point
    numbers = np.stack([a, b, c, n - a - b - c], axis=1)[kept]
    logarithms = n * math.log(2) + gammaln(n + 1) - gammaln(numbers + 1).sum(axis=1)
    pairs = ((0, 1), (0, 2), (1, 2))
    for k, pattern in enumerate(patterns):
        probability = np.full(len(numbers), 0.125)
        for t, s in pairs:
            overlap = numbers @ (patterns[:, t] * patterns[:, s]) - pattern[t] * pattern[s]
            sign = pattern[(t + 1) % 3] * pattern[(s + 1) % 3]
            present = np.clip(overlap / (n - 1), -1, 1)  # beyond 1 only where no neuron is
            probability += sign * np.arcsin(present) / (4 * math.pi)
        with np.errstate(divide="ignore", invalid="ignore"):
            term = numbers[:, k] * np.log(np.maximum(probability, 0))
        logarithms += np.where(numbers[:, k] > 0, term, 0.0)
    return float(np.exp(logarithms).sum() / 3)


def limit_at_zero_symmetry(length: int) -> float:
    r"""Lim E N_L for n to infinity at eta = 0.

    Overlaps of two states of a cycle, times sqrt(n), follow a linear recursion with slope
    a = 2/pi from step to step, so that each orbit of m overlaps gives 1 / (1 - a^m). Even
    lengths have cycles with s(t + L/2) = -s(t) besides. The paper's values for L up to 6 follow;
    the formula for all L is ours.

    Parameters
    ----------
    length : int
        L, at least 1.

    Returns
    -------
    float
        1, 1.2280, 0.4492, 0.7917, 0.2494, 0.4824 for L = 1 ... 6.

    Raises
    ------
    ValueError
        If the length is below 1.
    """
    if length < 1:
        raise ValueError(f"The length must be at least 1, got {length!r}.")
    a, half = 2 / math.pi, length // 2
    general = (1 - a**length) ** -((length - 1) // 2) / length
    if length % 2:
        return general
    general /= 1 - a**half
    if length == 2:
        general *= math.exp(-a)  # a neuron does not feel its own part of the overlap
    if half % 2:
        return general + limit_at_zero_symmetry(half) / 2
    odd = (1 - a**half) ** -((half - 1) // 2) / (1 + a ** (half // 2)) / length
    return general + odd * (math.exp(a) if half == 2 else 1.0)
