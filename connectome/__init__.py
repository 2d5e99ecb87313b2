"""Who is wired to whom: published connectomes of C. elegans, checked against the papers.

Rows are postsynaptic, columns presynaptic, everywhere.
"""

from isochron.connectome.cells import Cell, cells
from isochron.connectome.datasets import available, load
from isochron.connectome.model import Connectome, Source
from isochron.connectome.null_models import rewire
from isochron.connectome.signs import GABAERGIC, gaba_inhibitory

__all__ = [
    "GABAERGIC",
    "Cell",
    "Connectome",
    "Source",
    "available",
    "cells",
    "gaba_inhibitory",
    "load",
    "rewire",
]
