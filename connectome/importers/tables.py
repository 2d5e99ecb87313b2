"""The text of a table of connections: separator, header, rows."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from isochron.connectome.cells import cells
from isochron.connectome.importers.roles import WORDS, Roles, find_roles, suggest_role
from isochron.connectome.importers.stated import stated_columns
from isochron.connectome.importers.suspects import role_by_values, unreadable
from isochron.connectome.importers.vocabulary import (
    as_names,
    is_number,
    plain,
    without_invisible,
)
from isochron.connectome.names import canonical_name
from isochron.wording import counted

ROLES = ("pre", "post", "weight", "layer", "sign")
SEPARATORS = (",", ";", "\t", "|")
WHITESPACE = "whitespace"
_STATED_SEPARATOR = re.compile(r'\s*"?sep=([^\w\s"]|\t)"?[ \t]*(?=[\r\n])', re.IGNORECASE)
_IGNORED = ("id", "edgeid", "timeset", "interval", "index")


class Row(NamedTuple):
    """One line of a table.

    Attributes
    ----------
    line : int
        Number of the line in the file.
    fields : dict of str to str
        Text by role, or by a name of `stated_columns`, without blanks at the ends.
    """

    line: int
    fields: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A table of connections.

    Attributes
    ----------
    separator : str
    columns : dict of str to str
        The column of each role.
    rows : tuple of Row
    unused : tuple of str
        Columns that are not read, of which something is lost.
    """

    separator: str
    columns: dict[str, str]
    rows: tuple[Row, ...]
    unused: tuple[str, ...]


def read_table(
    text: str,
    *,
    columns: Mapping[str, str | None] | None,
    ignore: Sequence[str],
    separator: str | None,
    where: str,
) -> Table:
    """Split a text into rows whose fields are known by role.

    Parameters
    ----------
    text : str
    columns : mapping of str to str or None
        Columns of the roles `ROLES`, where their names are not usual ones. If it is given,
        other columns are not read.
    ignore : sequence of str
        Columns that are not read.
    separator : str, optional
        One character, ``"tab"`` or ``"whitespace"``; found from the header by default.
    where : str
        The file.

    Raises
    ------
    ValueError
        If a column is missing, unknown or ambiguous, or a line has a different number of fields.
    """
    given, ignore = dict(columns or {}), as_names(ignore, "ignore")
    text = without_invisible(text)
    if stated := _STATED_SEPARATOR.match(text):  # Excel reads it, and does not show it
        text, separator = text[stated.end() :], separator or stated[1]
    separator = _checked(separator) if separator else _find_separator(text, given)
    header, body = _header_and_body(text, separator, given)
    named = [column for column in header if column]
    for column in named:
        if named.count(column) > 1:
            raise ValueError(f"{where} has two columns {column!r}.")
    for column in ignore:
        if column not in named:
            raise ValueError(
                f"{where} does not have the column {column!r} to ignore. It has: {_list(named)}."
            )
    stated = stated_columns(header, [fields for _, fields in body if len(fields) >= len(header)])
    taken = {*ignore, *(column for column in stated if column not in given.values())}
    offered = [column for column in named if column not in taken]
    roles = find_roles(
        offered, ROLES, given=given, what="column", say="columns: ROLE = ", where=where
    )
    _check_columns(roles, given, offered, where)
    _refuse_headerless(roles, header, body, where)
    _check_fields(header, body, where)
    unused = _unused(roles, header, body, given, where)
    facts = {column: column for column in taken if column not in ignore}
    at = {role: header.index(column) for role, column in (facts | roles.found).items()}
    rows = (Row(line, {role: fields[i] for role, i in at.items()}) for line, fields in body)
    return Table(separator, roles.found, tuple(rows), (*unused, *ignore))


def _header_and_body(
    text: str, separator: str, given: Mapping[str, str | None]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Names of the columns, empty for an index; numbers and fields of the lines below."""
    lines = [(line, fields) for line, fields in _split(text, separator) if any(fields)]
    while lines and lines[0][1][0].startswith("#") and _known(lines[0][1], given) < 2:
        del lines[0]  # comments above the header
    if not lines:
        raise ValueError("The table is empty.")
    header, body = lines[0][1], lines[1:]
    if body and all(len(fields) == len(header) + 1 for _, fields in body) and _counts(body):
        header = ["", *header]  # R writes row names without a header
    return ["" if re.fullmatch(r"Unnamed: \d+", column) else column for column in header], body


def _checked(separator: str) -> str:
    separator = {"tab": "\t", " ": WHITESPACE}.get(separator, separator)
    if separator != WHITESPACE and len(separator) != 1:
        raise ValueError(
            f"separator must be one character, 'tab' or 'whitespace', got {separator!r}."
        )
    return separator


def _find_separator(text: str, given: Mapping[str, str | None]) -> str:
    """The separator with which the header has the most known columns."""
    lines = [line for line in text.splitlines() if line.strip()]
    below = (line for line in lines if not line.startswith("#"))
    firsts = [*lines[:1], next(below, "")]  # a comment may stand above the header

    def known(separator: str) -> tuple[int, int]:
        found = [next(iter(_split(line, separator, strict=False)), (1, []))[1] for line in firsts]
        return max((_known(fields, given), len(fields)) for fields in found)

    best = max(SEPARATORS, key=known)
    return WHITESPACE if known(WHITESPACE) > known(best) and known(best)[0] < 2 else best


def _known(fields: Sequence[str], given: Mapping[str, str | None]) -> int:
    """Number of fields of a line that are names of columns."""
    words = {word for role in ROLES for word in WORDS[role]}
    words |= {plain(column) for column in given.values() if column}
    return sum(plain(field) in words for field in fields)


def _split(text: str, separator: str, *, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line."""
    if separator == WHITESPACE:
        for line, content in enumerate(text.splitlines(), 1):
            yield line, [field.strip("\"'") for field in content.split()]
        return
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=strict, skipinitialspace=True
    )
    try:
        for fields in reader:
            yield reader.line_num, [field.strip() for field in fields]
    except csv.Error as error:
        said = str(error).replace("unexpected end of data", "a quotation mark is not closed")
        raise ValueError(f"line {reader.line_num}: {said}.") from error


def _counts(body: Sequence[tuple[int, list[str]]]) -> bool:
    """Whether the first field of each line is a whole number."""
    return all(re.fullmatch(r"\d+", fields[0]) for _, fields in body)


def _check_fields(header: list[str], body: list[tuple[int, list[str]]], where: str) -> None:
    """Lines may end in empty fields, but not in other fields beyond the header.

    A column without a name is the index that pandas and R write, or empty.
    """
    if not body:
        raise ValueError(f"{where} does not have a line below its header.")
    for line, fields in body:
        if len(fields) < len(header) or any(fields[len(header) :]):
            raise ValueError(
                f"{where}, line {line}: it has {counted(len(fields), 'field')}, the header has "
                f"{len(header)}."
            )
    for i in (i for i, column in enumerate(header) if not column):
        fields = [fields[i] for _, fields in body]
        if any(fields) and not (i == 0 and _counts(body)):
            raise ValueError(f"{where}: the name of column {i + 1} is missing.")


def _check_columns(
    roles: Roles, given: Mapping[str, str | None], columns: Sequence[str], where: str
) -> None:
    for role in ("pre", "post", "weight"):
        if role not in roles.found and not (role == "weight" and role in given):
            example = "columns={'pre': 'Sender', 'post': 'Receiver', 'weight': 'Count'}"
            near = [
                column
                for column in columns
                if column not in roles.found.values() and suggest_role(column, (role,)) == role
            ]
            hint = f" Did you mean {near[0]!r}: columns={{{role!r}: {near[0]!r}}}?" if near else ""
            alone = " For a list without weights: columns={'weight': None}." * (role == "weight")
            raise ValueError(
                f"{where} does not have the column {role!r}; it has {_list(columns)}.{hint} The "
                "first line must name the columns pre, post, weight, and perhaps layer, sign; add "
                "it where it is missing. For other names: "
                f"{example}.{alone} For a matrix: connectome.from_matrices."
            )


def _unused(
    roles: Roles,
    header: Sequence[str],
    body: Sequence[tuple[int, list[str]]],
    given: Mapping[str, str | None],
    where: str,
) -> tuple[str, ...]:
    """Columns without a role that may be left unread; others raise."""
    unused = []
    for column in roles.unknown:
        i = header.index(column)
        values = [fields[i] for _, fields in body]
        if plain(column) in _IGNORED or not any(values):
            continue
        taken = {*roles.found, *given}
        _refuse_unreadable(column, values, where)
        meant = suggest_role(column, ROLES)
        if meant is None or meant in taken:
            by_values = role_by_values(values)
            meant = by_values if by_values not in taken and by_values else meant
        free = meant is not None and meant not in taken
        if free or not given:
            hint = f" Did you mean {meant}?" if meant else ""
            name = (
                f" State it with columns={{{meant!r}: {column!r}}}, or leave" if free else " Leave"
            )
            raise ValueError(
                f"{where} has an unknown column {column!r}.{hint}{name} it unread with "
                f"ignore=({column!r},)."
            )
        unused.append(column)
    return tuple(unused)


def _refuse_unreadable(column: str, values: Sequence[str], where: str) -> None:
    """Raise for a column of which no role can take the content, though a model needs it."""
    if reason := unreadable(column, values):
        raise ValueError(
            f"{where} has an unknown column {column!r}. {reason} Or leave it unread with "
            f"ignore=({column!r},)."
        )


def _refuse_headerless(
    roles: Roles, header: Sequence[str], body: Sequence[tuple[int, list[str]]], where: str
) -> None:
    """Raise if the first line is a connection rather than the names of the columns.

    Columns 0, 1, 2, … are those of pandas, if neurons are not numbers too.
    """
    named = [column for column in header if column]
    of_pandas = named == list(map(str, range(len(named))))
    at = {role: header.index(column) for role, column in roles.found.items()}
    number = not of_pandas and is_number(roles.found.get("weight") or "")
    ends = [at[role] for role in ("pre", "post")]
    below = {fields[i] for _, fields in body for i in ends if i < len(fields)}
    first = {header[i] for i in ends}
    numbered = all(map(is_number, first | below))
    worm = all(canonical_name(name) in cells() for name in first)
    if number or numbered or worm or first & below:
        raise ValueError(
            f"{where} has no header: its first line ({_list(header)}) is a connection. Add a "
            "line above it that names the columns: pre, post, weight, and perhaps layer, sign."
        )


def _list(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:12]) or "nothing"
    return f"{shown}, … ({len(columns)} columns)" if len(columns) > 12 else shown
