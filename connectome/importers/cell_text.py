"""Cells of a connectome as a text in a file of connections: a JSON list."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from isochron.connectome.cells import SEXES, Cell

_DEFAULTS = {item.name: item.default for item in fields(Cell)}


def write_cells(cells: Iterable[Cell], known: Iterable[Cell]) -> str:
    """A JSON list of the cells that are not as a reader of the file knows them; or empty.

    Parameters
    ----------
    cells, known : iterable of Cell
        Those of a connectome, and those that a reader has without this text.
    """
    told = [
        {key: value for key, value in asdict(cell).items() if value != _DEFAULTS[key]}
        for cell, other in zip(cells, known, strict=True)
        if cell != other
    ]
    return json.dumps(told, ensure_ascii=False) if told else ""


def read_cells(text: str, known: Sequence[Cell], *, where: str) -> tuple[Cell, ...]:
    """The cells that a reader knows, or those of a text of `write_cells` with the same names.

    Raises
    ------
    ValueError
        If the text is not such a list.
    """
    if not text:
        return tuple(known)
    try:
        told = [_cell(item) for item in json.loads(text)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f"{where}: the attribute cells is not a list of cells as isochron writes it ({error})."
        ) from error
    by_name = {cell.name: cell for cell in told}
    return tuple(by_name.get(cell.name, cell) for cell in known)


def _cell(item: Any) -> Cell:
    texts = {key: item[key] for key in ("name", "cell_class", "type")}
    texts |= {key: item.get(key, _DEFAULTS[key]) for key in ("sex", "lineage")}
    if not all(isinstance(value, str) for value in texts.values()) or texts["sex"] not in SEXES:
        raise ValueError(f"{item!r} is not a cell")
    place = item.get("position")
    return Cell(
        **texts,
        transmitters=tuple(map(str, item.get("transmitters", ()))),
        position=None if place is None else _place(*place),
        merged=tuple(map(str, item.get("merged", ()))),
    )


def _place(x: Any, y: Any, z: Any) -> tuple[float, float, float]:
    return float(x), float(y), float(z)
