"""Words of files: layers, signs, kinds of nodes, cell types, numbers."""

import math
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

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
    0: ("none", "unknown", "unsigned", "?"),
}
_SIGN_OF = {word: sign for sign, words in _SIGNS.items() for word in words}
_MISSING = ("", "nan", "na", "n/a", "null")

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


def as_names(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Names that a caller gives, without blanks at their ends.

    Raises
    ------
    ValueError
        If it is a single text, whose letters would become the names, or a name is empty.
    """
    if isinstance(names, str):
        raise ValueError(f"{what} must be a list of names, got {names!r}.")
    found = tuple(str(name).strip() for name in names)
    if not all(found):
        raise ValueError(f"{what} contains an empty name.")
    return found


def check_extrasynaptic(names: Iterable[str]) -> tuple[str, ...]:
    """Names of extrasynaptic layers that the caller declares.

    Raises
    ------
    ValueError
        As `as_names`, and if a name is a word for another layer.
    """
    names = as_names(names, "extrasynaptic")
    for name in names:
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
    near = get_close_matches(plain(text), {*_LAYER_OF, *declared}, n=1, cutoff=0.6)
    hint = ""
    if plain(text) in _TRANSMITTERS:
        hint = " The layer of synapses with this transmitter is chemical."
    elif near:
        hint = f" Did you mean {declared.get(near[0]) or _LAYER_OF[near[0]]}?"
    known = ", ".join((*CORE_LAYERS, *EXTRASYNAPTIC, *extrasynaptic))
    raise ValueError(
        f"{where}: {text!r} is not a layer.{hint} Known layers: {known}. A new layer of signaling "
        f"without synapses is declared with extrasynaptic=({text!r},)."
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
        With the column or attribute that states them.
    """
    if given is not None and column is not None:
        raise ValueError(
            f"{where} states its layers in {column!r}, so default_layer={given!r} has no place."
        )


def read_sign(word: object, *, where: str) -> int | None:
    """1, -1 or 0 for a sign as files write it; None where the file gives none.

    Raises
    ------
    ValueError
        If it is not a sign.
    """
    text = str(word).strip().casefold() if word is not None else ""
    if text in _MISSING:
        return None
    if text in _SIGN_OF:
        return _SIGN_OF[text]
    try:
        value = float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        value = math.nan
    if value not in (-1.0, 0.0, 1.0):
        raise ValueError(
            f"{where}: sign must be -1, 0 or 1, or a word such as exc or inh; got {str(word)!r}."
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
    if decimal == "," and "." not in text:
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        given = "is empty" if not text else f"must be a number, got {str(word)!r}"
        raise ValueError(f"{where}: weight {given}.")
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{where}: weight must be finite and not negative, got {value!r}.")
    return value


def is_kind(word: object) -> bool:
    """Whether a word means neuron or muscle."""
    return plain(word) in _KINDS


def is_cell_type(word: object) -> bool:
    """Whether a word is a cell type."""
    return plain(word) in _TYPE_OF


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
