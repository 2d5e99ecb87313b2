"""read_neuroml(): from a NeuroML network to a connectome."""

import os
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from isochron.connectome import Connectome, Source
from isochron.connectome.cells import cells_of
from isochron.connectome.gap_junctions import UnequalGap, symmetric_gap
from isochron.connectome.importers.cell_text import read_cells
from isochron.connectome.importers.links import whole
from isochron.connectome.importers.opened import remembers_its_file
from isochron.connectome.importers.stated import NOT_KNOWN
from isochron.connectome.names import C_ELEGANS
from isochron.files import reads_data
from isochron.sims.neuroml.connections import Connection, read_connections
from isochron.sims.neuroml.includes import read_documents
from isochron.sims.neuroml.populations import Cells, read_properties
from isochron.sims.neuroml.synapse_signs import Reason, Signed, SynapseSigns
from isochron.wording import counted

SHOWN = 5  # items of a kind that are named in `Source.left_out` and the history


@reads_data
@remembers_its_file
def read_neuroml(
    path: str | os.PathLike,
    *,
    unequal_gap: UnequalGap = "error",
    species: str | None = "infer",
) -> Connectome:
    """The connectome of a NeuroML 2 network: an export of isochron, c302 or other software.

    Each cell of a population is a neuron or a muscle; it is a muscle if the property
    ``role`` of the population is ``muscle`` or its id is that of a muscle of the worm. Weights
    of connections between the same cells add up; one without a weight counts 1. Event-driven
    and continuous projections and synaptic connections are chemical synapses. Electrical
    projections are gap junctions, and so are projections of c302 whose synapse is an
    ``elec_syn``.

    A conductance excites if its reversal potential is above the threshold of the postsynaptic
    cell, and inhibits if it is below the leak reversal of that cell; for a cell that the file
    does not define, above -20 mV and below -70 mV. A current-based synapse inhibits if its
    weight is negative. Where this does not decide, as for shunting inhibition, the sign follows
    from a word of the id of the synapse that starts with ``exc`` or ``inh`` or names a receptor
    (GABA, glycine, AMPA, NMDA, kainate), or from the property ``neurotransmitter`` of the
    presynaptic population. Otherwise the connection does not have a sign: it is 0, unless no
    connection of the file has a sign or a reversal potential. ``history`` counts the connections
    without a sign.

    A weight is that of the connection. Conductances are not read, with two exceptions: synapses
    of c302 for several connections (``…_6conns``) count as that number, and a gap junction of
    0 nS is not read as one (in an export of isochron it has its weight).

    Parameters
    ----------
    path : path-like
        NeuroML 2 file, at most 64 MB, in the encoding that it declares. Files that it includes
        must be in its folder or below it; those that cannot be read are listed in
        ``source.left_out`` unless the network may be in one of them.
    unequal_gap : {"error", "larger", "mean"}
        Weight of a gap junction that is listed in both directions with two weights.
    species : str or None
        Species of the animal; ``"infer"`` takes it from the file, if it is an export of isochron,
        or else from the ids of the populations (see `connectome.infer_species`).

    Returns
    -------
    Connectome
        The network. ``source.left_out`` counts what a connectome cannot represent: inputs,
        connections from muscles, gap junctions with muscles, other elements. Connections that
        were lost, and synapses without a sign, are in ``history`` too.

    Raises
    ------
    FileNotFoundError
        If the file, or one that it includes and that may have the network, does not exist.
    ValueError
        If a file is not NeuroML 2 or includes one from outside its folder; if there is not
        exactly one network; or if a connection names an unknown population or cell, has a weight
        that is not valid, is of an unknown kind, or differs in sign or, for a gap junction, in
        weight from a second connection of the same pair.

    Examples
    --------
    Two cells and a synapse that inhibits by its name:

    >>> from pathlib import Path
    >>> text = (
    ...     '<neuroml xmlns="http://www.neuroml.org/schema/neuroml2" id="d"><network id="pair">'
    ...     '<population id="AVAL" component="c" size="1"/>'
    ...     '<population id="DB2" component="c" size="1"/>'
    ...     '<synapticConnectionWD from="AVAL[0]" to="DB2[0]" synapse="inh" weight="3"/>'
    ...     "</network></neuroml>"
    ... )
    >>> _ = Path("pair.net.nml").write_text(text)
    >>> graph = sims.read_neuroml("pair.net.nml")
    >>> graph.neurons, (graph.signs * graph.chemical).tolist()  # [post, pre]
    (('AVAL', 'DB2'), [[0, 0], [-3, 0]])
    """
    documents = read_documents(path)
    network = documents.network
    properties = read_properties(documents.main)
    if species == "infer":
        species = properties.get("species", "infer")
        species = None if species == NOT_KNOWN else species
    cells = Cells(path, network, species=species)
    connections, others = read_connections(path, network, cells)
    signs = SynapseSigns(documents.components, connections)
    layers = _Layers(path, cells, signs, ours="isochron_version" in properties)
    for network_id in documents.other_networks:
        layers.lost[f"network of an included file: {network_id}"] += 1
    for connection in connections:
        layers.add(connection)
    gap, unequal = symmetric_gap(
        layers.gap,
        cells.names["neuron"],
        unequal_gap=unequal_gap,
        where=str(path),
        listed_once=True,
    )
    unread = [f"included file not read: {href} ({why})" for href, why in documents.unread.items()]
    if len(unread) > SHOWN:
        unread[SHOWN:] = [counted(len(unread) - SHOWN, "more included file(s) not read")]
    return Connectome(
        name=properties.get("dataset") or network.get("id") or Path(path).stem,
        neurons=cells.names["neuron"],
        muscles=cells.names["muscle"],
        species=cells.species,
        cells=read_cells(
            properties.get("cells", ""),
            cells_of(cells.names["neuron"], of_the_worm=cells.species == C_ELEGANS),
            where=str(path),
        ),
        chemical=whole(layers.chemical),
        gap=whole(gap),
        neuromuscular=whole(layers.neuromuscular),
        signs=layers.signs if layers.signed else None,
        source=Source(
            weight_unit=properties.get("weight_unit") or "weight",
            file=Path(path).name,
            left_out=", ".join([*_counted(layers.lost), *_counted(others), *unread]),
        ),
        history=(*unequal, *layers.history()),
    )


class _Layers:
    """Matrices of the layers, with gap junctions as they are listed."""

    def __init__(
        self, path: str | os.PathLike, cells: Cells, sign: SynapseSigns, *, ours: bool
    ) -> None:
        n, m = len(cells.names["neuron"]), len(cells.names["muscle"])
        self.chemical = np.zeros((n, n))
        self.gap = np.zeros((n, n))
        self.neuromuscular = np.zeros((m, n))
        self.signs = np.zeros((n, n), dtype=np.int8)
        self.lost: Counter[str] = Counter()
        self.reasons: Counter[Reason] = Counter()
        self.conductances: dict[str, set[float]] = defaultdict(set)
        self.open: dict[str, None] = {}  # synapses without a sign, in order
        self._path, self._sign, self._ours = path, sign, ours

    @property
    def signed(self) -> bool:
        """Whether the file states the sign of any connection, or why it is absent."""
        return any(self.reasons[reason] for reason in Reason if reason != Reason.OPEN)

    def add(self, connection: Connection) -> None:
        """Add a connection to the layer that it belongs to.

        Raises
        ------
        ValueError
            If a weight must not be negative, or a second connection of the pair has a different
            sign.
        """
        pre, post = connection.pre, connection.post
        if connection.backward and self._sign.is_silent(connection):
            return
        if self._sign.is_gap_junction(connection):
            self._add_gap(connection)
            return
        try:
            signed = self._sign(connection)
        except ValueError as error:
            raise ValueError(f"{self._path}: {error}") from None
        weight = abs(connection.weight)
        if pre.role == "muscle":
            self.lost[f"chemical connection(s) from muscle to {post.role}"] += 1
        elif post.role == "muscle":
            self.neuromuscular[post.number, pre.number] += weight
        elif weight:
            self.chemical[post.number, pre.number] += weight
            self._add_sign(connection, signed)
            if signed.reason == Reason.OPEN:
                self.open[connection.synapse or "no synapse"] = None
            if signed.sign:
                kind = "excitatory" if signed.sign > 0 else "inhibitory"
                self._note_conductance(f"{kind} synapses", connection)

    def _note_conductance(self, kind: str, connection: Connection) -> None:
        conductance = self._sign.conductance(connection)
        if conductance > 0:
            self.conductances[kind].add(float(f"{conductance:.6g}"))

    def _add_gap(self, connection: Connection) -> None:
        pre, post = connection.pre, connection.post
        if connection.weight < 0:
            raise ValueError(
                f"{self._path}: {connection} is a gap junction, and its weight "
                f"{connection.weight:g} is negative."
            )
        # Level A of our exports has gap junctions of 0 nS, which have their weights.
        if self._sign.conductance(connection) == 0 and not self._ours:
            self.lost["gap junction(s) without conductance"] += 1
        elif "muscle" in (pre.role, post.role):
            self.lost[f"gap junction(s) from {pre.role} to {post.role}"] += 1
        else:
            self.gap[post.number, pre.number] += connection.weight
            self._note_conductance("gap junctions", connection)

    def _add_sign(self, connection: Connection, signed: Signed) -> None:
        pre, post = connection.pre, connection.post
        self.reasons[signed.reason] += 1
        before = self.signs[post.number, pre.number]
        if before and signed.sign and signed.sign != before:
            raise ValueError(self._two_signs(connection))
        self.signs[post.number, pre.number] = before or signed.sign

    def _two_signs(self, last: Connection) -> str:
        """Message about a pair with an excitatory and an inhibitory synapse, with the way out."""
        pre, post = last.pre.identity, last.post.identity
        after = "excites" if self.signs[last.post.number, last.pre.number] < 0 else "inhibits"
        before = "inhibits" if after == "excites" else "excites"
        return (
            f"{self._path}: {pre} {before} and {after} {post} (the second by the synapse "
            f"{last.synapse!r}), but a connection of a Connectome has one sign. Delete one of the "
            f"two from the file, or make a second population, such as {pre}_2, the source of one."
        )

    def history(self) -> tuple[str, ...]:
        """Lines about connections that are lost, and signs that may be unexpected."""
        lines = []
        if self.lost:
            lines.append(f"not read: {', '.join(_counted(self.lost))}")
        if against := self.reasons[Reason.AGAINST_ID]:
            lines.append(
                f"signs: {counted(against, 'connection')} by reversal potential or weight, "
                "against the id of their synapse"
            )
        total = sum(self.reasons.values())
        if shunting := self.reasons[Reason.SHUNTING]:
            lines.append(
                f"signs: {shunting} of {counted(total, 'chemical synapse')} without one, their "
                "reversal potential lies between rest and threshold"
            )
        if sent := self.reasons[Reason.TRANSMITTER]:
            lines.append(f"signs: {sent} of {total} by the transmitter of the population")
        if unknown := self.reasons[Reason.OPEN]:
            lines.append(
                f"signs: {unknown} of {counted(total, 'chemical synapse')} without one, neither "
                f"their definition nor their id decides ({_shown(list(self.open))})"
            )
        for kind, values in self.conductances.items():
            if len(values) > 1:
                listed = _shown([f"{value:g} nS" for value in sorted(values)])
                lines.append(f"weights: conductances of {kind} not read ({listed})")
        return tuple(lines)


def _shown(items: list[str]) -> str:
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _counted(counts: Counter[str]) -> list[str]:
    return [counted(count, kind) for kind, count in counts.items() if count]
