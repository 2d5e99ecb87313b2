"""The cells of both sexes: neurons with class, type, transmitter, position; muscles."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

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
        One of `SEXES`: who has it.
    transmitters : tuple of str
        Released transmitters, the main one first; a question mark ends those that their
        source holds uncertain. Empty if none is known (Wang et al., 2024).
    position : tuple of float or None
        Soma (x, y, z) in µm: x grows to the left, y from head (-312) to tail (410), z from
        ventral to dorsal. None for male neurons.
    lineage : str
        Embryonic or larval lineage, such as ``AB alppppapaa``.
    """

    name: str
    cell_class: str
    type: str
    sex: str = "both"
    transmitters: tuple[str, ...] = ()
    position: tuple[float, float, float] | None = None
    lineage: str = ""


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
    """

    name: str
    kind: str
    quadrant: str = ""
    row: int = 0


@cache
def cells() -> dict[str, Cell]:
    """Every neuron by name: 294 of both sexes, 8 of the hermaphrodite, 90 of the male."""
    return {row["name"]: _cell(row) for row in _rows("cells.csv")}


@cache
def muscles() -> dict[str, Muscle]:
    """Every muscle by name; BWM stands for the body wall where a source does not say more."""
    return {
        row["name"]: Muscle(row["name"], row["kind"], row["quadrant"], int(row["row"] or 0))
        for row in _rows("muscles.csv")
    }


def canonical_name(name: str) -> str:
    """The one form in which a cell is written here.

    VB01 is VB1, AWCOFF is AWCL and AWCON is AWCR; a body-wall muscle is MDL01 for MDL1,
    dBWML1 or BWM-DL01; parts of the pharynx end in capitals, pm3VL for pm3vl.

    Parameters
    ----------
    name : str
        Any name. One that is not a known alias comes back as it is.
    """
    for pattern, form in _ALIASES:
        if found := pattern.match(name):
            return form(*found.groups())
    return name


_ALIASES = (
    (re.compile(r"^(VA|VB|VC|VD|DA|DB|DD|AS|CA|CP)0(\d)$"), "{}{}".format),
    (re.compile(r"^AWC[-_]?(OFF|ON)$"), lambda side: {"OFF": "AWCL", "ON": "AWCR"}[side]),
    (re.compile(r"^M([DV][LR])(\d)$"), "M{}0{}".format),
    (
        re.compile(r"^([dv])BWM([LR])(\d+)$"),
        lambda half, side, row: f"M{half.upper()}{side}{row.zfill(2)}",
    ),
    (re.compile(r"^BWM-([DV][LR])(\d\d?)$"), lambda where, row: f"M{where}{row.zfill(2)}"),
    (re.compile(r"^(pm[2-7]|mc[1-3])(d|vl|vr|dl|dr|v)$"), lambda a, b: a + b.upper()),
    (re.compile(r"^(pm1)[dv]?[lr]?$", re.IGNORECASE), "{}".format),
)


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
