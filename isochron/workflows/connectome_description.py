"""Contents of a data set: counts and weights of its layers, and its source."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from isochron.connectome import Connectome


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Number of connections of a layer, and their total weight."""

    edges: int
    weight: float

    @classmethod
    def of(cls, weights: np.ndarray) -> Self:
        """Number and sum of the weights of a matrix."""
        return cls(edges=int(np.count_nonzero(weights)), weight=weights.sum().item())


@dataclass(frozen=True, kw_only=True)
class ChemicalEdges(Edges):
    """Chemical connections; `autapses` are those of a neuron with itself."""

    autapses: int = 0


@dataclass(frozen=True, kw_only=True)
class GapPairs:
    """Gap junctions: pairs of different neurons, their weight, and neurons joined to themselves."""

    pairs: int
    weight: float
    autapses: int


@dataclass(frozen=True, kw_only=True)
class SourceSummary:
    """Provenance of the data."""

    paper: str
    doi: str
    file: str
    sha256: str
    license: str


@dataclass(frozen=True, kw_only=True)
class ConnectomeOverview:
    """One row of `isochron connectome list`."""

    id: str
    neurons: int
    chemical: int
    gap_pairs: int
    neuromuscular: int
    extrasynaptic: int
    weight_unit: str


@dataclass(frozen=True, kw_only=True)
class ConnectomeDescription:
    """Output of `isochron connectome show --json`."""

    id: str
    species: str | None
    neurons: int
    muscles: int
    chemical: ChemicalEdges
    gap: GapPairs
    neuromuscular: Edges
    extrasynaptic: dict[str, Edges]
    weight_unit: str
    source: SourceSummary

    @property
    def overview(self) -> ConnectomeOverview:
        """Its row of the list of data sets."""
        return ConnectomeOverview(
            id=self.id,
            neurons=self.neurons,
            chemical=self.chemical.edges,
            gap_pairs=self.gap.pairs,
            neuromuscular=self.neuromuscular.edges,
            extrasynaptic=sum(layer.edges for layer in self.extrasynaptic.values()),
            weight_unit=self.weight_unit,
        )


def describe_connectome(connectome: Connectome) -> ConnectomeDescription:
    """Counts and weights of each layer of a connectome, and its source."""
    pairs = Edges.of(np.triu(connectome.gap, 1))
    chemical, source = Edges.of(connectome.chemical), connectome.source
    return ConnectomeDescription(
        id=connectome.name,
        species=connectome.species,
        neurons=len(connectome.neurons),
        muscles=len(connectome.muscles),
        chemical=ChemicalEdges(
            edges=chemical.edges,
            weight=chemical.weight,
            autapses=int(np.count_nonzero(np.diag(connectome.chemical))),
        ),
        gap=GapPairs(
            pairs=pairs.edges,
            weight=pairs.weight,
            autapses=int(np.count_nonzero(np.diag(connectome.gap))),
        ),
        neuromuscular=Edges.of(connectome.neuromuscular),
        extrasynaptic={
            name: Edges.of(weights) for name, weights in connectome.extrasynaptic.items()
        },
        weight_unit=source.weight_unit,
        source=SourceSummary(
            paper=source.paper,
            doi=source.doi,
            file=source.file,
            sha256=source.file_sha256,
            license=source.license,
        ),
    )
