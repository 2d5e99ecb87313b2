"""isochron: the rhythms of trained recurrent networks beside those of a nervous system.

The houses are imported when asked for, so that each costs only itself::

    from isochron import connectome, sims, analysis, ann_bridge
"""

from isochron._version import __version__

__all__ = ["__version__"]
