"""Midlines of worms in WCON files, the JSON format of worm trackers."""

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.arguments import require_instance
from isochron.files import read_text, reads_data, without_repeats, write_bytes
from isochron.sims.wcon_units import LENGTH, TIME, scale_of
from isochron.wording import counted, shown

Array = np.ndarray
OURS = "@isochron"
LARGEST = 1e15  # number in a file: more is an error, not a position or a time
DIGITS = 6  # of coordinates in mm: a nanometer
REVERSED_VENTRAL = {"CW": "CCW", "CCW": "CW"}


def save_wcon(run: xr.Dataset, path: str | os.PathLike, *, animal: str = "worm") -> None:
    """Write the midline of a moving body as WCON.

    The head is the first point, and the ventral side is stated: that of a simulated body is on its
    right, seen from its tail. What WCON does not have is saved under ``@isochron``.

    Parameters
    ----------
    run : xarray.Dataset
        ``x`` and ``y`` (time, node) in mm, times in ms: a result of `simulate_worm`,
        `simulate_body`, `load_wcon` or `load_tierpsy`. Values that are not finite become null.
    path : str or path
        File to write; replaced if it exists.
    animal : str
        Name of the animal in the file.

    Raises
    ------
    ValueError
        If the run does not have ``x`` and ``y``.

    References
    ----------
    Javer et al. (2018), Nature Methods 15:645; https://github.com/openworm/tracker-commons.

    Examples
    --------
    >>> import xarray as xr
    >>> x = np.tile(np.linspace(0, 1, 5), (2, 1))
    >>> run = xr.Dataset(
    ...     {"x": (("time", "node"), x), "y": (("time", "node"), 0 * x)},
    ...     coords={"time": [0.0, 40.0]},
    ... )
    >>> sims.save_wcon(run, "worm.wcon")
    >>> sims.load_wcon("worm.wcon").x.values[1]
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    require_instance("run", run, xr.Dataset, "sims.simulate_worm(...)")
    if missing := [name for name in ("x", "y") if name not in run]:
        raise ValueError(f"The run lacks {' and '.join(missing)}; it does not have a body.")
    entry: dict[str, Any] = {
        "id": animal,
        "t": [round(1e-3 * t, 9) for t in run["time"].values.astype(float).tolist()],
        "x": _rows(run["x"]),
        "y": _rows(run["y"]),
        "head": "L",
        "ventral": run.attrs.get("ventral", "CCW"),
    }
    attributes = {name: _plain(value) for name, value in run.attrs.items()}
    content = {
        "tracker-commons": True,
        "units": {"t": "s", "x": "mm", "y": "mm"},
        "metadata": {"software": {"tracker": {"name": "isochron", "version": __version__},
                                  "featureID": OURS}},
        OURS: attributes,
        "data": [entry],
    }  # fmt: skip
    write_bytes(Path(path), json.dumps(content, allow_nan=False, ensure_ascii=False).encode())


@reads_data
def load_wcon(path: str | os.PathLike, *, animal: str | None = None) -> xr.Dataset:
    """Read the midline of one animal from a WCON file.

    Parameters
    ----------
    path : str or path
        File (.wcon or .json), not compressed.
    animal : str, optional
        ``id`` of the animal; needed if the file has several.

    Returns
    -------
    xarray.Dataset
        ``x`` and ``y`` (time, node) in mm, from head to tail where the file states the head; time
        in ms. Points that are null are NaN; midlines with fewer points than the longest are
        resampled along their length. Attributes: ``animal``; ``ventral``, the side that is
        clockwise ("CW") or counterclockwise ("CCW") from the head, or "?"; ``other_files``, if the
        recording continues in files that are not read.

    Raises
    ------
    DataFileError
        If it is not a WCON file, a unit is unknown, or the animal must be chosen.

    References
    ----------
    Javer et al. (2018), Nature Methods 15:645; https://github.com/openworm/tracker-commons.

    Examples
    --------
    Coordinates relative to an origin, in micrometers, the head last:

    >>> text = '''{
    ...   "units": {"t": "ms", "x": "um", "y": "um", "ox": "mm", "oy": "mm"},
    ...   "data": [{"id": 7, "t": [0, 40], "ox": 2, "oy": 0, "head": "R",
    ...             "x": [[0, 500, 1000], [10, 510, 1010]], "y": [[0, 0, 0], [0, null, 0]]}]
    ... }'''
    >>> import pathlib
    >>> _ = pathlib.Path("animal.wcon").write_text(text)
    >>> run = sims.load_wcon("animal.wcon")
    >>> run.x.values
    array([[3.  , 2.5 , 2.  ],
           [3.01, 2.51, 2.01]])
    """
    content = _parsed(read_text(path))
    units, entries = content.get("units"), content.get("data")
    entries = [entries] if isinstance(entries, dict) else entries
    if not isinstance(units, dict) or not isinstance(entries, list):
        raise ValueError("It is not WCON: an object with units and data is needed.")
    chosen, name = _of_animal(entries, animal)
    parts = [_Entry(entry, units) for entry in chosen]
    times = np.concatenate([part.times for part in parts])
    lines = [line for part in parts for line in part.lines]
    order = np.argsort(times, kind="stable")
    if (np.diff(times[order]) == 0).any():
        raise ValueError(f"Animal {name} has two midlines at one time.")
    n = max(line.shape[1] for line in lines)
    points = np.stack([_resampled(lines[i], n) for i in order])
    sides = {part.ventral for part in parts}
    ours = content.get(OURS)
    attributes = dict(ours) if isinstance(ours, dict) else {}
    attributes |= {"animal": name, "ventral": sides.pop() if len(sides) == 1 else "?"}
    attributes |= _other_files(content)
    return midline_dataset(1e3 * times[order], points, attributes)


def _other_files(content: dict[str, Any]) -> dict[str, str]:
    """Names of the parts of a recording before and after this file."""
    files = content.get("files")
    files = files if isinstance(files, dict) else {}
    others = {name: files[name] for name in ("prev", "next") if files.get(name)}
    return {"other_files": json.dumps(others)} if others else {}


def midline_dataset(times: Array, points: Array, attributes: dict[str, Any]) -> xr.Dataset:
    """Dataset of midlines, shape (n_times, 2, n_nodes) in mm, at times in ms."""
    return xr.Dataset(
        {
            "x": (("time", "node"), points[:, 0], {"units": "mm"}),
            "y": (("time", "node"), points[:, 1], {"units": "mm"}),
        },
        coords={
            "time": ("time", times, {"units": "ms"}),
            "node": ("node", np.linspace(0, 1, points.shape[2]), {"units": "body length"}),
        },
        attrs=attributes,
    )


def _rows(values: xr.DataArray) -> list[list[float | None]]:
    rows = np.round(values.transpose("time", "node").values.astype(float), DIGITS).tolist()
    return [[value if math.isfinite(value) else None for value in row] for row in rows]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)


def _parsed(text: str) -> dict[str, Any]:
    def refuse(constant: str) -> float:
        raise ValueError(f"It contains {constant}, which JSON does not have; write null.")

    try:
        content = json.loads(text, parse_constant=refuse, object_pairs_hook=without_repeats)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"It is not JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ValueError("It is not WCON: an object with units and data is needed.")
    return content


def _of_animal(entries: list[Any], animal: str | None) -> tuple[list[dict], str]:
    """Entries of one animal, and its name."""
    for entry in entries:
        lacking = {"id", "t", "x", "y"} - (entry.keys() if isinstance(entry, dict) else set())
        if lacking:
            raise ValueError(f"An entry of data lacks {', '.join(sorted(lacking))}.")
        if isinstance(entry["id"], bool) or not isinstance(entry["id"], str | int | float):
            raise ValueError(f"id must be a number or a string, got {shown(entry['id'])}.")
    names = list(dict.fromkeys(str(entry["id"]) for entry in entries))
    if not names:
        raise ValueError("It does not contain an animal: data is empty.")
    if animal is None and len(names) > 1:
        listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise ValueError(
            f"It contains {counted(len(names), 'animal')}: {listed}. Choose one: "
            f"animal={shown(names[0])}."
        )
    name = names[0] if animal is None else str(animal)
    if name not in names:
        raise ValueError(f"It does not contain animal {name!r}; it has {', '.join(names[:8])}.")
    return [entry for entry in entries if str(entry["id"]) == name], name


class _Entry:
    """Times (s) and midlines (mm, from the head on) of one entry of data."""

    def __init__(self, entry: dict[str, Any], units: dict[str, Any]) -> None:
        self._entry, self._units = entry, units
        single = not isinstance(entry["t"], list) or len(entry["t"]) == 1
        self.times = scale_of(self._unit("t"), TIME) * self._numbers("t", [entry["t"]])
        n = self.times.size
        if not np.isfinite(self.times).all():
            raise ValueError("A time is null or too large.")
        x, y = (self._lines(name, single) for name in ("x", "y"))
        if len(x) != n or [one.size for one in x] != [one.size for one in y]:
            raise ValueError(f"x and y must have the same points at each of {n} times.")
        origin = self._origin(n)
        heads, ventral = self._words("head", n), self._words("ventral", n)
        self.lines, sides = [], set()
        for i in range(n):
            line = 1e3 * (np.stack([x[i], y[i]]) + origin[i][:, None])
            tail_first = heads[i] == "R"
            self.lines.append(line[:, ::-1] if tail_first else line)
            side = ventral[i]
            sides.add(REVERSED_VENTRAL.get(side, side) if tail_first else side)
        self.ventral = sides.pop() if len(sides) == 1 else "?"

    def _unit(self, name: str) -> str:
        unit = self._units.get(name)
        if not isinstance(unit, str):
            raise ValueError(f"units lacks {name}.")
        return unit

    def _numbers(self, name: str, values: Any) -> Array:
        flat = self._entry[name] if isinstance(self._entry[name], list) else values
        return _floats(name, flat)

    def _lines(self, name: str, single: bool) -> list[Array]:
        """Coordinates at each time, m."""
        value, scale = self._entry[name], scale_of(self._unit(name), LENGTH)
        rows = [value] if single else value
        if not isinstance(rows, list):
            raise ValueError(f"{name} must be an array, as t is.")
        if single and isinstance(value, list) and value and isinstance(value[0], list):
            rows = value
        return [scale * _floats(name, row if isinstance(row, list) else [row]) for row in rows]

    def _origin(self, n: int) -> Array:
        """Origin of the coordinates at each time, shape (n, 2), m: (ox, oy), else (cx, cy)."""
        for names in (("ox", "oy"), ("cx", "cy")):
            there = [name in self._entry for name in names]
            if any(there) and not all(there):
                raise ValueError(f"{' and '.join(names)} must be given in pairs.")
            if all(there):
                return np.stack([self._each(name, n) for name in names], axis=1)
        return np.zeros((n, 2))

    def _each(self, name: str, n: int) -> Array:
        values = scale_of(self._unit(name), LENGTH) * self._numbers(name, [self._entry[name]])
        if values.size not in (1, n):
            raise ValueError(f"{name} must have 1 or {n} values, got {values.size}.")
        return np.broadcast_to(values, (n,))

    def _words(self, name: str, n: int) -> list[str]:
        """A statement on the orientation at each time."""
        value = self._entry.get(name, "?")
        words = value if isinstance(value, list) else [value] * n
        words = ["?" if word is None else word for word in words]
        allowed = {"head": ("L", "R", "?"), "ventral": ("CW", "CCW", "?")}[name]
        if len(words) != n or any(word not in allowed for word in words):
            raise ValueError(f"{name} must be one of {', '.join(allowed)} at each of {n} times.")
        return [str(word) for word in words]


def _floats(name: str, values: Iterable[Any]) -> Array:
    numbers = [math.nan if value is None else value for value in values]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
        raise ValueError(f"{name} must contain numbers or null.")
    if any(abs(value) > LARGEST for value in numbers):
        raise ValueError(f"{name} contains a number of more than {LARGEST:g}.")
    return np.array(numbers, dtype=float)


def _resampled(line: Array, n: int) -> Array:
    """A midline with n points, at equal distances along it; unchanged if it has n points."""
    if line.shape[1] == n:
        return line
    if line.shape[1] < 2 or not np.isfinite(line).all():
        return np.full((2, n), np.nan)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=1)))])
    return np.stack([np.interp(np.linspace(0, along[-1], n), along, row) for row in line])
