"""Paired tests of forgetting."""

from collections.abc import Sequence

from isochron.analysis import holm, paired_contrast
from isochron.studies.adaptation.results import FULL, AdaptedRow, ContrastRow
from isochron.studies.paired_tests import numbers_of


def contrasts(rows: Sequence[AdaptedRow]) -> tuple[ContrastRow, ...]:
    """Loss on the first task: each rank against training of all weights, and against its control.

    Holm over all tests of the run.
    """
    found = []
    for substrate in dict.fromkeys(row.substrate for row in rows):
        mine = [row for row in rows if row.substrate == substrate]
        full = _losses(mine, FULL, control=False)
        for how in dict.fromkeys(row.how for row in mine if row.how != FULL):
            term = _losses(mine, how, control=False)
            control = _losses(mine, how, control=True)
            found.append((substrate, f"rank {how} - all weights", paired_contrast(term, full)))
            found.append((substrate, f"rank {how} - control", paired_contrast(term, control)))
    if not found:
        return ()
    adjusted = holm([contrast.p_value for _, _, contrast in found])
    return tuple(
        ContrastRow(
            substrate=substrate,
            what=what,
            **numbers_of(contrast, p),
        )
        for (substrate, what, contrast), p in zip(found, adjusted, strict=True)
    )


def _losses(rows: Sequence[AdaptedRow], how: str, *, control: bool) -> list[float]:
    kept = [row for row in rows if row.how == how and row.control == control]
    return [row.first_loss for row in sorted(kept, key=lambda row: row.pair)]
