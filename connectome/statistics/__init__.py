"""Statistics of one layer of a wiring: arrays in, numbers out.

Every function takes ``weights[post, pre]`` and says in its docstring which definition it
computes. A connection is a weight that is not 0.
"""

from isochron.connectome.statistics.symmetry import reciprocity, symmetry_degree

__all__ = ["reciprocity", "symmetry_degree"]
