"""Settings of body and proprioception of a crawling worm. Light, so that help is instant."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from isochron.settings import setting
from isochron.sims.body.media import MEDIA, Medium
from isochron.sims.locomotion.parameters import CRAWLS

if TYPE_CHECKING:
    from isochron.sims.body.parameters import BodyParameters

BODY = ("stiffness", "viscosity", "curvature_gain", "n_links")
MEDIUM = ("normal_drag", "drag_ratio")
FEEDBACK = ("gain", "field")


@dataclass(frozen=True, kw_only=True)
class BodySettings:
    """Model of a crawling worm, medium, and constants that replace those of the model."""

    model: str = setting(
        "standard", "Model of the worm and its constants", choices="isochron.sims:CRAWLS"
    )
    medium: str | None = setting(
        None, "Medium; by default that of the model", choices="isochron.sims:MEDIA"
    )
    normal_drag: float | None = setting(
        None, "Drag coefficient normal to the body; by default that of the medium", unit="µN s/mm²"
    )
    drag_ratio: float | None = setting(
        None, "Ratio of normal to tangential drag; by default that of the medium"
    )
    stiffness: float | None = setting(
        None, "Bending stiffness; by default that of the model", unit="µN mm²"
    )
    viscosity: float | None = setting(
        None, "Internal viscosity; by default that of the model", unit="µN mm² s"
    )
    curvature_gain: float | None = setting(
        None, "Preferred curvature per activation; by default that of the model", unit="1/mm"
    )
    gain: float | None = setting(
        None, "Gain of proprioception; by default that of the model", unit="pA mm"
    )
    field: float | None = setting(
        None, "Length of the part of the body that a neuron feels; by default that of the model",
        unit="body length",
    )  # fmt: skip
    n_links: int | None = setting(None, "Number of links; by default that of the model")

    @property
    def medium_name(self) -> str:
        """The medium that was given, or that of the model."""
        if self.medium is not None:
            return self.medium
        own = CRAWLS.load(self.model).body.medium
        return next(name for name in MEDIA if MEDIA.load(name) == own)

    def changed_body(self, body: "BodyParameters") -> "BodyParameters":
        """A body in the medium, with the constants that were given."""
        medium: Medium = MEDIA.load(self.medium_name)
        return replace(body, **self._given(BODY), medium=replace(medium, **self._given(MEDIUM)))

    @property
    def feedback(self) -> dict[str, float]:
        """Constants of proprioception that were given."""
        return self._given(FEEDBACK)

    def _given(self, names: tuple[str, ...]) -> dict:
        known = {field.name for field in fields(self)} & set(names)
        values = {name: getattr(self, name) for name in sorted(known)}
        return {name: value for name, value in values.items() if value is not None}
