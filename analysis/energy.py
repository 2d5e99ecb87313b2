"""Energy of rate networks, which cannot rise if the weights are symmetric."""

import numpy as np
from numpy.typing import ArrayLike

from isochron.real_numbers import as_floats

ROUND_OFF = 1e-12


def rate_energy(weights: ArrayLike, states: ArrayLike, bias: ArrayLike = 0.0) -> np.ndarray:
    """Energy of states of the rate network tau dx/dt = -x + W tanh(x) + b.

    E = -r' S r / 2 - b' r + sum_i (r_i x_i + ln(1 - r_i^2) / 2), with r = tanh(x) and the
    symmetric part S = (W + W') / 2. With symmetric weights dE/dt = -tau sum_i r_i' (dx_i/dt)^2,
    r_i' = 1 - r_i^2, is never positive, so that every solution converges to fixed points; with
    others the antisymmetric part can raise it.

    Parameters
    ----------
    weights : array_like, shape (n, n)
        W, ``[post, pre]``.
    states : array_like, shape (..., n)
        States x.
    bias : array_like, shape () or (n,)
        Constant input b.

    Returns
    -------
    ndarray, shape (...)
        Energy of each state.

    Raises
    ------
    ValueError
        If the weights are not square, the states or the bias do not fit, or a value is not a real
        number.

    References
    ----------
    Hopfield (1984), PNAS 81:3088; Cohen and Grossberg (1983), IEEE Trans. SMC 13:815.

    Examples
    --------
    Two units that excite each other have a saddle between two memories:

    >>> from isochron import analysis
    >>> analysis.rate_energy([[0, 2], [2, 0]], [[0, 0], [1.915, 1.915]]).round(3)
    array([ 0.   , -0.653])
    """
    weights, x = as_floats("weights", weights), as_floats("states", states)
    b = as_floats("bias", bias)
    n = x.shape[-1] if x.ndim else 0
    if weights.shape != (n, n) or not n:
        raise ValueError(
            f"weights must have the shape (n, n) and states (..., n), got {weights.shape} and "
            f"{x.shape}."
        )
    if b.shape not in ((), (1,), (n,)):
        raise ValueError(f"bias must have the shape () or ({n},), got {b.shape}.")
    r = np.tanh(x)
    symmetric = (weights + weights.T) / 2
    # ln(1 - tanh^2) = -2 ln cosh, without the loss of digits where tanh is near 1.
    log_slope = 2 * (np.log(2) - np.logaddexp(x, -x))
    quadratic = np.einsum("...i,...i->...", r @ symmetric, r)
    return -quadratic / 2 - r @ np.broadcast_to(b, n) + (r * x + log_slope / 2).sum(axis=-1)


def uphill_share(energies: ArrayLike) -> float:
    """Share of the change of an energy that is upwards.

    0 on a trajectory on which the energy never rises, exactly 1/2 on a whole cycle, which
    returns to its energy. Changes below 1e-12 of the largest energy are round-off and do not
    count.

    Parameters
    ----------
    energies : array_like, shape (n_times,)
        Energy along a trajectory.

    Returns
    -------
    float
        Sum of all rises divided by the sum of all changes, 0 to 1; NaN if nothing changes.

    Raises
    ------
    ValueError
        If the energies are not a sequence of real numbers.

    Examples
    --------
    >>> from isochron import analysis
    >>> analysis.uphill_share([3, 1, 2, 0])  # down 2, up 1, down 2
    0.2
    """
    values = as_floats("energies", energies)
    if values.ndim != 1:
        raise ValueError(f"energies must have the shape (n_times,), got {values.shape}.")
    changes = np.diff(values)
    changes[np.abs(changes) <= ROUND_OFF * np.abs(values).max(initial=0.0)] = 0
    total = np.abs(changes).sum()
    return float(changes[changes > 0].sum() / total) if total else float("nan")
