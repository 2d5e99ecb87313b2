"""A paired test in the results of a study."""

from dataclasses import dataclass
from typing import Any

from isochron.analysis import Contrast
from isochron.report.study_page import format_interval


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A paired test; studies add what is compared.

    Attributes
    ----------
    estimate, p_value, p_adjusted : float
        Hodges-Lehmann difference, exact p, and p after Holm.
    interval : tuple of two floats, or None
    n : int
        Number of pairs.
    """

    estimate: float
    interval: tuple[float, float] | None
    p_value: float
    p_adjusted: float
    n: int


def numbers_of(contrast: Contrast, p_adjusted: float) -> dict[str, Any]:
    """The fields of a `PairedTest`."""
    return {
        "estimate": contrast.estimate,
        "interval": contrast.interval,
        "p_value": contrast.p_value,
        "p_adjusted": float(p_adjusted),
        "n": contrast.n,
    }


def cells_of(test: PairedTest, style: str) -> tuple[str, ...]:
    """Cells of a table: number of pairs, difference, interval, p, and p after Holm."""
    return (
        str(test.n),
        f"{test.estimate:{style}}",
        format_interval(test.interval, style),
        f"{test.p_value:.3g}",
        f"{test.p_adjusted:.3g}",
    )
