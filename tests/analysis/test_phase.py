import numpy as np
import pytest

from isochron.analysis import compute_phase
from isochron.analysis.phase.estimation import (
    fourier_protophase,
    protophase_to_phase,
    section_protophase,
)


def distorted(phase):
    """θ = φ + 0.3 sin φ + 0.1 cos 2φ - 0.1: monotone, and 0 at φ = 0."""
    return phase + 0.3 * np.sin(phase) + 0.1 * (np.cos(2 * phase) - 1)


def test_a_known_distortion_is_undone():
    """Over 40.3 turns; the coefficients of this θ fall off geometrically."""
    phase = np.linspace(0, 2 * np.pi * 40.3, 40001)
    found = protophase_to_phase(distorted(phase))
    np.testing.assert_allclose(found, phase, atol=2e-5)
    assert np.abs(distorted(phase) - phase).max() > 0.4


def test_more_harmonics_undo_more():
    phase = np.linspace(0, 2 * np.pi * 20, 20001)
    errors = [
        np.abs(protophase_to_phase(distorted(phase), n_harmonics=k) - phase).max()
        for k in (1, 4, 16)
    ]
    assert errors[0] > 5 * errors[1] > 50 * errors[2]


def test_two_protophases_of_one_rhythm_become_one_phase():
    """From the angle of an off-center circle, and from crossings of a section."""
    phase = np.linspace(0, 2 * np.pi * 30, 15001)
    angle = np.unwrap(np.arctan2(np.sin(phase), np.cos(phase) + 0.4))
    section = section_protophase(np.sin(phase), level=0.0)
    ours = protophase_to_phase(angle)
    known = np.isfinite(section)
    difference = ours[known] - section[known]
    assert np.ptp(difference) < 1e-3
    assert np.ptp(angle[known] - section[known]) > 0.7


def test_ends_without_a_phase_are_kept():
    phase = np.linspace(0, 60, 6001)
    protophase = distorted(phase)
    protophase[:7] = np.nan
    found = protophase_to_phase(protophase)
    assert np.isnan(found[:7]).all()
    assert np.isfinite(found[7:]).all()


@pytest.mark.parametrize(
    ("protophase", "message"),
    [
        (-np.linspace(0, 60, 500), "not monotone: it turns back"),
        (np.linspace(0, 6, 500), "0.95 turns"),
        (np.r_[0.0, np.nan, 60.0], "NaN at its ends"),
        (np.floor(np.linspace(0, 60, 6000) / 6.3) * 6.3, "correction is not monotone"),
    ],
)
def test_a_protophase_that_is_none_is_refused(protophase, message):
    with pytest.raises(ValueError, match=message):
        protophase_to_phase(protophase)


def test_the_section_phase_of_a_sine():
    """Upward through 0 at φ = 0; the interpolation errs by (2π/200)² / 8 of a sine's slope."""
    phase = 2 * np.pi * np.arange(2000) / 200 - 0.3
    found = section_protophase(np.sin(phase), level=0.0)
    inside = np.isfinite(found)
    np.testing.assert_allclose(found[inside], phase[inside], atol=1e-4)
    assert inside.sum() == pytest.approx(9 * 200, abs=2)


def test_hysteresis_passes_over_ripples():
    t = np.arange(4000) / 400
    ripple = np.sin(2 * np.pi * t - 0.5) + 0.15 * np.sin(2 * np.pi * 37 * t)
    calm = np.nanmax(section_protophase(ripple, level=0.0, hysteresis=0.2))
    nervous = np.nanmax(section_protophase(ripple, level=0.0, hysteresis=0.0, significance=1))
    assert calm == pytest.approx(2 * np.pi * 9, rel=0.01)
    assert nervous > 1.5 * calm
    with pytest.raises(ValueError, match="raise the hysteresis"):
        section_protophase(ripple, level=0.0, hysteresis=0.0)


def test_a_signal_that_does_not_return_has_no_section_phase():
    with pytest.raises(ValueError, match="1 time; a phase needs two"):
        section_protophase(np.linspace(-1, 1, 100))
    with pytest.raises(ValueError, match="varies"):
        section_protophase(np.ones(100))


def test_the_fourier_phase_of_a_sine_in_noise():
    rng = np.random.default_rng(0)
    phase = 2 * np.pi * 0.01 * np.arange(5000) + 0.4
    noise = rng.normal(size=5000)
    found = fourier_protophase(np.sin(phase) + noise, frequency=0.01, n_cycles=10)
    inside = np.isfinite(found)
    offset = 2 * np.pi * np.round((found - phase)[inside].mean() / (2 * np.pi))
    errors = (found - phase)[inside] - offset
    # Standard error √(2 Σ w²)/Σ w = √(3/1000) = 0.055 rad for a Hann window of 1000 samples.
    assert np.sqrt(np.mean(errors**2)) < 2 * 0.055
    hilbert_error = np.angle(np.exp(1j * (compute_phase(np.sin(phase) + noise) - phase)))
    assert np.sqrt(np.mean(hilbert_error**2)) > 0.3


def test_the_fourier_phase_of_a_pure_sine_is_exact():
    phase = 2 * np.pi * np.arange(1000) / 50
    found = fourier_protophase(np.sin(phase + 0.4), frequency=0.02, n_cycles=4)
    inside = np.isfinite(found)
    np.testing.assert_allclose(
        np.exp(1j * found[inside]), np.exp(1j * (phase + 0.4)[inside]), atol=2e-3
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frequency": 0.7}, "cycles per sample"),
        ({"frequency": 0.1, "n_cycles": 1}, "at least 2"),
        ({"frequency": 0.01}, "the window 401"),
    ],
)
def test_the_fourier_phase_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        fourier_protophase(np.sin(np.arange(100.0)), **options)


def test_whole_turns_count_to_their_last_sample():
    """Exactly two turns of 8 samples: a uniform density, except for its 8th harmonic."""
    from isochron.analysis.phase.estimation import _density_coefficients

    found = _density_coefficients(2 * np.pi * np.arange(17) / 8, 8)
    np.testing.assert_allclose(found, [0, 0, 0, 0, 0, 0, 0, 1], atol=1e-12)
