"""Settings describe themselves and reject values that are not among their choices."""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

from isochron import ann_bridge
from isochron.ann_bridge.nets.stepped_parameters import SteppedParameters
from isochron.connectome import SIGN_RULES
from isochron.settings import (
    check_choice,
    check_choices,
    check_effect,
    check_type,
    choices_of,
    describe,
    setting,
    settings_from,
)


@dataclass(frozen=True, kw_only=True)
class Pendulum:
    length: float = setting(1.0, "Length of the rod", unit="m")
    method: str = setting("euler", "Integration method", choices=("euler", "heun"))

    def __post_init__(self) -> None:
        check_choices(self)


def test_a_field_describes_itself():
    length, method = fields(Pendulum)
    assert describe(length) == "Length of the rod (m)"
    assert describe(method) == "Integration method"
    assert choices_of(method) == ("euler", "heun")
    assert choices_of(length) == ()


def test_a_value_that_is_no_choice_is_refused():
    with pytest.raises(ValueError, match="method must be one of euler, heun, got 'rk4'"):
        Pendulum(method="rk4")


def test_a_setting_without_effect_is_named():
    @dataclass(frozen=True)
    class Decay:
        kind: str = setting("none", "Kind of decay")
        period_ms: float | None = setting(None, "Period", unit="ms")
        rate: float = setting(0.0, "Last rate", needs="kind=cosine")
        growth: float = setting(0.5, "Growth", needs="period_ms")

    for good in (Decay(), Decay(kind="cosine", rate=1.0), Decay(period_ms=2.0, growth=1.0)):
        check_effect(good)
    with pytest.raises(ValueError, match="rate has no effect without kind = cosine"):
        check_effect(Decay(rate=1.0))
    with pytest.raises(ValueError, match="growth has no effect without period_ms"):
        check_effect(Decay(growth=1.0))


def test_choices_and_hints_may_be_paths():
    @dataclass(frozen=True)
    class Rule:
        name: str | None = setting(
            None, "Sign rule", choices="isochron.connectome:SIGN_RULES",
        )  # fmt: skip
        place: str = setting("near", "Place", choices=("near", "far"))

    rule, place = fields(Rule)
    assert choices_of(rule) == tuple(SIGN_RULES)
    with pytest.raises(ValueError, match=r"Unknown sign rule 'GABA'. Did you mean gaba\?"):
        check_choice(rule, "GABA")
    with pytest.raises(ValueError, match=r"'nearr' is not one of 'near', 'far'. Did you mean near"):
        check_choice(place, "nearr")
    check_choice(place, "far")
    check_choices(Rule())  # None is not given


def test_settings_are_given_whole_or_by_field():
    assert settings_from(Pendulum, None, {"length": 2.0}) == Pendulum(length=2.0)
    assert settings_from(Pendulum, Pendulum(length=3.0), {}) == Pendulum(length=3.0)
    with pytest.raises(TypeError, match="not both"):
        settings_from(Pendulum, Pendulum(), {"length": 2.0})


def test_a_setting_that_does_not_exist_is_named_with_its_neighbor():
    with pytest.raises(TypeError, match=r"no setting 'lenght'. Did you mean length\?"):
        settings_from(Pendulum, None, {"lenght": 2.0})


@dataclass(frozen=True)
class Steps(SteppedParameters):
    """Settings of a network of a user, next to those of isochron."""

    cutoff: float = math.inf
    large: float = 1e10


def test_settings_that_a_user_adds_have_their_type_and_no_range():
    assert (Steps().cutoff, Steps(large=1).large) == (math.inf, 1)
    with pytest.raises(ValueError, match="cutoff must be a number, got 'far'"):
        Steps(cutoff="far")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="step_ms must be finite"):
        Steps(step_ms=math.inf)


@pytest.mark.parametrize("of", [np.array, torch.tensor, xr.DataArray])
def test_an_item_without_axes_is_a_number(of):
    check_type("n", of(3), int)
    check_type("rate", of(0.5), float)
    with pytest.raises(ValueError, match="n must be a whole number"):
        check_type("n", of(0.5), int)
    with pytest.raises(ValueError, match="rate must be finite"):
        check_type("rate", of(math.nan), float)
    with pytest.raises(ValueError, match="rate must be a number"):
        check_type("rate", of([0.5]), float)


def test_lists_of_settings_are_sequences_or_arrays():
    tasks: Any = ann_bridge.tasks
    task = tasks.PhaseMemory(offsets=np.linspace(0, 1, 4, endpoint=False))
    assert task.offsets == (0, 0.25, 0.5, 0.75)
    for wrong in ("0.5", np.zeros((2, 2))):
        with pytest.raises(ValueError, match="^offsets must be a list of values, got [^\n]*$"):
            tasks.PhaseMemory(offsets=wrong)
    assert tasks.FlipFlop(n_bits=np.int64(3)).n_inputs == 3
