"""Settings in frozen dataclasses reject values out of range when they are made."""

import dataclasses

import numpy as np
import pytest

from isochron.analysis import (
    Flow,
    NewtonStarts,
    ShootingControl,
    StepControl,
    SteppedMap,
    SurveyTimes,
    SurveyTolerances,
    TangentControl,
    continue_cycles_from_hopf,
    continue_fixed_points,
    continue_fold,
    find_all_attractors,
    find_limit_cycle,
    uniform_box,
)
from tests import truths

SETTINGS = (
    NewtonStarts(),
    SurveyTimes(transient=1, observation=20),
    ShootingControl(),
    StepControl(),
    SurveyTolerances(),
    TangentControl(),
)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: type(settings).__name__)
def test_settings_are_frozen_and_known_by_name(settings):
    first = dataclasses.fields(settings)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, first, 1)
    with pytest.raises(TypeError, match="unknown"):
        type(settings)(unknown=1)
    with pytest.raises(TypeError, match="positional"):
        type(settings)(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": -1.0}, "0 < smallest <= first <= largest"),
        ({"step": 0.2, "largest_step": 0.1}, r"got None, 0\.2 and 0\.1"),
        ({"smallest_step": float("nan")}, "smallest"),
        ({"largest_step": float("inf")}, "largest"),
        ({"parameter_scale": 0.0}, "parameter_scale must be positive, got 0.0"),
        ({"tolerance": -1e-9}, "tolerance must be positive, got -1e-09"),
        ({"rtol": 0.0}, "rtol must be positive"),
        ({"max_points": 0}, "max_points must be 1 or more, got 0"),
        ({"scale": [1.0, -1.0]}, "scale must be positive and finite"),
    ],
)
def test_steps_out_of_range_are_rejected(options, message):
    with pytest.raises(ValueError, match=message):
        StepControl(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transient": float("inf")}, "transient must be finite"),
        ({"transient": -1.0}, "transient >= 0"),
        ({"observation": 0.0}, "max_period <= observation / 2"),
        ({"rounds": 0}, "rounds >= 1 and follow >= 0, got 0 and 10"),
        ({"follow": -1}, "got 3 and -1"),
    ],
)
def test_observations_out_of_range_are_rejected(options, message):
    with pytest.raises(ValueError, match=message):
        SurveyTimes(**{"transient": 10.0, "observation": 40.0, **options})


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(SurveyTolerances) if field.name != "scale"]
)
@pytest.mark.parametrize("value", [0.0, 1.0, float("nan")])
def test_tolerances_of_a_survey_lie_between_0_and_1(name, value):
    with pytest.raises(ValueError, match=rf"{name} must lie in \(0, 1\)"):
        SurveyTolerances(**{name: value})


def test_settings_that_a_continuation_does_not_have_are_rejected():
    """From a Hopf point the first step is the amplitude; a fold in two parameters lacks a scale."""
    rest = continue_fixed_points(truths.stuart_landau, [0.0, 0.0], -0.5, limits=(-0.5, 0.5))
    (hopf,) = rest.of_kind("Hopf")
    with pytest.raises(ValueError, match=r"give amplitude, not step=0\.1"):
        continue_cycles_from_hopf(
            truths.stuart_landau, hopf, limits=(-0.1, 0.5), control=StepControl(step=0.1)
        )
    cusp = continue_fixed_points(lambda p: truths.cusp(p, 1.0), [-1.6], -2.0, limits=(-2.0, 2.0))
    with pytest.raises(ValueError, match="does not take parameter_scale"):
        continue_fold(
            truths.cusp, cusp.of_kind("fold")[0], 1.0, limits=((-2.0, 2.0), (0.3, 2.0)),
            control=StepControl(parameter_scale=1.0),
        )  # fmt: skip


def test_numbers_of_iterations_and_segments_follow_from_the_search():
    """1 iteration is 1, not the default of 12."""
    control = ShootingControl(max_iterations=1, max_transient=0)
    cycle = find_limit_cycle(truths.van_der_pol(1.0), [2.0, 0.0], max_period=20.0, control=control)
    assert "max_iterations=1)" in cycle.message
    filled = ShootingControl(n_segments=2).with_defaults(max_iterations=12, n_segments=6)
    assert (filled.max_iterations, filled.n_segments) == (12, 2)


def test_settings_are_given_whole_or_as_keywords():
    """The same cycle, tongue, branch and survey with either; both together are an error."""
    field = Flow(lambda t, x: [x[1], (1 - x[0] ** 2) * x[1] - x[0]])
    whole = find_limit_cycle(
        field, [2.0, 0.0], max_period=20, control=ShootingControl(tolerance=1e-11, n_segments=3)
    )
    keywords = find_limit_cycle(field, [2.0, 0.0], max_period=20, tolerance=1e-11, n_segments=3)
    assert (whole.method, whole.period) == (keywords.method, keywords.period)
    with pytest.raises(TypeError, match="not both"):
        find_limit_cycle(
            field, [2.0, 0.0], max_period=20, control=ShootingControl(), tolerance=1e-11
        )
    with pytest.raises(TypeError, match="'tolerence'.* Did you mean tolerance"):
        find_limit_cycle(field, [2.0, 0.0], max_period=20, tolerence=1e-11)
    wells = SteppedMap(lambda k, x: 1.5 * np.tanh(x), None, 1)
    box = uniform_box([-2.0], [2.0])
    times = {"transient": 50, "observation": 40, "rounds": 2}
    rng = np.random.default_rng(0)
    options = {"n_starts": 4, "merge_tolerance": 1e-4}
    survey = find_all_attractors(wells, box, rng, **times, **options)
    again = find_all_attractors(
        wells, box, np.random.default_rng(0), times=SurveyTimes(**times), **options
    )
    assert repr(survey) == repr(again)
    assert len(survey.attractors) == 2
    with pytest.raises(TypeError, match="observation"):
        find_all_attractors(wells, box, rng, transient=50)
