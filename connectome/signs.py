"""Sign rules: which chemical connections excite and which inhibit.

A transmitter is not a sign, so the rule is an explicit argument wherever it matters. A rule
maps a `Connectome` to a matrix of int8, shape (n_neurons, n_neurons), ``[post, pre]``: +1 or
-1 at each chemical connection that it signs, 0 elsewhere. A connection without a sign has
no effect in a model. ``wiring.with_signs(rule)`` records the rule in the wiring.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from isochron.connectome.model import Connectome

GABAERGIC = (
    *("RMED", "RMEL", "RMER", "RMEV", "AVL", "RIS", "DVB"),
    *(f"DD{i}" for i in range(1, 7)),
    *(f"VD{i}" for i in range(1, 14)),
)
FENYVES_CODES = ("unsigned", "excitatory", "inhibitory", "complex")

Fallback = Literal["excitatory", "inhibitory", "gaba", "none"]


@dataclass(frozen=True, slots=True)
class GabaInhibitory:
    """The 26 GABAergic neurons of `GABAERGIC` inhibit, all others excite.

    The list is that of the *C. elegans* hermaphrodite; in other animals all neurons excite.

    References
    ----------
    Kunert, Shlizerman and Kutz (2014), Physical Review E 89:052805.
    """

    def __call__(self, wiring: "Connectome") -> np.ndarray:
        """Signs of the connections of a wiring."""
        listed = np.isin(wiring.neurons, GABAERGIC) & wiring.is_worm
        return _by_sender(wiring, np.where(listed, -1, 1))


@dataclass(frozen=True, slots=True)
class TransmitterSigns:
    """Signs by the main transmitter of the sender.

    Attributes
    ----------
    inhibitory : tuple of str
        Transmitters that inhibit; GABA alone unless told otherwise. Glutamate inhibits
        through chloride channels in part of the worm.
    unknown : {"excitatory", "inhibitory", "gaba", "none"}
        What a sender without a known transmitter does.

    References
    ----------
    Wang et al. (2024), eLife 13:RP95402, for the transmitters.
    """

    inhibitory: tuple[str, ...] = ("GABA",)
    unknown: Fallback = "excitatory"

    def __post_init__(self) -> None:
        _check_fallback("unknown", self.unknown)

    def __call__(self, wiring: "Connectome") -> np.ndarray:
        """Signs of the connections of a wiring."""
        main = [next(iter(cell.transmitters), "") for cell in wiring.cells]
        known = np.array([bool(transmitter) for transmitter in main])
        signs = np.where(np.isin(main, self.inhibitory), -1, 1)
        return np.where(known, _by_sender(wiring, signs), _fallback(wiring, self.unknown))


@dataclass(frozen=True, slots=True)
class Fenyves2020:
    """Signs predicted for each connection from transmitter and receptor expression.

    Of the 3638 connections predicted for (those of `cook2019-hermaphrodite`, without the
    pharynx), 1327 excite, 425 inhibit, 471 are complex (receptors of both kinds) and
    1415, 39 %, remain unsigned. Connections that the table does not have are unsigned.

    Attributes
    ----------
    unsigned, complex : {"excitatory", "inhibitory", "gaba", "none"}
        What becomes of them; ``gaba`` asks the rule of `GabaInhibitory`, ``none`` leaves
        them without a sign.

    References
    ----------
    Fenyves et al. (2020), PLoS Computational Biology 16:e1007974.
    """

    unsigned: Fallback
    complex: Fallback

    def __post_init__(self) -> None:
        _check_fallback("unsigned", self.unsigned)
        _check_fallback("complex", self.complex)

    def __call__(self, wiring: "Connectome") -> np.ndarray:
        """Signs of the connections of a wiring."""
        codes = self._codes(wiring)
        signs = np.select(
            [codes == 1, codes == 2, codes == 3],
            [np.ones_like(codes), -np.ones_like(codes), _fallback(wiring, self.complex)],
            _fallback(wiring, self.unsigned),
        )
        return np.where(wiring.chemical > 0, signs, 0).astype(np.int8)

    def _codes(self, wiring: "Connectome") -> np.ndarray:
        from isochron.connectome.datasets import vendored_arrays

        table = vendored_arrays("fenyves2020")
        position = {name: i for i, name in enumerate(wiring.neurons)}
        place = np.array([position.get(str(name), -1) for name in table["neurons"]])
        post, pre, code = table["signs"].T
        here = (place[post] >= 0) & (place[pre] >= 0)
        codes = np.zeros(wiring.chemical.shape, dtype=np.int8)
        codes[place[post[here]], place[pre[here]]] = code[here]
        return codes


@dataclass(frozen=True, slots=True)
class SignTable:
    """Signs that a user states.

    Attributes
    ----------
    senders : mapping of str to int
        +1 or -1 for each presynaptic neuron named.
    connections : mapping of (str, str) to int
        +1, -1 or 0 for single connections (pre, post); they prevail.
    others : {"excitatory", "inhibitory", "gaba", "none"}
        What the rest does.
    """

    senders: Mapping[str, int] = field(default_factory=dict)
    connections: Mapping[tuple[str, str], int] = field(default_factory=dict)
    others: Fallback = "none"

    def __post_init__(self) -> None:
        _check_fallback("others", self.others)
        for key, sign in (*self.senders.items(), *self.connections.items()):
            if sign not in (-1, 0, 1):
                raise ValueError(f"The sign of {key} must be -1, 0 or 1, got {sign!r}.")

    def __call__(self, wiring: "Connectome") -> np.ndarray:
        """Signs of the connections of a wiring; a name it does not have is an error."""
        signs = _fallback(wiring, self.others)
        for name, sign in self.senders.items():
            signs[:, wiring.index([name])] = sign
        for (pre, post), sign in self.connections.items():
            i, j = wiring.index([post, pre])
            if not wiring.chemical[i, j]:
                raise ValueError(f"{wiring.name} has no chemical connection from {pre} to {post}.")
            signs[i, j] = sign
        return np.where(wiring.chemical > 0, signs, 0).astype(np.int8)


def _by_sender(wiring: "Connectome", signs: np.ndarray) -> np.ndarray:
    return np.where(wiring.chemical > 0, signs[None, :], 0).astype(np.int8)


def _fallback(wiring: "Connectome", rule: Fallback) -> np.ndarray:
    if rule == "gaba":
        return GabaInhibitory()(wiring)
    sign = {"excitatory": 1, "inhibitory": -1, "none": 0}[rule]
    return np.where(wiring.chemical > 0, sign, 0).astype(np.int8)


def _check_fallback(name: str, value: str) -> None:
    if value not in get_args(Fallback):
        raise ValueError(f"{name} must be one of {', '.join(get_args(Fallback))}, got {value!r}.")


SIGN_RULES = {
    "gaba": GabaInhibitory(),
    "transmitter": TransmitterSigns(),
    "fenyves2020": Fenyves2020(unsigned="gaba", complex="gaba"),
}
gaba_inhibitory = SIGN_RULES["gaba"]
