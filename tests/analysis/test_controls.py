"""Settings in frozen dataclasses: values out of range are rejected where they are written."""

import dataclasses

import pytest

from isochron.analysis import (
    NewtonStarts,
    Observation,
    ShootingControl,
    StepControl,
    SurveyTolerances,
    TangentControl,
    continue_cycles_from_hopf,
    continue_fixed_points,
    continue_fold,
    find_limit_cycle,
)
from tests import truths

SETTINGS = (
    NewtonStarts(),
    Observation(transient=1, duration=20),
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
        ({"transient": float("inf")}, "transient >= 0"),
        ({"duration": 0.0}, "max_period <= duration / 2"),
        ({"rounds": 0}, "rounds >= 1 and follow >= 0, got 0 and 10"),
        ({"follow": -1}, "got 3 and -1"),
    ],
)
def test_observations_out_of_range_are_rejected(options, message):
    with pytest.raises(ValueError, match=message):
        Observation(**{"transient": 10.0, "duration": 40.0, **options})


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(SurveyTolerances) if field.name != "scale"]
)
@pytest.mark.parametrize("value", [0.0, 1.0, float("nan")])
def test_tolerances_of_a_survey_lie_between_0_and_1(name, value):
    with pytest.raises(ValueError, match=rf"{name} must lie in \(0, 1\)"):
        SurveyTolerances(**{name: value})


def test_settings_that_a_continuation_does_not_have_are_rejected():
    """The first step from a Hopf point is the amplitude; a fold in two parameters has no scale."""
    rest = continue_fixed_points(truths.stuart_landau, [0.0, 0.0], -0.5, limits=(-0.5, 0.5))
    (hopf,) = rest.of_kind("Hopf")
    with pytest.raises(ValueError, match=r"give amplitude, not step=0\.1"):
        continue_cycles_from_hopf(
            truths.stuart_landau, hopf, limits=(-0.1, 0.5), control=StepControl(step=0.1)
        )
    cusp = continue_fixed_points(lambda p: truths.cusp(p, 1.0), [-1.6], -2.0, limits=(-2.0, 2.0))
    with pytest.raises(ValueError, match="has no parameter_scale"):
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
