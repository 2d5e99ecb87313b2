"""JSON files, written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from isochron.connectome.files import write_bytes


def write_json(path: Path, value: Any) -> None:
    """Write JSON without NaN or Infinity."""
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


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
