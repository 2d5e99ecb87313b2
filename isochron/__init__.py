"""isochron: the rhythms of trained recurrent networks and of a nervous system.

The packages are imported separately, so that each costs only the import of what it needs::

    from isochron import connectome, sims, analysis, ann_bridge
"""

from isochron._version import __version__

__all__ = ["__version__"]
