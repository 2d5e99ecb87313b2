"""JSON files, written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from isochron.connectome.files import reads_data, write_bytes


def write_json(path: Path, value: Any) -> None:
    """Write JSON without NaN or Infinity.

    Raises
    ------
    ArithmeticError
        If there is one.
    """
    write_bytes(path, (to_json(value) + "\n").encode())


def to_json(value: Any, **options: Any) -> str:
    """Indented JSON; options as for `json.dumps`.

    Raises
    ------
    ArithmeticError
        If a number is not finite.
    """
    try:
        return json.dumps(value, indent=1, allow_nan=False, **options)
    except ValueError as error:
        raise ArithmeticError(f"A result is not finite: {error}.") from error


@reads_data
def read_json(path: Path) -> Any:
    """Read JSON.

    Raises
    ------
    ValueError
        If the file is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not a JSON file: {error}.") from error
