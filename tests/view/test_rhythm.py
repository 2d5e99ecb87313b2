"""The common rhythm: period, phase and share against what was put in, and where there is none."""

import numpy as np
import pytest

from isochron.view.rhythm import find_rhythm

TIMES = np.arange(0, 6000, 10.0)


@pytest.mark.parametrize("period", [123.4, 600.0, 1100.0])
def test_a_wave_of_known_period_and_phases(period):
    """After a transient; the window is 3 s. A Hann window separates what is 2 bins apart."""
    phase, size = np.array([0.0, 1.0, -2.0]), np.array([1.0, 3.0, 0.2])
    wave = size * np.cos(2 * np.pi * TIMES[:, None] / period + phase) + [5, 0, -1]
    found = find_rhythm(TIMES, wave + 20 * np.exp(-TIMES[:, None] / 100))
    assert found is not None
    assert found.period_ms == pytest.approx(period, rel=3e-3)
    known = find_rhythm(TIMES, wave, period_ms=period)
    assert known is not None
    np.testing.assert_allclose(known.amplitude, size, rtol=2e-2)
    assert np.abs(np.angle(np.exp(1j * (known.phase - phase)))).max() < 2e-2
    assert known.share > 0.98


def test_no_rhythm():
    rng = np.random.default_rng(3)
    assert find_rhythm(TIMES, rng.normal(size=(len(TIMES), 5))) is None
    assert find_rhythm(TIMES, np.ones((len(TIMES), 2))) is None
    settled = np.exp(-TIMES[:, None] / 50) * np.cos(TIMES[:, None] / 30)
    assert find_rhythm(TIMES, settled) is None
    assert find_rhythm(TIMES, TIMES[:, None]) is None  # a drift
    assert find_rhythm(TIMES[:10], np.sin(TIMES[:10, None])) is None
    assert find_rhythm(TIMES**2, np.sin(TIMES[:, None] / 30)) is None  # unequal steps
