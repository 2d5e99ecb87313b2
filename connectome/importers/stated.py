"""Facts of cells and weights in a table of connections, in columns of fixed names.

`connectome.write_csv` writes such columns where a reader could not know what they contain.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from isochron.connectome.importers.vocabulary import clean_name, is_cell_type, read_cell_type
from isochron.connectome.names import infer_species

if TYPE_CHECKING:
    from isochron.connectome.importers.tables import Row
    from isochron.connectome.model import Connectome

TYPES = {"pre": "pre_type", "post": "post_type"}
UNIT, SPECIES = "weight_unit", "species"
NOT_KNOWN = "not known"
NO_UNIT = "weight"


class Stated(NamedTuple):
    """Facts of a table.

    Attributes
    ----------
    types : dict of str to str
        Cell type by the name that the table has.
    weight_unit : str
    species : str or None
        ``"infer"`` if the table does not state it.
    """

    types: dict[str, str]
    weight_unit: str
    species: str | None


def stated_columns(header: Sequence[str], body: Iterable[Sequence[str]]) -> dict[str, str]:
    """Columns of a table with facts of this module, by their names, which are their roles.

    Parameters
    ----------
    header : sequence of str
    body : iterable of sequence of str
        Fields of the lines. Columns of the same names with other content are not among those
        returned: types that are not cell types, or a unit that differs from line to line.
    """
    lines = list(body)
    found = {}
    for role in (*TYPES.values(), UNIT, SPECIES):
        if header.count(role) == 1:
            words = {fields[header.index(role)] for fields in lines}
            typed = role in TYPES.values() and all(map(is_cell_type, words - {""}))
            if (typed or role in (UNIT, SPECIES) and len(words) == 1) and words != {""}:
                found[role] = role
    return found


def read_stated(rows: Sequence["Row"], species: str | None, where: str) -> Stated:
    """Facts of the rows of a table.

    Parameters
    ----------
    rows : sequence of Row
    species : str or None
        What is stated by the caller: ``"infer"``, a species, or None.
    where : str
        The file.

    Raises
    ------
    ValueError
        If two lines differ in the type of a neuron.
    """
    first: Mapping[str, str] = rows[0].fields if rows else {}
    written = clean_name(first.get(SPECIES, "infer"))
    known = None if written == NOT_KNOWN else written
    unit = clean_name(first.get(UNIT, NO_UNIT))
    return Stated(_types(rows, where), unit, known if species == "infer" else species)


def _types(rows: Sequence["Row"], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows:
        for role, column in TYPES.items():
            if word := row.fields.get(column):
                name, line = clean_name(row.fields[role]), f"{where}, line {row.line}"
                kind = read_cell_type(word, where=line)
                if found.setdefault(name, kind) != kind:
                    raise ValueError(
                        f"{line}: {name} is of the type {kind}, and above of the type "
                        f"{found[name]}. State one."
                    )
    return found


def facts_to_state(
    connectome: "Connectome", names: Iterable[str], *, types: bool
) -> dict[str, dict[str, str] | str]:
    """Further facts that a table of connections must state: a text, or a text for each cell.

    Parameters
    ----------
    connectome : Connectome
    names : iterable of str
        Cells that the table contains, by which a reader infers the species.
    types : bool
        Whether the types of the neurons are not those that a reader knows.
    """
    facts: dict[str, dict[str, str] | str] = {}
    if types:
        kinds = {cell.name: cell.type for cell in connectome.cells}
        facts |= dict.fromkeys(TYPES.values(), kinds)
    if connectome.source.weight_unit != NO_UNIT:
        facts[UNIT] = connectome.source.weight_unit
    if connectome.species != infer_species(names):
        facts[SPECIES] = connectome.species or NOT_KNOWN
    return facts
