"""Settings describe themselves and refuse values that are not among their choices."""

from dataclasses import dataclass, fields

import pytest

from isochron.settings import check_choices, choices_of, describe, setting


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
