"""The vectorized exponential function against that of NumPy."""

import numba
import numpy as np
import pytest

from isochron.kernels.exponential import LARGEST, exponential


@pytest.fixture(scope="module")
def each():
    @numba.njit
    def of(x):
        out = np.empty_like(x)
        for j in range(x.size):
            out[j] = exponential(x[j])
        return out

    return of


def test_the_exponential_is_accurate(each):
    """ln 2 is rounded, and n ln 2 too where the processor does not multiply and add at once.

    Each is up to 1.1e-16 |x|, which is a relative error of e^x.
    """
    x = np.concatenate([np.linspace(-1, 1, 2001), np.linspace(-LARGEST, LARGEST, 2001)])
    error = np.abs(each(x) / np.exp(x) - 1)
    assert (error <= 1e-15 + 2.3e-16 * np.abs(x)).all()


def test_the_exponential_has_ends(each):
    found = each(np.array([-1e300, -np.inf, 1e300, np.inf, 0.0, np.nan]))
    low, high = np.exp([-LARGEST, LARGEST])
    np.testing.assert_allclose(found[:4], [low, low, high, high], rtol=1e-12)
    assert found[4] == 1.0
    assert np.isnan(found[5])
