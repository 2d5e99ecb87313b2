"""TOML text of a user, with a limit of its nesting."""

import re
import tomllib
from typing import Any

DEEPEST = 64  # parts of one key
# One part of a key; possessive, so that the time is proportional to the length of the text.
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{DEEPEST}}}")


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a TOML text.

    Raises
    ------
    ValueError
        If it is not TOML, or too deeply nested: `tomllib` takes half a minute and gigabytes for
        a key of 20,000 parts.
    """
    if deep := _DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise ValueError(f"line {line} has a key of more than {DEEPEST} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is too deeply nested") from error
