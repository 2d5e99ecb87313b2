from itertools import permutations
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linear_sum_assignment

from isochron.analysis import delay_models
from isochron.analysis.delay_models import choose_rank, dynamical_distance, fit_delay_model
from isochron.analysis.similarity import (
    compare_cycles,
    distance_beyond_ellipse,
    ellipse_of,
    linear_cka,
    noise_ceiling,
    procrustes_distance,
)
from isochron.analysis.statistics import permuted, surrogate_test


def rotation(n, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# Angles near 0 are arc cosines near 1, accurate to √(1e-16) = 1e-8.
NO_ANGLE = 1e-7


def test_procrustes_ignores_rotation_shift_scale_and_padding():
    states = normal((30, 4))
    moved = 3 * states @ rotation(4) + [1, 2, 3, 4]
    assert procrustes_distance(states, moved) < NO_ANGLE
    assert procrustes_distance(np.c_[states, np.zeros((30, 2))], moved) < NO_ANGLE
    assert procrustes_distance(states, moved[::-1]) > 0.3


def test_procrustes_of_a_circle_and_an_ellipse():
    """Unit shapes diag(1, 1)/√2 and diag(a, b)/√(a² + b²): cos = (a + b)/√(2 (a² + b²))."""
    t = 2 * np.pi * np.arange(40) / 40
    circle, ellipse = (np.c_[a * np.cos(t), np.sin(t)] for a in (1.0, 3.0))
    assert procrustes_distance(circle, ellipse) == pytest.approx(np.arccos(4 / np.sqrt(20)))


def test_procrustes_is_a_metric():
    clouds = normal((20, 12, 3))
    for x, y, z in zip(clouds, clouds[1:], clouds[2:], strict=False):
        assert procrustes_distance(x, y) == pytest.approx(procrustes_distance(y, x))
        assert procrustes_distance(x, z) <= procrustes_distance(x, y) + procrustes_distance(y, z)


@pytest.mark.parametrize("debiased", [True, False])
def test_alignment_ignores_rotation_and_scale(debiased):
    states = normal((30, 4))
    moved = 3 * states @ rotation(4) + 1.0
    assert linear_cka(states, moved, debiased=debiased) == pytest.approx(1.0)
    assert linear_cka(states, states * [1, 5, 1, 1], debiased=debiased) < 0.9


def test_the_unbiased_alignment_is_the_u_statistic():
    """Average of K_ij (L_ij + L_kl - 2 L_ik) over all quadruples of distinct indices."""
    x, y = normal((7, 3), 1), normal((7, 2), 2)

    def hsic(k, other):
        terms = [
            k[i, j] * (other[i, j] + other[u, v] - 2 * other[i, u])
            for i, j, u, v in permutations(range(7), 4)
        ]
        return np.mean(terms)

    k, other = x @ x.T, y @ y.T
    expected = hsic(k, other) / np.sqrt(hsic(k, k) * hsic(other, other))
    assert linear_cka(x, y) == pytest.approx(expected)


def test_the_biased_alignment_of_centered_states_is_the_closed_form():
    """|XᵀY|² / (|XᵀX| |YᵀY|), Kornblith et al. (2019), for centered columns."""
    x, y = (states - states.mean(axis=0) for states in (normal((9, 3), 1), normal((9, 4), 2)))
    expected = np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
    assert linear_cka(x, y, debiased=False) == pytest.approx(expected)


def test_unrelated_states_have_no_unbiased_alignment():
    pairs = [(normal((20, 60), s), normal((20, 60), 500 + s)) for s in range(100)]
    found = [linear_cka(x, y) for x, y in pairs]
    assert abs(np.mean(found)) < 4 * np.std(found) / 10
    assert np.mean([linear_cka(x, y, debiased=False) for x, y in pairs]) > 0.5


def test_permutation_p_values_of_alignment_are_uniform_and_find_a_relation():
    rng = np.random.default_rng(0)
    p_values = []
    for seed in range(200):
        x, y = normal((15, 3), seed), normal((15, 3), 1000 + seed)
        test = surrogate_test(
            lambda z, x=x: linear_cka(x, z), y, permuted, n_surrogates=19, rng=rng
        )
        p_values.append(test.p_value)
    counts = np.bincount(np.round(np.array(p_values) * 20).astype(int) - 1, minlength=20)
    assert stats.chisquare(counts).pvalue > 0.01
    related = normal((15, 3)) + 0.3 * normal((15, 3), 1)
    found = surrogate_test(
        lambda z: linear_cka(normal((15, 3)), z), related, permuted, n_surrogates=99, rng=rng
    )
    assert found.p_value == pytest.approx(0.01)


def cycle(m, offset=0.0, second=0.5):
    t = 2 * np.pi * (np.arange(m) / m + offset)
    return np.c_[np.cos(t), np.sin(t), second * np.cos(2 * t)]


def lopsided(m, offset=0.0):
    """A cycle that is not a rotation of itself at any shift."""
    t = 2 * np.pi * (np.arange(m) / m + offset)
    return cycle(m, offset) + 0.2 * np.sin(3 * t)[:, None] * [0, 0, 1]


@pytest.mark.parametrize("m", [64, 65])
def test_cycles_are_compared_up_to_shift_rotation_and_sampling(m):
    other = 2 * lopsided(m, offset=0.3217) @ rotation(3) + 1.0
    found = compare_cycles(lopsided(40), np.c_[other, np.zeros(m)])
    assert found.distance < NO_ANGLE
    assert found.shift == pytest.approx(1 - 0.3217, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_equal_cycles_in_other_coordinates_have_no_distance(seed):
    """Up to 6 harmonics in 5 units, rotated or reflected, scaled, moved, shifted in time between
    samples and sampled less often: an angle below 1e-6, from a shift accurate to √(1e-16).
    """
    rng = np.random.default_rng(seed)
    amplitudes = (rng.normal(size=(6, 2, 5)) / np.arange(1, 7)[:, None, None]).reshape(12, 5)

    def at(phases):
        waves = [f(k * phases) for k in range(1, 7) for f in (np.cos, np.sin)]
        return np.array(waves).T @ amplitudes

    shift = rng.random()
    one = at(2 * np.pi * np.arange(97) / 97)
    other = at(2 * np.pi * (np.arange(41) / 41 - shift))
    turn = np.linalg.qr(rng.normal(size=(7, 5)))[0].T
    turn[:, 0] *= [1, -1][seed % 2]
    found = compare_cycles(one, rng.uniform(0.1, 9) * other @ turn + rng.normal(size=7))
    assert found.distance < 1e-6
    assert found.shift == pytest.approx(shift, abs=1e-7)


def test_an_ellipse_has_the_two_largest_variances():
    states = lopsided(80) @ rotation(3, 4) + 5.0
    ellipse = ellipse_of(states, n_phases=30)
    variances = np.linalg.eigvalsh(np.cov(states.T, bias=True))[::-1]
    np.testing.assert_allclose(np.cov(ellipse.T, bias=True), np.diag(variances[:2]), atol=1e-12)
    closed = np.r_[states, states[:1]]
    np.testing.assert_allclose(ellipse_of(closed, n_phases=30), ellipse)
    # A point of an ellipse: (x/a)² + (y/b)² = 1.
    np.testing.assert_allclose(np.sum((ellipse / ellipse.max(axis=0)) ** 2, axis=1), 1, atol=0.02)


def test_only_harmonics_make_a_cycle_more_similar_than_its_ellipse():
    """An ellipse gains nothing, a cycle with the harmonics of the target does, one with other
    harmonics loses.
    """
    target = lopsided(60)
    t = 2 * np.pi * np.arange(50) / 50
    ellipse = np.c_[2 * np.cos(t), np.sin(t)] @ rotation(2)
    assert abs(distance_beyond_ellipse(ellipse, target)) < NO_ANGLE
    assert distance_beyond_ellipse(lopsided(50, 0.2) @ rotation(3), target) < -0.2
    other = np.c_[np.cos(t), np.sin(t), 0.5 * np.cos(5 * t)]
    assert distance_beyond_ellipse(other, target) > 0.05


def test_the_distance_of_cycles_grows_with_their_harmonic():
    """cos = Σ of singular values: (1 + ab)/√((1 + a²)(1 + b²)) with a, b the size of the second.

    The circle has size √2 · 1/√2 = 1 in root mean square, the harmonic a/√2.
    """
    for a, b in ((0.5, 0.8), (0.5, 2.0)):
        found = compare_cycles(cycle(32, second=a), cycle(32, second=b))
        u, v = a / np.sqrt(2), b / np.sqrt(2)
        expected = np.arccos((1 + u * v) / np.sqrt((1 + u**2) * (1 + v**2)))
        assert found.distance == pytest.approx(expected, abs=1e-7)


def turning(angle, n=400, start=0.0):
    t = angle * np.arange(n) + start
    return np.c_[np.cos(t), np.sin(t)]


def test_rotations_differ_by_the_distance_of_their_eigenvalues():
    """|R(α) - R(β)| = 2√2 |sin((α - β)/2)|: monotone in the difference of frequency."""
    models = {w: fit_delay_model(turning(w), n_delays=1, rank=2) for w in (0.3, 0.35, 0.5, 0.9)}
    for w, model in models.items():
        found = dynamical_distance(models[0.3], model, rng=np.random.default_rng(0))
        truth = 2 * np.sqrt(2) * abs(np.sin((w - 0.3) / 2))
        # 400 samples are not a whole number of turns, so the covariance is round to 1 in 400.
        assert found == pytest.approx(truth, abs=5e-3)


def test_conjugate_dynamics_have_no_distance():
    """Observed through an invertible linear readout, later in time, and with more units."""
    a, b = turning(0.3), turning(0.3, start=2.0)
    mixed = b @ np.array([[1.0, 0.8, 0.2], [0.0, 0.5, -1.0]]) + 3.0
    models = [fit_delay_model(x, n_delays=5, rank=2) for x in (a, mixed)]
    assert dynamical_distance(*models, rng=np.random.default_rng(0)) < 0.01
    different = fit_delay_model(turning(0.5), n_delays=5, rank=2)
    assert dynamical_distance(models[0], different, rng=np.random.default_rng(0)) > 0.2


def test_normal_operators_differ_by_their_best_paired_eigenvalues():
    """Hoffman and Wielandt (1953), attained for normal matrices."""

    def operator(pairs, seed):
        blocks = np.zeros((2 * len(pairs), 2 * len(pairs)))
        for k, (size, angle) in enumerate(pairs):
            c, s = size * np.cos(angle), size * np.sin(angle)
            blocks[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[c, -s], [s, c]]
        q = rotation(len(blocks), seed)
        return q @ blocks @ q.T

    a = operator([(0.9, 0.2), (0.8, 1.0), (0.5, 2.0)], 1)
    b = operator([(0.6, 1.9), (0.95, 0.3), (0.7, 1.2)], 2)
    cost = np.abs(np.linalg.eigvals(a)[:, None] - np.linalg.eigvals(b)) ** 2
    truth = np.sqrt(cost[linear_sum_assignment(cost)].sum())
    rng = np.random.default_rng(0)
    assert dynamical_distance(a, b, n_starts=16, rng=rng) == pytest.approx(truth, abs=1e-4)
    assert dynamical_distance(a, operator([(0.9, 0.2), (0.8, 1.0), (0.5, 2.0)], 3), rng=rng) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_an_operator_that_is_not_normal_is_found_in_rotated_coordinates(seed):
    operator = normal((6, 6), seed) / 3
    q = rotation(6, seed + 10)
    rng = np.random.default_rng(0)
    assert dynamical_distance(operator, q @ operator @ q.T, n_starts=20, rng=rng) < 0.01
    assert dynamical_distance(operator, q @ operator.T @ q.T * 0.8, rng=rng) > 0.1


def test_the_rank_is_chosen_by_what_it_predicts():
    """Two rhythms in noise need rank 4; a higher rank fits the noise of the training part."""
    rng = np.random.default_rng(0)
    t = np.arange(1200)
    clean = np.c_[np.cos(0.2 * t) + np.cos(0.53 * t + 1)]
    series = clean + 0.05 * rng.normal(size=clean.shape)
    rank, errors = choose_rank(series[:600], series[600:], n_delays=20, ranks=[1, 2, 3, 4, 16])
    assert rank == 4
    assert errors[3] < 0.02 < 0.1 < errors[1]


def test_the_noise_ceiling_of_a_known_signal():
    """Correlation of two half means: 1 / (1 + noise variance / (R/2)) for a unit signal."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(4000, 1))
    repeats = signal + 2.0 * rng.normal(size=(10, 4000, 1))
    found = noise_ceiling(
        lambda x, y: np.corrcoef(x.ravel(), y.ravel())[0, 1], repeats, n_splits=30, rng=rng
    )
    assert found.value == pytest.approx(1 / (1 + 4 / 5), abs=0.03)
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: procrustes_distance(np.ones((5, 2)), normal((5, 2))), "do not vary"),
        (lambda: procrustes_distance(normal((4, 2)), normal((5, 2))), "same conditions"),
        (lambda: linear_cka(normal((3, 2)), normal((3, 2))), "m >= 4"),
        (lambda: linear_cka(np.ones((5, 2)), normal((5, 2))), "do not vary"),
        (lambda: compare_cycles(np.ones((8, 2)), cycle(8)), "do not vary"),
        (lambda: ellipse_of(normal((9, 1))), "2 or more units"),
        (lambda: ellipse_of(cycle(9), n_phases=3), "n_phases.*got 3"),
        (lambda: ellipse_of(np.ones((9, 2))), "do not vary"),
        (lambda: fit_delay_model(turning(0.3), n_delays=0, rank=1), "n_delays"),
        (lambda: fit_delay_model(turning(0.3), n_delays=3, rank=7), "independent delay"),
        (
            lambda: dynamical_distance(np.eye(2), np.eye(3), rng=np.random.default_rng(0)),
            "square, of one shape",
        ),
        (lambda: noise_ceiling(np.vdot, normal((1, 4, 2)), rng=np.random.default_rng(0)), ">= 2"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def mixed_waves(n, units=3):
    phase = 2 * np.pi * np.arange(n) / n
    mix = np.random.default_rng(0).normal(size=(4, units))
    waves = [np.cos(phase), np.sin(phase), np.cos(2 * phase + 1), np.sin(3 * phase)]
    return np.stack(waves, axis=1) @ mix


def test_a_repeated_end_does_not_count_as_a_state():
    states = mixed_waves(40)
    closed = np.append(states, states[:1], axis=0)
    found = compare_cycles(closed, np.roll(states, 10, axis=0))
    assert found.distance < 1e-7
    assert found.shift == pytest.approx(0.25, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e150])
@pytest.mark.parametrize("compare", [procrustes_distance, linear_cka])
def test_the_unit_of_the_states_does_not_matter(compare, scale):
    x, y = np.random.default_rng(1).normal(size=(2, 12, 3))
    assert compare(scale * x, y) == pytest.approx(compare(x, y), rel=1e-9)


def test_a_constant_unit_does_not_matter():
    x, y = np.random.default_rng(1).normal(size=(2, 12, 3))
    wider = np.column_stack([x, np.full(12, 7.0)])
    assert procrustes_distance(wider, y) == pytest.approx(procrustes_distance(x, y))
    assert linear_cka(wider, y) == pytest.approx(linear_cka(x, y))


BAD_STATES = [
    (lambda x: x[:, 0], r"first\[:, None\]"),
    (lambda x: 1j * x, "complex"),
    (lambda x: np.where(x > 1, np.nan, x), "must be finite"),
    (lambda x: np.ones_like(x) / 3, "do not vary"),
    (lambda x: x[None], "rows .* first"),
    (lambda x: x[:, :0], "must have shape"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_STATES)
@pytest.mark.parametrize("compare", [procrustes_distance, linear_cka, compare_cycles])
def test_bad_states_are_refused(compare, spoil, message):
    x, y = np.random.default_rng(1).normal(size=(2, 12, 3))
    with pytest.raises(ValueError, match=message):
        compare(spoil(x), y)


@pytest.mark.parametrize("compare", [procrustes_distance, linear_cka])
def test_labels_are_not_ignored(compare):
    import xarray as xr

    x, y = np.random.default_rng(1).normal(size=(2, 5, 5))
    names = list("abcde")
    first = xr.DataArray(x, dims=("condition", "neuron"), coords={"condition": names})
    assert compare(first, xr.DataArray(y, dims=("condition", "unit"))) == compare(x, y)
    with pytest.raises(ValueError, match="Transpose"):
        compare(first, xr.DataArray(y, dims=("unit", "condition")))
    reordered = xr.DataArray(y, dims=("condition", "unit"), coords={"condition": names[::-1]})
    with pytest.raises(ValueError, match="different order"):
        compare(first, reordered)
    with pytest.raises(ValueError, match="time must be first"):
        compare(x, xr.DataArray(y, dims=("neuron", "time")))


def test_trials_in_every_shape():
    """One trial, an array or list of trials, a list of rows; none is transposed."""
    rng = np.random.default_rng(0)
    trials = np.cumsum(rng.normal(size=(3, 50, 2)), axis=1)
    options: Any = {"n_delays": 3, "rank": 4}
    one = fit_delay_model(trials[0], **options).operator
    np.testing.assert_allclose(fit_delay_model(trials[0].tolist(), **options).operator, one)
    np.testing.assert_allclose(fit_delay_model([trials[0]], **options).operator, one)
    every = fit_delay_model(trials, **options)
    np.testing.assert_allclose(fit_delay_model(list(trials), **options).operator, every.operator)
    with pytest.raises(ValueError, match="same columns"):
        fit_delay_model([trials[0], trials[1][:, :1]], **options)
    with pytest.raises(ValueError, match="must have 2 columns and more than 3 times"):
        every.held_out_error(trials[0][:, :1])
    with pytest.raises(ValueError, match="variance is 0"):
        every.held_out_error(np.tile(every.mean, (9, 1)))
    with pytest.raises(ValueError, match="ranks is empty"):
        choose_rank(trials, trials, n_delays=3, ranks=[])


@pytest.mark.parametrize("n", [4, 8])
def test_the_highest_harmonic_of_an_even_number_of_samples_counts_once(n):
    """cos φ + b (-1)^k against cos φ + c (-1)^k: a cosine of (1/2 + b c) over the two norms."""
    phase, alternating = 2 * np.pi * np.arange(n) / n, (-1.0) ** np.arange(n)
    b, c = 1.0, 0.3
    first, second = (np.cos(phase) + a * alternating for a in (b, c))
    found = compare_cycles(first[:, None], second[:, None])
    truth = np.arccos((0.5 + b * c) / np.sqrt((0.5 + b**2) * (0.5 + c**2)))
    assert found.distance == pytest.approx(truth, abs=1e-6)


def test_the_lowest_rank_within_a_hundredth_of_the_best_is_chosen(monkeypatch):
    errors = {1: 0.14, 2: 0.1009, 3: 0.1, 4: 0.1005, 5: 0.102}

    class Fitted:
        def __init__(self, rank):
            self.rank = rank

        def held_out_error(self, series):
            return errors[self.rank]

    monkeypatch.setattr(
        delay_models, "fit_delay_model", lambda series, n_delays, rank: Fitted(rank)
    )
    series = np.zeros((9, 2))
    chosen, found = choose_rank(series, series, n_delays=1, ranks=[5, 4, 3, 2, 1])
    assert chosen == 2
    assert found.tolist() == [errors[rank] for rank in (5, 4, 3, 2, 1)]


def test_delay_coordinates_have_unit_covariance_about_the_mean_of_all_trials():
    rng = np.random.default_rng(0)
    trials = [rng.normal(size=(n, 2)) + shift for n, shift in ((40, 0.0), (90, 3.0))]
    model = fit_delay_model(trials, n_delays=3, rank=4)
    mean = np.concatenate(trials).mean(axis=0)
    np.testing.assert_allclose(model.mean, mean)
    rows = [np.hstack([trial[2 - k : len(trial) - k] - mean for k in range(3)]) for trial in trials]
    coordinates = np.concatenate(rows) @ model.basis
    second_moment = coordinates.T @ coordinates / len(coordinates)
    np.testing.assert_allclose(second_moment, np.eye(4), atol=1e-10)


def test_the_interval_of_a_ceiling_holds_what_it_says():
    """Splits with uniform similarities: a confidence of 0.5 reaches from 1/4 to 3/4."""
    values = iter(np.random.default_rng(0).permutation(np.linspace(0, 1, 401)))
    found = noise_ceiling(
        lambda x, y: next(values),
        np.zeros((4, 5, 2)),
        n_splits=401,
        confidence=0.5,
        rng=np.random.default_rng(0),
    )
    np.testing.assert_allclose([found.low, found.value, found.high], [0.25, 0.5, 0.75])
