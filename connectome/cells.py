"""The cells of both sexes: neurons with class, type, transmitter, position; muscles."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from isochron.connectome.transmitters import canonical_transmitters
from isochron.settings import check_types

CELL_TYPES = ("sensory", "interneuron", "motor", "pharyngeal", "unknown")
SEXES = ("both", "hermaphrodite", "male")


@dataclass(frozen=True, slots=True)
class Cell:
    """One neuron.

    Attributes
    ----------
    name : str
        As the field writes it: AVAL, VB1.
    cell_class : str
        AVA, VB; the hermaphrodite has 118 classes.
    type : str
        One of `CELL_TYPES` (Cook et al., 2019).
    sex : str
        Sex that has the neuron, one of `SEXES`.
    transmitters : tuple of str
        Released transmitters, the main one first; a question mark marks those that the source
        calls uncertain. Empty if none is known (Wang et al., 2024). Other spellings of
        `TRANSMITTERS` (``gaba``, ``ACh``) are replaced by the canonical ones.
    position : tuple of float or None
        Soma (x, y, z) in µm: x grows to the left, y from head (-312) to tail (410), z from
        ventral to dorsal. None for male neurons.
    lineage : str
        Embryonic or larval lineage, such as ``AB alppppapaa``.
    merged : tuple of str
        The neurons that were merged into this one; empty for a single cell.

    Raises
    ------
    ValueError
        If a value is of a different type, or a transmitter is almost one of `TRANSMITTERS`, or
        names several.

    Examples
    --------
    >>> cell = connectome.cells()["AVAL"]
    >>> cell.cell_class, cell.type, cell.transmitters
    ('AVA', 'interneuron', ('acetylcholine',))
    >>> connectome.Cell("N1", "N", "sensory", transmitters=("ACh", "gaba?")).transmitters
    ('acetylcholine', 'GABA?')
    """

    name: str
    cell_class: str
    type: str
    sex: str = "both"
    transmitters: tuple[str, ...] = ()
    position: tuple[float, float, float] | None = None
    lineage: str = ""
    merged: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "transmitters", canonical_transmitters(self.transmitters))
        check_types(self)


@dataclass(frozen=True, slots=True)
class Muscle:
    """One muscle cell.

    Attributes
    ----------
    name : str
        As the field writes it: MDL01, pm3D, vm2AL.
    kind : str
        ``body wall`` (95 of them), ``pharyngeal``, ``vulval``, ``uterine``,
        ``intestinal``, ``anal`` or ``male tail``.
    quadrant : str
        DL, DR, VL or VR for a body-wall muscle, else empty.
    row : int
        1 (head) to 24 (tail) for a body-wall muscle, else 0.

    Examples
    --------
    >>> connectome.muscles()["MDL05"]
    Muscle(name='MDL05', kind='body wall', quadrant='DL', row=5)
    """

    name: str
    kind: str
    quadrant: str = ""
    row: int = 0


@cache
def cells() -> dict[str, Cell]:
    """Every neuron by name: 294 of both sexes, 8 of the hermaphrodite, 90 of the male.

    Returns
    -------
    dict of str to Cell
        The same dictionary at each call; do not change it.

    Examples
    --------
    >>> table = connectome.cells()
    >>> len(table)
    392
    >>> [name for name, cell in table.items() if cell.cell_class == "AVA"]
    ['AVAL', 'AVAR']
    """
    return {row["name"]: _cell(row) for row in _rows("cells.csv")}


@cache
def muscles() -> dict[str, Muscle]:
    """Every muscle by name; BWM is the body wall where a source does not state the muscle.

    Returns
    -------
    dict of str to Muscle
        The same dictionary at each call; do not change it.

    Examples
    --------
    >>> sum(muscle.kind == "body wall" for name, muscle in connectome.muscles().items())
    96
    """
    return {
        row["name"]: Muscle(row["name"], row["kind"], row["quadrant"], int(row["row"] or 0))
        for row in _rows("muscles.csv")
    }


def cells_of(
    names: Iterable[str], *, of_the_worm: bool, types: Mapping[str, str] | None = None
) -> tuple[Cell, ...]:
    """The cells of a connectome, in the order of its neurons.

    Parameters
    ----------
    names : iterable of str
        Neurons, in canonical form.
    of_the_worm : bool
        Whether the names are those of C. elegans. If not, the table of neurons does not
        apply: class, type, transmitters and position of the neurons are unknown.
    types : mapping of str to str, optional
        Cell types by name, of `CELL_TYPES` or as files write them (``Motor neuron``). They
        replace those of the table; a neuron whose type differs from that of the table does not
        get the other facts of its entry either.

    Raises
    ------
    ValueError
        If a type is not one of `CELL_TYPES`.
    """
    types = {name: _cell_type(name, kind) for name, kind in (types or {}).items()}
    table = cells() if of_the_worm else {}
    return tuple(_known_or_not(name, table.get(name), types.get(name)) for name in names)


def are_of_the_worm(given: Iterable[Cell]) -> bool:
    """Whether cells are all entries of `cells`, unchanged; False if there are none."""
    given = tuple(given)
    return bool(given) and all(cells().get(cell.name) == cell for cell in given)


def main_transmitter(of: Sequence[Cell]) -> str:
    """Main transmitter shared by some cells; empty if it differs or is not known.

    It has a question mark if it is uncertain for one of the cells.
    """
    found = {next(iter(cell.transmitters), "") for cell in of}
    if len({transmitter.removesuffix("?") for transmitter in found}) != 1:
        return ""
    return max(found, key=len)


def __getattr__(name: str) -> Any:
    """`canonical_name`, which is in `connectome.names`, for programs that import it from here."""
    if name == "canonical_name":
        from isochron.connectome.names import canonical_name

        return canonical_name
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _cell_type(name: str, word: str) -> str:
    from isochron.connectome.importers.vocabulary import is_cell_type, read_cell_type

    if not is_cell_type(word):
        near = get_close_matches(str(word).lower(), CELL_TYPES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"The type of {name} must be one of {', '.join(CELL_TYPES)}, got {word!r}.{hint}"
        )
    return read_cell_type(word, where=name)


def _known_or_not(name: str, known: Cell | None, kind: str | None) -> Cell:
    if known is not None and kind in (None, known.type):
        return known
    return Cell(name, name, kind or "unknown")


def _cell(row: dict[str, str]) -> Cell:
    place = tuple(map(float, row["position"].split()))
    return Cell(
        row["name"],
        row["class"],
        row["type"],
        row["sex"],
        tuple(filter(None, row["transmitters"].split("+"))),
        (place[0], place[1], place[2]) if place else None,
        row["lineage"],
    )


def _rows(file: str) -> Iterator[dict[str, str]]:
    text = files("isochron.connectome.data").joinpath(file).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())
