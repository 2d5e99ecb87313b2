"""Networks as NeuroML 2: export of any connectome, simulation by other programs, import.

Each cell is a population of size 1, as in OpenWorm's c302: ids are the names of the neurons,
threshold and initial state can differ between neurons, and both jNeuroML and NEURON run it. (In a
population with many instances, all would have the same component.)
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
