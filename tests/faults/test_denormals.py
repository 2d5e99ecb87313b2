"""Numbers next to zero: results are those of zero to round-off, and they do not take long.

The slowest kernel is the map of a reduced network. On an AMD EPYC it takes 1.6 times as long for
states of 1e-312 as for those of 1, and the same time for 1e-60, whose powers underflow. Training
in float32 (1e-40) and float64, simulation, ensembles, crawling and tangents take up to 1.3 times.
"""

import time

import numpy as np
import pytest
import torch

from isochron import ann_bridge, sims
from isochron.ann_bridge.kernels.elementwise import fill_tanh

TINY = (1e-300, 1e-308, 1e-312, 5e-324)


def reduced_map(n_units):
    generator = torch.Generator().manual_seed(0)
    net = ann_bridge.LowRankRNN(n_units=n_units, rank=2, generator=generator)
    return ann_bridge.TrainedMap(ann_bridge.reduce_low_rank(net), frequency_Hz=8, amplitude=0.0)


@pytest.mark.parametrize(("kind", "below"), [(np.float64, 1e-9), (np.float32, 1e-5)])
def test_tanh_of_a_small_number_is_itself(kind, below):
    """The next term is x³ / 3, less than half a unit in the last place."""
    generator, least = np.random.default_rng(0), np.finfo(kind).smallest_subnormal
    exponents = generator.uniform(np.log10(float(least)), np.log10(below), 10_000)
    x = np.concatenate([generator.choice([-1, 1], 10_000) * 10**exponents, [0.0, -0.0, least]])
    x = x.astype(kind)
    found = np.empty_like(x)
    fill_tanh(x, found)
    if kind is np.float64:
        exact = np.abs(x) < 1e-20
        assert (found[exact] == x[exact]).all()
    assert (np.abs(found - x) <= np.spacing(np.abs(x))).all()


@pytest.mark.parametrize(("size", "factor"), [(1e-60, 1.8), (1e-312, 20.0)])
def test_the_map_of_a_reduced_network_takes_about_as_long(size, factor):
    """Powers that underflow cost a factor of 2 to 50; the second bound is for any processor."""
    system = reduced_map(256)
    starts = {scale: np.full(system.dimension, scale) for scale in (1.0, size)}
    least = dict.fromkeys(starts, np.inf)
    for _ in range(40):
        for scale, start in starts.items():
            began = time.perf_counter()
            system.advance(start, 400)
            least[scale] = min(least[scale], time.perf_counter() - began)
    assert least[size] < factor * least[1.0]


@pytest.mark.parametrize("size", TINY)
def test_the_map_of_a_network(size):
    generator = torch.Generator().manual_seed(0)
    net = ann_bridge.LowRankRNN(n_units=16, rank=2, generator=generator)
    whole = ann_bridge.TrainedMap(net, frequency_Hz=8, amplitude=0.0)
    for system in (reduced_map(16), whole):
        found = system.advance(np.full(system.dimension, size), 100)
        assert np.isfinite(found).all()
        assert np.abs(found - system.advance(np.zeros(system.dimension), 100)).max() < 1e-290


@pytest.mark.parametrize("scale", TINY)
def test_tangents_of_a_simulation(worm, scale):
    """They are linear: those of 1, scaled, up to the spacing of such numbers.

    20 steps of about 1000 sums each round to multiples of 5e-324: 1e-319 in the worst case.
    """
    system = sims.GradedMap(worm, sims.Stimulus(), step_ms=2)
    start = worm.equilibrium(sims.Stimulus())
    one = np.eye(worm.dimension)[:, :2]
    _, expected = system.advance(start, 20, tangents=one)
    _, found = system.advance(start, 20, tangents=scale * one)
    np.testing.assert_allclose(found, scale * expected, rtol=1e-10, atol=1e-319)
