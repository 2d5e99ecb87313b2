"""A user-supplied connectome from a table of connections."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isochron.connectome.importers.assembly import Facts, assemble, file_source
from isochron.connectome.importers.links import Link, Rules
from isochron.connectome.importers.opened import remembers_its_file
from isochron.connectome.importers.options import TableOptions
from isochron.connectome.importers.stated import read_stated
from isochron.connectome.importers.tables import Row, Table, read_table
from isochron.connectome.importers.vocabulary import (
    as_names,
    check_extrasynaptic,
    check_layer_words,
    clean_name,
    default_layer_of,
    flag_history,
    flag_of,
    plain,
    read_layer,
    read_sign,
    read_weight,
    refuse_second_layer,
    unknown_signs,
    weight_and_sign,
)
from isochron.connectome.model import Connectome
from isochron.files import read_text, reads_data
from isochron.settings import settings_from

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_POINT_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
_ROUNDED = re.compile(r"\d\.\d+[eE]\+?\d+|\d+[eE]\+\d+")
_WHOLE = re.compile(r"\d+(\.0+)?")
_BOTH_SIDES = {"s", "sp", "r", "rp", "ej", "nmj"}
_RECEIVING = {"r", "rp"}


@reads_data
@remembers_its_file
def from_csv(
    path: str | os.PathLike, *, options: TableOptions | None = None, **fields: Any
) -> Connectome:
    """Read a connectome from a list of connections.

    Parameters
    ----------
    path : str or path
        Text with a header line. Columns: pre, post, weight; layer and sign may follow. Case
        does not matter, and usual names such as Source, Target and Type are known. Without a
        column of the layer it is chemical; else it is chemical, gap (also electrical, EJ),
        neuromuscular (also NMJ), dopamine, neuropeptide, octopamine, serotonin, tyramine or
        one of `extrasynaptic`. The sign is -1, 0, 1, a word such as inh, or empty; a column
        ``inhibitory`` or ``excitatory`` named as the sign may contain 1 and 0, or yes and no. A
        connection whose sign is 0 or empty is ignored by models if others have signs. A
        gap junction is listed once, or in both directions.
    options : TableOptions, optional
        How the table is written, and what else is known of the animal. Instead, its fields may
        be given as keywords.
    **fields
        Fields of `TableOptions`: columns, separator, decimal, directed, ignore, default_layer,
        signs, muscles, extrasynaptic, unequal_gap, duplicates, types, species, name, weight_unit.
        Types and species prevail over the columns ``pre_type``, ``post_type`` and ``species``
        that `write_csv` writes.

    Returns
    -------
    Connectome
        Its history records changes of the table (weights added up, unequal gap junctions);
        ``source.left_out`` counts the connections that it cannot contain.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If the header is missing, a column is missing, unknown or ambiguous, a muscle is
        inhibited that models would excite, or in a line a name is empty, a layer is not known,
        a weight is not a number or negative, or a connection is listed twice; the message
        names the line.
    TypeError
        If `options` and `fields` are both given, or a field does not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> text = "pre,post,weight,layer\\nA,B,3,chemical\\nB,C,2,chemical\\nA,C,1,gap\\n"
    >>> _ = Path("edges.csv").write_text(text)
    >>> graph = connectome.from_csv("edges.csv", types={"A": "sensory"}, species="Pristionchus")
    >>> graph.chemical
    array([[0, 0, 0],
           [3, 0, 0],
           [0, 2, 0]], dtype=int32)
    >>> graph.select("sensory")
    ('A',)
    """
    path, given = Path(path), settings_from(TableOptions, options, fields)
    layers = check_extrasynaptic(given.extrasynaptic)
    layer = default_layer_of(given.default_layer, extrasynaptic=layers)
    reading = _Reading(str(path), given.directed, layer, given.signs, layers, given.decimal)
    rules = Rules(given.unequal_gap, given.duplicates)
    table = read_table(
        read_text(path),
        columns=given.columns,
        ignore=given.ignore,
        separator=given.separator,
        where=str(path),
    )
    direction = None if _states_direction(table) else table.columns.get("layer")
    refuse_second_layer(given.default_layer, direction, str(path))
    links, history = reading.links(table)
    stated = read_stated(table.rows, given.species, str(path))
    unit = given.weight_unit or stated.weight_unit
    unread = f"columns not read: {', '.join(table.unused)}" if table.unused else ""
    return assemble(
        links,
        Facts(
            where=str(path),
            name=given.name or path.stem,
            source=file_source(path, path.read_bytes(), unit, unread),
            species=stated.species,
            muscles=as_names(given.muscles, "muscles"),
            types=stated.types | dict(given.types or {}),
            history=history,
            rules=rules,
        ),
    )


@dataclass(frozen=True)
class _Reading:
    """Conversion of the rows of a table to entries."""

    where: str
    directed: bool
    layer: str
    signs: str | None
    extrasynaptic: tuple[str, ...]
    decimal: str | None

    def links(self, table: Table) -> tuple[list[Link], tuple[str, ...]]:
        """Entries, and what was done to the rows."""
        if self.signs is not None and "sign" in table.columns:
            raise ValueError(
                f"{self.where} has signs in column {table.columns['sign']!r}; signs="
                f"{self.signs!r} would replace them. Leave one of them out: ignore="
                f"({table.columns['sign']!r},)."
            )
        decimal = self.decimal or self._decimal(table)
        if decimal not in (".", ","):
            raise ValueError(f"decimal must be '.' or ',', got {decimal!r}.")
        words = {plain(row.fields.get("layer", "")) for row in table.rows}
        history: tuple[str, ...] = ()
        if "weight" not in table.columns:
            history += ("every connection has weight 1, because the file gives none",)
        if self.signs is not None:
            history += ("signs: those of the weights",)
        rows: Iterable[Row] = _cleaned(table.rows, self.where)
        if words & _RECEIVING and words <= _BOTH_SIDES:
            rows = _sent(_cleaned(table.rows, self.where), self.where)
            history += ("received synapses (R, Rp) omitted: they repeat the sent ones (S, Sp)",)
        if "layer" in table.columns:
            check_layer_words(words, table.columns["layer"], self.where)
        signs = [row.fields.get("sign", "") for row in table.rows]
        flag = flag_of(table.columns.get("sign"), signs, self.where)
        history += flag_history(table.columns.get("sign"), flag) + unknown_signs(signs)
        by_row = _states_direction(table)
        return [self._link(row, decimal, by_row, flag) for row in rows], history

    def _link(self, row: Row, decimal: str, by_row: bool, flag: int | None) -> Link:
        """An entry; `by_row` if the layer's column states which rows are directed."""
        where, fields = f"{self.where}, line {row.line}", row.fields
        if not fields["pre"] or not fields["post"]:
            raise ValueError(f"{where}: a name is empty.")
        word = fields.get("layer", self.layer)
        layer = (
            self.layer
            if by_row
            else read_layer(word, extrasynaptic=self.extrasynaptic, where=where)
        )
        weight, sign = weight_and_sign(
            read_weight(fields.get("weight", "1"), where=where, decimal=decimal),
            read_sign(fields.get("sign"), where=where, flag=flag),
            self.signs,
            layer=layer,
            where=where,
        )
        directed = plain(word) == "directed" if by_row else self.directed
        part = plain(word) if plain(word) in ("s", "sp") else ""
        return Link(fields["pre"], fields["post"], layer, weight, sign, where, directed, part)

    def _decimal(self, table: Table) -> str:
        """The decimal separator of the weights."""
        weights = [row.fields.get("weight", "") for row in table.rows]
        with_comma = [text for text in weights if _DECIMAL_COMMA.fullmatch(text)]
        if table.separator == ";" and not with_comma:
            self._refuse_points(weights)
        if table.separator == "," or not with_comma:
            return "."
        with_point = [text for text in weights if "." in text]
        alone = table.separator == ";" and len(with_comma) == len(weights)
        ambiguous = not alone and all(map(_THOUSANDS.fullmatch, with_comma))
        if with_point or ambiguous:
            other = f" next to {with_point[0]!r}" if with_point else ""
            raise ValueError(
                f"{self.where}: the comma in the weight {with_comma[0]!r}{other} may separate "
                "decimals or thousands. Give decimal=',' or remove it from the file."
            )
        return ","

    def _refuse_points(self, weights: Sequence[str]) -> None:
        """Raise if points may separate thousands, as where semicolons separate columns."""
        pointed = [text for text in weights if "." in text]
        alone = len(pointed) == len(weights)
        if pointed and not alone and all(map(_POINT_THOUSANDS.fullmatch, pointed)):
            raise ValueError(
                f"{self.where}: the point in the weight {pointed[0]!r} may separate decimals or "
                "thousands. Give decimal='.' or remove it from the file."
            )


def _states_direction(table: Table) -> bool:
    """Whether the column of the layer states instead which rows are directed, as of Gephi."""
    words = {plain(row.fields.get("layer", "")) for row in table.rows}
    return bool(words) and words <= {"directed", "undirected"}


def _cleaned(rows: Sequence[Row], where: str) -> list[Row]:
    """Rows whose names lack what the file adds: quotes, and the ``.0`` of a column of numbers.

    pandas writes 1.0 for 1 in a column of numbers of which one is missing.

    Raises
    ------
    ValueError
        If a name is a number that was rounded, such as 7.2E+17.
    """
    ends = {role: [clean_name(row.fields[role]) for row in rows] for role in ("pre", "post")}
    for names in ends.values():
        if rounded := [name for name in names if _ROUNDED.fullmatch(name)]:
            raise ValueError(
                f"{where}: the name {rounded[0]!r} is a number that has lost digits, so that "
                "different cells may have one name. Save the names as text."
            )
    if all(_WHOLE.fullmatch(name) for names in ends.values() for name in names):
        ends = {role: [name.partition(".")[0] for name in names] for role, names in ends.items()}
    pairs = zip(rows, ends["pre"], ends["post"], strict=True)
    return [Row(row.line, row.fields | {"pre": pre, "post": post}) for row, pre, post in pairs]


def _sent(rows: Sequence[Row], where: str) -> Iterator[Row]:
    """The rows of a list that has each synapse from both sides, as its sender has it.

    Raises
    ------
    ValueError
        If a synapse is listed by its receiver only.
    """
    sent = {
        (row.fields["pre"].upper(), row.fields["post"].upper())
        for row in rows
        if plain(row.fields["layer"]) in ("s", "sp")
    }
    for row in rows:
        fields = row.fields
        if plain(fields["layer"]) not in _RECEIVING:
            yield row
        elif (fields["post"].upper(), fields["pre"].upper()) not in sent:
            raise ValueError(
                f"{where}, line {row.line}: {fields['pre']} receives ({fields['layer']}) from "
                f"{fields['post']}, but no line has the synapse that {fields['post']} sends (S "
                "or Sp). Give it as one."
            )
