"""The network as NeuroML 2: written for any connectome, run by other simulators, read back.

One population of size 1 stands for each cell, as in OpenWorm's c302: ids are the names of
the neurons, every neuron can have its own threshold and initial state, and jNeuroML and
NEURON both run it. (One population with many instances has one component for all.)
"""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.sims.neuroml.export import NeuroMLExport, NeuroMLSettings, export_neuroml
    from isochron.sims.neuroml.levels import LEVELS
    from isochron.sims.neuroml.reading import read_neuroml
    from isochron.sims.neuroml.settings import ExportSettings

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "ExportSettings",
    "LEVELS",
    "NeuroMLExport",
    "NeuroMLSettings",
    "export_neuroml",
    "read_neuroml",
]
