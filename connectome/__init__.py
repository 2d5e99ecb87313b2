"""Published connectomes of C. elegans, checked against the papers, and user-supplied ones.

Rows are postsynaptic, columns presynaptic, everywhere.
"""

from typing import TYPE_CHECKING

from isochron.connectome.cells import CELL_TYPES, Cell, Muscle, cells, muscles
from isochron.connectome.comparison import Comparison, LayerComparison, compare
from isochron.connectome.datasets import available, load
from isochron.connectome.export import write_csv, write_graphml
from isochron.connectome.importers import (
    GraphOptions,
    MatrixFacts,
    TableOptions,
    from_csv,
    from_graphml,
    from_matrices,
    from_xarray,
)
from isochron.connectome.model import Connectome, Source
from isochron.connectome.names import (
    canonical_name,
    canonical_names,
    infer_species,
    joint_cells,
)
from isochron.connectome.null_models import rewire
from isochron.connectome.signs import (
    GABAERGIC,
    SIGN_RULES,
    Fenyves2020,
    GabaInhibitory,
    SignTable,
    TransmitterSigns,
    gaba_inhibitory,
    gaba_neurons,
)
from isochron.connectome.transmitters import TRANSMITTERS
from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.connectome import plotting, recordings, statistics

__all__ = [
    "CELL_TYPES",
    "GABAERGIC",
    "SIGN_RULES",
    "TRANSMITTERS",
    "Cell",
    "Comparison",
    "Connectome",
    "Fenyves2020",
    "GabaInhibitory",
    "GraphOptions",
    "LayerComparison",
    "MatrixFacts",
    "Muscle",
    "SignTable",
    "Source",
    "TableOptions",
    "TransmitterSigns",
    "available",
    "canonical_name",
    "canonical_names",
    "cells",
    "compare",
    "from_csv",
    "from_graphml",
    "from_matrices",
    "from_xarray",
    "gaba_inhibitory",
    "gaba_neurons",
    "infer_species",
    "joint_cells",
    "load",
    "muscles",
    "plotting",
    "recordings",
    "rewire",
    "statistics",
    "write_csv",
    "write_graphml",
]

__getattr__, __dir__ = lazy_names(__name__)
