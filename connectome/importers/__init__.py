"""User-supplied connectomes: matrices, tables of connections, GraphML."""

from isochron.connectome.importers.csv import from_csv
from isochron.connectome.importers.graphml import from_graphml
from isochron.connectome.importers.labeled import from_xarray
from isochron.connectome.importers.matrices import MatrixFacts, from_matrices
from isochron.connectome.importers.options import GraphOptions, TableOptions

__all__ = [
    "GraphOptions",
    "TableOptions",
    "MatrixFacts",
    "from_csv",
    "from_graphml",
    "from_matrices",
    "from_xarray",
]
