"""Controls and other sets of constants, with the numbers of an independent prototype.

The set ``THIRD`` (EI 0.015 µN mm²) crawls at 0.77 Hz and is used for media and ablations.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isochron import sims
from isochron.connectome import null_models

STIFF = sims.STIFF_CRAWL
THIRD = replace(
    STIFF,
    body=replace(STIFF.body, stiffness=0.015, viscosity=7.5e-5, curvature_gain=60.0),
    proprioception=replace(STIFF.proprioception, gain=513 / 60, field=0.4),
)


def with_gain(parameters, loop_gain, **changes):
    gain = loop_gain / parameters.body.curvature_gain
    feedback = replace(parameters.proprioception, gain=gain, **changes)
    return replace(parameters, proprioception=feedback)


def with_body(parameters, **changes):
    return replace(parameters, body=replace(parameters.body, **changes))


def gait(network, parameters, *, seed=None, **fields):
    options: dict[str, Any] = {"duration_s": 40.0} | fields
    run = sims.simulate_worm(
        network,
        body=parameters.body,
        muscles=parameters.muscles,
        proprioception=parameters.proprioception,
        rng=None if seed is None else np.random.default_rng(seed),
        **options,
    )
    return sims.describe_gait(run)


def numbers(found):
    return found.frequency_Hz, found.wavelength, found.speed


@pytest.fixture(scope="module")
def unconnected(varshney):
    graph = varshney.connectome
    none = {"chemical": 0 * graph.chemical, "gap": 0 * graph.gap}
    return sims.GradedNetwork(graph.changed("no connections", signs=None, **none))


@pytest.mark.slow
def test_a_crawl_near_its_onset(varshney):
    """1.2 times the onset of the reference set: 0.81 Hz, 0.50 L, 0.146 mm/s."""
    onset = sims.find_crawl_onset(varshney, STIFF)[0].loop_gain
    found = gait(varshney, with_gain(STIFF, 1.2 * onset), duration_s=80.0)
    assert numbers(found) == pytest.approx((0.81, 0.50, 0.146), rel=0.01)


def test_forward_fields_make_a_wave_to_the_head(varshney):
    found = gait(varshney, with_gain(STIFF, STIFF.loop_gain, direction="forward"))
    assert found.direction == "tail to head"
    assert found.speed < 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"seed": 2}, {"seed": 3}, {"step_ms": 2.0}, {"step_ms": 1.0}]
)
def test_the_soft_set_with_24_links_from_any_start_and_step(varshney, options):
    """0.388 Hz, 0.66 L, 0.183 mm/s, V / (f lambda) 0.72, 5.2 / mm."""
    found = gait(varshney, with_body(sims.SOFT_CRAWL, n_links=24), **options)
    assert numbers(found) == pytest.approx((0.388, 0.66, 0.183), rel=0.015)
    assert found.efficiency == pytest.approx(0.72, rel=0.02)
    assert found.rms_curvature == pytest.approx(5.2, rel=0.03)


@pytest.mark.slow
def test_the_third_set(varshney):
    """0.767 Hz, 0.83 L, 0.35 mm/s, 7.3 / mm; with 48 links 0.82 Hz, 0.85 L."""
    found = gait(varshney, THIRD)
    assert numbers(found) == pytest.approx((0.767, 0.83, 0.35), rel=0.015)
    assert found.rms_curvature == pytest.approx(7.3, rel=0.03)
    finer = gait(varshney, with_body(THIRD, n_links=48))
    assert numbers(finer)[:2] == pytest.approx((0.82, 0.85), rel=0.015)


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [THIRD, sims.STANDARD_CRAWL], ids=["third", "standard"])
def test_the_frequency_rises_as_the_drag_falls(varshney, parameters):
    found = []
    for normal_drag, drag_ratio in ((128, 40), (60, 40), (30, 20), (12.8, 10), (1.28, 4)):
        medium = sims.Medium(normal_drag=normal_drag, drag_ratio=drag_ratio)
        found.append(gait(varshney, with_body(parameters, medium=medium)).frequency_Hz)
    assert (np.diff(found) > 0).all()
    assert found[-1] > 2 * found[0]


@pytest.mark.slow
def test_ablations_of_the_third_set(varshney):
    """Without DB and VB: still; without feedback of the head: 0.7 / mm.

    The crawl does not need DD and VD, nor AVB; its frequency changes by 1 % and 3 %.
    """
    graph, intact = varshney.connectome, gait(varshney, THIRD).frequency_Hz
    assert gait(sims.GradedNetwork(graph.ablate("DB", "VB")), THIRD).direction == "none"
    headless = with_gain(THIRD, THIRD.loop_gain, head=False)
    assert gait(varshney, headless).rms_curvature == pytest.approx(0.7, rel=0.05)
    for names, change in ((("DD", "VD"), 0.015), (("AVB",), 0.04)):
        found = gait(sims.GradedNetwork(graph.ablate(*names)), THIRD)
        assert found.frequency_Hz == pytest.approx(intact, rel=change)


@pytest.mark.slow
def test_avb_matters_for_the_reference_set(varshney):
    """Without AVB it crawls at 1.11 Hz instead of 0.964 Hz."""
    found = gait(sims.GradedNetwork(varshney.connectome.ablate("AVB")), STIFF)
    assert found.frequency_Hz == pytest.approx(1.107, rel=0.01)


@pytest.mark.slow
def test_a_worm_without_connections_crawls_with_the_third_set(unconnected):
    """At twice its onset, of 3 to 4.2 pA: 0.59 Hz, 0.96 L, 0.19 mm/s."""
    onset = sims.find_crawl_onset(unconnected, THIRD)[0].loop_gain
    assert 3 < onset < 4.3
    found = gait(unconnected, with_gain(THIRD, 2 * onset))
    assert numbers(found) == pytest.approx((0.59, 0.96, 0.19), rel=0.03)


@pytest.mark.slow
def test_onsets_of_rewired_networks(varshney):
    """The first mode of 6 in 12 is a wave from head to tail; one is below that of the worm."""
    found = []
    for seed in range(12):
        graph = null_models.rewire(varshney.connectome, rng=np.random.default_rng(seed))
        found.append(sims.find_crawl_onset(sims.GradedNetwork(graph), STIFF)[0])
    gains = [mode.loop_gain for mode in found]
    assert (min(gains), max(gains)) == pytest.approx((173, 432), rel=2e-3)
    assert sum(mode.direction == "head to tail" for mode in found) == 6
    assert sum(gain < 194.8 for gain in gains) == 1


@pytest.mark.slow
def test_rewired_networks_crawl_with_the_standard_set(varshney):
    """Draw 5 is as near to the animal as the connectome: the page of limits."""
    graph = null_models.rewire(varshney.connectome, rng=np.random.default_rng(5))
    found = gait(sims.GradedNetwork(graph), sims.STANDARD_CRAWL)
    assert numbers(found) == pytest.approx((0.442, 0.571, 0.150), rel=0.03)
    assert found.direction == "head to tail"
