"""How many attractors does a network of +-1 neurons hold?"""

from isochron.analysis.attractors.enumeration import enumerate_attractors
from isochron.analysis.attractors.network import TIE_RULES, SignNetwork, from_boolean, pack, unpack
from isochron.analysis.attractors.results import Attractor, Enumeration

__all__ = [
    "TIE_RULES",
    "Attractor",
    "Enumeration",
    "SignNetwork",
    "enumerate_attractors",
    "from_boolean",
    "pack",
    "unpack",
]
