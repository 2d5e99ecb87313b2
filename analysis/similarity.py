"""Similarity of two activities: in shape, in geometry, along a cycle, and in dynamics.

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

    0 for the same shape, at most π/2. It is a metric. The numbers of units may differ: the
    smaller space is padded with zeros.

    Parameters
    ----------
    first : array_like, shape (m, n)
        States under m >= 2 conditions or times, rows first. With fewer conditions than units,
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

    Examples
    --------
    A circle is the same shape wherever it is and whatever its size; an ellipse is not.

    >>> phase = 2 * np.pi * np.arange(40) / 40
    >>> circle = np.c_[np.cos(phase), np.sin(phase)]
    >>> other = np.c_[7 + 3 * np.sin(phase), 3 * np.cos(phase), np.ones(40)]
    >>> round(analysis.procrustes_distance(circle, other), 6)
    0.0
    >>> analysis.procrustes_distance(circle, circle * [1, 0.5])  # acos(1.5 / sqrt(2.5))
    0.3218
    """
    x, y = (_shape_of(states) for states in _paired(first, second, least=2))
    return _angle(float(np.linalg.norm(x.T @ y, ord="nuc")))


def linear_cka(first: ArrayLike, second: ArrayLike, *, debiased: bool = True) -> float:
    """Centered kernel alignment with the linear kernel.

    1 for the same geometry up to rotation and scaling. Without the correction of bias it grows
    with the ratio of the numbers of units and conditions, even between unrelated states; with
    it, unrelated states have 0 on average, and it may be negative.

    Parameters
    ----------
    first : array_like, shape (m, n)
        States under m >= 4 conditions or times, rows first.
    second : array_like, shape (m, k)
        The same conditions in the same order.
    debiased : bool
        Whether the bias is corrected.

    Returns
    -------
    float
        At most 1, dimensionless.

    Raises
    ------
    ValueError
        As in `procrustes_distance`, or if the states do not vary enough.

    References
    ----------
    Kornblith, Norouzi, Lee and Hinton (2019), ICML; Song, Smola, Gretton, Bedo and Borgwardt
    (2012), Journal of Machine Learning Research 13:1393, equation 5, for the unbiased HSIC.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> states = rng.normal(size=(40, 50))
    >>> rotation = np.linalg.qr(rng.normal(size=(50, 50)))[0]
    >>> analysis.linear_cka(states, 3 * states @ rotation)
    1.0

    Unrelated states of 50 units under 40 conditions:

    >>> other = rng.normal(size=(40, 50))
    >>> biased = analysis.linear_cka(states, other, debiased=False)
    >>> round(biased, 1), abs(analysis.linear_cka(states, other)) < 0.05
    (0.6, True)
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
    """Distance of two cycles, and the lag at which it is least.

    Attributes
    ----------
    distance : float
        Procrustes distance at the best shift, radians, from 0 to π/2.
    shift : float
        Fraction of a cycle by which the second lags behind the first, in [0, 1).

    Examples
    --------
    >>> phase = 2 * np.pi * np.arange(60) / 60
    >>> cycle = np.c_[np.cos(phase), np.sin(2 * phase)]
    >>> comparison = analysis.compare_cycles(cycle, np.roll(cycle, 15, axis=0))
    >>> comparison.shift
    0.25
    """

    distance: float
    shift: float


def compare_cycles(first: ArrayLike, second: ArrayLike) -> CycleComparison:
    """Procrustes distance of two periodic orbits, at the shift in time that makes it least.

    Each is a Fourier series in its phase, so the shift is not limited to the samples, the
    numbers of samples and units may differ, and periods do not matter.

    Parameters
    ----------
    first : array_like, shape (m, n)
        One period, evenly sampled in time, time first. A last state that repeats the first, as
        in `LimitCycle`, is omitted.
    second : array_like, shape (k, l)
        One period of the other cycle, likewise.

    Returns
    -------
    CycleComparison
        Distance in radians, and the shift as a fraction of a cycle.

    Raises
    ------
    ValueError
        If a cycle has fewer than 4 states, is constant, complex or not finite.

    Examples
    --------
    A figure eight, and the same one in three other units, sampled less often, a quarter of a
    cycle later:

    >>> def eight(n_times, lag):
    ...     phase = 2 * np.pi * (np.arange(n_times) / n_times - lag)
    ...     return np.c_[np.cos(phase), np.sin(2 * phase)]
    >>> to_units = np.array([[1, 2, 2], [2, 1, -2]])  # orthogonal rows of one length
    >>> comparison = analysis.compare_cycles(eight(100, 0), eight(64, 0.25) @ to_units)
    >>> round(comparison.distance, 6), comparison.shift
    (0.0, 0.25)
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
        Step from one sample to the next, in coordinates of unit covariance.
    basis : ndarray, shape (n_delays * n, rank)
        Map from a centered delay vector, newest sample first, to coordinates.
    readout : ndarray, shape (rank, n)
        Map from coordinates to the newest centered sample, by least squares.
    mean : ndarray, shape (n,)
        Mean of the series, in its unit.
    n_delays : int
        Number of samples in a delay vector.

    Examples
    --------
    Two samples determine a sinusoid of 0.3 rad per sample:

    >>> series = np.cos(0.3 * np.arange(200))[:, None]
    >>> model = analysis.fit_delay_model(series, n_delays=2, rank=2)
    >>> eigenvalues = np.linalg.eigvals(model.operator)
    >>> np.abs(np.angle(eigenvalues)).round(4), np.abs(eigenvalues).round(4)
    (array([0.3, 0.3]), array([1., 1.]))
    """

    operator: np.ndarray
    basis: np.ndarray
    readout: np.ndarray
    mean: np.ndarray
    n_delays: int

    def held_out_error(self, series: Sequence[np.ndarray] | np.ndarray) -> float:
        """Variance of the error of one-step predictions, relative to that of the series.

        Parameters
        ----------
        series : ndarray, shape (n_times, n) or (n_trials, n_times, n), or a sequence of the former
            Data that was not used in the fit, in the same unit and at the same interval.

        Returns
        -------
        float
            0 for perfect predictions; 1 for those of the mean of the fitted series.

        Raises
        ------
        ValueError
            If a trial does not fit the model, is too short, complex or not finite, or the
            series does not differ from the mean.
        """
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
            raise ValueError("The series does not differ from the mean: its variance is 0.")
        return error / total


def fit_delay_model(
    series: Sequence[np.ndarray] | np.ndarray, *, n_delays: int, rank: int
) -> DelayModel:
    """Dynamic mode decomposition of delay vectors, reduced to their principal components.

    Parameters
    ----------
    series : ndarray, shape (n_times, n) or (n_trials, n_times, n), or a sequence of the former
        Evenly sampled; trials may differ in length.
    n_delays : int
        Samples in a delay vector, from 1 to two less than those of the shortest trial.
    rank : int
        Number of principal components, at most n_delays * n.

    Returns
    -------
    DelayModel
        Its eigenvalues are those of `operator`, per sample.

    Raises
    ------
    ValueError
        If the series is too short, complex or not finite, or has fewer independent components
        than `rank`.

    References
    ----------
    Ostrow, Eisen, Kozachkov and Fiete (2023), NeurIPS 36, section 3; Brunton et al. (2017),
    Nature Communications 8:19.

    Examples
    --------
    A sinusoid that decays by 1 % per sample; the eigenvalue 1 is its offset from the mean:

    >>> times = np.arange(200)
    >>> series = (0.99**times * np.cos(0.3 * times))[:, None]
    >>> model = analysis.fit_delay_model(series, n_delays=3, rank=3)
    >>> eigenvalues = np.linalg.eigvals(model.operator)
    >>> np.sort(np.abs(eigenvalues)).round(3)
    array([0.99, 0.99, 1.  ])
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
    """Rank of the delay model that best predicts a held-out series.

    Conclusions about similarity can depend on the rank, so choose it from data.

    Parameters
    ----------
    training, held_out : ndarray, shape (n_times, n) or (n_trials, n_times, n), or sequence
        Series to fit and series to predict, as in `fit_delay_model`.
    n_delays : int
        Samples in a delay vector, from 1.
    ranks : sequence of int
        Ranks to try, one or more.

    Returns
    -------
    rank : int
        The lowest whose error is within 1 % of the least.
    errors : ndarray, shape (len(ranks),)
        Relative error of each rank, as in `DelayModel.held_out_error`.

    Raises
    ------
    ValueError
        If `ranks` is empty, or as in `fit_delay_model`.

    Examples
    --------
    A noisy sinusoid has two components:

    >>> rng = np.random.default_rng(0)
    >>> clean = np.cos(0.3 * np.arange(200))[:, None]
    >>> training, held_out = (clean + 0.1 * rng.normal(size=(200, 1)) for _ in range(2))
    >>> rank, errors = analysis.choose_rank(training, held_out, n_delays=10, ranks=[1, 2, 4, 8])
    >>> rank, errors.round(2)
    (2, array([1.07, 0.03, 0.03, 0.03]))
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

    0 for dynamics that are the same in rotated coordinates; for normal operators, the least
    distance between their paired eigenvalues. The published package (dsa-metric) minimizes
    by gradient descent in torch; here every step C → polar factor of A C Bᵀ + Aᵀ C B + s C
    raises tr(Aᵀ C B Cᵀ), with s = 2 |A| |B| in spectral norms.

    Parameters
    ----------
    first, second : DelayModel or ndarray, shape (rank, rank)
        Two operators of the same rank; delay models must also have the same sampling interval.
    n_starts : int
        Number of random orthogonal C to start from, half of them reflections, because there are
        local minima. One more start is the map from eigenvectors of B to those of A.
    max_iterations : int
        Largest number of steps from each start.
    rng : numpy.random.Generator
        Source of the random starts.

    Returns
    -------
    float
        Frobenius norm of the difference, from 0.

    Raises
    ------
    ValueError
        If the operators are not square, differ in size, or are complex or not finite.

    References
    ----------
    Ostrow, Eisen, Kozachkov and Fiete (2023), NeurIPS 36, equation 5.

    Examples
    --------
    Rotations by 0.3 rad are the same in either direction; 0.3 and 0.5 rad differ.

    >>> def rotation(angle):
    ...     c, s = np.cos(angle), np.sin(angle)
    ...     return np.array([[c, -s], [s, c]])
    >>> rng = np.random.default_rng(0)
    >>> round(analysis.dynamical_distance(rotation(0.3), rotation(-0.3), rng=rng), 6)
    0.0
    >>> analysis.dynamical_distance(rotation(0.3), rotation(0.5), rng=rng)  # √8 sin(0.1)
    0.2824
    """
    a, b = (
        m.operator if isinstance(m, DelayModel) else real_array(m, "operator", n_axes=2)
        for m in (first, second)
    )
    if a.shape != b.shape or a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(
            f"The operators must be square, of one shape; got {a.shape} and {b.shape}."
        )
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

    It is the similarity of a perfect model to a mean over half of the repeats.

    Parameters
    ----------
    similarity : callable
        ``similarity(first, second)`` of two arrays of shape (m, n); returns a number.
    repeats : array_like, shape (n_repeats, m, n)
        At least 2 repeats of m conditions or times.
    n_splits : int
        Number of random splits into halves, at least 1.
    confidence : float
        Confidence of the interval, between 0 and 1. It covers the splits, not new repeats.
    rng : numpy.random.Generator
        Source of the splits.

    Returns
    -------
    Interval
        The value is the mean over splits.

    Raises
    ------
    ValueError
        If a number is out of range, or `repeats` does not have three axes and two repeats, is
        complex or not finite.

    Examples
    --------
    Ten noisy repeats of a circle:

    >>> phase = 2 * np.pi * np.arange(40) / 40
    >>> circle = np.c_[np.cos(phase), np.sin(phase)]
    >>> repeats = circle + 0.3 * np.random.default_rng(0).normal(size=(10, 40, 2))
    >>> ceiling = analysis.noise_ceiling(
    ...     analysis.linear_cka, repeats, rng=np.random.default_rng(1)
    ... )
    >>> print(ceiling.value.round(2))
    0.93
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
    """States less their mean, of unit norm."""
    largest = np.abs(states).max()
    centered = states - states.mean(axis=0)
    span = np.abs(centered).max()
    if not span > 1e-13 * largest:  # beyond round-off of the mean
        raise ValueError("The states do not vary: their shape is not defined.")
    centered = centered / span
    return centered / np.linalg.norm(centered)


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
        hint = f" For one unit, give {name}[:, None]." if states.ndim == 1 else ""
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
        raise ValueError("Give one or more trials, all with the same units.")
    return trials


def _delay_vectors(trial: np.ndarray, n_delays: int) -> np.ndarray:
    """Shape (n_times - n_delays + 1, n_delays * n), newest sample first."""
    n_rows = len(trial) - n_delays + 1
    return np.hstack([trial[k : k + n_rows] for k in reversed(range(n_delays))])
