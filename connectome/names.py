"""Names of cells: aliases, labels of several cells, species.

Names of C. elegans have one canonical form, that of `cells()` and `muscles()`. Names of
other animals are never changed.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from isochron.arguments import what_it_is
from isochron.connectome.cells import cells, muscles
from isochron.settings import check_type

C_ELEGANS = "C. elegans"

_SPELLINGS_OF_THE_WORM = ("celegans", "caenorhabditiselegans")
_UNSURE_OF_THE_WORM = (
    "worm",
    "worms",
    "elegans",
    "nematode",
    "nematoda",
    "roundworm",
    "ce",
    "cele",
)
_ALIASES = {
    "AWCOFF": "AWCL",
    "AWCON": "AWCR",
    "DB1/3": "DB1",
    "DB3/1": "DB3",
    "LEGACYBODYWALLMUSCLES": "BWM",
    "MUBOD": "BWM",
}
_PATTERNS = (
    (
        re.compile(r"([DV])BWM([LR])(\d\d?)$"),
        lambda half, side, row: f"M{half}{side}{row.zfill(2)}",
    ),
    (re.compile(r"BWM([DV][LR])(\d\d?)$"), lambda where, row: f"M{where}{row.zfill(2)}"),
    (re.compile(r"M([DV][LR])(\d\d?)$"), lambda where, row: f"M{where}{row.zfill(2)}"),
    (re.compile(r"MC([1-3])(V|DL|DR)$"), "mc{}{}".format),
    (re.compile(r"(PM1)[DV]?[LR]?$"), lambda _: "pm1"),
)
_BETWEEN = re.compile(r"(?<!\d)[\s_.^-]+|[\s_.^-]+(?!\d)")
_OR = re.compile(r"\s*[/|,&]\s*|\s+(?:or|and)\s+")
_BODY_WALL = re.compile(r"M[DV][LR]\d\d$")
_MUSCLE = re.compile(r"(pm|vm|um)\d|mu_|M[DV][LR]\d\d$")
_NUMBERED = re.compile(r"(AS|DB|DD|VB|VD)\d+$")


def canonical_name(name: str) -> str:
    """The canonical form of the name of a cell of C. elegans.

    Upper and lower case, spaces, ``_``, ``-``, ``.`` and ``^`` between the parts of a name, and
    zeros in front of a number make no difference: VB01, AVA_L and avaL are VB1, AVAL, AVAL, and
    so is "AVA left". A
    body-wall muscle is MDL01 for MDL1, dBWML1 or BWM-DL01. DB1/3 is DB1 and DB3/1 is DB3.
    AWCOFF, AWC(OFF) and AWC_off are AWCL, AWCON is AWCR: a convention, because in each
    animal chance decides which side it is.

    Parameters
    ----------
    name : str
        Any name. One that is not the name of one cell is returned unchanged: a label of
        several cells (``EF1/2``, see `joint_cells`), an uncertain label (``ASEL?``), a class.

    Returns
    -------
    str
        The canonical name, or `name` if it is not that of one cell.

    Raises
    ------
    ValueError
        If `name` is not a text.

    Examples
    --------
    >>> [connectome.canonical_name(name) for name in ("VB01", "AVA_L", "dBWML1", "EF1/2")]
    ['VB1', 'AVAL', 'MDL01', 'EF1/2']
    """
    check_type("name", name, str)
    if name in cells() or name in muscles():
        return name
    table, key = _table(), _key(name)
    if key in table:
        return table[key]
    for pattern, form in _PATTERNS:
        if found := pattern.match(key):
            return form(*found.groups())
    return name


def canonical_names(
    names: Iterable[str], *, species: str | None, what: str = "neuron", where: str = ""
) -> tuple[str, ...]:
    """Canonical forms of names of one kind, in their order.

    Parameters
    ----------
    names : iterable of str
        As a file or a user writes them. A name may occur more than once.
    species : str or None
        Names of C. elegans become canonical; those of other species, or of None, are
        returned unchanged.
    what : str
        Kind of the names in an error: ``neuron``, ``muscle``.
    where : str
        Start of an error, such as the path of the file.

    Returns
    -------
    tuple of str
        One name for each of `names`, in their order.

    Raises
    ------
    ValueError
        If two different names have the same canonical form; the message contains both.

    Examples
    --------
    >>> connectome.canonical_names(["avaL", "VB01"], species="C. elegans")
    ('AVAL', 'VB1')
    >>> connectome.canonical_names(["avaL", "VB01"], species=None)
    ('avaL', 'VB01')
    """
    given = _as_texts(names)
    if species != C_ELEGANS:
        return given
    written: dict[str, str] = {}
    for name in given:
        form = canonical_name(name)
        other = written.setdefault(form, name)
        if other != name:
            raise ValueError(
                f"{where + ': ' if where else ''}the {what}s {other!r} and {name!r} are the same "
                f"cell of {C_ELEGANS}, {form}. Write one name for it; for a different animal, "
                "give its species (species=...)."
            )
    return tuple(map(canonical_name, given))


def joint_cells(label: str) -> tuple[str, ...]:
    """Neurons named by a label of several cells: EF1/2 is EF1 and EF2, AVFL/R is AVFL and AVFR.

    Parameters
    ----------
    label : str
        Names with ``/`` between them (or ``|``, ``,``, ``&``, " or ", " and "); those after the
        first may be shortened to their last characters.

    Returns
    -------
    tuple of str
        Those of them that exist (DX3/4 is DX3). Empty if the label is not of this form.

    Examples
    --------
    >>> connectome.joint_cells("EF1/2"), connectome.joint_cells("AVFL/R")
    (('EF1', 'EF2'), ('AVFL', 'AVFR'))
    >>> connectome.joint_cells("AVAL")
    ()
    """
    first, *others = [part for part in _OR.split(str(label).strip()) if part] or [""]
    if not others or _key(label) in _ALIASES:
        return ()
    full = [first, *(x if _is_cell(x) else _completed(first, x) for x in others)]
    return tuple(dict.fromkeys(canonical_name(name) for name in full if _is_cell(name)))


def _completed(first: str, end: str) -> str:
    """Full form of a shortened name: 10 after VB9 is VB10, R after AVFL is AVFR."""
    same_length = first[: len(first) - len(end)] + end
    return same_length if _is_cell(same_length) else re.sub(r"\d+\w*$", "", first) + end


def is_muscle(name: str) -> bool:
    """Whether a canonical name is that of a muscle of C. elegans.

    So are names formed like those of a muscle that no animal has (MVL24, in older files) and
    of a group of muscles (vm2): they are not neurons.
    """
    return name in muscles() or (name not in cells() and bool(_MUSCLE.match(name)))


def known_species(species: str | None) -> str | None:
    """The name of a species as it is written here; other spellings of C. elegans are known.

    Raises
    ------
    ValueError
        If `species` is neither None nor a string that contains a letter, or if it may mean
        C. elegans (``worm``, ``C. elegnas``).
    """
    if species is None:
        return None
    letters = re.sub(r"[\W_]+", "", str(species)).lower()
    if not isinstance(species, str) or not letters:
        raise ValueError(
            f"species must be a name such as {C_ELEGANS!r}, or None if it is not known; got "
            f"{species!r}."
        )
    if letters.startswith(_SPELLINGS_OF_THE_WORM):
        return C_ELEGANS
    near = get_close_matches(letters, _SPELLINGS_OF_THE_WORM, n=1, cutoff=0.85)
    if near or letters in _UNSURE_OF_THE_WORM:
        raise ValueError(
            f"species {species!r} may mean {C_ELEGANS!r}: give that, or the full scientific name "
            "of a different animal."
        )
    return species


def _as_texts(names: Iterable[str]) -> tuple[str, ...]:
    """Names of a list.

    Raises
    ------
    TypeError
        If it is one text, or not a list.
    """
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise TypeError(f"names must be a list of names, got {what_it_is(names)}.")
    return tuple(map(str, names))


def infer_species(names: Iterable[str]) -> str | None:
    """Species that names show beyond doubt: C. elegans, else None.

    Names of few letters are used for many animals: DA1, VA2 and VC1 are motor neurons of the
    worm and glomeruli of the fly. The names of a worm must meet both conditions:

    - at least 9 of 10 are names of neurons or muscles of the worm (in any form that
      `canonical_name` knows, or labels of several cells); or at least half of them, if at
      least 20 are unmistakable;
    - one is unmistakable: a neuron of a left-right pair whose class has three letters or
      more (AVAL, IL2DR), or a single body-wall muscle (MDL05); or at least three of the classes
      AS, DB, DD, VB and VD occur.

    Other nematodes have cells of the same names: state their species.

    Parameters
    ----------
    names : iterable of str
        Names of all neurons, with the muscles if there are any.

    Returns
    -------
    str or None
        ``"C. elegans"``, or None if the names leave doubt.

    Examples
    --------
    >>> connectome.infer_species(["AVAL", "AVAR", "DA1"])
    'C. elegans'
    >>> print(connectome.infer_species(["DA1", "VA2", "VC1"]))  # glomeruli of the fly, too
    None
    """
    given = set(_as_texts(names))
    forms = {canonical_name(name) for name in given}
    unmistakable = sum(_is_unmistakable(form) for form in forms)
    classes = {found[1] for form in forms if form in cells() and (found := _NUMBERED.match(form))}
    if not unmistakable and len(classes) < 3:
        return None
    known = sum(_is_of_the_worm(name) for name in given)
    share = 0.5 if unmistakable >= 20 else 0.9
    return C_ELEGANS if known >= share * len(given) else None


def hint_for(name: str, known: Iterable[str]) -> str:
    """Hint after an unknown name: the cells that its label names, or the nearest names.

    Returns
    -------
    str
        Empty, or one sentence that starts with a space.
    """
    known = tuple(known)
    if joint := joint_cells(name):
        here = [cell for cell in joint if cell in known]
        way = f"give one of them: {', '.join(here)}" if here else "none of them is here"
        return f" It is a label of several cells ({', '.join(joint)}); {way}."
    near = get_close_matches(str(name), known, n=3) or get_close_matches(
        str(name).upper(), known, n=3
    )
    return f" Did you mean {', '.join(near)}?" if near else ""


def _is_cell(name: str) -> bool:
    return canonical_name(name) in cells()


def _key(name: str) -> str:
    """Key under which spellings of a name agree: AVA_L, AVA left and avaL have the key AVAL.

    A separator between two digits stays: AS1_1 is not AS11.
    """
    key = _BETWEEN.sub("", str(name)).upper()
    key = re.sub(r"\((ON|OFF|L|R|LEFT|RIGHT)\)$", r"\1", key)
    key = re.sub(r"(L)EFT$|(R)IGHT$", r"\1\2", key)
    return re.sub(r"(?<!\d)0+(?=\d)", "", key)


@cache
def _table() -> dict[str, str]:
    """Canonical names by their keys."""
    return {_key(name): name for name in (*muscles(), *cells())} | _ALIASES


def _is_unmistakable(form: str) -> bool:
    twin = form[:-1] + {"L": "R", "R": "L"}.get(form[-1:], "?")
    return (len(form) > 3 and {form, twin} <= cells().keys()) or bool(_BODY_WALL.match(form))


def _is_of_the_worm(name: str) -> bool:
    form = canonical_name(name)
    return form in cells() or is_muscle(form) or bool(joint_cells(name))
