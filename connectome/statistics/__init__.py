"""Statistics of one layer of a connectome: arrays in, numbers out.

Every function takes ``weights[post, pre]``; its docstring states the definition. A connection is
a weight that is not 0.
"""

from isochron.connectome.statistics.clustering import clustering, local_clustering, small_worldness
from isochron.connectome.statistics.degrees import (
    Degrees,
    PowerLawTail,
    Strengths,
    degrees,
    power_law_tail,
    strengths,
)
from isochron.connectome.statistics.motifs import DYADS, TRIADS, dyad_counts, triad_counts
from isochron.connectome.statistics.null_comparison import NullComparison, compare_with_null
from isochron.connectome.statistics.paths import (
    Components,
    components,
    giant_component,
    mean_path_length,
    path_lengths,
)
from isochron.connectome.statistics.rich_club import rich_club, rich_club_coefficient
from isochron.connectome.statistics.summary import QUANTILES, summary
from isochron.connectome.statistics.symmetry import reciprocity, symmetry_degree

__all__ = [
    "DYADS",
    "QUANTILES",
    "TRIADS",
    "Components",
    "Degrees",
    "NullComparison",
    "PowerLawTail",
    "Strengths",
    "clustering",
    "compare_with_null",
    "components",
    "degrees",
    "dyad_counts",
    "giant_component",
    "local_clustering",
    "mean_path_length",
    "path_lengths",
    "power_law_tail",
    "reciprocity",
    "rich_club",
    "rich_club_coefficient",
    "small_worldness",
    "strengths",
    "summary",
    "symmetry_degree",
    "triad_counts",
]
