"""Settings of isochron crawl --nulls. Light, so that help is instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from isochron.settings import setting
from isochron.wording import shown

KINDS = ("rewire", "rewire-reciprocal", "rewire-by-distance")


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlSettings:
    """Controls of a crawl.

    Raises
    ------
    ValueError
        If a number is out of range, or a null model is stated twice.
    """

    nulls: int | None = setting(
        None, "Compute the controls: this number of draws from each null model. --out is the folder"
    )
    kinds: Sequence[str] = setting(
        KINDS,
        "Null model; may be repeated (needs --nulls)",
        choices="isochron.connectome.null_models:NULL_MODELS",
    )
    search_budget: int = setting(
        40, "Number of random sets of constants for each connectome (needs --nulls)"
    )

    def __post_init__(self) -> None:
        for name in ("nulls", "search_budget"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= 100_000:
                raise ValueError(f"{name} must be from 1 to 100000, got {shown(value)}.")
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds has a null model twice: {', '.join(self.kinds)}.")
        object.__setattr__(self, "kinds", tuple(self.kinds))
