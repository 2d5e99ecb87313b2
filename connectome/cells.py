"""The 302 neurons of the hermaphrodite: name, class, type."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

CELL_TYPES = ("sensory", "interneuron", "motor", "pharyngeal", "unknown")


@dataclass(frozen=True, slots=True)
class Cell:
    """One neuron.

    Attributes
    ----------
    name : str
        As the field writes it: AVAL, VB1.
    cell_class : str
        One of the 118 classes: AVA, VB.
    type : str
        One of `CELL_TYPES` (Cook et al., 2019).
    """

    name: str
    cell_class: str
    type: str


@cache
def cells() -> dict[str, Cell]:
    """The 302 neurons by name, in alphabetical order."""
    text = files("isochron.connectome.data").joinpath("cells.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Cell(row["name"], row["class"], row["type"])
        for row in csv.DictReader(text.splitlines())
    }


def canonical_name(name: str) -> str:
    """The one form in which a neuron is written here: VB01 is VB1.

    Parameters
    ----------
    name : str
        Any name. One that is not a known alias comes back as it is.
    """
    return re.sub(r"^(VA|VB|VC|VD|DA|DB|DD|AS)0(\d)$", r"\1\2", name)
