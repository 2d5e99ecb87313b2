"""How alike two activities are: in shape, in geometry, along a cycle, and in dynamics.

A p-value for any of these is `statistics.surrogate_test` with `permuted` rows (independent
conditions) or a `cyclic_shift` (samples of a time series).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment, minimize_scalar

from isochron.analysis.arrays import real_array, require_same_rows
from isochron.analysis.results import short_repr
from isochron.analysis.statistics import Interval


def procrustes_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Angle between two sets of states after the best shift, scaling and rotation.

    0 for the same shape, at most π/2. A metric. The numbers of units may differ: the smaller
    space is padded with zeros.

    Parameters
    ----------
    first : array_like, shape (m, n)
        States under m conditions or times, rows first. With fewer conditions than units,
        unrelated states are close, too: compare with surrogates.
    second : array_like, shape (m, k)
        The same conditions in the same order.

    Returns
    -------
    float
        Radians.

    Raises
    ------
    ValueError
        If the states are complex, not finite, of one axis or do not vary, or the conditions
        differ (also by their labels, in labeled arrays).

    References
    ----------
    Williams, Kunz, Kornblith and Linderman (2021), NeurIPS 34, equation 4.
    """
    x, y = (_shape_of(states) for states in _paired(first, second, least=2))
    return _angle(float(np.linalg.norm(x.T @ y, ord="nuc")))


def linear_cka(first: ArrayLike, second: ArrayLike, *, debiased: bool = True) -> float:
    """Centred kernel alignment with the linear kernel.

    1 for the same geometry up to rotation and scaling. Without the correction it grows with the
    number of units over that of conditions, even between unrelated states; with it, unrelated
    states have 0 on average, and it may be negative.

    Parameters
    ----------
    first : array_like, shape (m, n)
    second : array_like, shape (m, k)
        As in `procrustes_distance`; at least 4 conditions.
    debiased : bool

    Raises
    ------
    ValueError
        As in `procrustes_distance`.

    References
    ----------
    Kornblith, Norouzi, Lee and Hinton (2019), ICML; Song, Smola, Gretton, Bedo and Borgwardt
    (2012), Journal of Machine Learning Research 13:1393, equation 5, for the unbiased HSIC.
    """
    x, y = _paired(first, second, least=4)
    covariance = _unbiased_hsic if debiased else _biased_hsic
    kernel, other = (z @ z.T for z in map(_shape_of, (x, y)))
    scale = covariance(kernel, kernel) * covariance(other, other)
    if not scale > 0:
        raise ValueError("The states do not vary enough for their alignment to be defined.")
    return covariance(kernel, other) / math.sqrt(scale)


def _biased_hsic(kernel: np.ndarray, other: np.ndarray) -> float:
    return float(np.sum(kernel * other)) / (len(kernel) - 1) ** 2


def _unbiased_hsic(kernel: np.ndarray, other: np.ndarray) -> float:
    m = len(kernel)
    kernel, other = (matrix - np.diag(np.diag(matrix)) for matrix in (kernel, other))
    inner = np.sum(kernel * other) + kernel.sum() * other.sum() / ((m - 1) * (m - 2))
    cross = kernel.sum(axis=0) @ other.sum(axis=0)
    return float(inner - 2 / (m - 2) * cross) / (m * (m - 3))


@dataclass(frozen=True, kw_only=True)
class CycleComparison:
    """Two cycles laid over each other.

    Attributes
    ----------
    distance : float
        Procrustes distance at the best shift, radians.
    shift : float
        Fraction of a cycle by which the second lags behind the first, in [0, 1).
    """

    distance: float
    shift: float


def compare_cycles(first: ArrayLike, second: ArrayLike) -> CycleComparison:
    """Procrustes distance of two periodic orbits, at the shift in time that makes it least.

    Both are Fourier series in their own phase, so the shift is not bound to the samples, the
    numbers of samples and units may differ, and periods do not matter.

    Parameters
    ----------
    first : array_like, shape (m, n)
        One period, evenly sampled in time, time first. A last state that repeats the first, as
        in `LimitCycle`, is omitted.
    second : array_like, shape (k, l)

    Returns
    -------
    CycleComparison

    Raises
    ------
    ValueError
        If a cycle has fewer than 4 states, is constant, complex or not finite.
    """
    first, second = _open_cycle(first, "first"), _open_cycle(second, "second")
    n_phases = max(len(first), len(second))
    one, two = (_cycle_spectrum(states, n_phases) for states in (first, second))
    orders = np.arange(len(one))
    weight = np.where(orders > 0, 2.0, 0.0)  # order -k is the conjugate of order k

    def overlap(shift: float) -> float:
        turned = two * (weight * np.exp(2j * np.pi * orders * shift))[:, None]
        return float(np.linalg.norm(np.real(np.conj(one).T @ turned), ord="nuc"))

    grid = np.arange(n_phases) / n_phases
    best = grid[int(np.argmax([overlap(shift) for shift in grid]))]
    bounds = (best - 1 / n_phases, best + 1 / n_phases)
    refined = minimize_scalar(
        lambda shift: -overlap(shift), bounds=bounds, method="bounded", options={"xatol": 1e-10}
    ).x
    shift = max((best, refined), key=overlap)
    return CycleComparison(distance=_angle(overlap(shift)), shift=float(shift % 1.0))


def _open_cycle(states: ArrayLike, name: str) -> np.ndarray:
    """States of a cycle, without its end if that repeats the first one."""
    states = _checked(states, 4, name)
    repeated = np.abs(states[-1] - states[0]).max() <= 1e-8 * np.ptp(states, axis=0).max()
    return states[:-1] if repeated else states


def _cycle_spectrum(states: np.ndarray, n_phases: int) -> np.ndarray:
    """Fourier coefficients, shape (n_phases // 2 + 1, rank), of a cycle of unit size."""
    left, singular, _ = np.linalg.svd(_shape_of(states), full_matrices=False)
    kept = singular > 1e-12 * singular[0]
    shape = left[:, kept] * singular[kept] / np.linalg.norm(singular)
    spectrum = np.zeros((n_phases // 2 + 1, shape.shape[1]), dtype=complex)
    coefficients = np.fft.rfft(shape, axis=0) / math.sqrt(len(shape))
    if len(shape) % 2 == 0:
        coefficients[-1] /= math.sqrt(2)  # counted twice with its conjugate
    spectrum[: len(coefficients)] = coefficients
    return spectrum


@short_repr
@dataclass(frozen=True, kw_only=True)
class DelayModel:
    """Linear dynamics of a series in delay coordinates: z[t+1] = operator z[t].

    Attributes
    ----------
    operator : ndarray, shape (rank, rank)
        In coordinates of unit covariance.
    basis : ndarray, shape (n_delays * n, rank)
        From a centred delay vector, newest sample first, to coordinates.
    readout : ndarray, shape (rank, n)
        From coordinates to the newest centred sample, by least squares.
    mean : ndarray, shape (n,)
    n_delays : int
    """

    operator: np.ndarray
    basis: np.ndarray
    readout: np.ndarray
    mean: np.ndarray
    n_delays: int

    def held_out_error(self, series: Sequence[np.ndarray] | np.ndarray) -> float:
        """Variance of the error of one-step predictions, relative to that of the series."""
        error = total = 0.0
        for trial in _trials(series):
            if trial.shape[1] != self.mean.size or len(trial) <= self.n_delays:
                raise ValueError(
                    f"A trial must have {self.mean.size} columns and more than {self.n_delays} "
                    f"times, as the model was fitted to; got shape {trial.shape}."
                )
            delayed = _delay_vectors(trial - self.mean, self.n_delays)
            predicted = delayed[:-1] @ self.basis @ self.operator.T @ self.readout
            truth = trial[self.n_delays :] - self.mean
            error += float(np.sum((predicted - truth) ** 2))
            total += float(np.sum(truth**2))
        if not total > 0:
            raise ValueError("The series does not differ from the mean; it has no variance.")
        return error / total


def fit_delay_model(
    series: Sequence[np.ndarray] | np.ndarray, *, n_delays: int, rank: int
) -> DelayModel:
    """Dynamic mode decomposition of delay vectors, reduced to their principal components.

    Parameters
    ----------
    series : ndarray, shape (n_times, n) or (n_trials, n_times, n), or a sequence of the former
    n_delays : int
        Samples in a delay vector, from 1.
    rank : int
        Principal components kept, at most n_delays * n.

    Returns
    -------
    DelayModel

    Raises
    ------
    ValueError
        If the series is too short, complex or not finite, or has fewer independent components
        than `rank`.

    References
    ----------
    Ostrow, Eisen, Kozachkov and Fiete (2023), NeurIPS 36, section 3; Brunton et al. (2017),
    Nature Communications 8:19.
    """
    trials = _trials(series)
    if n_delays < 1 or min(len(trial) for trial in trials) < n_delays + 2:
        raise ValueError(
            f"n_delays must be from 1 to two less than the samples of a trial, got {n_delays!r}."
        )
    mean = np.concatenate(trials).mean(axis=0)
    delayed = [_delay_vectors(trial - mean, n_delays) for trial in trials]
    joined = np.concatenate(delayed)
    _, singular, right = np.linalg.svd(joined, full_matrices=False)
    n_components = int(np.sum(singular > 1e-10 * singular[0])) if singular[0] > 0 else 0
    if not 1 <= rank <= n_components:
        raise ValueError(
            f"rank must be from 1 to the {n_components} independent delay components, got {rank!r}."
        )
    basis = right[:rank].T / singular[:rank] * math.sqrt(len(joined))
    before = np.concatenate([vectors[:-1] for vectors in delayed]) @ basis
    after = np.concatenate([vectors[1:] for vectors in delayed]) @ basis
    newest = joined[:, : mean.size]
    return DelayModel(
        operator=np.linalg.lstsq(before, after)[0].T,
        basis=basis,
        readout=np.linalg.lstsq(joined @ basis, newest)[0],
        mean=mean,
        n_delays=n_delays,
    )


def choose_rank(
    training: Sequence[np.ndarray] | np.ndarray,
    held_out: Sequence[np.ndarray] | np.ndarray,
    *,
    n_delays: int,
    ranks: Sequence[int],
) -> tuple[int, np.ndarray]:
    """Rank of the delay model that best predicts a series it has not seen.

    Conclusions about similarity can flip with the rank, so that it is better not left to habit.

    Parameters
    ----------
    training, held_out : ndarray or sequence of ndarray
        As in `fit_delay_model`.
    n_delays : int
    ranks : sequence of int
        One or more.

    Returns
    -------
    rank : int
        The lowest whose error is within 1 % of the least.
    errors : ndarray, shape (len(ranks),)
        Of each rank, as in `DelayModel.held_out_error`.
    """
    if not len(ranks):
        raise ValueError("ranks is empty; give one or more ranks to choose from.")
    errors = np.array(
        [
            fit_delay_model(training, n_delays=n_delays, rank=rank).held_out_error(held_out)
            for rank in ranks
        ]
    )
    good = [rank for rank, error in zip(ranks, errors, strict=True) if error <= 1.01 * errors.min()]
    return min(good), errors


def dynamical_distance(
    first: DelayModel | np.ndarray,
    second: DelayModel | np.ndarray,
    *,
    n_starts: int = 8,
    max_iterations: int = 2000,
    rng: np.random.Generator,
) -> float:
    """Dynamical similarity analysis: least |A - C B Cᵀ| over orthogonal C.

    0 for dynamics that are each other in rotated coordinates; for normal operators, the least
    distance between their eigenvalues, paired. The published package (dsa-metric) minimises
    by gradient descent in torch; here every step C → polar factor of A C Bᵀ + Aᵀ C B + s C
    raises tr(Aᵀ C B Cᵀ), with s = 2 |A| |B| in spectral norms.

    Parameters
    ----------
    first, second : DelayModel or ndarray, shape (rank, rank)
        Of the same rank; delay models also of the same sampling interval.
    n_starts : int
        Random orthogonal C to start from, half of them reflections, besides the one that turns
        eigenvectors of B into those of A: there are local minima.
    max_iterations : int
        For each start.
    rng : numpy.random.Generator

    References
    ----------
    Ostrow, Eisen, Kozachkov and Fiete (2023), NeurIPS 36, equation 5.
    """
    a, b = (
        m.operator if isinstance(m, DelayModel) else real_array(m, "operator", n_axes=2)
        for m in (first, second)
    )
    if a.shape != b.shape or a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"The operators must be square and alike, got {a.shape} and {b.shape}.")
    starts = [_pairing(a, b)]
    starts += [_random_orthogonal(len(a), k % 2 == 1, rng) for k in range(n_starts)]
    return min(_descend(a, b, start, max_iterations) for start in starts)


def _descend(a: np.ndarray, b: np.ndarray, c: np.ndarray, max_iterations: int) -> float:
    shift = 2 * np.linalg.norm(a, 2) * np.linalg.norm(b, 2)
    last = gap = float(np.linalg.norm(a - c @ b @ c.T))
    for _ in range(max_iterations):
        left, _, right = np.linalg.svd(a @ c @ b.T + a.T @ c @ b + shift * c)
        c = left @ right
        gap = float(np.linalg.norm(a - c @ b @ c.T))
        if last - gap <= 1e-10 * last:
            break
        last = gap
    return gap


def _pairing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Orthogonal C near the map between eigenvectors of nearest eigenvalues: exact if normal."""
    (values_a, vectors_a), (values_b, vectors_b) = np.linalg.eig(a), np.linalg.eig(b)
    cost = np.abs(values_a[:, None] - values_b) ** 2
    rows, columns = linear_sum_assignment(cost)
    left, _, right = np.linalg.svd(np.real(vectors_a[:, rows] @ np.conj(vectors_b[:, columns]).T))
    return left @ right


def _random_orthogonal(n: int, reflect: bool, rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    q = q * np.sign(np.diag(r))
    if (np.linalg.det(q) < 0) != reflect:
        q[:, 0] *= -1
    return q


def noise_ceiling(
    similarity: Callable[[np.ndarray, np.ndarray], float],
    repeats: ArrayLike,
    *,
    n_splits: int = 100,
    confidence: float = 0.95,
    rng: np.random.Generator,
) -> Interval:
    """Similarity of a system to itself: between the means of random halves of its repeats.

    What a perfect model could reach against a mean over half of the repeats.

    Parameters
    ----------
    similarity : callable
        Two arrays of shape (m, n) to a number.
    repeats : array_like, shape (n_repeats, m, n)
    n_splits : int
    confidence : float
        Of the interval, which covers the splits, not new repeats.
    rng : numpy.random.Generator

    Returns
    -------
    Interval
        The value is the mean over splits.
    """
    if not (n_splits >= 1 and 0 < confidence < 1):
        raise ValueError(
            f"Need n_splits >= 1 and confidence in (0, 1), got {n_splits!r} and {confidence!r}."
        )
    repeats = real_array(repeats, "repeats", time_axis=1)
    if repeats.ndim != 3 or len(repeats) < 2:
        raise ValueError(f"repeats must be (n_repeats >= 2, m, n), got shape {repeats.shape}.")
    values = []
    for _ in range(n_splits):
        halves = np.array_split(rng.permutation(len(repeats)), 2)
        values.append(similarity(*(repeats[half].mean(axis=0) for half in halves)))
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        value=np.asarray(np.mean(values)),
        low=low,
        high=high,
        confidence=confidence,
        method=f"{n_splits} random halves of {len(repeats)} repeats",
    )


def _shape_of(states: np.ndarray) -> np.ndarray:
    """Centred and of unit size."""
    largest = np.abs(states).max()
    centred = states - states.mean(axis=0)
    span = np.abs(centred).max()
    if not span > 1e-13 * largest:  # beyond round-off of the mean
        raise ValueError("The states do not vary; they have no shape.")
    centred = centred / span
    return centred / np.linalg.norm(centred)


def _angle(cosine: float) -> float:
    return math.acos(min(1.0, max(-1.0, cosine)))


def _paired(first: ArrayLike, second: ArrayLike, *, least: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = _checked(first, least, "first"), _checked(second, least, "second")
    require_same_rows(first, second)
    if len(x) != len(y):
        raise ValueError(f"Both need the same conditions in rows, got {len(x)} and {len(y)}.")
    return x, y


def _checked(states: ArrayLike, least: int, name: str = "states") -> np.ndarray:
    states = real_array(states, name)
    if states.ndim != 2 or len(states) < least or not states.shape[1]:
        hint = f" Of one unit, give {name}[:, None]." if states.ndim == 1 else ""
        raise ValueError(
            f"{name} must have shape (m, n) with m >= {least}, rows (times, conditions) first; "
            f"got {states.shape}.{hint}"
        )
    return states


def _trials(series: Sequence[np.ndarray] | np.ndarray) -> list[np.ndarray]:
    n_axes = getattr(series, "ndim", None)
    each: Sequence[ArrayLike] = list(series) if n_axes is None else [series]
    if n_axes == 3:
        each = list(real_array(series, "series", time_axis=1))
    elif n_axes is None and each and np.ndim(each[0]) == 1:  # a list of rows
        each = [series]
    trials = [_checked(trial, 3, "series") for trial in each]
    if len({trial.shape[1] for trial in trials}) != 1:
        raise ValueError("The trials must have the same units, one or more trials.")
    return trials


def _delay_vectors(trial: np.ndarray, n_delays: int) -> np.ndarray:
    """Shape (n_times - n_delays + 1, n_delays * n), newest sample first."""
    n_rows = len(trial) - n_delays + 1
    return np.hstack([trial[k : k + n_rows] for k in reversed(range(n_delays))])
