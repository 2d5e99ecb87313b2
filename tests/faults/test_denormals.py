"""Numbers next to zero: results are those of zero to round-off.

No time is asserted: it depends on the processor. On an AMD EPYC, states of 1e-312 slow the map of
a reduced network by a factor of 2.3, and training, simulation and tangents by less than 1.3.
"""

import numpy as np
import pytest
import torch

from isochron import ann_bridge, sims

TINY = (1e-300, 1e-308, 1e-312, 5e-324)


@pytest.mark.parametrize("size", TINY)
def test_the_map_of_a_network(size):
    generator = torch.Generator().manual_seed(0)
    net = ann_bridge.LowRankRNN(n_units=16, rank=2, generator=generator)
    for system in (
        ann_bridge.TrainedMap(ann_bridge.reduce_low_rank(net), frequency_Hz=8, amplitude=0.0),
        ann_bridge.TrainedMap(net, frequency_Hz=8, amplitude=0.0),
    ):
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
