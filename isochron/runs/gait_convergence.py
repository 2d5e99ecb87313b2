"""Whether the gait of a crawl has converged: half the step and twice the links."""

import math
from dataclasses import dataclass, replace

from isochron.sims import BodyParameters, Gait

COMPARED = ("frequency_Hz", "wavelength", "speed", "rms_curvature")
COMPARED_STANDING = ("frequency_Hz", "rms_curvature")  # speed and wavelength have no meaning
STEP_TOLERANCE, LINKS_TOLERANCE = 0.01, 0.05


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """A finer run.

    Attributes
    ----------
    change : str
        What is finer.
    body : BodyParameters
    step_ms : float
    tolerance : float
        Largest relative difference of a converged run.
    """

    change: str
    body: BodyParameters
    step_ms: float
    tolerance: float


def refinements_of(body: BodyParameters, step_ms: float) -> tuple[Refinement, Refinement]:
    """Half the step, and twice the links."""
    finer = replace(body, n_links=2 * body.n_links)
    return (
        Refinement(
            change=f"a step of {step_ms / 2:g} ms", body=body, step_ms=step_ms / 2,
            tolerance=STEP_TOLERANCE,
        ),
        Refinement(
            change=f"{2 * body.n_links} links", body=finer, step_ms=step_ms,
            tolerance=LINKS_TOLERANCE,
        ),
    )  # fmt: skip


def differences_of(gait: Gait, finer: Gait) -> dict[str, float | None]:
    """Relative differences of two gaits; None where one is not defined."""
    names = COMPARED_STANDING if gait.direction == "standing" else COMPARED
    return {name: _difference(gait, finer, name) for name in names}


def has_converged(gait: Gait, finer: Gait, tolerance: float) -> bool:
    """Whether no difference is larger, and both worms move in the same direction."""
    if gait.direction == finer.direction == "none":
        return True
    differences = differences_of(gait, finer).values()
    small = all(value is not None and value <= tolerance for value in differences)
    return small and gait.direction == finer.direction


def _difference(gait: Gait, other: Gait, name: str) -> float | None:
    one, finer = getattr(gait, name), getattr(other, name)
    if not (math.isfinite(one) and math.isfinite(finer) and finer):
        return None
    return abs(one - finer) / abs(finer)
