import numpy as np
import pytest
from scipy import stats

from isochron.analysis.phase.planar import planar_rotation


def wandering(rng, n=400, step=0.12, spread=0.1):
    phase = np.cumsum(step + spread * rng.normal(size=n))
    return phase, np.c_[np.cos(phase), np.sin(phase)]


def narrow_band(rng, n=600, frequency=0.02, width=0.004):
    """Part of a stationary Gaussian series with a peak in its spectrum."""
    frequencies = np.fft.rfftfreq(1024)
    shape = np.exp(-0.5 * ((frequencies - frequency) / width) ** 2)
    waves = shape * (rng.normal(size=shape.size) + 1j * rng.normal(size=shape.size))
    return np.fft.irfft(waves, 1024)[:n]


@pytest.mark.parametrize("direction", [1, -1])
def test_the_protophase_of_a_circle_in_twenty_units_is_its_phase(direction):
    """Exact cycles: 24 whole turns, so the components are those of the plane."""
    phase = 2 * np.pi * np.arange(600) / 25
    mixing = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 2)))[0].T
    states = np.c_[np.cos(phase), np.sin(direction * phase)] @ mixing + 3.0
    found = planar_rotation(states, rate_Hz=2.0, n_surrogates=1, rng=np.random.default_rng(0))
    turned = found.protophase - found.protophase[0]
    np.testing.assert_allclose(turned, phase, atol=1e-6)
    # One cycle is 25 samples, 12.5 s.
    assert found.cycles_per_minute == pytest.approx(60 / 12.5)
    assert found.variance_share == pytest.approx(1)


def test_a_rotation_in_noise_is_found():
    rng = np.random.default_rng(1)
    phase, circle = wandering(rng)
    states = circle @ rng.normal(size=(2, 20)) + 0.5 * rng.normal(size=(400, 20))
    found = planar_rotation(states, rate_Hz=3, n_surrogates=39, rng=rng)
    assert found.test.p_value == 1 / 40
    expected = (phase[-1] - phase[0]) / (2 * np.pi) / (399 / 3 / 60)
    assert found.cycles_per_minute == pytest.approx(expected, rel=0.05)
    assert found.protophase[-1] > found.protophase[0]


@pytest.mark.slow
def test_unrelated_rhythms_have_uniform_p_values():
    """Two independent rhythms of one mean frequency, in records of 12 cycles. With 5 cycles there
    are twice as many p-values below 0.05, as `planar_rotation` states.
    """
    p_values = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        states = np.c_[narrow_band(rng), 0.8 * narrow_band(rng)]
        found = planar_rotation(states, rate_Hz=3, n_surrogates=19, rng=rng)
        p_values.append(found.test.p_value)
    counts = np.bincount(np.round(np.array(p_values) * 20).astype(int) - 1, minlength=20)
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.binomtest(int(counts[0]), 100, 0.05).pvalue > 0.001


def test_few_cycles_are_remarked_on():
    rng = np.random.default_rng(4)
    few, many = (
        planar_rotation(wandering(rng, n)[1], rate_Hz=3, n_surrogates=1, rng=rng)
        for n in (200, 1200)
    )
    assert few.n_cycles < 12 <= many.n_cycles
    assert few.remark == f"{few.n_cycles} cycles: below 12 the p-value is too small."
    assert many.remark == ""


def test_strictly_periodic_components_rotate_in_every_surrogate():
    """As the documentation says: their p-value is not small."""
    phase = 2 * np.pi * np.arange(400) / 25
    states = np.c_[np.cos(phase), np.sin(phase)]
    found = planar_rotation(states, rate_Hz=3, n_surrogates=19, rng=np.random.default_rng(0))
    assert found.test.p_value > 0.05


def test_the_same_seed_gives_the_same_result_and_units_do_not_matter():
    states = wandering(np.random.default_rng(2))[1]
    one, other = (
        planar_rotation(x, rate_Hz=3, n_surrogates=9, rng=np.random.default_rng(3))
        for x in (states, 1e-6 * states)
    )
    np.testing.assert_allclose(one.test.null, other.test.null, rtol=1e-6)
    assert one.test.p_value == other.test.p_value


@pytest.mark.parametrize(
    ("states", "options", "message"),
    [
        (np.ones((40, 3)), {}, "fewer than two axes"),
        (np.outer(np.arange(40.0), [1, 2]), {}, "fewer than two axes"),
        (np.zeros((9, 2)), {}, "at least 16"),
        (np.zeros(40), {}, "2 axes"),
        (np.eye(40), {"rate_Hz": 0}, "rate_Hz must be positive.*got 0"),
        (np.eye(40), {"n_surrogates": 0}, "n_surrogates.*got 0"),
    ],
)
def test_bad_input_is_refused(states, options, message):
    options = {"rate_Hz": 1.0, "rng": np.random.default_rng(0)} | options
    with pytest.raises(ValueError, match=message):
        planar_rotation(states, **options)
