"""Null models: random connectomes that share some statistics with a connectome.

The table lists what each null model preserves:

======================  ===========  ===============  =====================================
function                connections  partners of      also preserved
                                     each neuron
======================  ===========  ===============  =====================================
`rewire`                number       number           summed output weight, if carried
`rewire_chemical`       number       number           gap junctions
`rewire_reciprocal`     number       number           reciprocal partners of each neuron
`rewire_by_distance`    number       number           histogram of connection lengths
`rewire_by_group`       number       number           connections from group to group
`erdos_renyi`           number
`resample_by_distance`  number                        histogram of connection lengths
`resample_by_group`     number                        connections from group to group
`shuffle_signs`         all          all              weights, number of inhibitory neurons
======================  ===========  ===============  =====================================

Self-connections (except for their signs), muscles and extrasynaptic layers do not change, and
neither does a layer that is not in `layers`. The name and the history of the connectome state
the null model.

Those that rewire are Markov chains in which a step and its reverse are equally likely and
a rejected step counts as a step: after enough steps, every connectome that can be reached is
equally likely. `rewire` reaches all connectomes of the same degrees; for directed connectomes this
requires the reversal of triangles in addition to the exchange of ends (Rao, Jana and
Bandyopadhyay, 1996, Sankhya A 58:225). With further conditions some connectomes may be out of
reach: compare the overlap with the original for several `swaps_per_edge`. The three that resample
draw independently of the original and are exactly uniform, and so are the orders of
`shuffle_signs`.
"""

from isochron.connectome.null_models.layers import rewire_directed, rewire_undirected
from isochron.connectome.null_models.resampling import (
    erdos_renyi,
    resample_by_distance,
    resample_by_group,
)
from isochron.connectome.null_models.rewiring import (
    rewire,
    rewire_by_distance,
    rewire_by_group,
    rewire_chemical,
    rewire_reciprocal,
)
from isochron.connectome.null_models.signs import shuffle_signs
from isochron.registry import Entry, Registry

_HERE = "isochron.connectome.null_models"
NULL_MODELS = Registry(
    "null model",
    {
        "rewire": Entry(f"{_HERE}:rewire", "Partners exchanged; degrees stay."),
        "rewire-chemical": Entry(f"{_HERE}:rewire_chemical", "The same; gap junctions stay, too."),
        "rewire-reciprocal": Entry(
            f"{_HERE}:rewire_reciprocal", "Degrees and reciprocal partners of each neuron stay."
        ),
        "rewire-by-distance": Entry(
            f"{_HERE}:rewire_by_distance", "Degrees and lengths of connections stay."
        ),
        "rewire-by-group": Entry(
            f"{_HERE}:rewire_by_group", "Degrees and connections from group to group stay."
        ),
        "erdos-renyi": Entry(f"{_HERE}:erdos_renyi", "Partners drawn; the number stays."),
        "resample-by-distance": Entry(
            f"{_HERE}:resample_by_distance", "Partners drawn; lengths of connections stay."
        ),
        "resample-by-group": Entry(
            f"{_HERE}:resample_by_group", "Partners drawn; connections from group to group stay."
        ),
        "shuffle-signs": Entry(
            f"{_HERE}:shuffle_signs", "Signs permuted; connections and weights stay."
        ),
    },
)

__all__ = [
    "NULL_MODELS",
    "erdos_renyi",
    "resample_by_distance",
    "resample_by_group",
    "rewire",
    "rewire_by_distance",
    "rewire_by_group",
    "rewire_chemical",
    "rewire_directed",
    "rewire_reciprocal",
    "rewire_undirected",
    "shuffle_signs",
]
