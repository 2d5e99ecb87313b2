"""Sign rules: which chemical connections excite and which inhibit.

A transmitter does not determine the sign, so the rule is an explicit argument wherever it matters.
A rule maps a `Connectome` to a matrix of int8, shape (n_neurons, n_neurons), ``[post, pre]``: +1
or -1 at each chemical connection that it signs, 0 elsewhere. A connection without a sign has
no effect in a model. ``connectome.with_signs(rule)`` records the rule in the connectome.

The rules by name (`GabaInhibitory`, `TransmitterSigns`, `Fenyves2020`) have tables of
C. elegans, partly of the hermaphrodite only. ``rule.remarks(connectome)`` states where a rule
does not fit; the remarks are logged as warnings (logger ``isochron``, each text once) and recorded
in the history by ``with_signs``.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from isochron.connectome.cells import cells, main_transmitter
from isochron.connectome.merged import cells_behind
from isochron.connectome.model import check_connectome
from isochron.connectome.names import canonical_names
from isochron.connectome.transmitters import TRANSMITTERS
from isochron.registry import Entry, Registry
from isochron.wording import counted, shown

if TYPE_CHECKING:
    from isochron.connectome.cells import Cell
    from isochron.connectome.model import Connectome

GABAERGIC = (
    *("RMED", "RMEL", "RMER", "RMEV", "AVL", "RIS", "DVB"),
    *(f"DD{i}" for i in range(1, 7)),
    *(f"VD{i}" for i in range(1, 14)),
)
FENYVES_CODES = ("unsigned", "excitatory", "inhibitory", "complex")

Fallback = Literal["excitatory", "inhibitory", "gaba", "none"]
Uncertain = Literal["as_stated", "unknown"]
SignRule: TypeAlias = Callable[["Connectome"], np.ndarray]


@dataclass(frozen=True, slots=True)
class GabaInhibitory:
    """The 26 GABAergic neurons of `GABAERGIC` inhibit, all others excite.

    The list is that of the C. elegans hermaphrodite; in other animals all neurons excite. A
    merged neuron (DD, RME) inhibits if all its cells are on the list.

    References
    ----------
    Kunert, Shlizerman and Kutz (2014), Physical Review E 89:052805.

    Examples
    --------
    >>> worm = connectome.load("varshney2011").with_signs(connectome.GabaInhibitory())
    >>> int((worm.signs < 0).sum()), int((worm.signs > 0).sum())
    (76, 2118)
    """

    def __call__(self, connectome: "Connectome") -> np.ndarray:
        """Signs of the connections of a connectome.

        Parameters
        ----------
        connectome : Connectome
            Connectome to sign; its `signs` are not used.

        Returns
        -------
        ndarray of int8, shape (n_neurons, n_neurons)
            ``[post, pre]``: 1 or -1 at chemical connections with a sign, else 0.
        """
        say(self.remarks(connectome))
        inhibitory = np.isin(connectome.neurons, gaba_neurons(connectome))
        return _by_sender(connectome, np.where(inhibitory, -1, 1))

    def remarks(self, connectome: "Connectome") -> tuple[str, ...]:
        """Remarks where the rule does not fit: species, neurons of the male, merged neurons.

        Parameters
        ----------
        connectome : Connectome
            Connectome to which the rule would be applied.

        Returns
        -------
        tuple of str
            One sentence for each; empty if the rule fits.

        Raises
        ------
        TypeError
            If `connectome` is something else.
        """
        check_connectome(connectome)
        if not connectome.is_worm:
            return _no_tables(self, connectome)
        return (*self._of_the_male(connectome), *self._merged(connectome))

    def _merged(self, connectome: "Connectome") -> Iterator[str]:
        for name, behind in _behind(connectome).items():
            listed = [cell for cell in behind if cell in GABAERGIC]
            if 0 < len(listed) < len(behind):
                yield (
                    f"In {connectome.name}, {name} represents {', '.join(behind)}, of which only "
                    f"{', '.join(listed)} inhibit, so it excites; apply the rule before neurons "
                    "are merged."
                )

    def _of_the_male(self, connectome: "Connectome") -> tuple[str, ...]:
        missing = [
            cell.name
            for cell in _male_neurons(connectome)
            if cell.transmitters[:1] == ("GABA",) and cell.name not in GABAERGIC
        ]
        if not missing:
            return ()
        return (
            f"GABAERGIC lists neurons of the hermaphrodite. In {connectome.name}, a male, "
            f"{', '.join(missing)} release GABA too and are not in it, so they excite; "
            "TransmitterSigns() uses the transmitters.",
        )


@dataclass(frozen=True, slots=True)
class TransmitterSigns:
    """Signs by the main transmitter of the presynaptic neuron.

    Attributes
    ----------
    inhibitory : tuple of str
        Transmitters that inhibit; by default GABA alone. Glutamate inhibits through chloride
        channels in part of the worm.
    unknown : {"excitatory", "inhibitory", "gaba", "none"}
        Sign of a presynaptic neuron without a known transmitter; ``gaba`` applies
        `GabaInhibitory`. The transmitter of a merged neuron of C. elegans is known if all its
        cells have the same one.
    uncertain : {"as_stated", "unknown"}
        Treatment of a transmitter with a question mark (``GABA?`` of AVJL): as the stated one
        (GABA), or as unknown, so that `unknown` decides.

    Raises
    ------
    ValueError
        If an option or a transmitter is not known. Known transmitters:
        `connectome.TRANSMITTERS`, and those of the cells of the connectome.

    References
    ----------
    Wang et al. (2024), eLife 13:RP95402, for the transmitters.

    Examples
    --------
    >>> rule = connectome.TransmitterSigns(inhibitory=("GABA", "glutamate"))
    >>> worm = connectome.load("varshney2011").with_signs(rule)
    >>> int((worm.signs < 0).sum()), int((worm.signs > 0).sum())
    (768, 1426)
    """

    inhibitory: tuple[str, ...] = ("GABA",)
    unknown: Fallback = "excitatory"
    uncertain: Uncertain = "as_stated"

    def __post_init__(self) -> None:
        if isinstance(self.inhibitory, str):
            object.__setattr__(self, "inhibitory", (self.inhibitory,))
        _check_choice("unknown", self.unknown, get_args(Fallback))
        _check_choice("uncertain", self.uncertain, get_args(Uncertain))

    def __call__(self, connectome: "Connectome") -> np.ndarray:
        """Signs of the connections of a connectome.

        Parameters
        ----------
        connectome : Connectome
            Connectome to sign; its `signs` are not used.

        Returns
        -------
        ndarray of int8, shape (n_neurons, n_neurons)
            ``[post, pre]``: 1 or -1 at chemical connections with a sign, else 0.
        """
        say(self.remarks(connectome))
        main = _main_transmitters(connectome)
        if self.uncertain == "unknown":
            main = ["" if transmitter.endswith("?") else transmitter for transmitter in main]
        main = [transmitter.removesuffix("?") for transmitter in main]
        self._check_transmitters(main)
        known = np.array([bool(transmitter) for transmitter in main])
        inhibitory = {name.casefold() for name in self.inhibitory}
        signs = np.array([-1 if name.casefold() in inhibitory else 1 for name in main])
        return np.where(known, _by_sender(connectome, signs), _fallback(connectome, self.unknown))

    def remarks(self, connectome: "Connectome") -> tuple[str, ...]:
        """Remarks where the rule does not fit: unknown transmitters, merged neurons.

        Parameters
        ----------
        connectome : Connectome
            Connectome to which the rule would be applied.

        Returns
        -------
        tuple of str
            One sentence for each; empty if the rule fits.

        Raises
        ------
        TypeError
            If `connectome` is something else.
        """
        check_connectome(connectome)
        main = _main_transmitters(connectome)
        if not any(main):
            return _no_tables(self, connectome)
        behind = _behind(connectome)
        return tuple(
            f"In {connectome.name}, {cell.name} represents {', '.join(behind[cell.name])}, whose "
            "main transmitters differ, so `unknown` decides; apply the rule before neurons are "
            "merged."
            for cell, transmitter in zip(connectome.cells, main, strict=True)
            if not transmitter and len(behind.get(cell.name, ())) > 1
            if any(cells()[one].transmitters for one in behind[cell.name] if one in cells())
        )

    def _check_transmitters(self, present: list[str]) -> None:
        known = sorted({*TRANSMITTERS, *filter(None, present)})
        for name in self.inhibitory:
            if name not in known:
                near = get_close_matches(str(name).lower(), [x.lower() for x in known], n=1)
                hint = "".join(f" Did you mean {x}?" for x in known if x.lower() in near)
                raise ValueError(
                    f"inhibitory names the transmitter {name!r}, which no cell has.{hint} "
                    f"Known: {', '.join(known)}."
                )


@dataclass(frozen=True, slots=True)
class Fenyves2020:
    """Signs predicted for each connection from transmitter and receptor expression.

    The table covers 3638 connections (those of `cook2019-hermaphrodite`, without the pharynx):
    1327 excite, 425 inhibit, 471 are complex (receptors of both kinds) and 1415, 39 %, are
    unsigned. Connections that are not in the table are unsigned.

    A connection of merged neurons has the sign that is predicted for the connections of their
    cells; it is complex if both signs are predicted. Applying the rule before the merging
    (`with_signs`, then `by_class`) is more exact: it adds up the weights of each sign.

    Attributes
    ----------
    unsigned, complex : {"excitatory", "inhibitory", "gaba", "none"}
        Sign of unsigned, and of complex connections; ``gaba`` applies `GabaInhibitory`,
        ``none`` leaves them without a sign.

    Raises
    ------
    ValueError
        If `unsigned` or `complex` is not one of these.

    References
    ----------
    Fenyves et al. (2020), PLoS Computational Biology 16:e1007974.

    Examples
    --------
    >>> rule = connectome.Fenyves2020(unsigned="none", complex="none")
    >>> worm = connectome.load("varshney2011").with_signs(rule)
    >>> int((worm.signs < 0).sum()), int((worm.signs > 0).sum())  # of 2194 connections
    (222, 777)
    """

    unsigned: Fallback
    complex: Fallback

    def __post_init__(self) -> None:
        _check_choice("unsigned", self.unsigned, get_args(Fallback))
        _check_choice("complex", self.complex, get_args(Fallback))

    def __call__(self, connectome: "Connectome") -> np.ndarray:
        """Signs of the connections of a connectome.

        Parameters
        ----------
        connectome : Connectome
            Connectome to sign; its `signs` are not used.

        Returns
        -------
        ndarray of int8, shape (n_neurons, n_neurons)
            ``[post, pre]``: 1 or -1 at chemical connections with a sign, else 0.
        """
        say(self.remarks(connectome))
        codes = self._codes(connectome)
        signs = np.select(
            [codes == 1, codes == 2, codes == 3],
            [np.ones_like(codes), -np.ones_like(codes), _fallback(connectome, self.complex)],
            _fallback(connectome, self.unsigned),
        )
        return np.where(connectome.chemical > 0, signs, 0).astype(np.int8)

    def remarks(self, connectome: "Connectome") -> tuple[str, ...]:
        """Remarks where the rule does not fit: species, neurons of the male, merged neurons.

        Parameters
        ----------
        connectome : Connectome
            Connectome to which the rule would be applied.

        Returns
        -------
        tuple of str
            One sentence for each; empty if the rule fits.

        Raises
        ------
        TypeError
            If `connectome` is something else.
        """
        check_connectome(connectome)
        if not connectome.is_worm:
            return _no_tables(self, connectome)
        found: tuple[str, ...] = ()
        if _male_neurons(connectome):
            found = (
                "The table of Fenyves2020 is that of the hermaphrodite; in "
                f"{connectome.name}, a male, `unsigned` decides on connections that are not in it.",
            )
        found += self._merged(connectome)
        if "gaba" in (self.unsigned, self.complex):
            found += gaba_inhibitory.remarks(connectome)
        return found

    def _merged(self, connectome: "Connectome") -> tuple[str, ...]:
        merged = [name for name, of in _behind(connectome).items() if len(of) > 1]
        if not merged:
            return ()
        return (
            f"In {connectome.name}, "
            f"{counted(len(merged), 'neuron represents', 'neurons represent')} several cells "
            f"({merged[0]}, …). Fenyves2020 combines the predictions for their "
            "connections without weights. Apply the rule before neurons are merged.",
        )

    def _codes(self, connectome: "Connectome") -> np.ndarray:
        from isochron.connectome.datasets import vendored_arrays

        table = vendored_arrays("fenyves2020")
        behind = _behind(connectome)
        position = {
            cell: connectome.neurons.index(name) for name, of in behind.items() for cell in of
        }
        place = np.array([position.get(str(name), -1) for name in table["neurons"]])
        post, pre, code = table["signs"].T
        here = (place[post] >= 0) & (place[pre] >= 0)
        found = np.zeros((len(FENYVES_CODES), *connectome.chemical.shape), dtype=bool)
        found[code[here], place[post[here]], place[pre[here]]] = True
        _, excitatory, inhibitory, mixed = found
        mixed = mixed | (excitatory & inhibitory)
        return np.select([mixed, excitatory, inhibitory], [3, 1, 2], 0).astype(np.int8)


@dataclass(frozen=True, slots=True)
class SignTable:
    """Signs that a user states.

    Attributes
    ----------
    senders : mapping of str to int
        Sign, +1 or -1, of all connections of a presynaptic neuron, by its name.
    connections : mapping of (str, str) to int
        Sign, +1, -1 or 0, of single connections (pre, post); they prevail over `senders`.
    others : {"excitatory", "inhibitory", "gaba", "none"}
        Sign of the other connections; ``gaba`` applies `GabaInhibitory`.

    Raises
    ------
    ValueError
        If a sign is not -1, 0 or 1, or `others` is not one of these.

    Examples
    --------
    >>> chemical = [[0, 0, 0], [3, 0, 0], [0, 2, 0]]  # A to B to C
    >>> chain = connectome.from_matrices(["A", "B", "C"], chemical, rows="postsynaptic")
    >>> chain.with_signs(connectome.SignTable({"B": -1}, others="excitatory")).signs
    array([[ 0,  0,  0],
           [ 1,  0,  0],
           [ 0, -1,  0]], dtype=int8)
    """

    senders: Mapping[str, int] = field(default_factory=dict)
    connections: Mapping[tuple[str, str], int] = field(default_factory=dict)
    others: Fallback = "none"

    def __post_init__(self) -> None:
        _check_choice("others", self.others, get_args(Fallback))
        for key, sign in (*self.senders.items(), *self.connections.items()):
            if sign not in (-1, 0, 1):
                raise ValueError(f"The sign of {key} must be -1, 0 or 1, got {shown(sign)}.")

    def __call__(self, connectome: "Connectome") -> np.ndarray:
        """Signs of the connections of a connectome.

        Parameters
        ----------
        connectome : Connectome
            Connectome to sign; its `signs` are not used.

        Returns
        -------
        ndarray of int8, shape (n_neurons, n_neurons)
            ``[post, pre]``: 1 or -1 at chemical connections with a sign, else 0.

        Raises
        ------
        ValueError
            If it does not have a neuron or a connection, or two names are the same neuron.
        """
        canonical_names(self.senders, species=connectome.species, where="SignTable")
        canonical_names((x for pair in self.connections for x in pair), species=connectome.species)
        signs = _fallback(connectome, self.others)
        for name, sign in self.senders.items():
            signs[:, connectome.index([name])] = sign
        for (pre, post), sign in self.connections.items():
            i, j = connectome.index([post, pre])
            if not connectome.chemical[i, j]:
                raise ValueError(
                    f"{connectome.name} does not have a chemical connection from {pre} to {post}."
                )
            signs[i, j] = sign
        return np.where(connectome.chemical > 0, signs, 0).astype(np.int8)


def _by_sender(connectome: "Connectome", signs: np.ndarray) -> np.ndarray:
    return np.where(connectome.chemical > 0, signs[None, :], 0).astype(np.int8)


def _fallback(connectome: "Connectome", rule: Fallback) -> np.ndarray:
    if rule == "gaba":
        return GabaInhibitory()(connectome)
    sign = {"excitatory": 1, "inhibitory": -1, "none": 0}[rule]
    return np.where(connectome.chemical > 0, sign, 0).astype(np.int8)


def signed(connectome: "Connectome", rule: SignRule | None = None) -> "Connectome":
    """A connectome as models use it: signed by a rule, or with the signs that it has.

    Without a rule, a connectome without signs is signed by `gaba_inhibitory`.
    """
    check_connectome(connectome)
    if rule is None and connectome.signs is not None:
        return connectome
    return connectome.with_signs(gaba_inhibitory if rule is None else rule)


def gaba_neurons(connectome: "Connectome") -> tuple[str, ...]:
    """Neurons that are on the list `GABAERGIC`; none if it is not C. elegans.

    Parameters
    ----------
    connectome : Connectome
        A merged neuron of it is on the list if all its cells are: DD of `Connectome.by_class`.

    Returns
    -------
    tuple of str
        Names, in the order of the neurons.

    Raises
    ------
    TypeError
        If `connectome` is something else.

    Examples
    --------
    >>> connectome.gaba_neurons(connectome.load("varshney2011").by_class())
    ('AVL', 'DD', 'DVB', 'RIS', 'RME', 'VD')
    """
    check_connectome(connectome)
    if not connectome.is_worm:
        return ()
    behind = _behind(connectome)
    return tuple(name for name, of in behind.items() if of and set(of) <= set(GABAERGIC))


def _behind(connectome: "Connectome") -> dict[str, tuple[str, ...]]:
    """Cells that each neuron represents; empty if the animal is not C. elegans."""
    if not connectome.is_worm:
        return {}
    return cells_behind(connectome.neurons, {cell.name: cell.merged for cell in connectome.cells})


def _main_transmitters(connectome: "Connectome") -> list[str]:
    """Main transmitter of each neuron, or that of all cells that it represents, else empty."""
    behind, table = _behind(connectome), cells()
    return [
        main_transmitter([cell])
        or main_transmitter([table[one] for one in behind.get(cell.name, ()) if one in table])
        for cell in connectome.cells
    ]


def say(remarks: Iterable[str]) -> None:
    """Log remarks as warnings, each text once in a process."""
    for text in remarks:
        _say_once(text)


@cache
def _say_once(text: str) -> None:
    logging.getLogger("isochron").warning(text)


def _male_neurons(connectome: "Connectome") -> "list[Cell]":
    return [cell for cell in connectome.cells if cell.sex == "male"]


def _no_tables(rule: object, connectome: "Connectome") -> tuple[str, ...]:
    """Remark that a rule lacks tables of the animal, so that all neurons excite."""
    number = np.count_nonzero(connectome.chemical)
    if connectome.is_worm or not number:
        return ()
    return (
        f"{type(rule).__name__} knows the neurons of C. elegans only. The species of "
        f"{connectome.name} is {connectome.species or 'not given'}: no sender of its "
        f"{counted(number, 'chemical connection')} is known to inhibit. State the signs of "
        "its connections in the file (a column or attribute `sign`) or with SignTable, or the "
        "species C. elegans if it is a worm.",
    )


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {shown(value)}.")


class SignRules(Registry):
    """The sign rules by name."""

    def check(self, name: str) -> str:
        """A name of a rule.

        Raises
        ------
        ValueError
            If it is not the name of a rule.
        """
        if str(name).lower() in ("own", "file"):
            raise ValueError(
                f"Unknown sign rule {name!r}. Without a rule the signs of the connectome apply, if "
                f"it has some. Available: {', '.join(self)}."
            )
        return super().check(name)


_HERE = "isochron.connectome.signs"
SIGN_RULES = SignRules(
    "sign rule",
    {
        "gaba": Entry(
            f"{_HERE}:gaba_inhibitory",
            "The 26 GABAergic neurons of the hermaphrodite inhibit.",
            f"{_HERE}:GabaInhibitory",
        ),
        "transmitter": Entry(
            f"{_HERE}:transmitter_signs",
            "Senders whose main transmitter is GABA inhibit.",
            f"{_HERE}:TransmitterSigns",
        ),
        "fenyves2020": Entry(
            f"{_HERE}:fenyves2020",
            "Predictions for each connection by Fenyves et al. (2020).",
            f"{_HERE}:Fenyves2020",
        ),
    },
)
gaba_inhibitory = GabaInhibitory()
transmitter_signs = TransmitterSigns()
fenyves2020 = Fenyves2020(unsigned="gaba", complex="gaba")
