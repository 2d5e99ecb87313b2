"""Memories of Hopfield networks: their couplings, their energy, their recall."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.sign_networks.settling import settle
from isochron.arguments import require_rng
from isochron.real_numbers import require_real


def hebbian_couplings(patterns: ArrayLike) -> np.ndarray:
    """Couplings that store patterns: J_ij = sum over patterns of xi_i xi_j, J_ii = 0.

    Without the factor 1/n, which changes no sign, so that they are integers and exact.

    Parameters
    ----------
    patterns : array_like, shape (n_patterns, n)
        Patterns of +1 and -1.

    Returns
    -------
    ndarray of int64, shape (n, n)
        J, symmetric.

    Raises
    ------
    ValueError
        If the patterns are not a matrix of +1 and -1.

    References
    ----------
    Hopfield (1982), PNAS 79:2554.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> sign_networks.hebbian_couplings([[1, 1, -1]])
    array([[ 0,  1, -1],
           [ 1,  0, -1],
           [-1, -1,  0]])
    """
    xi = np.asarray(patterns)
    if xi.ndim != 2 or not np.isin(xi, (-1, 1)).all():
        raise ValueError(
            f"patterns must be a matrix (n_patterns, n) of +1 and -1, got shape {xi.shape}."
        )
    # Sums of at most 2**24 signs are exact in float32, where matrix products are fast.
    exact = np.float32 if len(xi) < 2**24 else np.float64
    couplings = (xi.T.astype(exact) @ xi.astype(exact)).astype(np.int64)
    np.fill_diagonal(couplings, 0)
    return couplings


def two_step_energy(couplings: ArrayLike, states: ArrayLike, theta: ArrayLike = 0) -> np.ndarray:
    """Energy of a trajectory of a sign network whose neurons are all updated at once.

    L(t) = -s(t)' J s(t-1) + theta' (s(t) + s(t-1)). With symmetric couplings it never rises, so
    that every attractor is a fixed point or a cycle of length 2.

    Parameters
    ----------
    couplings : array_like, shape (n, n)
        J, ``[post, pre]``.
    states : array_like, shape (n_times, n)
        States of +1 and -1 in the order of time.
    theta : array_like, shape () or (n,)
        Thresholds.

    Returns
    -------
    ndarray, shape (n_times - 1,)
        L of each pair of states that follow each other.

    Raises
    ------
    ValueError
        If the states do not fit the couplings.

    References
    ----------
    Goles and Olivos (1981), Discrete Applied Mathematics 3:93.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> J = sign_networks.hebbian_couplings([[1, 1, 1, 1]])
    >>> sign_networks.two_step_energy(J, [[1, 1, 1, -1], [1, 1, 1, 1], [1, 1, 1, 1]])
    array([ -6., -12.])
    """
    require_real("couplings", couplings)
    J, s = np.asarray(couplings, dtype=float), np.asarray(states, dtype=float)
    if s.ndim != 2 or J.shape != 2 * s.shape[1:]:
        raise ValueError(
            f"states must have the shape (n_times, n) and couplings (n, n), got {s.shape} and "
            f"{J.shape}."
        )
    after, before = s[1:], s[:-1]
    field = np.einsum("ti,ti->t", after, before @ J.T)
    return (after + before) @ np.broadcast_to(np.asarray(theta, dtype=float), len(J)) - field


def recall(couplings: ArrayLike, states: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Fixed points that states converge to if one neuron after the other is updated.

    The order of the neurons is random for each state, and the same in every sweep. A neuron in a
    field of 0 keeps its state.

    Parameters
    ----------
    couplings : array_like of int, shape (n, n)
        J, symmetric, with a diagonal of 0; `hebbian_couplings` makes such. With others the
        dynamics need not end.
    states : array_like of int, shape (n,) or (m, n)
        States of +1 and -1.
    rng : numpy.random.Generator
        Source of the orders.

    Returns
    -------
    ndarray of int64, shape of `states`
        The fixed points.

    Raises
    ------
    ValueError
        If the couplings are not symmetric integers with a diagonal of 0, or the states do not
        fit.

    Examples
    --------
    >>> from isochron.analysis import sign_networks
    >>> rng = np.random.default_rng(0)
    >>> J = sign_networks.hebbian_couplings([[1, 1, 1, -1, -1]])
    >>> sign_networks.recall(J, [1, 1, -1, -1, -1], rng)
    array([ 1,  1,  1, -1, -1])
    """
    require_rng(rng)
    J, found = np.asarray(couplings), np.array(states, dtype=np.int64)
    if J.dtype.kind != "i" or J.ndim != 2 or not np.array_equal(J, J.T) or np.diag(J).any():
        raise ValueError("couplings must be a symmetric matrix of integers with a diagonal of 0.")
    if found.ndim not in (1, 2) or found.shape[-1] != len(J) or not np.isin(found, (-1, 1)).all():
        raise ValueError(
            f"states must be +1 and -1, shape ({len(J)},) or (m, {len(J)}), got shape "
            f"{found.shape}."
        )
    J = np.ascontiguousarray(J, dtype=np.int64)
    for state in np.atleast_2d(found):
        settle(J, state, rng.permutation(len(J)))
    return found
