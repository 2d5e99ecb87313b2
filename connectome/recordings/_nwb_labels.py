"""Names of the regions of a response series, from the columns of their NWB table."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import h5py
import numpy as np

from isochron.connectome.cells import cells
from isochron.connectome.names import canonical_name
from isochron.connectome.recordings import _hdf5

# Headers of columns of names, in the order of preference, without case and separators.
HEADERS = (
    *("idlabels", "labels", "label", "neuronname", "neuronnames", "neuron", "neurons", "name"),
    *("neuropalid", "neuropalids", "neuropal", "neuropallabel", "neuropallabels", "cellid"),
    *("cellids", "cellname", "cellnames", "cell", "neuronid", "neuronids", "neuronlabel"),
    *("neuronlabels", "celllabel", "identity", "identities", "roiname", "roinames", "names"),
    *("id", "ids", "celegansid", "canonicalname"),
)


class Labels(NamedTuple):
    """Labels of the rows of a table, and the column that they come from, in words."""

    values: list[str]
    source: str


def read_labels(table: h5py.Group, wanted: str | None) -> Labels | None:
    """The labels of all rows of a table; None if no column contains names.

    Parameters
    ----------
    table : h5py.Group
        A DynamicTable, such as a PlaneSegmentation.
    wanted : str, optional
        The column; by default one with a usual header, or the one that contains names of
        neurons of C. elegans.

    Raises
    ------
    ValueError
        If the column `wanted` is missing, or several contain names, without a usual header.
    """
    columns = _text_columns(table)
    if wanted is not None:
        if wanted not in columns:
            near = get_close_matches(wanted, columns, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(
                f"{table.name} has no column {wanted!r} of texts.{hint} It has "
                f"{', '.join(columns) or 'none'}: labels=..."
            )
        return _labels(table, wanted, columns)
    usual = sorted((name for name in columns if _rank(name) is not None), key=_order)
    naming = [name for name, values in columns.items() if _are_names(values)]
    best = [name for name in usual if name in naming] or naming
    if len(best) > 1 and best[0] not in usual:
        raise ValueError(
            f"{table.name} has {len(best)} columns with names of neurons: {', '.join(best)}. "
            f"Choose one: labels={best[0]!r}."
        )
    best += [name for name in usual if any(columns[name])]
    return _labels(table, best[0], columns) if best else None


def text_columns(table: h5py.Group) -> tuple[str, ...]:
    """Names of the columns of texts of a table."""
    return tuple(_text_columns(table))


def _labels(table: h5py.Group, name: str, columns: dict[str, list[str]]) -> Labels:
    return Labels(columns[name], f"column {name} of {table.name}")


def _text_columns(table: h5py.Group) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in _hdf5.keys(table):
        column: Any = table.get(name)
        if not isinstance(column, h5py.Dataset) or name == "id":
            continue
        values = _values(column, str(column.name))
        if values is not None:
            index: Any = table.get(f"{name}_index")
            found[name] = values if index is None else _joined(values, index)
    return found


def _values(column: h5py.Dataset, what: str) -> list[str] | None:
    """The texts of a column, plain or as numbers of a list of categories; None for others."""
    if len(column.shape or ()) != 1:
        return None
    if h5py.check_string_dtype(column.dtype) is not None:
        return _hdf5.texts(column, what)
    categories = column.attrs.get("elements")
    if not isinstance(categories, h5py.Reference) or column.dtype.kind not in "iu":
        return None
    texts = _hdf5.texts(column.file[categories], f"the elements of {what}")
    numbers = _hdf5.numbers(column, what, 1).astype(np.int64)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < len(texts):
        raise ValueError(f"{what} has the category {numbers.max()} of {len(texts)} (from 0).")
    return [texts[number] for number in numbers]


def _joined(values: Sequence[str], index: object) -> list[str]:
    """Labels of rows with several candidates: the only one, or all with ``/`` between them."""
    ends = _hdf5.numbers(index, "the index of a column", 1).astype(np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    if ends.size and not (np.all(starts <= ends) and ends[-1] == len(values)):
        raise ValueError("The index of a column of labels does not fit its values.")
    pairs = zip(map(int, starts), map(int, ends), strict=True)
    rows = [values[start:end] for start, end in pairs]
    return ["/".join(filter(None, row)) for row in rows]


def _are_names(values: Iterable[str]) -> bool:
    """Whether at least half of the labels that are not empty are neurons of C. elegans."""
    given = [value for value in values if value.strip()]
    known = [value for value in given if canonical_name(value) in cells()]
    return bool(known) and len(known) >= len(given) / 2


def _rank(name: str) -> int | None:
    plain = re.sub(r"[\W_]+", "", name).lower()
    return HEADERS.index(plain) if plain in HEADERS else None


def _order(name: str) -> int:
    rank = _rank(name)
    return len(HEADERS) if rank is None else rank
