"""How the results of this package are printed: on one line, arrays by their shape."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

C = TypeVar("C", bound=type)
_SHOWN = 4  # values of an array or a sequence that are printed
_LONGEST = 200  # characters of a text


def short_repr(cls: C) -> C:
    """Give a dataclass a repr that states the shape of arrays instead of their values.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @short_repr
    ... @dataclass
    ... class Result:
    ...     point: np.ndarray
    ...     states: np.ndarray
    >>> Result(np.array([0.5, 1.0]), np.zeros((200, 12)))
    Result(point=[0.5 1. ], states=array(200, 12))
    """
    cls.__repr__ = _repr  # type: ignore[method-assign]
    return cls


def _repr(self: Any) -> str:
    parts = (
        f"{item.name}={_shown(getattr(self, item.name))}" for item in fields(self) if item.repr
    )
    return f"{type(self).__name__}({', '.join(parts)})"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if 0 < value.size <= _SHOWN and value.ndim == 1:
            return np.array2string(value, precision=6)
        return f"array{value.shape}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        inside = (f"{key!r}: {_shown(item)}" for key, item in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, tuple | list):
        return _sequence(value)
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _sequence(values: tuple | list) -> str:
    """Values, or how many of them; of results, how many of which class."""
    kinds = {type(value).__name__ for value in values}
    if any(is_dataclass(value) for value in values) or len(values) > _SHOWN:
        what = kinds.pop() if len(kinds) == 1 else "values"
        return f"<{len(values)} {what}>"
    inside = ", ".join(map(_shown, values))
    return f"({inside}{',' * (len(values) == 1)})" if isinstance(values, tuple) else f"[{inside}]"
