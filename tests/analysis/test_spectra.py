from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter, periodogram
from scipy.signal.windows import dpss

from isochron.analysis.spectra import multitaper_spectrum


@pytest.mark.parametrize("n", [1000, 1001])
def test_the_integral_is_the_variance_of_white_noise_and_the_level_is_known(n):
    """White noise of variance 4 at 250 Hz: 4 / 125 per Hz; spread 1/√K of each of n/2 values."""
    signal = 2 * np.random.default_rng(0).normal(size=n) + 7
    found = multitaper_spectrum(signal, rate_Hz=250)
    total = np.sum(found.density) * found.frequencies[1]
    assert total == pytest.approx(signal.var(), rel=0.03)
    assert np.median(found.density) == pytest.approx(4 / 125, rel=0.1)
    assert found.frequencies[-1] == pytest.approx(125, rel=1e-3)
    assert found.n_tapers == 7


def test_the_spectrum_of_an_autoregression():
    """|1 - a exp(-iω)|⁻² · 2 per unit rate; averaged over 40 realizations, 1 % a point."""
    rng = np.random.default_rng(1)
    spectra = []
    for _ in range(40):
        signal = lfilter([1.0], [1.0, -0.7], rng.normal(size=2500))[452:]
        spectra.append(multitaper_spectrum(signal, rate_Hz=1.0).density)
    frequencies = np.fft.rfftfreq(2048)
    truth = 2 / np.abs(1 - 0.7 * np.exp(-2j * np.pi * frequencies)) ** 2
    ratio = (np.mean(spectra, axis=0) / truth)[10:-10]
    assert abs(ratio.mean() - 1) < 0.01
    assert np.abs(ratio - 1).max() < 6 / np.sqrt(40 * 7)


@pytest.mark.parametrize("interval", ["chi2", "jackknife"])
def test_intervals_hold_the_truth_as_often_as_they_say(interval):
    """White noise, 80 realizations; values a bandwidth (8 lines) apart are independent."""
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(80):
        found = multitaper_spectrum(
            rng.normal(size=512), rate_Hz=2.0, confidence=0.9, interval=interval
        )
        hits.extend(((found.low < 1) & (found.high > 1))[8:-8:8])
    error = np.sqrt(0.09 / len(hits))
    # The jackknife is approximate with 7 tapers: its coverage may be off by 3 %.
    assert np.mean(hits) == pytest.approx(0.9, abs=4 * error + 0.03 * (interval == "jackknife"))


def test_line_p_values_are_uniform_without_a_line():
    """2 · 10⁴ values, in the tail, too: counts of p < q are binomial, within 4 deviations.

    With few tapers (3) a wrong number of degrees of freedom shows: 2 k instead of 2 (k - 1)
    leaves 0.3 of the expected values below 0.01. Values 8 lines apart are independent.
    """
    rng = np.random.default_rng(3)
    spectra = [
        multitaper_spectrum(rng.normal(size=4096), rate_Hz=1.0, time_bandwidth=2.0)
        for _ in range(80)
    ]
    p = np.concatenate([spectrum.line_p_values[8:-8:8] for spectrum in spectra])
    assert p.size > 2e4
    assert stats.kstest(p, "uniform").pvalue > 0.01
    for level in (0.01, 0.001):
        expected = level * p.size
        assert abs(np.sum(p < level) - expected) < 4 * np.sqrt(expected)


def test_a_line_in_noise_is_found_where_it_is():
    t = np.arange(1000) / 500
    noise = np.random.default_rng(4).normal(size=1000)
    found = multitaper_spectrum(0.5 * np.sin(2 * np.pi * 60 * t) + noise, rate_Hz=500)
    best = np.nanargmin(found.line_p_values)
    assert found.frequencies[best] == pytest.approx(60, abs=0.5)
    assert found.line_p_values[best] < 1e-6
    assert found.half_bandwidth_Hz == 2.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate_Hz": 0.0}, "rate_Hz"),
        ({"rate_Hz": 1.0, "time_bandwidth": 1.0}, "1.5 to 25"),
        ({"rate_Hz": 1.0, "confidence": 95}, "between 0 and 1"),
        ({"rate_Hz": 1.0, "interval": "normal"}, "chi2.*jackknife"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        multitaper_spectrum(np.sin(np.arange(100.0)), **options)
    with pytest.raises(ValueError, match="must be finite"):
        multitaper_spectrum(np.full(100, np.nan), rate_Hz=1.0)


def tapered_by(taper) -> dict[str, Any]:
    """Options of `periodogram`, whose type hints know windows by name only."""
    return {"window": taper, "detrend": False}


@pytest.mark.parametrize("n", [64, 65])
def test_every_frequency_has_the_density_of_an_independent_periodogram(n):
    """The mean over tapers of SciPy's, including the ends: 0 and half of the rate count once."""
    signal = np.random.default_rng(5).normal(size=n) + 3
    found = multitaper_spectrum(signal, rate_Hz=10.0, time_bandwidth=2.5)
    centered = signal - signal.mean()
    each = [
        periodogram(centered, 10.0, **tapered_by(taper))[1]
        for taper in dpss(n, 2.5, found.n_tapers)
    ]
    np.testing.assert_allclose(found.density, np.mean(each, axis=0), rtol=1e-10, atol=1e-14)


def test_the_jackknife_is_that_of_its_definition():
    """(k - 1) / k Σ (log of the mean without one taper - their mean)², Student's t with k - 1."""
    signal = np.random.default_rng(6).normal(size=80)
    found = multitaper_spectrum(signal, rate_Hz=1.0, time_bandwidth=2.0, interval="jackknife")
    centered = signal - signal.mean()
    tapers = dpss(80, 2.0, 3)
    each = np.array([periodogram(centered, 1.0, **tapered_by(t))[1] for t in tapers])
    without = np.log([np.delete(each, i, axis=0).mean(axis=0) for i in range(3)])
    error = np.sqrt(2 / 3 * np.sum((without - without.mean(axis=0)) ** 2, axis=0))
    reach = stats.t.ppf(0.975, 2) * error
    np.testing.assert_allclose(np.log(found.high / found.density), reach, rtol=1e-9)
    np.testing.assert_allclose(np.log(found.density / found.low), reach, rtol=1e-9)


def test_intervals_at_half_the_rate_have_half_the_degrees_of_freedom():
    """There transforms are real: 1 degree per taper. Truth 1/2: half the power of an inner line."""
    rng = np.random.default_rng(7)
    hits = []
    for _ in range(400):
        found = multitaper_spectrum(
            rng.normal(size=32), rate_Hz=2.0, time_bandwidth=2.0, confidence=0.8
        )
        hits.append(found.low[-1] < 0.5 < found.high[-1])
    assert np.mean(hits) == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 400))


def test_line_p_values_are_missing_at_the_ends():
    signal = np.random.default_rng(8).normal(size=64)
    p = multitaper_spectrum(signal, rate_Hz=1.0).line_p_values
    assert np.isnan(p[[0, -1]]).all()
    assert np.isfinite(p[1:-1]).all()
