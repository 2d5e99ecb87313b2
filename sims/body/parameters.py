"""Constants of the body. Light, so that settings and help are instant."""

import math
from dataclasses import dataclass

from isochron.settings import check_type, check_types, setting
from isochron.sims.body.media import AGAR, LARGEST, Medium, medium_of
from isochron.wording import shown

MAX_LINKS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyParameters:
    """A planar chain of rigid links with elastic, viscous joints.

    The defaults are those of `STANDARD_CRAWL`, with which the gait of the graded network is near
    that of the animal. Their bending stiffness is 14 times less than that of Fang-Yen et al.
    (2010), 0.095 µN mm²; published and used values are between 0.007 and 0.1.

    Attributes
    ----------
    n_links : int
        Number of links N.
    length : float
        Length of the body, mm.
    stiffness : float
        Bending stiffness EI, µN mm².
    viscosity : float
        Internal viscosity eta, which resists changes of the curvature, µN mm² s.
    curvature_gain : float
        Preferred curvature per unit of bending (dorsal minus ventral activation), 1/mm.
    medium : Medium or str
        Medium, or its name in `MEDIA`.

    Raises
    ------
    ValueError
        If a value is of a different type or out of range, or the medium is unknown.

    References
    ----------
    Boyle, Berri and Cohen (2012), Frontiers in Computational Neuroscience 6:10; Fang-Yen et al.
    (2010), PNAS 107:20323.

    Examples
    --------
    >>> body = sims.BodyParameters(n_links=24, medium="water")
    >>> body.link_length, body.medium.drag_ratio
    (0.041666666666666664, 1.6)
    """

    n_links: int = setting(48, "Number of links of the body")
    length: float = setting(1.0, "Length of the body, positive", unit="mm")
    stiffness: float = setting(0.007, "Bending stiffness EI, positive", unit="µN mm²")
    viscosity: float = setting(1e-4, "Internal viscosity eta, >= 0", unit="µN mm² s")
    curvature_gain: float = setting(
        46.0, "Preferred curvature per unit of dorsal minus ventral activation", unit="1/mm"
    )
    medium: Medium | str = setting(AGAR, "Medium")

    def __post_init__(self) -> None:
        check_types(self)
        if not 3 <= self.n_links <= MAX_LINKS:
            raise ValueError(
                f"n_links must be a whole number from 3 to {MAX_LINKS}, got {shown(self.n_links)}."
            )
        for name, unit in (("length", "mm"), ("stiffness", "µN mm²")):
            if not 0 < getattr(self, name) <= LARGEST:
                raise ValueError(
                    f"{name} must be positive and at most {LARGEST:g} (in {unit}), got "
                    f"{shown(getattr(self, name))}."
                )
        if not 0 <= self.viscosity <= LARGEST:
            raise ValueError(
                f"viscosity must be from 0 to {LARGEST:g} (in µN mm² s), got "
                f"{shown(self.viscosity)}."
            )
        if not -LARGEST <= self.curvature_gain <= LARGEST:
            raise ValueError(
                f"curvature_gain must be from {-LARGEST:g} to {LARGEST:g} (in 1/mm), got "
                f"{shown(self.curvature_gain)}."
            )
        object.__setattr__(self, "medium", medium_of(self.medium))

    @property
    def link_length(self) -> float:
        """Length of a link, mm."""
        return self.length / self.n_links


def require_positive(**values: float) -> None:
    """Raise ValueError for what is not a number, positive and finite."""
    for name, value in values.items():
        check_type(name, value, float)
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {shown(value)}.")
