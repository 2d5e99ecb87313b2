"""Roles of columns and attributes of a file: sender, receiver, weight, layer, sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from isochron.connectome.importers.vocabulary import plain

WORDS: dict[str, tuple[str, ...]] = {
    "pre": (
        *("pre", "source", "from", "presynaptic", "presynapticneuron", "presynapticcell", "sender"),
        *(
            "preneuron",
            "precell",
            "prename",
            "neuronpre",
            "neuron1",
            "cell1",
            "origin",
            "prerootid",
        ),
        *("bodyidpre", "presyn", "sourceneuron", "sendingcell", "sending"),
    ),
    "post": (
        *("post", "target", "to", "postsynaptic", "postsynapticneuron", "postsynapticcell"),
        *("receiver", "postneuron", "postcell", "postname", "neuronpost", "neuron2", "cell2"),
        *("postrootid", "bodyidpost", "postsyn", "targetneuron", "destination"),
        *("receivingcell", "receiving"),
    ),
    "weight": (
        *("weight", "weights", "synapses", "nsynapses", "numsynapses", "numberofsynapses", "nsyn"),
        *("syncount", "synapsecount", "count", "counts", "nbr", "number", "numberofconnections"),
        *("numberoffibers", "strength", "value", "n", "sections", "contacts", "synweight"),
    ),
    "layer": (
        *("layer", "type", "synapsetype", "connectiontype", "edgetype", "typeofsynapse"),
        *("typeofconnection", "conntype", "syntype", "synclass", "synapseclass"),
    ),
    "sign": ("sign", "signs", "polarity", "synapsesign", "excitatoryinhibitory", "ei"),
    "name": ("name", "label", "cellname", "neuronname", "cell", "neuron", "nodename", "neuronid"),
    "kind": ("kind", "cellkind", "nodekind"),
    "type": ("type", "celltype", "neurontype", "role"),
    "class": ("cellclass", "neuronclass"),
}


@dataclass(frozen=True)
class Roles:
    """Roles of the columns of a file.

    Attributes
    ----------
    found : dict of str to str
        The column of each role.
    unknown : tuple of str
        Columns without a role, in the order of the file.
    """

    found: dict[str, str]
    unknown: tuple[str, ...]


def find_roles(
    columns: Sequence[str],
    roles: Sequence[str],
    *,
    given: Mapping[str, str | None],
    what: str,
    say: str = "",
    where: str,
) -> Roles:
    """Find the column of each role: the one given, one of its name, or one of a known name.

    Case, blanks and punctuation of the columns do not count.

    Parameters
    ----------
    columns : sequence of str
        Columns or attributes of the file.
    roles : sequence of str
        Keys of `WORDS`.
    given : mapping of str to str or None
        Columns that the caller names; None for a role that the file does not have.
    what : str
        What they are called in messages, such as ``column``.
    say : str
        How the caller names one, such as ``ROLE=``.
    where : str
        The file.

    Raises
    ------
    ValueError
        If a given column is not there, or two columns may have one role.
    """
    found: dict[str, str] = {}
    for role, column in given.items():
        if role not in roles:
            near = get_close_matches(role, roles, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(f"Unknown {what} {role!r} to name.{hint} Known: {', '.join(roles)}.")
        if column is not None:
            found[role] = _exact(columns, column, what, where)
    for role in roles:
        if role not in given:
            free = [column for column in columns if column not in found.values()]
            if (column := _match(free, role, say, where)) is not None:
                found[role] = column
    taken = set(found.values())
    return Roles(found, tuple(column for column in columns if column not in taken))


def suggest_role(column: str, roles: Sequence[str]) -> str | None:
    """The role that a column without one may be meant to have, by its name."""
    word = plain(column)
    words = {known: role for role in roles for known in WORDS[role]}
    near = get_close_matches(word, [known for known in words if len(known) > 2], n=1, cutoff=0.75)
    if near:
        return words[near[0]]
    parts = {
        "weight": ("weight", "synaps", "strength", "fiber", "number", "count", "contact"),
        "sign": ("sign", "polarity", "inhib", "excit"),
        "layer": ("layer", "electric", "chemical", "type", "junction"),
    }
    return next(
        (role for role, bits in parts.items() if role in roles and any(b in word for b in bits)),
        None,
    )


def _exact(columns: Sequence[str], column: str, what: str, where: str) -> str:
    if column in columns:
        return column
    same = [known for known in columns if plain(known) == plain(column)]
    if len(same) == 1:
        return same[0]
    near = get_close_matches(column, columns, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"{where} does not have the {what} {column!r}.{hint} It has: "
        f"{', '.join(columns) or 'none'}."
    )


def _match(columns: Sequence[str], role: str, say: str, where: str) -> str | None:
    """The column of a role: of exactly its name first, then of one of its other words."""
    for words in ((role,), WORDS[role]):
        found = [column for column in columns if plain(column) in words]
        exact = [column for column in found if column == role]
        found = exact or found
        if len(found) > 1:
            advice = f" Choose one: {say.replace('ROLE', role)}{found[0]!r}." if say else ""
            raise ValueError(
                f"{where}: {' and '.join(map(repr, found))} may each be the {role}.{advice}"
            )
        if found:
            return found[0]
    return None
