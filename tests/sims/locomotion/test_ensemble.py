"""Many worms together: bit-identical to one at a time, in every order and number."""

from dataclasses import replace

import numpy as np
import pytest

from isochron import sims

pytestmark = pytest.mark.slow  # compiles a kernel


@pytest.fixture(scope="module")
def constants():
    """Ten sets that differ in body, muscles and fields: more than the lanes of one group."""
    soft = sims.SOFT_CRAWL
    return [
        replace(
            soft,
            body=replace(soft.body, n_links=12, stiffness=0.004 * (1 + k), curvature_gain=30 + k),
            muscles=sims.MuscleParameters(time_constant=80.0 + 10 * k),
            proprioception=sims.Proprioception(field=0.25 + 0.02 * k),
        )
        for k in range(10)
    ]


def generators(first=0):
    return [np.random.default_rng(k) for k in range(first, 10)]


def test_members_are_bit_identical_to_worms_that_run_alone(worm, constants):
    """Members differ in fields, bodies and muscles; the input changes with time."""
    pulses = sims.pulse_current(["PLM"], amplitude_pA=300, width_ms=40, period_ms=400, n_pulses=9)
    run = sims.simulate_worm_many(
        worm, constants, pulses, rng=generators(), duration_s=2, record=("V", "activation")
    )
    for k in (0, 9):
        one = constants[k]
        alone = sims.simulate_worm(
            worm, pulses, body=one.body, muscles=one.muscles, proprioception=one.proprioception,
            rng=np.random.default_rng(k), duration_s=2,
        )  # fmt: skip
        for name in ("x", "y", "curvature", "heading", "V", "activation"):
            np.testing.assert_array_equal(run[name].values[k], alone[name].values, err_msg=name)


def test_the_default_constants_are_those_of_one_worm(worm):
    many = sims.simulate_worm_many(worm, duration_s=1)
    np.testing.assert_array_equal(many.x.values[0], sims.simulate_worm(worm, duration_s=1).x.values)


def test_a_member_does_not_depend_on_the_others(worm, constants):
    """Neither on their order, nor on threads, nor on members with a different network."""
    all_ = sims.simulate_worm_many(worm, constants, rng=generators(), duration_s=1)
    some = sims.simulate_worm_many(worm, constants[7:], rng=generators(7), duration_s=1, workers=2)
    np.testing.assert_array_equal(some.x.values, all_.x.values[7:])
    cut = worm.disconnect("AVB")
    mixed = sims.simulate_worm_many(
        [cut, worm, cut], constants[7:], rng=generators(7), duration_s=1
    )
    np.testing.assert_array_equal(mixed.x.values[1], all_.x.values[8])
    assert np.abs(mixed.x.values[0] - all_.x.values[7]).max() > 0


def test_a_member_that_diverges_does_not_end_the_others(worm, constants):
    """A potential of 1e300 mV overflows."""
    crawl = sims.CrawlMap(worm, sims.Stimulus(), constants[0])
    starts = np.stack([crawl.bent_state()] * 3)
    starts[1, -1] = 1e308
    run = sims.simulate_worm_many(worm, constants[0], initial_states=starts, duration_s=1)
    assert run.failed.values.tolist() == [False, True, False]
    assert run.reason.values[1].startswith("not finite after")
    assert np.isfinite(run.x.values[[0, 2]]).all()
    assert np.isnan(run.x.values[1, -1]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": []}, "as many of each"),
        ({"rng": [np.random.default_rng(0)] * 3}, "as many of each"),
        ({"record": ("y",)}, "record must be a list of some of V, s, activation"),
        ({"workers": 0}, "workers must be a whole number"),
        ({"initial_states": np.zeros((2, 3))}, "initial_state must be"),
        ({"parameters": 5}, "parameters must be one CrawlParameters or a sequence of them, got 5"),
        ({"parameters": [None]}, "parameters must be one CrawlParameters or .*, got None"),
        ({"parameters": sims.BodyParameters()}, "parameters must be one CrawlParameters or"),
        ({"stimuli": 3}, "stimuli must be one Stimulus or a sequence of them, got 3"),
        ({"stimuli": {"AVA": 1}}, "stimuli must be one Stimulus or a sequence of them, got 'AVA'"),
        ({"duration_s": "1"}, "duration_s must be a number, got '1'"),
        ({"step_ms": None}, "step_ms must be a number, got None"),
    ],
)
def test_wrong_members(worm, constants, change, message):
    given = {"parameters": constants[:2], "duration_s": 1} | change
    with pytest.raises(ValueError, match=message):
        sims.simulate_worm_many(worm, given.pop("parameters"), **given)


def test_a_network_or_generator_that_is_none(worm):
    with pytest.raises(ValueError, match="networks must be one GradedNetwork or .*, got 5"):
        sims.simulate_worm_many([worm, 5], duration_s=1)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="rng must be a Generator, got 7"):
        sims.simulate_worm_many(worm, rng=7, duration_s=1)  # pyright: ignore[reportArgumentType]


def test_members_have_the_same_number_of_links(worm):
    with pytest.raises(ValueError, match=r"same number of links, got \[24, 48\]"):
        sims.simulate_worm_many(worm, [sims.SOFT_CRAWL, sims.STIFF_CRAWL], duration_s=1)
