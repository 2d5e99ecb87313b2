import numpy as np
import pytest
from scipy import stats

from isochron.analysis.locking import phase_locking_value
from isochron.analysis.statistics import (
    amplitude_adjusted,
    block_bootstrap,
    cyclic_shift,
    permuted,
    phase_randomized,
    rayleigh_test,
    surrogate_test,
)


def red_noise(rng, n, memory=0.9):
    """First-order autoregression of unit variance, stationary from the first sample."""
    steps = np.sqrt(1 - memory**2) * rng.normal(size=n)
    steps[0] = rng.normal()
    for k in range(1, n):
        steps[k] += memory * steps[k - 1]
    return steps


def wandering_phase(rng, n):
    return 0.7 * np.arange(n) + 0.3 * np.cumsum(rng.normal(size=n))


def uniform(p_values, levels):
    """p of a chi² test that p-values are uniform on 1/levels, 2/levels, ... 1."""
    bins = np.round(np.asarray(p_values) * levels).astype(int) - 1
    return stats.chisquare(np.bincount(bins, minlength=levels)).pvalue


def test_rayleigh_p_values_are_uniform_for_uniform_phases():
    rng = np.random.default_rng(0)
    p = [rayleigh_test(rng.uniform(0, 2 * np.pi, 25)).p_value for _ in range(3000)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_rayleigh_against_the_exact_probability():
    """The length R of n unit steps exceeds r with P = 1 - r ∫ J0(t)ⁿ J1(r t) dt (Kluyver)."""
    from scipy.integrate import quad
    from scipy.special import j0, j1

    n, r = 12, 6.0
    exact = 1 - r * quad(lambda t: j0(t) ** n * j1(r * t), 0, 60, limit=800)[0]
    angle = np.arccos(r / n)  # half of the phases at either side give a resultant of r
    phases = np.repeat([angle, -angle], n // 2)
    found = rayleigh_test(phases)
    assert found.statistic == pytest.approx(r / n)
    assert found.p_value == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("n", [200, 201])
def test_phase_randomization_keeps_spectrum_and_cross_spectrum(n):
    rng = np.random.default_rng(0)
    series = rng.normal(size=(n, 2))
    found = phase_randomized(series, rng)
    before, after = (np.fft.rfft(x, axis=0) for x in (series, found))
    np.testing.assert_allclose(np.abs(after), np.abs(before), rtol=1e-9, atol=1e-9)
    cross = [f[:, 0] * np.conj(f[:, 1]) for f in (before, after)]
    np.testing.assert_allclose(cross[1], cross[0], atol=1e-9)
    assert np.corrcoef(series[:, 0], found[:, 0])[0, 1] < 0.3


def test_amplitude_adjustment_keeps_the_values_and_nearly_the_spectrum():
    rng = np.random.default_rng(0)
    series = np.exp(red_noise(rng, 500))
    found = amplitude_adjusted(series, rng)
    np.testing.assert_array_equal(np.sort(found), np.sort(series))
    before, after = (np.abs(np.fft.rfft(x))[1:] for x in (series, found))
    assert np.linalg.norm(after - before) < 0.1 * np.linalg.norm(before)
    shuffled = np.abs(np.fft.rfft(rng.permutation(series)))[1:]
    assert np.linalg.norm(shuffled - before) > 0.5 * np.linalg.norm(before)


def test_shifts_keep_the_order():
    rng = np.random.default_rng(0)
    series = np.arange(10)
    found = cyclic_shift(series, rng)
    assert found[0] != 0
    np.testing.assert_array_equal(np.roll(found, found.argmax() * -1 - 1), series)


def test_locking_of_independent_phases_has_uniform_p_values():
    """Two phases that diffuse: the plain Rayleigh test of their difference is wrong here."""
    rng = np.random.default_rng(1)
    shifted, plain = [], []
    for _ in range(400):
        one, other = wandering_phase(rng, 400), wandering_phase(rng, 400)
        test = surrogate_test(
            lambda x, other=other: phase_locking_value(x, other),
            one,
            cyclic_shift,
            n_surrogates=19,
            rng=rng,
        )
        shifted.append(test.p_value)
        plain.append(rayleigh_test(one - other).p_value)
    assert uniform(shifted, 20) > 0.01
    assert np.mean(np.array(plain) < 0.05) > 0.5


def test_correlations_of_red_noise_have_uniform_p_values():
    rng = np.random.default_rng(2)
    p_values = []
    for _ in range(400):
        one, other = red_noise(rng, 256), red_noise(rng, 256)
        p_values.append(
            surrogate_test(
                lambda x, other=other: np.corrcoef(x, other)[0, 1],
                one,
                phase_randomized,
                n_surrogates=19,
                rng=rng,
            ).p_value
        )
    assert uniform(p_values, 20) > 0.01


def test_locked_phases_are_found():
    rng = np.random.default_rng(3)
    phase = wandering_phase(rng, 400)
    noisy = phase + 0.5 * rng.normal(size=400)
    test = surrogate_test(
        lambda x: phase_locking_value(x, noisy), phase, cyclic_shift, n_surrogates=99, rng=rng
    )
    assert test.p_value == pytest.approx(0.01)
    assert test.null.shape == (99,)
    assert "cyclic_shift" in test.method


def test_the_block_bootstrap_knows_the_error_of_a_mean_of_red_noise():
    """Variance of the mean: (1 + a) / (1 - a) / n; blocks of 1 give 1/n, too little."""
    n, memory = 4000, 0.8
    series = red_noise(np.random.default_rng(4), n, memory)
    rng = np.random.default_rng(5)
    widths = []
    for length in (60, 1):
        found = block_bootstrap(series, np.mean, block_length=length, n_resamples=600, rng=rng)
        widths.append(float(found.high - found.low) / (2 * 1.96))
    truth = np.sqrt((1 + memory) / (1 - memory) / n)
    # The bootstrap variance itself scatters by about √(2 · 60 / 4000) = 0.17.
    assert widths[0] == pytest.approx(truth, rel=0.25)
    assert widths[1] == pytest.approx(1 / np.sqrt(n), rel=0.15)
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: rayleigh_test([np.nan, 1.0]), "finite"),
        (lambda rng: phase_randomized([1.0, 2.0], rng), "at least 4"),
        (lambda rng: amplitude_adjusted(np.ones((9, 2)), rng), "one axis"),
        (lambda rng: cyclic_shift([1.0], rng), "two samples"),
        (
            lambda rng: surrogate_test(np.mean, [1.0, 2.0], cyclic_shift, n_surrogates=0, rng=rng),
            "n_surrogates",
        ),
        (
            lambda rng: surrogate_test(lambda x: np.nan, [1.0, 2.0], cyclic_shift, rng=rng),
            "not finite",
        ),
        (lambda rng: block_bootstrap([1.0, 2.0], np.mean, block_length=3, rng=rng), "1 to 2"),
        (lambda rng: rayleigh_test([[0.1, 0.2], [0.3, 0.4]]), "one axis"),
        (lambda rng: rayleigh_test([0.1]), "at least 2"),
        (lambda rng: phase_randomized(1j * np.arange(9), rng), "complex"),
        (lambda rng: phase_randomized(np.ones((9, 2, 2)), rng), "one or two axes"),
        (lambda rng: cyclic_shift([], rng), "at least one sample"),
        (
            lambda rng: block_bootstrap(
                [1.0, 2.0], np.mean, block_length=1, n_resamples=0, rng=rng
            ),
            "n_resamples",
        ),
        (
            lambda rng: block_bootstrap([1.0, np.nan], np.mean, block_length=1, rng=rng),
            "not finite",
        ),
        (
            lambda rng: block_bootstrap(
                [1.0, 2.0], np.mean, block_length=1, confidence=95, rng=rng
            ),
            "between 0 and 1",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))


def test_analytic_signals_have_the_rayleigh_test_of_their_angles():
    phases = np.random.default_rng(0).normal(size=30)
    found = rayleigh_test(3 * np.exp(1j * phases))
    assert found.p_value == pytest.approx(rayleigh_test(phases).p_value)


@pytest.mark.parametrize("values", [np.full(12, 0.1), np.full(9, 1 / 3), np.full(7, 1e-300)])
def test_surrogates_that_tie_are_not_significant(values):
    """A statistic of the same values in a different order differs by round-off at most: p is 1."""
    weights = np.random.default_rng(0).normal(size=values.size)
    for surrogate in (cyclic_shift, permuted):
        rng = np.random.default_rng(1)
        test = surrogate_test(lambda x: float(x @ weights), values, surrogate, rng=rng)
        assert test.p_value == 1.0


def test_round_off_of_a_tie_does_not_count():
    """The sum of the values depends on their order in its last bits only."""
    values = np.random.default_rng(0).normal(size=40) ** 3
    rng = np.random.default_rng(1)
    test = surrogate_test(lambda x: float(np.add.accumulate(x)[-1]), values, permuted, rng=rng)
    assert test.p_value == 1.0


def test_the_interval_of_equal_values_is_a_point():
    found = block_bootstrap(np.full(9, 2.5), np.mean, block_length=2, rng=np.random.default_rng(0))
    assert found.low == found.value == found.high == 2.5


def test_a_shift_is_never_none_and_all_others_are_drawn():
    rng = np.random.default_rng(0)
    firsts = {int(cyclic_shift(np.arange(6), rng)[0]) for _ in range(200)}
    assert firsts == {1, 2, 3, 4, 5}


def test_randomized_phases_keep_the_mean_and_move_all_else():
    """With an even number of samples the highest frequency has only a sign; it is random too."""
    rng = np.random.default_rng(0)
    series = rng.normal(size=16) + 5
    spectra = np.array([np.fft.rfft(phase_randomized(series, rng)) for _ in range(60)])
    turns = spectra / np.fft.rfft(series)
    np.testing.assert_allclose(turns[:, 0], 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(turns), 1.0, rtol=1e-9)
    assert np.abs(turns[:, 1:-1].mean(axis=0)).max() < 0.4  # 60 draws: 0.13 on average
    assert set(np.round(turns[:, -1].real)) == {-1.0, 1.0}


def test_resamples_are_runs_of_the_series_of_the_mean_length():
    """Neighbors in time stay neighbors, also across the end, except at 1 of 5 samples."""
    from isochron.analysis.statistics import _stationary_blocks

    rng = np.random.default_rng(0)
    n = 40
    indices = np.array([_stationary_blocks(n, 5, rng) for _ in range(2000)])
    joined = (np.diff(indices, axis=1) % n == 1).mean()
    # A new block starts at 1/5 of the samples, and by chance 1/40 of these continues.
    expected = 1 - (1 - 1 / n) / 5
    assert joined == pytest.approx(expected, abs=4 * np.sqrt(0.16 / indices.size))
    share = np.bincount(indices.ravel(), minlength=n) / indices.size
    np.testing.assert_allclose(share, 1 / n, rtol=0.1)
    confidence = block_bootstrap(
        np.arange(200.0), np.mean, block_length=1, confidence=0.5, n_resamples=2000, rng=rng
    )
    # Standard error of the mean of 200 from a uniform distribution, times 0.674 either side.
    half = 0.674 * 200 / np.sqrt(12) / np.sqrt(200)
    assert float(confidence.high - confidence.value) == pytest.approx(half, rel=0.15)
    assert float(confidence.value - confidence.low) == pytest.approx(half, rel=0.15)
