import numpy as np
import pytest

from isochron.analysis.dimensionality import compute_cycle_dimension


def times(m, bend=0.0):
    """From 0 to 1; evenly spaced unless bent."""
    t = np.arange(m + 1) / m
    return t + bend * np.sin(2 * np.pi * t) / (2 * np.pi)


def orbit(t, second):
    phase = 2 * np.pi * t
    return np.c_[np.cos(phase), np.sin(phase), second * np.cos(2 * phase)]


@pytest.mark.parametrize("second", [0.0, 0.5, 1.0])
def test_the_dimension_of_a_cycle_with_a_second_harmonic(second):
    """Variances 1/2, 1/2, a²/2: (2 + a²)² / (2 + a⁴)."""
    t = times(200)
    found = compute_cycle_dimension(t, orbit(t, second))
    assert found.participation_ratio == pytest.approx((2 + second**2) ** 2 / (2 + second**4))
    assert found.n_components == (3 if second else 2)


def test_the_spacing_of_the_times_does_not_matter():
    """The trapezoidal rule on a bent mesh of 2000 is good to 1e-6; unweighted it is not."""
    t = times(2000, bend=0.8)
    states = orbit(t, 0.5)
    expected = 2.25**2 / (2 + 0.5**4)
    assert compute_cycle_dimension(t, states).participation_ratio == pytest.approx(
        expected, rel=1e-5
    )
    unweighted = compute_cycle_dimension(times(2000), states).participation_ratio
    assert abs(unweighted - expected) > 0.05


def test_components_count_up_to_the_share():
    t = times(100)
    states = orbit(t, 0.5)  # shares 4/9, 4/9, 1/9
    counts = [compute_cycle_dimension(t, states, share=s).n_components for s in (0.4, 0.8, 0.95)]
    assert counts == [1, 2, 3]


def test_a_point_has_no_dimension_and_bad_input_is_refused():
    found = compute_cycle_dimension(times(10), np.ones((11, 3)))
    assert found.participation_ratio == 0
    assert found.n_components == 0
    with pytest.raises(ValueError, match="ascend"):
        compute_cycle_dimension(np.zeros(5), np.ones((5, 2)))
    with pytest.raises(ValueError, match="share"):
        compute_cycle_dimension(times(10), np.ones((11, 2)), share=95)
