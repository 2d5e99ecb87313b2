"""Whether a synapse of a NeuroML file excites or inhibits.

The criteria, in this order: the reversal potential of a conductance relative to the leak reversal
and the threshold of the postsynaptic cell; the direction of a current; a negative weight; the id
of the component, if a word of it starts with ``exc`` or ``inh`` or names a receptor; the
transmitter of the presynaptic population, if a property states it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple
from xml.etree.ElementTree import Element

from isochron.sims.neuroml.connections import Connection, connections_in_id
from isochron.sims.neuroml.xml import NEUROML_NAMESPACE

# For cells that the file does not define: every resting potential is above the first, every
# threshold below the second (mV).
LOWEST_REST, HIGHEST_THRESHOLD = -70.0, -20.0
_CURRENTS = ("expCurrSynapse", "alphaCurrSynapse", "alphaCurrentSynapse")
_RESTS = ("leakReversal", "EL", "vr", "v_rest", "e_rev_leak")
_THRESHOLDS = {
    **dict.fromkeys(("iafCell", "iafRefCell", "iafTauCell", "iafTauRefCell"), "thresh"),
    "iafActivityCell": "thresh",
    "adExIaFCell": "VT",
    "izhikevich2007Cell": "vt",
    "gradedNeuron": "Vth",
}
_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
_QUANTITY = re.compile(rf"\s*{_NUMBER}\s*([A-Za-z]*)\s*")
_IN_NS = {"pS": 1e-3, "nS": 1.0, "uS": 1e3, "mS": 1e6, "S": 1e9, "": math.nan}
_IN_MV = {"mV": 1.0, "V": 1e3, "uV": 1e-3, "": 1.0}  # PyNN's numbers are in mV


_WORD = r"[A-Z]+(?![a-z])|[A-Z][a-z]+"  # those of synInh and ExcSyn
_EFFECTS = {"exc": 1, "inh": -1}
_RECEPTORS = {"gaba": -1, "glycine": -1, "ampa": 1, "nmda": 1, "kainate": 1}
_TRANSMITTERS = {"gaba": -1, "glycine": -1, "glutamate": 1, "acetylcholine": 1}


class Reason(Enum):
    """Reason for the sign of a connection, or for its absence."""

    FILE = "reversal potential, current or weight"
    AGAINST_ID = "reversal potential, current or weight, against the id"
    ID = "id"
    TRANSMITTER = "transmitter of the population"
    SILENT = "no effect"
    SHUNTING = "reversal potential between rest and threshold"
    OPEN = "unknown"


class Signed(NamedTuple):
    """Sign of a connection, +1, -1 or 0, and the reason."""

    sign: int
    reason: Reason


class SynapseSigns:
    """Signs of the connections of a file.

    Parameters
    ----------
    components : mapping of str to Element
        Cells and synapses of the file and of those that it includes, by id.
    connections : iterable of Connection
        All connections of the file. A synapse without a definition that has a negative weight
        anywhere is a current, so that its positive weights excite.
    """

    def __init__(
        self, components: Mapping[str, Element], connections: Iterable[Connection]
    ) -> None:
        self._components = components
        self._currents = {item.synapse for item in connections if item.weight < 0}
        self._currents -= set(components)
        self._known: dict[tuple[str, str], int | None] = {}

    def __call__(self, connection: Connection) -> Signed:
        """Sign of a chemical connection.

        Raises
        ------
        ValueError
            If the weight of a conductance is negative, or that of a synapse without a definition
            whose id is that of an excitatory one.
        """
        if self.is_silent(connection):
            return Signed(0, Reason.SILENT)
        named = _sign_of_id(connection.synapse)
        stated = self._stated(connection, named)
        if stated is None:
            return self._by_names(connection, named)
        if stated == 0:
            return Signed(0, Reason.SILENT)
        against = named and named != stated
        return Signed(stated, Reason.AGAINST_ID if against else Reason.FILE)

    def _by_names(self, connection: Connection, named: int) -> Signed:
        """Sign of a connection for which no number decides."""
        if named:
            return Signed(named, Reason.ID)
        defined = self._components.get(connection.synapse)
        if defined is not None and {"erev", "e_rev"} & set(defined.attrib):
            return Signed(0, Reason.SHUNTING)
        sent = _sign_of_transmitter(connection.pre.transmitter)
        return Signed(sent, Reason.TRANSMITTER if sent else Reason.OPEN)

    def is_silent(self, connection: Connection) -> bool:
        """Whether its component is without effect: by its definition, or else by its id."""
        definition = self._components.get(connection.synapse)
        if definition is None:
            return "silent" in connection.synapse.lower()
        return _kind(definition) == "silentSynapse" or _has_no_conductance(definition)

    def conductance(self, connection: Connection) -> float:
        """Conductance of a connection of weight 1, in nS; NaN if the file does not state it.

        Raises
        ------
        ValueError
            If it is stated in the unit of a different quantity.
        """
        definition = self._components.get(connection.synapse)
        stated = _quantity(definition, ("gbase", "conductance"), _IN_NS, "conductance")
        return stated / connections_in_id(connection.synapse)

    def is_gap_junction(self, connection: Connection) -> bool:
        """Whether it is a gap junction by its element, the id or the kind of its component."""
        definition = self._components.get(connection.synapse)
        return connection.electrical or _kind(definition) == "gapJunction"

    def _stated(self, connection: Connection, named: int) -> int | None:
        """Sign by all criteria but the id: 0 for a synapse without effect, None if unknown."""
        synapse = self._components.get(connection.synapse)
        if synapse is None:
            return self._undefined(connection, named)
        pair = connection.synapse, connection.post.component
        if pair not in self._known:
            self._known[pair] = self._defined(synapse, connection.post.component)
        sign = self._known[pair]
        if connection.weight >= 0:
            return sign
        if _kind(synapse) not in _CURRENTS:
            raise ValueError(
                f"{connection} has the weight {connection.weight:g}, but its synapse "
                f"{connection.synapse!r} is a conductance ({_kind(synapse)}), which cannot be "
                "negative. Make the weight positive; the sign is that of its reversal potential."
            )
        return None if sign is None else -sign

    def _undefined(self, connection: Connection, named: int) -> int | None:
        if connection.synapse not in self._currents:
            return None
        sign = -1 if connection.weight < 0 else 1
        if named and named != sign:
            raise ValueError(
                f"{connection} has the weight {connection.weight:g}, and its synapse "
                f"{connection.synapse!r} {'excites' if named > 0 else 'inhibits'} by its id. "
                "Define the synapse in the file, or give one of the two a different sign."
            )
        return sign

    def _defined(self, synapse: Element, cell: str) -> int | None:
        """Sign of a defined synapse with a positive weight."""
        kind = _kind(synapse)
        if kind == "silentSynapse" or _has_no_conductance(synapse):
            return 0  # a part of a double synapse
        if kind in _CURRENTS:
            return _sign_of(synapse.get("ibase", "1"))
        if kind == "doubleSynapse":
            parts = [self._components.get(synapse.get(name, "")) for name in _DOUBLE]
            signs = {None if part is None else self._defined(part, cell) for part in parts}
            return signs.pop() if len(signs) == 1 else None
        reversal = _potential(synapse, ("erev", "e_rev"))
        rest, threshold = _rest_and_threshold(self._components.get(cell))
        return -1 if reversal < rest else 1 if reversal > threshold else None


_DOUBLE = ("synapse1", "synapse2")


def _rest_and_threshold(cell: Element | None) -> tuple[float, float]:
    """Potentials in mV, in order, between which a reversal potential does not decide."""
    if cell is None:
        return LOWEST_REST, HIGHEST_THRESHOLD
    kind = _kind(cell)
    below = _potential(cell, _RESTS)
    if math.isnan(below):
        below = _potential(_leak_channel(cell), ("erev",))
    above = _potential(cell, (_THRESHOLDS.get(kind, "v_thresh"),))
    below = LOWEST_REST if math.isnan(below) else below
    above = HIGHEST_THRESHOLD if math.isnan(above) else above
    return min(below, above), max(below, above)


def _leak_channel(cell: Element) -> Element | None:
    """The leak channels of a cell with ion channels."""
    for channel in cell.iter():
        named = f"{channel.get('id', '')} {channel.get('ionChannel', '')}".lower()
        if "erev" in channel.attrib and ("leak" in named or "pas" in named):
            return channel
    return None


def _has_no_conductance(synapse: Element) -> bool:
    values = [synapse.get(name) for name in ("gbase", "conductance") if name in synapse.attrib]
    return bool(values) and all(_sign_of(value) == 0 for value in values)


def _sign_of(quantity: str | None) -> int | None:
    """Sign of a number with any unit; None if it is not one."""
    found = re.match(rf"\s*{_NUMBER}", quantity or "")
    if found is None:
        return None
    value = float(found[1])
    return (value > 0) - (value < 0)


def _potential(component: Element | None, names: Sequence[str]) -> float:
    """The first of some attributes that a component has, in mV; NaN if it has none."""
    return _quantity(component, names, _IN_MV, "potential")


def _quantity(
    component: Element | None, names: Sequence[str], units: Mapping[str, float], kind: str
) -> float:
    """The first of some attributes that a component has, in the unit of factor 1, or NaN."""
    given = {} if component is None else component.attrib
    name = next((name for name in names if given.get(name)), None)
    if component is None or name is None:
        return math.nan
    found = _QUANTITY.fullmatch(given[name])
    if found is None or found[2] not in units:
        raise ValueError(
            f"{name} of {_kind(component)} {component.get('id', '')!r} must be a {kind} in "
            f"one of {', '.join(unit for unit in units if unit)}, got {given[name]!r}."
        )
    return float(found[1]) * units[found[2]]


def _sign_of_id(component: str) -> int:
    """Sign by the words of an id: first those of the effect, then those of a receptor."""
    segments = re.split(r"[^A-Za-z]+", component)
    words = [word.lower() for word in segments + re.findall(_WORD, component)]
    for known in (_EFFECTS, _RECEPTORS):
        for word in words:
            for start, sign in known.items():
                if word.startswith(start):
                    return sign
    return 0


def _sign_of_transmitter(stated: str) -> int:
    """Sign by the transmitter of a cell; 0 if unknown, or for several with different signs."""
    words = re.findall(r"[a-z]+", stated.lower())
    signs = {sign for word in words for start, sign in _TRANSMITTERS.items() if word == start}
    return signs.pop() if len(signs) == 1 else 0


def _kind(component: Element | None) -> str:
    """Component type of an element, such as ``expTwoSynapse``."""
    if component is None:
        return ""
    tag = component.tag.removeprefix(f"{{{NEUROML_NAMESPACE}}}")
    return component.get("type", tag) if tag in ("Component", "iafCell") else tag
