"""Names of cells as ids of NeuroML, and back."""

import re
from collections.abc import Iterable


def cell_ids(names: Iterable[str]) -> tuple[str, ...]:
    """An id of letters and digits for each name: the name itself where that is possible.

    Ids differ by more than upper and lower case, as they occur in file names. They do not contain
    underscores, so that an id made from one of them with an underscore differs from all of them.
    """
    taken: set[str] = set()
    return tuple(_free(_letters(name), taken) for name in names)


def file_stem(name: str) -> str:
    """The name of a connectome as a part of file names."""
    return re.sub(r"[^A-Za-z0-9_-]+", "", name).lstrip("-") or "network"


def document_id(name: str) -> str:
    """The name of a connectome as an id."""
    return "net_" + re.sub(r"[^A-Za-z0-9]+", "_", name)


def _letters(name: str) -> str:
    letters = re.sub(r"[^A-Za-z0-9]+", "", name)
    return letters if letters[:1].isalpha() else f"n{letters}"


def _free(wanted: str, taken: set[str]) -> str:
    number, found = 1, wanted
    while found.lower() in taken:
        number += 1
        found = f"{wanted}x{number}"
    taken.add(found.lower())
    return found
