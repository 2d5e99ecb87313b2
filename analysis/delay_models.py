"""Similarity in dynamics: linear models in delay coordinates, of systems with or without inputs.

A driven system x[t+1] = f(x[t], u[t]) is compared by what it does to a state *and* to its input
u: without the input, a model attributes the rhythm of the input to the system.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from isochron.analysis.arrays import real_array
from isochron.analysis.results import short_repr
from isochron.analysis.similarity import checked_states
from isochron.arguments import require_rng, what_it_is

Series = Sequence[np.ndarray] | np.ndarray


@short_repr
@dataclass(frozen=True, kw_only=True)
class DelayModel:
    """Linear dynamics of a series in delay coordinates: z[t+1] = operator z[t].

    With an input u, z[t+1] = operator z[t] + input_operator v[t] + offset, where v[t] are the
    inputs u[t], u[t-1], ... , newest first.

    Attributes
    ----------
    operator : ndarray, shape (rank, rank)
        Step from one sample to the next, in the coordinates.
    basis : ndarray, shape (n_delays * n, rank)
        Map from a centered delay vector, newest sample first, to coordinates: of unit covariance,
        or orthonormal if the model was fitted with ``whiten=False``.
    readout : ndarray, shape (rank, n)
        Map from coordinates to the newest centered sample, by least squares.
    mean : ndarray, shape (n,)
        Mean of the series, in its unit.
    n_delays : int
        Number of samples in a delay vector.
    input_operator : ndarray, shape (rank, n_input_delays * n_inputs), or None
        Effect of the inputs on the coordinates, per unit of input; None without inputs.
    n_input_delays : int
        Number of samples of each input in the regression; 0 without inputs.
    offset : ndarray, shape (rank,), or None
        Constant of the regression on states and inputs; None without inputs.

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
    input_operator: np.ndarray | None = None
    n_input_delays: int = 0
    offset: np.ndarray | None = None

    def held_out_error(self, series: Series, inputs: Series | None = None) -> float:
        """Variance of the error of one-step predictions, relative to that of the series.

        Parameters
        ----------
        series : ndarray, shape (n_times, n) or (n_trials, n_times, n), or a sequence of the former
            Data that was not used in the fit, in the same unit and at the same interval.
        inputs : ndarray or sequence, shapes as of `series` with n_inputs columns, or None
            Their inputs, if the model has inputs.

        Returns
        -------
        float
            0 for perfect predictions; 1 for those of the mean of the fitted series.

        Raises
        ------
        ValueError
            If a trial or its inputs do not fit the model, are too short, complex or not finite,
            or the series does not differ from the mean.
        """
        error = total = 0.0
        trials = _trials(series)
        for trial, driven_by in zip(trials, self._inputs_of(trials, inputs), strict=True):
            if trial.shape[1] != self.mean.size or len(trial) <= self.n_delays:
                raise ValueError(
                    f"A trial must have {self.mean.size} columns and more than {self.n_delays} "
                    f"times, as the model was fitted to; got shape {trial.shape}."
                )
            delayed = _delay_vectors(trial - self.mean, self.n_delays)
            ahead = delayed[:-1] @ self.basis @ self.operator.T
            if driven_by is not None and self.input_operator is not None:
                recent = _recent_inputs(driven_by, self.n_delays, self.n_input_delays)
                ahead += recent @ self.input_operator.T
                ahead += self.offset
            predicted = ahead @ self.readout
            truth = trial[self.n_delays :] - self.mean
            error += float(np.sum((predicted - truth) ** 2))
            total += float(np.sum(truth**2))
        if not total > 0:
            raise ValueError("The series does not differ from the mean: its variance is 0.")
        return error / total

    def _inputs_of(
        self, trials: list[np.ndarray], inputs: Series | None
    ) -> Sequence[np.ndarray | None]:
        if (self.input_operator is None) != (inputs is None):
            has = "does not have" if self.input_operator is None else "has"
            raise ValueError(f"The model {has} inputs: give `inputs` exactly if it has them.")
        if inputs is None or self.input_operator is None:
            return [None] * len(trials)
        driven_by = _matching_inputs(inputs, trials)
        n_inputs = self.input_operator.shape[1] // self.n_input_delays
        if driven_by[0].shape[1] != n_inputs:
            raise ValueError(
                f"inputs must have {n_inputs} columns, as the model was fitted to; got "
                f"{driven_by[0].shape[1]}."
            )
        return driven_by


def fit_delay_model(
    series: Series,
    *,
    n_delays: int,
    rank: int,
    inputs: Series | None = None,
    n_input_delays: int = 1,
    whiten: bool = True,
) -> DelayModel:
    """Dynamic mode decomposition of delay vectors, reduced to their principal components.

    With inputs it is dynamic mode decomposition with control: one regression of the next
    coordinates on the coordinates, the inputs and a constant.

    Parameters
    ----------
    series : ndarray, shape (n_times, n) or (n_trials, n_times, n), or a sequence of the former
        Evenly sampled; trials may differ in length.
    n_delays : int
        Samples in a delay vector, from 1 to two less than those of the shortest trial.
    rank : int
        Number of principal components, at most n_delays * n.
    inputs : ndarray, shape (n_times, n_inputs) or (n_trials, n_times, n_inputs), sequence, or None
        Input at every sample, of which ``inputs[t]`` acts between sample t and t + 1. They must
        not be determined by the states, as constant inputs, or one sinusoid in a linear system,
        are: then the regression is not unique.
    n_input_delays : int
        Number of samples of the input in the regression, from 1 to `n_delays`: more than 1 if
        delays replace units that were not observed.
    whiten : bool
        Whether coordinates have unit covariance. True makes models independent of the units of
        the series and equal, up to a rotation, for systems that differ by an invertible linear
        map, if they receive the same input. False keeps the unit of the series: then models of one
        system are equal up to a rotation whatever its input, if `rank` is that of all components.

    Returns
    -------
    DelayModel
        Its eigenvalues are those of `operator`, per sample.

    Raises
    ------
    ValueError
        If the series is too short, complex or not finite, or has fewer independent components
        than `rank`; if the inputs do not fit the series, or are determined by the states.

    References
    ----------
    Ostrow, Eisen, Kozachkov and Fiete (2023), NeurIPS 36, section 3; Brunton et al. (2017),
    Nature Communications 8:19. With inputs: Proctor, Brunton and Kutz (2016), SIAM Journal on
    Applied Dynamical Systems 15:142.

    Examples
    --------
    A sinusoid that decays by 1 % per sample; the eigenvalue 1 is its offset from the mean:

    >>> times = np.arange(200)
    >>> series = (0.99**times * np.cos(0.3 * times))[:, None]
    >>> model = analysis.fit_delay_model(series, n_delays=3, rank=3)
    >>> eigenvalues = np.linalg.eigvals(model.operator)
    >>> np.sort(np.abs(eigenvalues)).round(3)
    array([0.99, 0.99, 1.  ])

    x[t+1] = 0.5 x[t] + u[t] with a slow input: without the input the decay looks as slow.

    >>> inputs = np.cos(0.1 * times)[:, None] + np.random.default_rng(0).normal(size=(200, 1)) / 9
    >>> states = np.zeros((200, 1))
    >>> for t in range(199):
    ...     states[t + 1] = 0.5 * states[t] + inputs[t]
    >>> alone = analysis.fit_delay_model(states, n_delays=1, rank=1)
    >>> driven = analysis.fit_delay_model(states, n_delays=1, rank=1, inputs=inputs)
    >>> round(alone.operator.item(), 1), round(driven.operator.item(), 6)
    (1.0, 0.5)
    """
    trials = _trials(series)
    if n_delays < 1 or min(len(trial) for trial in trials) < n_delays + 2:
        raise ValueError(
            f"n_delays must be from 1 to two less than the samples of a trial, got {n_delays!r}."
        )
    mean = np.concatenate(trials).mean(axis=0)
    delayed = [_delay_vectors(trial - mean, n_delays) for trial in trials]
    joined = np.concatenate(delayed)
    basis = _principal_basis(joined, rank, whiten)
    before = np.concatenate([vectors[:-1] for vectors in delayed]) @ basis
    after = np.concatenate([vectors[1:] for vectors in delayed]) @ basis
    operators = (
        {"operator": np.linalg.lstsq(before, after)[0].T}
        if inputs is None
        else _driven(before, after, trials, inputs, n_delays, n_input_delays)
    )
    return DelayModel(
        **operators,
        basis=basis,
        readout=np.linalg.lstsq(joined @ basis, joined[:, : mean.size])[0],
        mean=mean,
        n_delays=n_delays,
        n_input_delays=0 if inputs is None else n_input_delays,
    )


def _principal_basis(joined: np.ndarray, rank: int, whiten: bool) -> np.ndarray:
    _, singular, right = np.linalg.svd(joined, full_matrices=False)
    n_components = int(np.sum(singular > 1e-10 * singular[0])) if singular[0] > 0 else 0
    if not 1 <= rank <= n_components:
        raise ValueError(
            f"rank must be from 1 to the {n_components} independent delay components, got {rank!r}."
        )
    basis = right[:rank].T
    return basis / singular[:rank] * math.sqrt(len(joined)) if whiten else basis


def _driven(
    before: np.ndarray,
    after: np.ndarray,
    trials: list[np.ndarray],
    inputs: Series,
    n_delays: int,
    n_input_delays: int,
) -> dict[str, np.ndarray]:
    """Operator, input operator and offset, by one regression."""
    if not 1 <= n_input_delays <= n_delays:
        raise ValueError(
            f"n_input_delays must be from 1 to n_delays = {n_delays}, got {n_input_delays!r}."
        )
    driven_by = _matching_inputs(inputs, trials)
    recent = np.concatenate([_recent_inputs(u, n_delays, n_input_delays) for u in driven_by])
    spread = recent.std(axis=0)
    if not np.all(spread > 0):
        raise ValueError(
            "An input is constant, so its effect cannot be told from the offset. Remove it."
        )
    scale = np.concatenate([np.sqrt(np.mean(before**2, axis=0)), spread])
    regressors = np.column_stack([np.hstack([before, recent]) / scale, np.ones(len(before))])
    solution, _, independent, _ = np.linalg.lstsq(regressors, after, rcond=1e-10)
    if independent < regressors.shape[1]:
        raise ValueError(
            "The inputs are determined by the states (or by each other), so their effects cannot "
            "be separated. Use inputs that vary independently, such as several trials with "
            "different ones, or a lower rank."
        )
    rank = before.shape[1]
    solution[:-1] /= scale[:, None]
    return {
        "operator": solution[:rank].T,
        "input_operator": solution[rank:-1].T,
        "offset": solution[-1],
    }


def choose_rank(
    training: Series,
    held_out: Series,
    *,
    n_delays: int,
    ranks: Sequence[int],
    inputs: tuple[Series, Series] | None = None,
    n_input_delays: int = 1,
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
    inputs : tuple of two ndarrays, shapes (n_times, n_inputs), or of two sequences, or None
        Inputs of the training and of the held-out series, as in `fit_delay_model`.
    n_input_delays : int
        As in `fit_delay_model`.

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
    if not isinstance(ranks, Sequence | np.ndarray) or not np.ndim(ranks):
        raise TypeError(f"ranks must be a list of whole numbers, got {what_it_is(ranks)}.")
    if not len(ranks):
        raise ValueError("ranks is empty; give one or more ranks to choose from.")
    options, other = {}, ()
    if inputs is not None:
        options, other = {"inputs": inputs[0], "n_input_delays": n_input_delays}, (inputs[1],)
    errors = np.array(
        [
            fit_delay_model(training, n_delays=n_delays, rank=rank, **options).held_out_error(
                held_out, *other
            )
            for rank in ranks
        ]
    )
    good = [rank for rank, error in zip(ranks, errors, strict=True) if error <= 1.01 * errors.min()]
    return min(good), errors


def dynamical_distance(
    first: DelayModel | np.ndarray | tuple[np.ndarray, np.ndarray],
    second: DelayModel | np.ndarray | tuple[np.ndarray, np.ndarray],
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

    For systems with inputs, x[t+1] = A x[t] + F u[t] and B, G, it is the least root of
    |A - C B Cᵀ|² + |F - C G|²: one change of coordinates has to fit the dynamics and the effect of
    the input. Inputs are not rotated: they are the same quantities for both systems. The
    published package aligns the controllability matrices [F, A F, ...] instead (InputDSA).

    Parameters
    ----------
    first, second : DelayModel, ndarray, shape (rank, rank), or tuple of two ndarrays
        Two operators of the same rank, or two pairs of an operator and an input operator, shape
        (rank, n_inputs); delay models must also have the same sampling interval.
    n_starts : int
        Number of random orthogonal C to start from, half of them reflections, because there are
        local minima. One more start is the map from eigenvectors of B to those of A, and with
        inputs one is the best map between controllability matrices.
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
        If the operators are not square, differ in size, or are complex or not finite; or if
        only one of the systems has inputs, or their numbers differ.

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

    An input that acts along the slow or along the fast axis:

    >>> decay = np.diag([0.9, 0.5])
    >>> slow, fast = np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]])
    >>> analysis.dynamical_distance((decay, slow), (decay, fast), rng=rng)  # C = swap: 0.4 √2
    0.5657
    """
    require_rng(rng)
    (a, f), (b, g) = _operators(first), _operators(second)
    if a.shape != b.shape or a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(
            f"The operators must be square, of one shape; got {a.shape} and {b.shape}."
        )
    if f.shape != g.shape or f.shape[0] != len(a):
        raise ValueError(
            f"Both systems need the same inputs, or none: input operators of shape ({len(a)}, "
            f"n_inputs), got {f.shape} and {g.shape}."
        )
    starts = [_pairing(a, b)]
    if f.size:
        starts.append(_polar(_controllability(a, f) @ _controllability(b, g).T))
    starts += [_random_orthogonal(len(a), k % 2 == 1, rng) for k in range(n_starts)]
    return min(_descend((a, f), (b, g), start, max_iterations) for start in starts)


def _operators(
    system: DelayModel | np.ndarray | tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Operator, and input operator (without columns if there are no inputs)."""
    if isinstance(system, DelayModel):
        operator, inputs = system.operator, system.input_operator
    elif isinstance(system, tuple):
        operator, inputs = (real_array(part, "operator", n_axes=2) for part in system)
    else:
        operator, inputs = real_array(system, "operator", n_axes=2), None
    return operator, np.zeros((len(operator), 0)) if inputs is None else inputs


def _descend(
    first: tuple[np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray],
    c: np.ndarray,
    max_iterations: int,
) -> float:
    (a, f), (b, g) = first, second
    shift = 2 * np.linalg.norm(a, 2) * np.linalg.norm(b, 2)
    effect = f @ g.T
    last = gap = _gap(first, second, c)
    for _ in range(max_iterations):
        c = _polar(a @ c @ b.T + a.T @ c @ b + shift * c + effect)
        gap = _gap(first, second, c)
        if last - gap <= 1e-10 * last:
            break
        last = gap
    return gap


def _gap(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], c: np.ndarray
) -> float:
    (a, f), (b, g) = first, second
    return float(np.hypot(np.linalg.norm(a - c @ b @ c.T), np.linalg.norm(f - c @ g)))


def _polar(matrix: np.ndarray) -> np.ndarray:
    """Orthogonal factor: the rotation or reflection nearest to a matrix."""
    left, _, right = np.linalg.svd(matrix)
    return left @ right


def _controllability(operator: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Effects of the inputs after 0, 1, ... steps, for the operator of unit norm."""
    scaled = operator / max(float(np.linalg.norm(operator, 2)), 1e-300)
    parts = [inputs]
    for _ in range(len(operator) - 1):
        parts.append(scaled @ parts[-1])
    return np.hstack(parts)


def _pairing(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Orthogonal C near the map between eigenvectors of nearest eigenvalues: exact if normal."""
    (values_a, vectors_a), (values_b, vectors_b) = np.linalg.eig(a), np.linalg.eig(b)
    cost = np.abs(values_a[:, None] - values_b) ** 2
    rows, columns = linear_sum_assignment(cost)
    return _polar(np.real(vectors_a[:, rows] @ np.conj(vectors_b[:, columns]).T))


def _random_orthogonal(n: int, reflect: bool, rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    q = q * np.sign(np.diag(r))
    if (np.linalg.det(q) < 0) != reflect:
        q[:, 0] *= -1
    return q


def _trials(series: Series, name: str = "series") -> list[np.ndarray]:
    n_axes = getattr(series, "ndim", None)
    if n_axes is None and not isinstance(series, Sequence):
        raise TypeError(f"{name} must be an array or a list of arrays, got {what_it_is(series)}.")
    each: Sequence[ArrayLike] = list(series) if n_axes is None else [series]
    if n_axes == 3:
        each = list(real_array(series, name, time_axis=1))
    elif n_axes is None and each and np.ndim(each[0]) == 1:  # a list of rows
        each = [series]
    trials = [checked_states(trial, 3, name) for trial in each]
    if len({trial.shape[1] for trial in trials}) != 1:
        raise ValueError(f"{name} must be one or more trials, all with the same columns.")
    return trials


def _delay_vectors(trial: np.ndarray, n_delays: int) -> np.ndarray:
    """Shape (n_times - n_delays + 1, n_delays * n), newest sample first."""
    n_rows = len(trial) - n_delays + 1
    return np.hstack([trial[k : k + n_rows] for k in reversed(range(n_delays))])


def _matching_inputs(inputs: Series, trials: list[np.ndarray]) -> list[np.ndarray]:
    driven_by = _trials(inputs, "inputs")
    lengths = [[len(trial) for trial in each] for each in (driven_by, trials)]
    if lengths[0] != lengths[1]:
        raise ValueError(
            f"inputs must have the trials and times of series, got trials of {lengths[0]} times "
            f"for series of {lengths[1]}."
        )
    return driven_by


def _recent_inputs(inputs: np.ndarray, n_delays: int, n_input_delays: int) -> np.ndarray:
    """Inputs during the step after each delay vector but the last, and before it; newest first."""
    last = len(inputs) - 1
    return np.hstack([inputs[n_delays - 1 - k : last - k] for k in range(n_input_delays)])
