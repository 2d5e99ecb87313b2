"""read_neuroml(): a NeuroML network back to a connectome."""

import os
from collections import Counter
from pathlib import Path

import numpy as np

from isochron.connectome import Connectome, Source
from isochron.connectome.cells import cells_of
from isochron.connectome.gap_junctions import UnequalGap, symmetric_gap
from isochron.connectome.importers.links import whole
from isochron.connectome.names import C_ELEGANS
from isochron.sims.neuroml.connections import Connection, read_connections
from isochron.sims.neuroml.includes import read_documents
from isochron.sims.neuroml.populations import Cells, Place, read_properties
from isochron.sims.neuroml.synapse_signs import Reason, Signed, SynapseSigns

SHOWN = 5  # included files that are named in `Source.left_out`


def read_neuroml(
    path: str | os.PathLike,
    *,
    unequal_gap: UnequalGap = "error",
    species: str | None = "infer",
) -> Connectome:
    """The connectome of a NeuroML 2 network, of ours or of others such as c302.

    Each cell of a population is a neuron or a muscle; it is a muscle if the property
    ``role`` of the population says so or its id is that of a muscle of the worm. Weights
    of connections between the same cells add up; one without a weight counts 1. Event-driven
    and continuous projections and synaptic connections are chemical synapses, electrical ones
    gap junctions, and so are those of c302 whose synapse is an ``elec_syn``.

    A conductance excites if its reversal potential lies above the threshold of the receiving
    cell, and inhibits if it lies below the leak reversal of that cell; for a cell that the file
    does not define, above -20 mV and below -70 mV. A current-based synapse inhibits if its
    weight is negative. Where this does not decide, as for shunting inhibition, ``exc`` or
    ``inh`` in the id of the synapse does; else the connection has no sign.

    Parameters
    ----------
    path : str or path
        NeuroML 2, 64 MB at most, in the encoding that it declares. Files that it includes must
        lie in its folder or below it; those that cannot be read are listed in
        ``source.left_out`` unless the network may be in one of them.
    unequal_gap : {"error", "larger", "mean"}
        Weight of a gap junction that is listed in both directions with two weights.
    species : str or None
        Species of the animal; ``"infer"`` decides by the file, if it is an export of ours, or
        else by the ids of the populations (see `connectome.infer_species`).

    Returns
    -------
    Connectome
        ``source.left_out`` counts what a connectome has no place for: inputs, connections from
        muscles, gap junctions with muscles, other elements. Connections that were lost, and
        signs that stay open, are in ``history`` too.

    Raises
    ------
    FileNotFoundError
        If the file, or one that it includes and that may have the network, does not exist.
    ValueError
        If a file is not NeuroML 2 or includes one from outside; if there is not one network;
        or if a connection names an unknown population or cell, has an unsound weight, is of
        no known kind, or differs in sign or, in a gap junction, in weight from its twin.
    """
    documents = read_documents(path)
    network = documents.network
    properties = read_properties(documents.main)
    if species == "infer":
        species = properties.get("species", "infer")
    cells = Cells(path, network, species=species)
    connections, others = read_connections(path, network, cells)
    layers = _Layers(path, cells, SynapseSigns(documents.components, connections))
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
        unread[SHOWN:] = [f"{len(unread) - SHOWN} more included files not read"]
    return Connectome(
        name=properties.get("dataset") or network.get("id") or Path(path).stem,
        neurons=cells.names["neuron"],
        muscles=cells.names["muscle"],
        species=cells.species,
        cells=cells_of(cells.names["neuron"], of_the_worm=cells.species == C_ELEGANS),
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
    """Matrices of the layers, gap junctions as they are listed."""

    def __init__(self, path: str | os.PathLike, cells: Cells, sign: SynapseSigns) -> None:
        n, m = len(cells.names["neuron"]), len(cells.names["muscle"])
        self.chemical = np.zeros((n, n))
        self.gap = np.zeros((n, n))
        self.neuromuscular = np.zeros((m, n))
        self.signs = np.zeros((n, n), dtype=np.int8)
        self.lost: Counter[str] = Counter()
        self.reasons: Counter[Reason] = Counter()
        self._path, self._sign = path, sign

    @property
    def signed(self) -> bool:
        """Whether the file says of any connection what its sign is, or that it has no effect."""
        unknown = (Reason.OPEN, Reason.SHUNTING)
        return any(self.reasons[reason] for reason in Reason if reason not in unknown)

    def add(self, connection: Connection) -> None:
        """Add a connection to the layer that it belongs to.

        Raises
        ------
        ValueError
            If a weight is negative that cannot be, or a sign differs from that of a twin.
        """
        pre, post = connection.pre, connection.post
        if self._sign.is_gap_junction(connection):
            self._add_gap(connection)
            return
        try:
            signed = self._sign(connection)
        except ValueError as error:
            raise ValueError(f"{self._path}: {error}") from None
        weight = abs(connection.weight)
        if pre.role == "muscle":
            self.lost[f"chemical from muscle to {post.role}"] += 1
        elif post.role == "muscle":
            self.neuromuscular[post.number, pre.number] += weight
        elif weight:
            self.chemical[post.number, pre.number] += weight
            self._add_sign(pre, post, signed)

    def _add_gap(self, connection: Connection) -> None:
        pre, post = connection.pre, connection.post
        if connection.weight < 0:
            raise ValueError(
                f"{self._path}: {connection} is a gap junction, and its weight "
                f"{connection.weight:g} is negative."
            )
        if "muscle" in (pre.role, post.role):
            self.lost[f"gap from {pre.role} to {post.role}"] += 1
        else:
            self.gap[post.number, pre.number] += connection.weight

    def _add_sign(self, pre: Place, post: Place, signed: Signed) -> None:
        self.reasons[signed.reason] += 1
        before = self.signs[post.number, pre.number]
        if before and signed.sign and signed.sign != before:
            raise ValueError(
                f"{self._path}: synapses from {pre.identity} to {post.identity} differ in sign; a "
                "connection has one. Remove one of them, or take their difference."
            )
        self.signs[post.number, pre.number] = before or signed.sign

    def history(self) -> tuple[str, ...]:
        """Lines about connections that are lost, and signs that a reader may not expect."""
        lines = []
        if self.lost:
            lines.append(f"not read: {', '.join(_counted(self.lost))}")
        if against := self.reasons[Reason.AGAINST_ID]:
            lines.append(
                f"signs: {against} connections by reversal potential or weight, against the id of "
                "their synapse"
            )
        total = sum(self.reasons.values())
        if shunting := self.reasons[Reason.SHUNTING]:
            lines.append(
                f"signs: {shunting} of {total} chemical synapses without one, their reversal "
                "potential lies between rest and threshold"
            )
        if self.signed and (unknown := self.reasons[Reason.OPEN]):
            lines.append(f"signs: {unknown} of {total} chemical synapses without one")
        return tuple(lines)


def _counted(counts: Counter[str]) -> list[str]:
    return [f"{count} {kind}" for kind, count in counts.items() if count]
