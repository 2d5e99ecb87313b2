"""The closed loop of the graded network, and its crawl.

Expected numbers of gaits are those of an independent prototype (semi-implicit Euler steps,
extrapolated to a step of zero where it says so).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from isochron import analysis, connectome, sims
from isochron.sims.locomotion.anatomy import (
    anatomy_of,
    field_shares,
    joints_in,
    sensing_matrix,
)


def with_body(parameters, **changes):
    return replace(parameters, body=replace(parameters.body, **changes))


def gait(network, parameters=sims.STANDARD_CRAWL, *, seed=None, transient_s=20.0, **fields):
    rng = None if seed is None else np.random.default_rng(seed)
    parts: dict[str, Any] = {
        name: getattr(parameters, name) for name in ("body", "muscles", "proprioception")
    }
    options: dict[str, Any] = {"duration_s": 40.0} | fields
    run = sims.simulate_worm(network, rng=rng, **parts, **options)
    return sims.describe_gait(run, transient_s=transient_s)


@pytest.fixture(scope="module")
def small(varshney):
    """A map with 12 links, and a state far from rest."""
    crawl = sims.CrawlMap(
        varshney,
        sims.step_current(["PLM"], amplitude_pA=500),
        with_body(sims.SOFT_CRAWL, n_links=12),
    )
    return crawl, crawl.advance(crawl.random_state(np.random.default_rng(1)), 250)


@pytest.mark.long
def test_the_reference_set_at_a_small_step(varshney):
    """Extrapolated to a step of zero, 24 links: 0.967 Hz, 0.50 L, 0.270 mm/s, 2.2 / mm."""
    found = gait(varshney, sims.STIFF_CRAWL, step_ms=4.0)
    assert found.frequency_Hz == pytest.approx(0.967, rel=0.01)
    assert found.wavelength == pytest.approx(0.50, rel=0.01)
    assert found.speed == pytest.approx(0.270, rel=0.01)
    assert found.rms_curvature == pytest.approx(2.2, rel=0.03)
    assert found.direction == "head to tail"


@pytest.mark.long
def test_the_reference_set_has_converged_at_8_ms(varshney):
    coarse, fine = (gait(varshney, sims.STIFF_CRAWL, step_ms=step) for step in (8.0, 2.0))
    for name in ("frequency_Hz", "wavelength", "speed", "rms_curvature"):
        assert getattr(coarse, name) == pytest.approx(getattr(fine, name), rel=2e-3)


@pytest.mark.long
def test_the_reference_set_does_not_depend_on_the_start(varshney):
    found = [gait(varshney, sims.STIFF_CRAWL, seed=seed).frequency_Hz for seed in (1, 2)]
    assert found == pytest.approx([0.9635, 0.9635], rel=1e-3)


def test_the_reference_set_with_48_links(varshney):
    """0.986 Hz with 48 links."""
    found = gait(varshney, with_body(sims.STIFF_CRAWL, n_links=48))
    assert found.frequency_Hz == pytest.approx(0.986, rel=0.01)


GAIT_NUMBERS = ("frequency_Hz", "wavelength", "speed", "rms_curvature", "efficiency")


def numbers(found):
    return [getattr(found, name) for name in GAIT_NUMBERS]


@pytest.fixture(scope="module")
def standard_gait(varshney):
    return gait(varshney)


def test_the_standard_set_crawls_in_the_range_of_the_animal(standard_gait):
    """Agar: 0.30 Hz, 0.65 L, 4.3 / mm."""
    assert 0.25 < standard_gait.frequency_Hz < 0.5
    assert 0.6 < standard_gait.wavelength < 0.75
    assert 3.5 < standard_gait.rms_curvature < 6
    assert 0.5 < standard_gait.efficiency < 0.8
    assert standard_gait.direction == "head to tail"


@pytest.mark.parametrize(
    ("changes", "body", "tolerance"),
    [({"step_ms": 4.0}, {}, 0.01), ({}, {"n_links": 96}, 0.05), ({"seed": 1}, {}, 0.02)],
)
def test_the_standard_set_has_converged(varshney, standard_gait, changes, body, tolerance):
    """1 % when the step is halved, 5 % with twice the links, 2 % from a different start."""
    found = gait(varshney, with_body(sims.STANDARD_CRAWL, **body), **changes)
    assert numbers(found) == pytest.approx(numbers(standard_gait), rel=tolerance)


@pytest.mark.long
def test_the_viscous_set_crawls_in_the_range_of_the_animal_with_a_drag_ratio_of_10(varshney):
    """The gate of the standard set: half the step within 1 %, twice the links within 5 %."""
    viscous, times = sims.VISCOUS_CRAWL, {"duration_s": 90.0, "transient_s": 60.0}
    found = gait(varshney, viscous, **times)
    assert sims.MEDIA.load("agar-shen2011").drag_ratio == 10
    assert viscous.body.medium == sims.MEDIA.load("agar-shen2011")
    assert viscous.body.stiffness >= 0.03
    assert 0.25 < found.frequency_Hz < 0.5
    assert 0.6 < found.wavelength < 0.75
    assert 3.5 < found.rms_curvature < 6
    assert 0.5 < found.efficiency < 0.8
    assert found.direction == "head to tail"
    finer = gait(varshney, viscous, step_ms=4.0, **times)
    assert numbers(finer) == pytest.approx(numbers(found), rel=0.01)
    finer = gait(varshney, with_body(viscous, n_links=96), **times)
    assert numbers(finer) == pytest.approx(numbers(found), rel=0.05)


@pytest.mark.slow
def test_the_standard_crawl_is_a_limit_cycle(varshney, standard_gait):
    crawl = sims.CrawlMap(varshney, sims.Stimulus())
    start = crawl.advance(crawl.bent_state(), 9000)
    cycle = analysis.find_limit_cycle(crawl, start, max_period=4000, n_multipliers=3)
    assert cycle.found
    assert cycle.stable
    assert 1e3 / cycle.period == pytest.approx(standard_gait.frequency_Hz, rel=2e-3)
    assert abs(cycle.multipliers[1]) == pytest.approx(0.622, abs=0.01)


@pytest.mark.slow
def test_the_standard_set_has_one_gait(varshney, standard_gait):
    """From 20 random states, and with 144 and 192 links."""
    found = [gait(varshney, seed=seed) for seed in range(20)]
    found += [gait(varshney, with_body(sims.STANDARD_CRAWL, n_links=n)) for n in (144, 192)]
    for one in found:
        assert numbers(one) == pytest.approx(numbers(standard_gait), rel=0.05)


@pytest.mark.parametrize(
    ("n_links", "numbers", "tolerance"),
    [(24, (0.388, 0.66, 0.183), 0.03), (48, (0.413, 0.63, 0.190), 0.03),
     (96, (0.422, 0.58, 0.176), 0.03)],
)  # fmt: skip
def test_the_soft_set_crawls_as_the_animal(varshney, n_links, numbers, tolerance):
    found = gait(varshney, with_body(sims.SOFT_CRAWL, n_links=n_links))
    measured = (found.frequency_Hz, found.wavelength, found.speed)
    assert measured == pytest.approx(numbers, rel=tolerance)
    assert 4.5 < found.rms_curvature < 5.6
    assert found.direction == "head to tail"


def test_without_b_neurons_the_worm_is_still(varshney):
    cut = sims.GradedNetwork(varshney.connectome.ablate("DB", "VB"))
    found = gait(cut, sims.STIFF_CRAWL, duration_s=60.0, transient_s=50.0)
    assert found.direction == "none"


def test_a_worm_without_any_connection_crawls(varshney):
    """Feedback and muscles alone: onset at 3 to 4 pA, sixty times below that of the connectome."""
    graph = varshney.connectome
    bare = graph.changed(
        "no connections", chemical=0 * graph.chemical, gap=0 * graph.gap, signs=None
    )
    network = sims.GradedNetwork(bare)
    onset = sims.find_crawl_onset(network, sims.STIFF_CRAWL)[0]
    assert 3 < onset.loop_gain < 4
    gain = 2 * onset.loop_gain / sims.STIFF_CRAWL.body.curvature_gain
    feedback = replace(sims.STIFF_CRAWL.proprioception, gain=gain)
    found = gait(network, replace(sims.STIFF_CRAWL, proprioception=feedback))
    assert found.direction == "head to tail"
    assert found.speed > 0.1


def test_below_the_onset_the_body_becomes_straight(varshney):
    """0.8 of the gain at onset, 194.9 pA."""
    weak = replace(
        sims.STIFF_CRAWL, proprioception=replace(sims.STIFF_CRAWL.proprioception, gain=0.8 * 1.949)
    )
    assert gait(varshney, weak).rms_curvature < 0.01


def test_the_step_is_of_order_two(small):
    """Errors after 0.8 s fall by four with each halving of the step."""
    crawl, state = small
    exact = crawl.with_step(0.25).advance(state, 3200)
    errors = [
        np.abs(crawl.with_step(step).advance(state, round(800 / step)) - exact)
        for step in (8.0, 4.0, 2.0)
    ]
    n = crawl.network.n_neurons
    for part in (slice(0, n), slice(n, 2 * n), slice(2 * n, -11), slice(-11, None)):
        sizes = np.array([error[part].max() for error in errors])
        assert np.abs(np.log2(sizes[:-1] / sizes[1:]) - 2).max() < 0.25


def test_tangents_are_the_derivative_of_the_map(small):
    crawl, state = small
    vectors = np.random.default_rng(0).normal(size=(crawl.dimension, 2))
    _, pushed = crawl.advance(state, 5, tangents=vectors)
    shift = 1e-5
    for k in range(2):
        ends = [crawl.advance(state + sign * shift * vectors[:, k], 5) for sign in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * shift)
        n = crawl.network.n_neurons
        for part in (slice(0, n), slice(n, 2 * n), slice(2 * n, -11), slice(-11, None)):
            size = np.abs(expected[part]).max()
            np.testing.assert_allclose(pushed[part, k], expected[part], atol=1e-5 * size)


@pytest.mark.long
def test_without_proprioception_neurons_are_those_of_the_graded_map(varshney):
    touch = sims.step_current(["PLM"], amplitude_pA=2000)
    deaf = replace(
        sims.SOFT_CRAWL, proprioception=replace(sims.SOFT_CRAWL.proprioception, gain=0.0)
    )
    crawl, neurons = (
        sims.CrawlMap(varshney, touch, deaf),
        sims.GradedMap(varshney, touch, step_ms=8),
    )
    state = crawl.random_state(np.random.default_rng(3))
    found = crawl.advance(state, 100)
    # Two implementations of one step: 100 steps of round-off, of potentials up to some volts.
    np.testing.assert_allclose(
        found[: varshney.dimension],
        neurons.advance(state[: varshney.dimension], 100),
        rtol=1e-9,
        atol=1e-9,
    )


def test_a_crawl_is_a_relative_limit_cycle(varshney):
    """Period of the reference set: 1 / 0.967 Hz; all other multipliers are inside the circle."""
    crawl = sims.CrawlMap(varshney, sims.Stimulus(), sims.STIFF_CRAWL)
    start = crawl.advance(crawl.bent_state(), 4000)
    cycle = analysis.find_limit_cycle(crawl, start, max_period=3000, n_multipliers=3)
    assert cycle.found
    assert cycle.stable
    assert 1e3 / cycle.period == pytest.approx(0.967, rel=0.01)
    assert cycle.multipliers[0] == pytest.approx(1, abs=1e-6)
    assert abs(cycle.multipliers[1]) == pytest.approx(0.74, abs=0.02)


def test_a_run_is_labeled_and_can_be_continued(varshney):
    whole = sims.simulate_worm(varshney, duration_s=2.0)
    first = sims.simulate_worm(varshney, duration_s=1.0)
    crawl = sims.CrawlMap(varshney, sims.Stimulus())
    state = crawl.state_of(first.isel(time=-1))
    second = sims.simulate_worm(varshney, duration_s=1.0, initial_state=state)
    for name in ("V", "s", "activation", "curvature"):
        np.testing.assert_allclose(
            second[name].values[-1], whole[name].values[-1], rtol=1e-9, atol=1e-9
        )
    assert whole.sizes == {"time": 51, "node": 49, "joint": 47, "neuron": 279, "muscle": 95}
    assert "body-wall muscles of cook2019-hermaphrodite" in whole.attrs["connectome_history"]
    length = np.hypot(np.diff(whole["x"].values), np.diff(whole["y"].values)).sum(axis=1)
    np.testing.assert_allclose(length, 1.0, rtol=1e-12)


def test_a_worm_with_its_own_muscles_uses_them(cook):
    run = sims.simulate_worm(cook, duration_s=0.2)
    assert "body-wall muscles of" not in run.attrs["connectome_history"]
    assert run.sizes["muscle"] == 95


def test_a_stimulus_that_changes_acts(varshney):
    """The response to a pulse starts with it, and blocks of steps do not show."""
    pulse = sims.pulse_current(
        ["PLM"], amplitude_pA=2000, width_ms=400, period_ms=800, n_pulses=1, onset_ms=400
    )
    with_pulse, without = (
        sims.simulate_worm(varshney, stimulus, duration_s=8.0) for stimulus in (pulse, None)
    )
    apart = abs(with_pulse.V - without.V).max("neuron")
    assert float(apart.sel(time=slice(0, 400)).max()) == 0
    assert float(apart.sel(time=slice(440, 800)).min()) > 1


def test_same_seed_same_bits(varshney):
    runs = [
        sims.simulate_worm(varshney, duration_s=1.0, rng=np.random.default_rng(5)) for _ in range(2)
    ]
    assert runs[0].identical(runs[1])


def test_fields_of_proprioception(varshney):
    """DB and VB of varshney2011 and the motor neurons of the head, backward fields of 0.3 L."""
    anatomy = anatomy_of(varshney.connectome, sims.BOYLE2012)
    feedback = sims.Proprioception(gain=1.0, field=0.3)
    sensing = sensing_matrix(anatomy, feedback, 48)
    places = np.arange(1, 48) / 48
    names = varshney.connectome.neurons
    for i, name in enumerate(names):
        row = sensing[i]
        if name.rstrip("0123456789") in ("DB", "VB") and name[-1].isdigit():
            assert abs(row.sum()) == pytest.approx(1)
            assert places[row != 0].min() >= anatomy.output_center(name) - 0.03
        elif name[:-1] in ("SMDD", "SMDV", "RMDD", "RMDV"):
            assert (places[row != 0].min(), places[row != 0].max()) == pytest.approx(
                (0.1, 0.4), abs=0.03
            )
        else:
            assert not row.any()
            continue
        assert np.sign(row.sum()) == (-1 if "D" in (name[0], name[3:4]) else 1)
    forward = sensing_matrix(anatomy, replace(feedback, direction="forward"), 48)
    db3 = names.index("DB3")
    assert places[forward[db3] != 0].max() <= anatomy.output_center("DB3") + 0.03


def test_a_field_has_at_least_two_joints():
    places = np.arange(1, 24) / 24
    assert joints_in(places, 0.95, 1.25).sum() == 2
    assert joints_in(places, 0.5, 0.5).sum() == 2
    assert joints_in(places, 0.0, 1.0).all()


def test_an_exact_field_is_a_mean_over_the_body():
    """A curvature that is linear along the body has the value at the center of the field.

    Joints represent the part of the body nearest to them: the error is of second order.
    """
    for n_links in (48, 96):
        places = np.arange(1, n_links) / n_links
        for first in np.linspace(0.1, 0.6, 101):
            weights = field_shares(places, first, first + 0.3, exact=True)
            assert weights.sum() == pytest.approx(1)
            assert weights @ places == pytest.approx(first + 0.15, abs=0.5 / n_links**2)
    at_the_tail = field_shares(places, 0.9, 1.3, exact=True)
    assert at_the_tail.sum() == pytest.approx(1)
    assert places[at_the_tail > 0].min() == pytest.approx(0.9, abs=1 / 96)


def test_wrong_types_and_steps_are_errors(varshney):
    with pytest.raises(TypeError, match="network must be a GradedNetwork, got Connectome"):
        sims.simulate_worm(varshney.connectome)  # pyright: ignore[reportArgumentType]
    for name in ("body", "muscles", "proprioception"):
        wrong: dict[str, Any] = {name: "agar"}
        with pytest.raises(TypeError, match=f"{name} must be a "):
            sims.simulate_worm(varshney, **wrong)
    with pytest.raises(ValueError, match=r"n_links must be a whole number, got 24\.0"):
        sims.BodyParameters(n_links=24.0)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="step_ms must be at most 100"):
        sims.simulate_worm(varshney, step_ms=101)
    with pytest.raises(ValueError, match="step_ms must be at most 100"):
        sims.BistableMap(varshney.connectome, step_ms=101)
    run = sims.simulate_worm(varshney, body=sims.BodyParameters(n_links=12), duration_s=2)
    with pytest.raises(ValueError, match="more than that of any body"):
        sims.describe_gait(run.assign(curvature=run["curvature"] + 1e300))


def test_wrong_worms_are_errors(varshney):
    graph = connectome.from_matrices(["A"], [[0]], rows="postsynaptic", signs=[[0]])
    with pytest.raises(ValueError, match="species"):
        sims.simulate_worm(sims.GradedNetwork(graph))
    headless = varshney.connectome.subset("AVA", "AVB", "PLM")
    with pytest.raises(ValueError, match="no neuron with proprioception"):
        sims.simulate_worm(sims.GradedNetwork(headless))
    with pytest.raises(ValueError, match="initial_state must be 700"):
        sims.simulate_worm(varshney, initial_state=np.zeros(3))
    with pytest.raises(ValueError, match="not both"):
        sims.simulate_worm(varshney, initial_state=np.zeros(700), rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match="There is no setting 'duration'"):
        sims.simulate_worm(varshney, duration=3)
    with pytest.raises(ValueError, match=r"at most 1e\+09 steps are allowed"):
        sims.simulate_worm(varshney, duration_s=1e9)
    with pytest.raises(ValueError, match="The run has 95 muscles and 47 joints, the map 95 and 23"):
        sims.CrawlMap(varshney, sims.Stimulus(), sims.STIFF_CRAWL).state_of(
            sims.simulate_worm(varshney, duration_s=0.1).isel(time=-1)
        )
    changes: list[dict[str, Any]] = [
        {"field": 1.5},
        {"direction": "up"},
        {"edges": "sharp"},
        {"classes": ("AVA",)},
        {"gain": np.inf},
    ]
    for change in changes:
        with pytest.raises(ValueError, match=next(iter(change))):
            sims.Proprioception(**change)


@pytest.mark.slow
def test_a_crawl_has_a_phase_response_and_can_be_entrained(varshney):
    """A current into B neurons of a frequency 0.5 % above that of the crawl locks it."""
    crawl = sims.CrawlMap(varshney, sims.Stimulus(), sims.STIFF_CRAWL)
    start = crawl.advance(crawl.bent_state(), 4000)
    cycle = analysis.find_limit_cycle(crawl, start, max_period=3000, n_multipliers=2)
    response = analysis.find_phase_response(crawl, cycle)
    assert response.response.shape == (257, crawl.dimension)
    assert response.consistency < 1e-6
    current = sims.sinusoidal_current(
        ["DB", "VB"], amplitude_pA=20, frequency_Hz=1.005e3 / cycle.period
    )
    forced = sims.CrawlMap(varshney, current, sims.STIFF_CRAWL)
    entrained = analysis.find_limit_cycle(
        forced, forced.advance(start, 60 * forced.n_steps), n_multipliers=2
    )
    assert entrained.found
    assert entrained.stable
    assert entrained.period == pytest.approx(cycle.period / 1.005)


@pytest.mark.slow
def test_the_reference_set_has_one_attractor(varshney):
    """From 20 random states."""
    found = [gait(varshney, sims.STIFF_CRAWL, seed=seed) for seed in range(20)]
    assert [one.frequency_Hz for one in found] == pytest.approx([0.9636] * 20, rel=1e-3)
    assert [one.rms_curvature for one in found] == pytest.approx([2.166] * 20, rel=5e-3)
