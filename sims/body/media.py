"""Media in which a body moves, by name. Light, so that settings and help are instant."""

from dataclasses import dataclass

from isochron.registry import Entry, Registry
from isochron.settings import check_types, setting
from isochron.wording import shown

LARGEST = 1e9  # constant of a worm or medium; beyond it a crawl is not resolved


@dataclass(frozen=True, kw_only=True, slots=True)
class Medium:
    """Linear drag on a slender body (resistive force theory).

    A piece of the body of length dl that moves with velocity v is resisted by the force
    dl (C_L v_along + C_N v_normal). The ratio K = C_N / C_L is what moves a body that bends in
    waves; with K = 1 it stays in its place. Published values of K on agar differ by a factor of 4.

    Raises
    ------
    ValueError
        If a value is of a different type, or out of range.

    Examples
    --------
    >>> agar = sims.Medium(normal_drag=128, drag_ratio=40)
    >>> agar.tangential_drag
    3.2
    """

    normal_drag: float = setting(
        128.0, "Drag coefficient of the medium C_N, normal to the body, positive", unit="µN s/mm²"
    )
    drag_ratio: float = setting(40.0, "Ratio K of normal to tangential drag, positive")
    source: str = setting("", "Publication of the numbers")

    def __post_init__(self) -> None:
        check_types(self)
        for name, unit in (("normal_drag", " (in µN s/mm²)"), ("drag_ratio", "")):
            value = getattr(self, name)
            if not 0 < value <= LARGEST:
                raise ValueError(
                    f"{name} must be positive and at most {LARGEST:g}{unit}, got {shown(value)}."
                )

    @property
    def tangential_drag(self) -> float:
        """Drag coefficient along the body C_L, in µN s/mm²."""
        return self.normal_drag / self.drag_ratio


AGAR = Medium(source="Boyle, Berri and Cohen (2012), Frontiers in Computational Neuroscience 6:10")
AGAR_SHEN2011 = Medium(
    normal_drag=220.0,
    drag_ratio=10.0,
    source="Shen, Sznitman, Krajacic, Lamitina and Arratia (2012), Biophysical Journal 102:2772",
)
WATER = Medium(
    normal_drag=5.2e-3,
    drag_ratio=1.6,
    source="Boyle, Berri and Cohen (2012), Frontiers in Computational Neuroscience 6:10",
)

_HERE = "isochron.sims.body.media"
MEDIA = Registry(
    "medium",
    {
        "agar": Entry(f"{_HERE}:AGAR", "Surface of an agar plate, K = 40."),
        "agar-shen2011": Entry(f"{_HERE}:AGAR_SHEN2011", "Surface of an agar plate, K = 10."),
        "water": Entry(f"{_HERE}:WATER", "Water, K = 1.6."),
    },
)


def medium_of(medium: "Medium | str") -> Medium:
    """A medium, or that of a name in `MEDIA`."""
    return medium if isinstance(medium, Medium) else MEDIA.load(medium)
