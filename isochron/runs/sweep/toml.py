"""A grid as TOML, for the store of a sweep that was not made from a file."""

import json
import re
from collections.abc import Mapping
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_grid(content: Mapping[str, Any]) -> bytes:
    """The content of a TOML file as UTF-8."""
    plain = {k: v for k, v in content.items() if not isinstance(v, Mapping)}
    tables = {k: v for k, v in content.items() if isinstance(v, Mapping)}
    lines = [f"{_key(k)} = {_value(v)}" for k, v in plain.items()]
    for name, table in tables.items():
        lines += ["", f"[{_key(name)}]", *(f"{_key(k)} = {_value(v)}" for k, v in table.items())]
    return ("\n".join(lines) + "\n").encode()


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    if hasattr(value, "tolist"):  # of NumPy
        return _value(value.tolist())
    raise ValueError(
        f"A grid of a sweep is made of numbers, texts, lists and tables, not {value!r}."
    )
