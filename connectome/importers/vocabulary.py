"""Words of files: layers, signs, kinds of nodes, cell types, numbers."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from unicodedata import normalize

from isochron.connectome.cells import CELL_TYPES

CORE_LAYERS = ("chemical", "gap", "neuromuscular")
EXTRASYNAPTIC = ("dopamine", "neuropeptide", "octopamine", "serotonin", "tyramine")

_LAYERS: dict[str, tuple[str, ...]] = {
    "chemical": (
        *("chemical", "chem", "chemicals", "chemicalsynapse", "chemicalsynapses", "synapse"),
        *(
            "chemicalsynaptic",
            "chemicalconnection",
            "synapses",
            "synaptic",
            "cs",
            "c",
            "send",
            "s",
            "sp",
        ),
    ),
    "gap": (
        *("gap", "gaps", "gapjunction", "gapjunctions", "gj", "gjs", "electrical", "electric"),
        *("electricalsynapse", "electricalsynapses", "electricsynapse", "electricaljunction"),
        *("electricaljunctions", "electricalconnection", "electricalcoupling", "elec", "ej", "e"),
    ),
    "neuromuscular": (
        *("neuromuscular", "neuromuscularjunction", "neuromuscularjunctions", "nmj", "nmjs"),
        *("neuromuscularsynapse", "neuromuscularsynapses", "nm"),
    ),
    "dopamine": ("dopamine", "da", "dopaminergic"),
    "neuropeptide": ("neuropeptide", "neuropeptides", "peptide", "peptides", "peptidergic"),
    "octopamine": ("octopamine", "oa", "octopaminergic"),
    "serotonin": ("serotonin", "5ht", "serotonergic"),
    "tyramine": ("tyramine", "ta", "tyraminergic"),
}
_TRANSMITTERS = ("acetylcholine", "ach", "gaba", "glutamate", "glu", "betaine", "histamine")
_LAYER_OF = {word: layer for layer, words in _LAYERS.items() for word in words}

_SIGNS: dict[int, tuple[str, ...]] = {
    1: ("+", "e", "exc", "excitatory", "excitation", "excites", "positive", "pos"),
    -1: (
        *("-", "\N{MINUS SIGN}", "i", "inh", "inhib", "inhibitory", "inhibition", "inhibits"),
        *("negative", "neg"),
    ),
    0: ("none", "unknown", "unsigned", "?", "no pred", "no prediction", "complex", "mixed"),
}
_SIGN_OF = {word: sign for sign, words in _SIGNS.items() for word in words}
_MISSING = ("", "nan", "na", "n/a", "null")
_TRUE = ("1", "1.0", "true", "t", "yes", "y")
_FALSE = ("0", "0.0", "false", "f", "no", "n")
FLAG_WORDS = (*_TRUE, *_FALSE)
_SIGN_COLUMNS = ("sign", "signs", "synapsesign")
_QUOTES = ("''", '""', "``", "\u2018\u2019", "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb")
_BLANKS = re.compile(r"[^\S\r\n]+")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))

_KINDS = {
    "neuron": "neuron", "neurons": "neuron", "nervecell": "neuron",
    "muscle": "muscle", "muscles": "muscle", "musclecell": "muscle",
}  # fmt: skip
_TYPES = {
    "sensory": ("sensory", "sensoryneuron", "sensoryneurons", "sensor", "sens"),
    "interneuron": ("interneuron", "interneurons", "inter"),
    "motor": ("motor", "motorneuron", "motorneurons", "motoneuron", "motoneurons", "mn"),
    "pharyngeal": ("pharyngeal", "pharynx", "pharyngealneuron", "pharyngealneurons"),
    "unknown": ("unknown", "none", "", "na", "nan"),
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.I)


def plain(word: object) -> str:
    """A word without case, blanks and punctuation: ``Gap junction`` is ``gapjunction``."""
    return "".join(letter for letter in str(word).casefold() if letter.isalnum())


def clean_name(name: object) -> str:
    """A name without what only the file adds: blanks, quotes around it, invisible characters.

    Blanks inside the name are one space, and an accented letter is one character, so that two
    spellings that look the same are one name.
    """
    text = _BLANKS.sub(" ", normalize("NFC", without_invisible(str(name)))).strip()
    if len(text) > 2 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text


def without_invisible(text: str) -> str:
    """A text without characters of no width, such as the zero-width space."""
    return text.translate(_INVISIBLE)


def is_number(word: str) -> bool:
    """Whether a word is a number, with a point."""
    return bool(_NUMBER.fullmatch(word.strip())) and not is_missing(word)


def is_missing(word: str) -> bool:
    """Whether a file writes this for a value that it does not have."""
    return word.strip().casefold() in _MISSING


def is_sign_word(word: str) -> bool:
    """Whether a word, not a number, is a sign."""
    return word.strip().casefold() in _SIGN_OF


def unknown_signs(words: Iterable[str]) -> tuple[str, ...]:
    """A line of the history on words such as ``complex`` and ``?``, if there are any."""
    found = [word for word in words if word and _SIGN_OF.get(word.strip().casefold()) == 0]
    shown = ", ".join(sorted(set(found)))
    line = f"signs that are not known: {len(found)} ({shown}); they have no effect in a model"
    return (line,) if found else ()


def is_transmitter(word: str) -> bool:
    """Whether a word is a transmitter."""
    return plain(word) in _TRANSMITTERS


def layer_of_word(word: str) -> str | None:
    """The known layer that a word means, or None."""
    return _LAYER_OF.get(plain(word))


def as_names(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Names that a caller gives, without blanks at their ends.

    Raises
    ------
    ValueError
        If it is a single text, whose letters would become the names, or a name is empty.
    """
    if isinstance(names, str):
        raise ValueError(f"{what} must be a list of names, got {names!r}.")
    found = tuple(map(clean_name, names))
    if not all(found):
        raise ValueError(f"{what} contains an empty name.")
    return found


def check_extrasynaptic(names: Iterable[str]) -> tuple[str, ...]:
    """Names of extrasynaptic layers that the caller declares.

    Raises
    ------
    ValueError
        As `as_names`, and if a name is a word for a different layer, or two names differ by
        case, blanks and punctuation only.
    """
    names = as_names(names, "extrasynaptic")
    first: dict[str, str] = {}
    for name in names:
        if first.setdefault(plain(name), name) != name:
            raise ValueError(
                f"extrasynaptic: {first[plain(name)]!r} and {name!r} differ by case, blanks and "
                "punctuation only, which do not count. Use one name, or two different ones."
            )
        known = _LAYER_OF.get(plain(name))
        if known in CORE_LAYERS:
            raise ValueError(f"extrasynaptic: {name!r} is a word for the layer {known}.")
    return names


def read_layer(word: object, *, extrasynaptic: Sequence[str], where: str) -> str:
    """The layer that a file means by a word.

    Parameters
    ----------
    word : object
        As the file writes it: ``electrical``, ``EJ``, ``Gap junction`` are ``gap``.
    extrasynaptic : sequence of str
        Layers that the caller declares, in addition to `EXTRASYNAPTIC`.
    where : str
        The file and line, for the error message.

    Raises
    ------
    ValueError
        If the word is empty, or not a layer; the message gives the nearest words.
    """
    text = str(word).strip()
    declared = {plain(name): name for name in extrasynaptic}
    found = declared.get(plain(text)) or _LAYER_OF.get(plain(text))
    if text and found:
        return found
    known = ", ".join((*CORE_LAYERS, *EXTRASYNAPTIC, *extrasynaptic))
    advice = _not_a_layer(text) or (
        f"{_near_layer(text, declared)} Known layers: {known}. A new layer of signaling without "
        f"synapses is declared with extrasynaptic=({text!r},)."
    )
    raise ValueError(f"{where}: {text!r} is not a layer.{advice}")


def _not_a_layer(text: str) -> str:
    """Advice for a word that cannot be the name of a layer."""
    if not plain(text):
        return f" Write one: {', '.join(CORE_LAYERS)}."
    if is_sign_word(text):
        return (
            " It is a sign. Name the column or attribute as that of the sign (from_csv: "
            "columns={'sign': ...}; from_graphml: sign=...)."
        )
    if plain(text) in ("receive", "received", "receives", "rec"):
        return (
            " A received synapse repeats one that the other cell sends. Delete these lines, or "
            "write R for them if the lines of the senders have S."
        )
    if plain(text).startswith("axo") or plain(text).startswith("dendro"):
        return " It is a place of contact. Leave the column unread with ignore=."
    return ""


def _near_layer(text: str, declared: Mapping[str, str]) -> str:
    near = get_close_matches(plain(text), {*_LAYER_OF, *declared}, n=1, cutoff=0.6)
    if plain(text) in _TRANSMITTERS:
        return " The layer of synapses with this transmitter is chemical."
    return f" Did you mean {declared.get(near[0]) or _LAYER_OF[near[0]]}?" if near else ""


def check_layer_words(words: Iterable[str], column: str, where: str) -> None:
    """Reject a column in which E may mean excitatory as well as electrical.

    Raises
    ------
    ValueError
        If E occurs, and no word for a chemical synapse shows that it means electrical.
    """
    found = {plain(word) for word in words if word}
    others = {_LAYER_OF.get(word) for word in found - {"e"}}
    if "e" in found and "chemical" not in others:
        raise ValueError(
            f"{where}: 'E' in {column!r} may mean electrical or excitatory. Write gap for gap "
            f"junctions; if it is a sign, name {column!r} as the sign (from_csv: columns="
            f"{{'sign': {column!r}}}; from_graphml: sign={column!r})."
        )


def default_layer_of(given: str | None, *, extrasynaptic: Sequence[str]) -> str:
    """The layer of a file that does not state one: chemical, or as the caller gives it."""
    if given is None:
        return "chemical"
    return read_layer(given, extrasynaptic=extrasynaptic, where="default_layer")


def refuse_second_layer(given: str | None, column: str | None, where: str) -> None:
    """Reject a default layer for a file that states its layers.

    Raises
    ------
    ValueError
        If it states them; the message names the column or attribute.
    """
    if given is not None and column is not None:
        raise ValueError(
            f"{where} states its layers in {column!r}, so default_layer={given!r} must not be "
            "given."
        )


def flag_of(column: str | None, values: Iterable[str], where: str) -> int | None:
    """The sign that a yes or 1 means in a column of flags; None in a column of signs.

    A column ``inhibitory`` of 1 and 0 (yes and no, true and false) has the flag -1, a column
    ``excitatory`` 1.

    Raises
    ------
    ValueError
        If the values are flags and the name of the column does not show which sign a 1 means.
    """
    words = {str(value).strip().casefold() for value in values} - set(_MISSING)
    if column is None or not words:
        return None
    name = plain(column)
    inhibits = "inh" in name or name.startswith("isneg") or name == "negative"
    excites = "exc" in name or name.startswith("ispos") or name == "positive"
    flags = words <= set(FLAG_WORDS)
    numeric = words <= {"0", "0.0", "1", "1.0"}  # read_sign rejects yes and no
    if flags and inhibits != excites:
        return -1 if inhibits else 1
    if flags and numeric and name not in _SIGN_COLUMNS and words & {"0", "0.0"}:
        shown = ", ".join(sorted(words))
        raise ValueError(
            f"{where}: the signs in {column!r} are {shown}, and the name does not show which "
            "of them inhibits. Write 1 and -1 (0 for no sign), or call it 'inhibitory' or "
            "'excitatory' and name it as the sign."
        )
    if inhibits != excites and words & {"0", "0.0"}:
        raise ValueError(
            f"{where}: {column!r} contains 0 next to {min(words - {'0', '0.0'})!r}; whether 0 "
            "means no sign or the other sign is not clear. Write 1 and -1."
        )
    return None


def flag_history(column: str | None, flag: int | None) -> tuple[str, ...]:
    """A line of the history on a column of flags, if it is one."""
    effect = "inhibits" if flag == -1 else "excites"
    return (f"signs: a 1 (yes) in {column!r} {effect}",) if flag else ()


def read_sign(word: object, *, where: str, flag: int | None = None) -> int | None:
    """1, -1 or 0 for a sign as files write it; None where the file gives none.

    Parameters
    ----------
    word : object
        As the file writes it.
    where : str
        The file and line, for the error message.
    flag : int, optional
        As `flag_of`: the sign of a yes or 1; no or 0 is the other sign.

    Raises
    ------
    ValueError
        If it is not a sign.
    """
    text = str(word).strip().casefold() if word is not None else ""
    if text in _MISSING:
        return None
    if flag is not None:
        return flag if text in _TRUE else -flag
    if text in _SIGN_OF:
        return _SIGN_OF[text]
    try:
        value = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        value = math.nan
    if value not in (-1.0, 0.0, 1.0):
        flags = " Call a column of flags 'inhibitory' or 'excitatory'." * (text in FLAG_WORDS)
        raise ValueError(
            f"{where}: sign must be -1, 0 or 1, or a word such as exc or inh; got {str(word)!r}."
            f"{flags}"
        )
    return int(value)


def read_weight(word: object, *, where: str, decimal: str = ".") -> float:
    """A finite weight, of either sign.

    Raises
    ------
    ValueError
        If it is not a finite number.
    """
    text = str(word).strip().replace("\N{MINUS SIGN}", "-")
    if decimal == ",":
        if "." in text:
            raise ValueError(
                f"{where}: weight {text!r} has a point, but the decimal separator is a comma. "
                "Remove points that separate thousands."
            )
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        given = "is empty" if not text else f"must be a number, got {str(word)!r}"
        raise ValueError(f"{where}: weight {given}.")
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{where}: weight must be finite and not negative, got {value!r}.")
    if value == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise ValueError(f"{where}: weight {text} is too small for a float (below 5e-324).")
    return value


def is_kind(word: object) -> bool:
    """Whether a word means neuron or muscle."""
    return plain(word) in _KINDS


def is_cell_type(word: object) -> bool:
    """Whether a word is a cell type."""
    return plain(word) in _TYPE_OF


def cell_type_of(word: str) -> str:
    """The cell type that a caller means by a word: ``Motor`` is motor; others unchanged."""
    return _TYPE_OF.get(plain(word), word) if plain(word) else word


def read_kind(word: object, *, where: str) -> str:
    """Neuron or muscle.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if plain(word) not in _KINDS:
        raise ValueError(
            f"{where}: kind must be neuron or muscle, got {str(word)!r}. A connectome "
            "contains no other cells; delete them from the file."
        )
    return _KINDS[plain(word)]


def read_cell_type(word: object, *, where: str) -> str:
    """One of `CELL_TYPES`.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if plain(word) not in _TYPE_OF:
        raise ValueError(
            f"{where}: the cell type must be one of {', '.join(CELL_TYPES)}, got {str(word)!r}. "
            "Give the right one with types={name: type}."
        )
    return _TYPE_OF[plain(word)]


def weight_and_sign(
    weight: float, sign: int | None, signs: str | None, *, layer: str, where: str
) -> tuple[float, int | None]:
    """A weight that is not negative, and the sign of the connection.

    Parameters
    ----------
    weight : float
        As the file has it.
    sign : int or None
        As the file has it.
    signs : str or None
        ``"from_weights"``: the sign is that of the weight.
    layer, where : str
        The layer, and the place for the error message.

    Raises
    ------
    ValueError
        If a weight is negative although signs are not those of the weights, or in a gap
        junction, or `signs` is not known.
    """
    if signs not in (None, "from_weights"):
        raise ValueError(f"signs must be 'from_weights' or None, got {signs!r}.")
    if weight < 0 and (signs is None or layer not in ("chemical", "neuromuscular")):
        advice = " signs='from_weights' makes it an inhibitory one." * (layer == "chemical")
        raise ValueError(
            f"{where}: weight must be finite and not negative, got {weight:g}.{advice}"
        )
    if signs is None or layer not in ("chemical", "neuromuscular"):
        return weight, sign
    return abs(weight), (weight > 0) - (weight < 0)
