"""Settings of body and proprioception of a crawling worm. Light, so that help is instant."""

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from isochron.settings import setting
from isochron.sims.body.media import MEDIA, Medium
from isochron.sims.body.parameters import MAX_LINKS, require_positive
from isochron.sims.locomotion.parameters import CRAWLS, require_crawl_step
from isochron.wording import shown

if TYPE_CHECKING:
    from isochron.sims.body.parameters import BodyParameters

BODY = ("stiffness", "viscosity", "curvature_gain", "n_links")
MEDIUM = ("normal_drag", "drag_ratio")
FEEDBACK = ("gain", "field")
FEWEST_TIMES = 8  # that a gait needs


def require_measurable(
    *, duration_s: float, transient_s: float | None, step_ms: float, record_every_ms: float
) -> None:
    """Raise ValueError, before a run, if its gait could not be measured after it."""
    require_positive(duration_s=duration_s, record_every_ms=record_every_ms)
    require_crawl_step(step_ms)
    transient = duration_s / 2 if transient_s is None else transient_s
    if not 0 <= transient < math.inf:
        raise ValueError(f"transient_s must be >= 0 and finite (in s), got {shown(transient_s)}.")
    left = 1e3 * (duration_s - transient) / max(record_every_ms, step_ms)
    if left < FEWEST_TIMES - 1:
        raise ValueError(
            f"duration_s={duration_s:g} at record_every_ms={record_every_ms:g} leaves fewer than "
            f"{FEWEST_TIMES} samples after a transient of {transient:g} s. Lower transient_s, "
            "record more often, or run longer."
        )


def require_refinable(n_links: int | None) -> None:
    """Raise ValueError for a number of links that the check could not double."""
    if n_links is not None and MAX_LINKS < 2 * n_links <= 2 * MAX_LINKS:
        raise ValueError(
            f"n_links must be at most {MAX_LINKS // 2} for a repetition with twice the links, got "
            f"{shown(n_links)}. Use fewer links, or check=False (--no-check)."
        )


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
