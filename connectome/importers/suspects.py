"""Columns and attributes that nothing names, whose content or name a model would need."""

import re
from collections.abc import Iterable

from isochron.connectome.importers.vocabulary import (
    FLAG_WORDS,
    is_missing,
    is_sign_word,
    is_transmitter,
    layer_of_word,
    plain,
)

_NUMBER = re.compile(r"[+-]?[\d.,]+([eE][+-]?\d+)?")
_OTHER_LAYERS = ("gap", "electric", "junction", "chemical", "neuromuscular", "nmj")
_DIRECTIONS = {"directed", "undirected"}


def role_by_values(values: Iterable[str]) -> str | None:
    """Layer or sign, if the values of a column of any name are words for it.

    Parameters
    ----------
    values : iterable of str
        As the file writes them.

    Returns
    -------
    str or None
        ``"sign"``, ``"layer"`` or None. None too if all values mean the layer chemical, because
        nothing is lost then.
    """
    words = {value.strip() for value in values if not is_missing(value)}
    if not words or {plain(word) for word in words} <= _DIRECTIONS:
        return None
    if all(map(_NUMBER.fullmatch, words)):
        signs = {word.lstrip("+").removesuffix(".0") for word in words}
        return "sign" if "-1" in signs and signs <= {"-1", "0", "1"} else None
    if all(map(is_sign_word, words)) or any(map(_is_plainly_a_sign, words)):
        return "sign"
    layers = {word: layer_of_word(word) for word in words}
    certain = any(
        len(plain(word)) > 2 and of in ("gap", "neuromuscular") for word, of in layers.items()
    )
    every = None not in layers.values() and set(layers.values()) != {"chemical"}
    return "layer" if certain or every else None


def _is_plainly_a_sign(word: str) -> bool:
    """Whether a word means nothing but excitation or inhibition: inh, excitatory."""
    return is_sign_word(word) and plain(word).startswith(("inh", "exc"))


def unreadable(column: str, values: Iterable[str]) -> str | None:
    """Content of a column without a possible role: weights of a second layer, transmitters.

    Returns
    -------
    str or None
        Sentences for an error, without the way to leave the column unread.
    """
    word = plain(column)
    texts = {value.strip() for value in values if not is_missing(value)}
    numeric = all(_NUMBER.fullmatch(x) or x.casefold() in FLAG_WORDS for x in texts)
    if texts and numeric and any(bit in word for bit in _OTHER_LAYERS):
        return (
            f"It seems to contain the connections of a second layer. One line or edge is one "
            f"connection of one layer: write each of {column!r} as a separate one, with the layer "
            "(chemical, gap or neuromuscular) in a column or attribute 'layer'; if it only marks "
            "lines of that layer, replace it by such a column."
        )
    if texts and ("transmitter" in word or all(map(is_transmitter, texts))):
        return (
            "It seems to contain transmitters. They are not read, because a transmitter is "
            "neither a layer nor a sign: state signs (1 or -1) in a column or attribute 'sign'."
        )
    return None
