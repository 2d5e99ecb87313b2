"""Settings describe themselves and refuse values that are not among their choices."""

from dataclasses import dataclass, fields

import pytest

from isochron.settings import check_choices, choices_of, describe, setting, settings_from


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


def test_settings_are_given_whole_or_by_field():
    assert settings_from(Pendulum, None, {"length": 2.0}) == Pendulum(length=2.0)
    assert settings_from(Pendulum, Pendulum(length=3.0), {}) == Pendulum(length=3.0)
    with pytest.raises(TypeError, match="not both"):
        settings_from(Pendulum, Pendulum(), {"length": 2.0})


def test_a_setting_that_does_not_exist_is_named_with_its_neighbor():
    with pytest.raises(TypeError, match=r"no setting 'lenght'. Did you mean length\?"):
        settings_from(Pendulum, None, {"lenght": 2.0})
