"""Proprioception: which neurons feel the curvature of which part of the body. Light."""

from collections.abc import Sequence
from dataclasses import dataclass

from isochron.settings import check_list, check_types, setting
from isochron.sims.body.media import LARGEST
from isochron.wording import shown

BACKWARD, FORWARD = "backward", "forward"
JOINTS, EXACT = "joints", "exact"
CLASSES = ("DB", "VB", "DA", "VA")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proprioception:
    """Currents into motor neurons in proportion to the curvature of a part of the body.

    I_i += gain * sign_i * (mean curvature over the field of neuron i): the neurons of the
    side that is stretched are excited. The sign is -1 for dorsal neurons (DB, DA) and +1 for
    ventral neurons (VB, VA), for a curvature that is positive to the dorsal side. The field starts
    at the center of the neuromuscular output of the neuron.

    The defaults are those of `STANDARD_CRAWL`.

    Attributes
    ----------
    gain : float
        Current per curvature, pA mm.
    field : float
        Length of the field, body lengths.
    direction : {"backward", "forward"}
        The fields of B neurons and of the head reach to the tail ("backward") or to the head. Those
        of A neurons reach in the opposite direction.
    classes : sequence of {"DB", "VB", "DA", "VA"}
        Motor neurons with proprioception. With A and B at once the body usually bends and rests.
    head : bool
        Whether SMDD, SMDV, RMDD and RMDV have proprioception: of a field from 0.1 to
        0.1 + `field` body lengths.
    edges : {"exact", "joints"}
        Curvature over a field: its mean over the exact field ("exact"), or the mean of the joints
        inside the field ("joints"), whose number changes abruptly with the number of links, so that
        gaits converge slowly with it.

    Raises
    ------
    ValueError
        If a value is of a different type, or out of range.

    References
    ----------
    Wen et al. (2012), Neuron 76:750, and Boyle, Berri and Cohen (2012), Frontiers in
    Computational Neuroscience 6:10, for proprioception as the origin of undulation.

    Examples
    --------
    >>> sims.Proprioception(field=0.3).classes
    ('DB', 'VB')
    >>> sims.Proprioception(field=0.0)
    Traceback (most recent call last):
    ValueError: field must be in (0, 1] (body lengths), got 0.0.
    """

    gain: float = setting(20.0, "Current per curvature of the body", unit="pA mm")
    field: float = setting(0.36, "Length of the part of the body that a neuron feels, 0 to 1")
    direction: str = setting(
        BACKWARD,
        "Direction in which fields reach from the muscles of a neuron",
        choices=(BACKWARD, FORWARD),
    )
    classes: Sequence[str] = setting(
        ("DB", "VB"), "Class of motor neurons with proprioception; may be repeated", choices=CLASSES
    )
    head: bool = setting(True, "Proprioception of motor neurons of the head")
    edges: str = setting(
        EXACT,
        "Curvature over a field: its mean over the exact field, or over the joints inside it",
        choices=(EXACT, JOINTS),
    )

    def __post_init__(self) -> None:
        check_types(self)
        if not -LARGEST <= self.gain <= LARGEST:
            raise ValueError(
                f"gain must be from {-LARGEST:g} to {LARGEST:g} (in pA mm), got {shown(self.gain)}."
            )
        if not 0 < self.field <= 1:
            raise ValueError(f"field must be in (0, 1] (body lengths), got {shown(self.field)}.")
        check_list("classes", self.classes, CLASSES)
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.edges not in (EXACT, JOINTS):
            raise ValueError(f"edges must be {EXACT} or {JOINTS}, got {shown(self.edges)}.")
        if self.direction not in (BACKWARD, FORWARD):
            raise ValueError(
                f"direction must be {BACKWARD} or {FORWARD}, got {shown(self.direction)}."
            )
