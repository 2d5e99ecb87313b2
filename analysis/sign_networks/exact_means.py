"""Mean numbers of fixed points and short cycles of Gaussian networks, exact at finite size."""

import math

import numpy as np
from scipy.special import gammaln, log_ndtr

RESOLVED = 1e-12


def mean_fixed_points(n: int, symmetry: float) -> float:
    r"""E N_1 = 2^n \int Dz Phi(c z)^n with c^2 = eta / (n - 1 - eta).

    The contour is moved to the saddle, which is imaginary for eta < 0, and the trapezoidal
    rule is refined until the result no longer changes.

    Parameters
    ----------
    n : int
        Number of neurons, at least 3.
    symmetry : float
        eta, from -1 to 1.

    Returns
    -------
    float
        Mean number over networks with Gaussian couplings.

    Raises
    ------
    ValueError
        If a value is out of range.
    ArithmeticError
        If refinement does not converge.

    References
    ----------
    Gutfreund, Reger and Young (1988), Journal of Physics A 21:2775; Hwang et al. (2019).

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> [sign_networks.mean_fixed_points(10, symmetry) for symmetry in (-1, 0, 1)]
    [0.0, 1.0000, 7.7657]
    """
    if n < 3:
        raise ValueError(f"n must be at least 3, got {n!r}.")
    if not -1 <= symmetry <= 1:
        raise ValueError(f"The symmetry degree must lie between -1 and 1, got {symmetry!r}.")
    if symmetry == -1:
        return 0.0  # s.Js = 0, but at a fixed point it is the sum of all |field|
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
    """Solution of z = n c phi(c z) / Phi(c z), on the real or on the imaginary axis."""
    if slope == 0:
        return 0j
    direction = 1j if slope.imag else 1.0
    # With z = direction * y and c z = u real: y increases, the right side decreases.
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

    Returns
    -------
    float
        Mean number of cycles of length 2 over networks with Gaussian couplings.

    Raises
    ------
    ValueError
        If `n` is below 2.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> [sign_networks.mean_two_cycles(n) for n in (10, 100, 1000)]
    [0.8935, 1.2654, 1.2304]
    >>> sign_networks.limit_at_zero_symmetry(2)
    1.2280
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
    """Arcsine where no neuron agrees (overlap -1), which is not needed."""
    return np.zeros(n)


def mean_three_cycles(n: int) -> float:
    """E N_3 at eta = 0: a sum over the numbers of neurons with each pattern of three states.

    Rows of J are independent, so each neuron contributes an orthant probability of three
    Gaussians, whose correlations are the overlaps of the states without that neuron:
    1/8 + (asin r_12 + asin r_13 + asin r_23) / 4 pi, with signs of the neuron's next states.

    Parameters
    ----------
    n : int
        Number of neurons, from 2 to 200.

    Returns
    -------
    float
        Mean number of cycles of length 3 over networks with Gaussian couplings.

    Raises
    ------
    ValueError
        If `n` is below 2, or above 200: the sum has n^3 / 6 terms.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> [sign_networks.mean_three_cycles(n) for n in (10, 50)]
    [0.3566, 0.4590]
    >>> sign_networks.limit_at_zero_symmetry(3)
    0.4492
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
            present = np.clip(overlap / (n - 1), -1, 1)  # beyond 1 only without neurons
            probability += sign * np.arcsin(present) / (4 * math.pi)
        with np.errstate(divide="ignore", invalid="ignore"):
            term = numbers[:, k] * np.log(np.maximum(probability, 0))
        logarithms += np.where(numbers[:, k] > 0, term, 0.0)
    return float(np.exp(logarithms).sum() / 3)


def limit_at_zero_symmetry(length: int) -> float:
    r"""Limit of E N_L for n to infinity at eta = 0.

    Overlaps of two states of a cycle, times sqrt(n), follow a linear recursion with slope
    a = 2/pi from step to step, so that each orbit of m overlaps gives 1 / (1 - a^m). Cycles of
    even length with s(t + L/2) = -s(t) are added. For L up to 6 these are the values of the
    paper; the formula for all L is derived here.

    Parameters
    ----------
    length : int
        L, at least 1.

    Returns
    -------
    float
        Mean number of cycles of length L in the limit.

    Raises
    ------
    ValueError
        If the length is below 1.

    References
    ----------
    Hwang et al. (2019), arXiv:1810.09325.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> np.round([sign_networks.limit_at_zero_symmetry(length) for length in range(1, 7)], 4)
    array([1.    , 1.228 , 0.4492, 0.7917, 0.2494, 0.4824])
    """
    if length < 1:
        raise ValueError(f"The length must be at least 1, got {length!r}.")
    a, half = 2 / math.pi, length // 2
    general = (1 - a**length) ** -((length - 1) // 2) / length
    if length % 2:
        return general
    general /= 1 - a**half
    if length == 2:
        general *= math.exp(-a)  # the input of a neuron does not include its part of the overlap
    if half % 2:
        return general + limit_at_zero_symmetry(half) / 2
    odd = (1 - a**half) ** -((half - 1) // 2) / (1 + a ** (half // 2)) / length
    return general + odd * (math.exp(a) if half == 2 else 1.0)
