"""Arrays and text inside an HTML page: deflated, in base64, and inert."""

import base64
import json
import zlib
from typing import Any

import numpy as np

# Types of arrays in the page, as typed arrays of JavaScript read them (little-endian).
TYPES = {"u1": "Uint8Array", "i2": "Int16Array", "u2": "Uint16Array", "i4": "Int32Array"}
TYPES |= {"f4": "Float32Array", "f8": "Float64Array"}


def pack(array: Any, kind: str) -> dict[str, Any]:
    """An array with its type and shape, as deflated bytes; `inert_json` writes them in base64.

    Parameters
    ----------
    array : array_like
        Numbers that fit the type.
    kind : str
        One of `TYPES`.
    """
    values = np.ascontiguousarray(array, dtype=f"<{kind}")
    data = zlib.compress(values.tobytes(), 6)
    return {"type": TYPES[kind], "shape": list(values.shape), "data": data}


def pack_differences(array: Any, axis: int) -> dict[str, Any]:
    """Integers as differences along an axis, in the smallest type; a running sum restores them."""
    steps = np.diff(np.asarray(array, dtype=np.int64), axis=axis, prepend=0)
    small = bool(np.abs(steps).max(initial=0) < 2**15)
    return pack(steps, "i2" if small else "i4") | {"sum": axis}


def split(value: Any) -> tuple[Any, bytes]:
    """JSON values without the bytes of arrays, and these one after the other.

    An array has ``at``, the place of its first byte and their number, instead of ``data``.
    """
    parts: list[bytes] = []

    def replaced(item: Any) -> Any:
        if isinstance(item, list):
            return [replaced(one) for one in item]
        if not isinstance(item, dict):
            return item
        if isinstance(data := item.get("data"), bytes):
            start = sum(map(len, parts))
            parts.append(data)
            return {k: v for k, v in item.items() if k != "data"} | {"at": [start, len(data)]}
        return {key: replaced(one) for key, one in item.items()}

    without = replaced(value)
    return without, b"".join(parts)


def quantize(values: np.ndarray, scale: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Numbers around 0 as bytes, each column over its own range: 128 is 0, 1 and 255 the ends.

    Parameters
    ----------
    values : ndarray, shape (n_times, n)
    scale : ndarray, shape (n,), optional
        The values that 255 represents; larger ones are cut. By default the largest of a column.

    Returns
    -------
    codes : ndarray of uint8, shape (n_times, n)
    scale : ndarray, shape (n,)
        The value that 255 represents; 0 if the column is 0.
    """
    ends = np.abs(values).max(axis=0, initial=0.0) if scale is None else scale
    relative = np.clip(values / np.where(ends > 0, ends, 1), -1, 1)
    return (128 + np.round(127 * relative)).astype(np.uint8), ends


def inert_json(value: Any) -> str:
    """JSON that no HTML parser takes for markup, whatever names it contains; bytes in base64.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), default=_base64)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
