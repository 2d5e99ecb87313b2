"""Names of transmitters as papers and files spell them."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from isochron.arguments import as_list

TRANSMITTERS = (
    *("acetylcholine", "glutamate", "GABA"),
    *("dopamine", "serotonin", "octopamine", "tyramine"),
)
_SPELLINGS = {
    "acetylcholine": ("acetylcholine", "ach", "cholinergic"),
    "glutamate": ("glutamate", "glu", "glutamatergic"),
    "GABA": ("gaba", "gabaergic", "gammaaminobutyricacid", "γaminobutyricacid"),
    "dopamine": ("dopamine", "da", "dopaminergic"),
    "serotonin": ("serotonin", "5ht", "serotonergic", "serotoninergic", "5hydroxytryptamine"),
    "octopamine": ("octopamine", "oa", "octopaminergic"),
    "tyramine": ("tyramine", "ta", "tyraminergic"),
}
_TRANSMITTER_OF = {word: name for name, words in _SPELLINGS.items() for word in words}
_UNKNOWN = ("", "unknown", "none", "na", "nan")
_DOUBT = re.compile(r"[\s(\[]*\?[\s)\]]*")
_SEVERAL = re.compile(r"[+/,;&|]|\sand\s")


def canonical_transmitters(given: str | Iterable[str]) -> tuple[str, ...]:
    """Transmitters as `TRANSMITTERS` spells them, without those that are not known.

    Case, blanks, hyphens and common abbreviations make no difference: ``gaba``, ``ACh``, ``5-HT``.
    A question mark anywhere (``GABA (?)``) is written at the end. Other substances are returned
    as they are.

    Raises
    ------
    TypeError
        If they are neither a text nor a list.
    ValueError
        If one is almost a known transmitter, or one text names several of them.
    """
    words = (given,) if isinstance(given, str) else as_list("transmitters", given)
    return tuple(filter(None, (_canonical(str(word)) for word in words)))


def _canonical(word: str) -> str:
    name = _DOUBT.sub(" ", word).strip()
    form = _plain(name)
    doubt = "?" if "?" in word else ""
    if form in _UNKNOWN:
        return ""
    if form in _TRANSMITTER_OF:
        return _TRANSMITTER_OF[form] + doubt
    parts = [part for part in _SEVERAL.split(name) if _plain(part) in _TRANSMITTER_OF]
    if parts:
        raise ValueError(
            f"{word!r} names several transmitters. Give each separately: "
            f"transmitters=({', '.join(repr(_TRANSMITTER_OF[_plain(part)]) for part in parts)},)."
        )
    if near := get_close_matches(form, _TRANSMITTER_OF, n=1, cutoff=0.85):
        raise ValueError(
            f"No transmitter {word!r}. Did you mean {_TRANSMITTER_OF[near[0]]}? Known: "
            f"{', '.join(TRANSMITTERS)}."
        )
    return name + doubt


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
