from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from isochron import sims
from isochron.sims.body.chain import chain_of, move
from isochron.sims.locomotion.onset import elastic_response


def test_onset_of_the_reference_set(varshney):
    """varshney2011, field 0.3, EI 0.095: 194.8 pA, 0.72 Hz, head to tail."""
    onset = sims.find_crawl_onset(varshney, sims.STIFF_CRAWL)[0]
    assert onset.kind == "oscillatory"
    assert onset.loop_gain == pytest.approx(194.8, rel=2e-3)
    assert onset.frequency_Hz == pytest.approx(0.72, rel=0.01)
    assert onset.wavelength == pytest.approx(0.52, rel=0.05)
    assert onset.direction == "head to tail"


def test_onset_of_cook_starts_at_the_tail(cook):
    """cook2019: first mode from tail to head, at 513 pA."""
    onset = sims.find_crawl_onset(cook, sims.STIFF_CRAWL)[0]
    assert onset.direction == "tail to head"
    assert onset.loop_gain == pytest.approx(513, rel=2e-3)


@pytest.mark.parametrize(("factor", "grows"), [(0.98, False), (1.02, True)])
def test_the_onset_is_that_of_the_simulation(varshney, factor, grows):
    """A small bend decays 2 % below the onset and grows 2 % above it."""
    onset = sims.find_crawl_onset(varshney, sims.STIFF_CRAWL)[0]
    gain = factor * onset.loop_gain / sims.STIFF_CRAWL.body.curvature_gain
    near = replace(
        sims.STIFF_CRAWL, proprioception=replace(sims.STIFF_CRAWL.proprioception, gain=gain)
    )
    crawl = sims.CrawlMap(varshney, sims.Stimulus(), near, step_ms=4.0)
    bends = crawl.run(crawl.bent_state(1e-4), 10_000, every=10)[0][:, -23:]
    early, late = (
        np.sqrt((bends[window] ** 2).mean()) for window in (slice(250, 500), slice(750, None))
    )
    assert (late > early) == grows


def test_the_linear_body_is_that_of_the_mechanics():
    """A bend of 1e-6 / mm relaxes as the exponential of the matrix."""
    body = sims.BodyParameters(n_links=12, stiffness=0.095, viscosity=5e-4)
    places = np.arange(1, 12) / 12
    bend = 1e-6 * np.sin(3 * places)
    angles = np.concatenate([[0.0], np.cumsum(bend) * body.link_length])
    chain = chain_of(body)
    move(chain, np.zeros(2), angles, np.zeros((4000, 11)), 2.5e-5, 4000, np.empty((1, 14)))
    expected = expm(-0.1 * elastic_response(body)) @ bend
    np.testing.assert_allclose(np.diff(angles) / body.link_length, expected, atol=1e-10)


def test_without_feedback_neurons_there_is_an_error(varshney):
    cut = sims.GradedNetwork(varshney.connectome.subset("AVA"))
    with pytest.raises(ValueError, match="no neuron with proprioception"):
        sims.find_crawl_onset(cut)
    with pytest.raises(ValueError, match="largest_frequency_Hz"):
        sims.find_crawl_onset(varshney, largest_frequency_Hz=0.0)


def test_an_unstable_network_is_an_error(varshney):
    touch = sims.step_current(["PLM"], amplitude_pA=2000)
    with pytest.raises(ValueError, match="unstable without proprioception"):
        sims.find_crawl_onset(varshney, stimulus=touch)
