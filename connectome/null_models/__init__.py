"""Null models: random connectomes that share some statistics with a connectome.

The table lists what each null model preserves:

=====================  ===========  ===============  =====================================
function               connections  partners of      also preserved
                                    each neuron
=====================  ===========  ===============  =====================================
`rewire`               number       number           summed output weight, if carried
`rewire_by_distance`   number       number           histogram of connection lengths
`rewire_by_group`      number       number           connections from group to group
`erdos_renyi`          number
`resample_by_distance` number                        histogram of connection lengths
`resample_by_group`    number                        connections from group to group
=====================  ===========  ===============  =====================================

Self-connections, muscles and extrasynaptic layers do not change. The name and the history of
the connectome state the null model.

The three that rewire are Markov chains in which a step and its reverse are equally likely and
a rejected step counts as a step: after enough steps, every connectome that can be reached is
equally likely. `rewire` reaches all connectomes of the same degrees; for directed connectomes this
requires the reversal of triangles in addition to the exchange of ends (Rao, Jana and
Bandyopadhyay, 1996, Sankhya A 58:225). With further conditions some connectomes may be out of
reach: compare the overlap with the original for several `swaps_per_edge`. The three that resample
draw independently of the original and are exactly uniform.
"""

from isochron.connectome.null_models.layers import rewire_directed, rewire_undirected
from isochron.connectome.null_models.resampling import (
    erdos_renyi,
    resample_by_distance,
    resample_by_group,
)
from isochron.connectome.null_models.rewiring import rewire, rewire_by_distance, rewire_by_group
from isochron.registry import Entry, Registry

_HERE = "isochron.connectome.null_models"
NULL_MODELS = Registry(
    "null model",
    {
        "rewire": Entry(f"{_HERE}:rewire", "Partners exchanged; degrees stay."),
        "rewire-by-distance": Entry(
            f"{_HERE}:rewire_by_distance", "The same; lengths of connections stay, too."
        ),
        "rewire-by-group": Entry(
            f"{_HERE}:rewire_by_group", "The same; connections from group to group stay, too."
        ),
        "erdos-renyi": Entry(f"{_HERE}:erdos_renyi", "Partners drawn; the number stays."),
        "resample-by-distance": Entry(
            f"{_HERE}:resample_by_distance", "Partners drawn; lengths of connections stay."
        ),
        "resample-by-group": Entry(
            f"{_HERE}:resample_by_group", "Partners drawn; connections from group to group stay."
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
    "rewire_directed",
    "rewire_undirected",
]
