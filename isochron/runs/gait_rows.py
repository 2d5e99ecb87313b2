"""Gaits next to those of the animal, as texts of a table. Light, so that help is instant.

Both `isochron crawl` and the page of `isochron view` print these rows.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

# Label, field of `isochron.sims.Gait`, and field of the error in `isochron.sims.AnimalGait`.
GAIT_ROWS = (
    ("frequency (Hz)", "frequency_Hz", "frequency_error"),
    ("wavelength (body lengths)", "wavelength", "wavelength_error"),
    ("speed (mm/s)", "speed", "speed_error"),
    ("speed / speed of the wave", "efficiency", ""),
    ("rms curvature (1/mm)", "rms_curvature", ""),
    ("peak curvature (1/mm)", "peak_curvature", ""),
    ("traveling index", "traveling_index", ""),
)
NOT_DEFINED = "not defined"


def gait_table_rows(
    gaits: Sequence[Mapping[str, Any]], animals: Sequence[Mapping[str, Any]]
) -> list[list[str]]:
    """Rows of a table: label, a text for each gait, and one for each animal.

    Parameters
    ----------
    gaits : sequence of mapping
        Fields of `isochron.sims.Gait`; None or NaN where a number is not defined.
    animals : sequence of mapping
        Fields of `isochron.sims.AnimalGait`; None where a number is not known, and its text empty.
    """
    rows = [
        [label, *(_shown(gait[name]) for gait in gaits)]
        + [_known(animal.get(name), animal.get(error)) for animal in animals]
        for label, name, error in GAIT_ROWS
    ]
    directions = [str(gait["direction"]) for gait in gaits]
    return [*rows, ["direction of the wave", *directions, *("" for _ in animals)]]


def animal_note(animal: Mapping[str, Any]) -> str:
    """Where the numbers of the animal are from, as a sentence."""
    return f"Animal: {animal['source']}."


def _shown(value: float | None) -> str:
    return NOT_DEFINED if value is None or not math.isfinite(value) else f"{value:.3g}"


def _known(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if error is None else f"{value:.3g} ± {error:.3g}"
