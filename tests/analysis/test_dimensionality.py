import numpy as np
import pytest

from isochron.analysis.dimensionality import (
    compute_cycle_dimension,
    participation_ratio,
    principal_components,
)


def times(m, bend=0.0):
    """Times from 0 to 1; evenly spaced unless `bent`."""
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
    """The trapezoidal rule on 2000 nonuniform times has an error of 1e-6."""
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


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e160])
def test_the_unit_of_the_states_does_not_matter(scale):
    states = np.random.default_rng(0).normal(size=(50, 4)) * [1, 2, 3, 0]
    np.testing.assert_allclose(participation_ratio(scale * states), participation_ratio(states))
    times = np.linspace(0, 1, 51)
    closed = np.append(states, states[:1], axis=0)
    one, other = (compute_cycle_dimension(times, s * closed) for s in (1.0, scale))
    assert other.participation_ratio == pytest.approx(one.participation_ratio)
    assert other.n_components == one.n_components


def test_fewer_samples_than_units():
    """Two samples differ along one direction, for any number of units."""
    states = np.random.default_rng(0).normal(size=(2, 30))
    assert participation_ratio(states) == pytest.approx(1.0)
    ratio, components = principal_components(states)
    np.testing.assert_allclose(ratio, [1, 0], atol=1e-15)
    direction = (states[1] - states[0]) / np.linalg.norm(states[1] - states[0])
    assert abs(components[0] @ direction) == pytest.approx(1.0)


def test_a_constant_has_no_dimension():
    """0.1 cannot be averaged exactly; the result of the subtraction is round-off."""
    assert participation_ratio(np.full((7, 3), 0.1)) == 0.0
    assert compute_cycle_dimension(np.arange(5), np.full((5, 3), 0.1)).n_components == 0


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (np.arange(5.0), r"states\[:, None\]"),
        (np.full((5, 2), 1j), "complex"),
        ([[1.0, np.nan], [0.0, 1.0]], "must be finite"),
        (np.empty((0, 3)), r"got \(0, 3\)"),
        ([["a"], ["b"]], "must be numbers"),
    ],
)
def test_states_that_are_none_are_refused(states, message):
    with pytest.raises(ValueError, match=message):
        principal_components(states)


def test_labeled_states_have_time_first():
    import xarray as xr

    states = xr.DataArray(np.random.default_rng(0).normal(size=(9, 4)), dims=("time", "neuron"))
    assert participation_ratio(states) == participation_ratio(states.values)
    with pytest.raises(ValueError, match=r"time must be first.*transpose"):
        participation_ratio(states.T)


def test_an_open_orbit_has_no_dimension():
    times = np.linspace(0, 1, 20)
    with pytest.raises(ValueError, match="do not close"):
        compute_cycle_dimension(times, np.stack([times, times**2], axis=1))


def test_uneven_times_weigh_each_state_by_the_halves_of_its_gaps():
    """Gaps 1, 2, 3: weights 2, 1.5 and 2.5 sixths; NumPy's weighted covariance agrees."""
    states = np.array([[0.0, 0.0], [1.0, 0.0], [0.3, 2.0], [0.0, 0.0]])
    found = compute_cycle_dimension(np.array([0.0, 1.0, 3.0, 6.0]), states)
    covariance = np.cov(states[:-1].T, aweights=[2, 1.5, 2.5], ddof=0)
    values = np.linalg.eigvalsh(covariance)[::-1]
    np.testing.assert_allclose(found.variance_ratio, values / values.sum(), rtol=1e-12)


@pytest.mark.parametrize(("first", "count"), [(0.949, 2), (0.951, 1)])
def test_components_are_counted_up_to_the_share(first, count):
    a, b = np.sqrt([first, 1 - first])
    states = np.array([[a, 0], [0, b], [-a, 0], [0, -b], [a, 0]])
    assert compute_cycle_dimension(np.arange(5.0), states, share=0.95).n_components == count
