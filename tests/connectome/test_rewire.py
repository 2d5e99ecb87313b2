import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import null_models


@pytest.fixture(scope="module")
def worm():
    return connectome.load("varshney2011")


def test_rewiring_keeps_degrees_and_weights_and_loses_the_rest(worm):
    rewired = connectome.rewire(worm, np.random.default_rng(0))
    for layer in ("chemical", "gap"):
        before, after = getattr(worm, layer), getattr(rewired, layer)
        for axis in (0, 1):
            np.testing.assert_array_equal((after > 0).sum(axis), (before > 0).sum(axis))
        np.testing.assert_array_equal(np.diag(after), np.diag(before))
        np.testing.assert_array_equal(np.sort(after.ravel()), np.sort(before.ravel()))
    np.testing.assert_array_equal(rewired.chemical.sum(0), worm.chemical.sum(0))
    np.testing.assert_array_equal(rewired.gap, rewired.gap.T)
    # What is left of the original is what random connectomes of these degrees share anyway.
    overlap = ((rewired.chemical > 0) & (worm.chemical > 0)).sum() / (worm.chemical > 0).sum()
    more = connectome.rewire(worm, np.random.default_rng(1), swaps_per_edge=40)
    floor = ((more.chemical > 0) & (worm.chemical > 0)).sum() / (worm.chemical > 0).sum()
    assert overlap < 0.15
    assert abs(overlap - floor) < 0.03


def test_rewiring_is_the_same_for_the_same_seed(worm):
    first, again = (connectome.rewire(worm, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.chemical, again.chemical)
    np.testing.assert_array_equal(first.gap, again.gap)


@pytest.mark.parametrize("swaps", [-1, np.nan, np.inf])
def test_rewiring_refuses_a_bad_number_of_swaps(worm, swaps):
    with pytest.raises(ValueError, match="swaps_per_edge"):
        null_models.rewire(worm, np.random.default_rng(0), swaps_per_edge=swaps)
