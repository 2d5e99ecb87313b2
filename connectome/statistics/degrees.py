"""Degrees and strengths of every neuron, and the tails of their distributions."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root_scalar
from scipy.special import zeta

from isochron.connectome.statistics._matrix import connections, square, undirected
from isochron.real_numbers import as_floats
from isochron.wording import counted, shown


@dataclass(frozen=True, slots=True)
class Degrees:
    """Number of partners of each neuron, without self-connections.

    Attributes
    ----------
    incoming : ndarray of int, shape (n,)
        Presynaptic partners: non-zero entries of the row.
    outgoing : ndarray of int, shape (n,)
        Postsynaptic partners: non-zero entries of the column.
    partners : ndarray of int, shape (n,)
        Neurons connected in either direction, each counted once. In a symmetric layer,
        such as gap junctions, all three are the same.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> worm = connectome.load("varshney2011")
    >>> found = statistics.degrees(worm.chemical)
    >>> worm.neurons[found.incoming.argmax()], int(found.incoming.max())
    ('AVAL', 53)
    """

    incoming: np.ndarray
    outgoing: np.ndarray
    partners: np.ndarray


@dataclass(frozen=True, slots=True)
class Strengths:
    """Summed weight of the connections of each neuron, without self-connections.

    Attributes
    ----------
    incoming : ndarray, shape (n,)
        Row sums, in the unit of the weights; negative weights subtract.
    outgoing : ndarray, shape (n,)
        Column sums, in the unit of the weights.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.strengths([[0, 0], [3, 5]])  # 0 to 1 with weight 3; 1 to itself
    Strengths(incoming=array([0, 3]), outgoing=array([3, 0]))
    """

    incoming: np.ndarray
    outgoing: np.ndarray


@dataclass(frozen=True, slots=True)
class PowerLawTail:
    r"""A tail :math:`P(k) = k^{-\gamma} / \zeta(\gamma, k_{min})` of whole :math:`k \ge k_{min}`.

    Attributes
    ----------
    exponent : float
        γ of the probabilities P(k); the survival function decreases as k^(1 - γ).
    standard_error : float
        Asymptotic standard error of γ, from the Fisher information at the estimate.
    k_min : int
        Smallest value of the tail.
    n_tail : int
        Number of values in the tail.
    distance : float
        Kolmogorov–Smirnov distance between the tail and its fit.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> partners = statistics.degrees(connectome.load("varshney2011").gap).partners
    >>> tail = statistics.power_law_tail(partners)
    >>> tail.k_min, tail.n_tail, round(tail.exponent, 2), round(tail.standard_error, 2)
    (4, 112, 3.14, 0.21)
    """

    exponent: float
    standard_error: float
    k_min: int
    n_tail: int
    distance: float


def degrees(weights: ArrayLike) -> Degrees:
    """Number of partners of each neuron.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``; a connection is a weight that is not 0.

    Returns
    -------
    Degrees
        Numbers of incoming, outgoing and all partners, each of shape (n,).

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> statistics.degrees([[0, 0, 0], [1, 0, 1], [0, 1, 0]])  # 0 to 1, 1 to 2, 2 to 1
    Degrees(incoming=array([0, 2, 1]), outgoing=array([1, 1, 1]), partners=array([1, 2, 1]))
    """
    found = connections(weights)
    return Degrees(found.sum(axis=1), found.sum(axis=0), undirected(weights).sum(axis=1))


def strengths(weights: ArrayLike) -> Strengths:
    """Summed weight of the connections of each neuron.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        Weights ``[post, pre]``. Give absolute values if excitation and inhibition are to add up.

    Returns
    -------
    Strengths
        Incoming and outgoing sums, each of shape (n,), in the unit of the weights.

    Raises
    ------
    ValueError
        If `weights` is not a square matrix of finite numbers.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> worm = connectome.load("varshney2011")
    >>> outgoing = statistics.strengths(worm.chemical).outgoing
    >>> worm.neurons[outgoing.argmax()], int(outgoing.max())  # synaptic contacts
    ('AVAR', 153)
    """
    matrix = square(weights)
    itself = np.diag(matrix)
    return Strengths(matrix.sum(axis=1) - itself, matrix.sum(axis=0) - itself)


def power_law_tail(values: ArrayLike, *, k_min: int | None = None) -> PowerLawTail:
    """Maximum-likelihood power law of the tail of whole numbers, such as degrees.

    The best power law may still fit badly: check the distance and the number of values in the
    tail.

    Parameters
    ----------
    values : array_like of int, shape (n,)
        Whole numbers >= 0.
    k_min : int or None
        Smallest value of the tail, at least 1. If None, the value with the smallest
        Kolmogorov–Smirnov distance.

    Returns
    -------
    PowerLawTail
        Exponent with its standard error, and the distance between tail and fit.

    Raises
    ------
    ValueError
        If a value is not a whole number or negative, if `k_min` is below 1, or if the tail
        does not contain two different values.

    References
    ----------
    Clauset, Shalizi and Newman (2009), SIAM Review 51:661, equations 3.5 to 3.7 and
    section 3.3.

    Examples
    --------
    >>> from isochron.connectome import statistics
    >>> values = np.random.default_rng(0).zipf(2.5, 10_000)  # P(k) ~ k**-2.5 from 1 on
    >>> tail = statistics.power_law_tail(values, k_min=1)
    >>> round(tail.exponent, 2), round(tail.standard_error, 2)
    (2.49, 0.02)
    """
    numbers = _whole(values)
    if k_min is not None:
        return _fit(numbers, k_min)
    candidates = np.unique(numbers[numbers > 0])[:-1]
    if not candidates.size:
        raise ValueError("A power law needs at least two different positive values.")
    fits = []
    for start in candidates:
        with suppress(ValueError):  # a tail of a few nearly equal values does not have a power law
            fits.append(_fit(numbers, int(start)))
    if not fits:
        raise ValueError("No tail of these values follows a power law; give k_min to see why.")
    return min(fits, key=lambda fit: fit.distance)


def _whole(values: ArrayLike) -> np.ndarray:
    numbers = as_floats("values", values)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError("values must be a list of finite numbers, such as degrees(w).incoming.")
    if (numbers < 0).any() or (numbers != np.round(numbers)).any():
        raise ValueError("values must be whole numbers from 0 on; this is the discrete power law.")
    return numbers


def _fit(numbers: np.ndarray, k_min: int) -> PowerLawTail:
    if not k_min >= 1 or k_min != int(k_min):
        raise ValueError(f"k_min must be a whole number from 1 on, got {shown(k_min)}.")
    tail = np.sort(numbers[numbers >= k_min])
    if not tail.size or tail[0] == tail[-1]:
        raise ValueError(
            f"Only {counted(tail.size, 'value')} at or above k_min = {k_min}; two different ones "
            f"are needed. Lower it; the largest value is {numbers.max(initial=0):g}."
        )
    mean_log = np.log(tail / k_min).mean()
    exponent = _solve_likelihood(mean_log, k_min)
    error = 1 / np.sqrt(tail.size * _log_zeta_slopes(exponent, k_min)[1])
    return PowerLawTail(
        exponent, float(error), int(k_min), int(tail.size), _distance(tail, exponent, k_min)
    )


def _solve_likelihood(mean_log: float, k_min: int) -> float:
    """The γ at which the expected ln(k / k_min) is the observed one."""

    def excess(exponent: float) -> float:
        return float(_log_zeta_slopes(exponent, k_min)[0] + mean_log)

    lowest = 1 + 1e-3
    highest = min(100.0, 600 / np.log(max(k_min, 2)))  # k_min^-γ above the smallest float
    if excess(lowest) >= 0 or excess(highest) <= 0:
        raise ValueError(
            f"No power law with an exponent from {lowest} to {highest:.0f} fits the tail from "
            f"k_min = {k_min} on. Lower k_min, so that the tail contains more values."
        )
    return root_scalar(excess, bracket=(lowest, highest), xtol=1e-10).root


def _log_zeta_slopes(exponent: float, k_min: int) -> tuple[float, float]:
    """First and second derivative by γ of ln(k_min^γ ζ(γ, k_min)), by central differences.

    The relative step of 1e-4 leaves a truncation of about 1e-9 and a rounding of about 1e-8
    in the second one, which serves the standard error only.
    """
    step = 1e-4 * min(exponent, 10 * (exponent - 1))
    at = exponent + step * np.array([-2, -1, 0, 1, 2])
    value = np.log(zeta(at, k_min)) + at * np.log(k_min)
    first = (value[0] - 8 * value[1] + 8 * value[3] - value[4]) / (12 * step)
    second = (-value[0] + 16 * value[1] - 30 * value[2] + 16 * value[3] - value[4]) / (12 * step**2)
    return first, second


def _distance(tail: np.ndarray, exponent: float, k_min: int) -> float:
    support = np.arange(k_min, tail[-1] + 1)
    observed = np.searchsorted(tail, support, side="right") / tail.size
    expected = 1 - zeta(exponent, support + 1) / zeta(exponent, k_min)
    return float(np.abs(observed - expected).max())
