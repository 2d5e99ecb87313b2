"""Emulators over all pairs, and paired tests of networks against the best linear filter."""

from collections.abc import Sequence

import numpy as np

from isochron.analysis import holm, paired_contrast
from isochron.studies.paired_tests import numbers_of
from isochron.studies.twin.results import FILTER, ContrastRow, EmulationRow, SummaryRow


def summaries(rows: Sequence[EmulationRow]) -> tuple[SummaryRow, ...]:
    """One row for each emulator, in their order."""
    found = []
    for name in dict.fromkeys(row.emulator for row in rows):
        kept = [row for row in rows if row.emulator == name]
        values = [row.r2 for row in kept]
        found.append(
            SummaryRow(
                emulator=name,
                kind=kept[0].kind,
                n=len(kept),
                n_parameters=max(row.n_parameters for row in kept),
                r2=float(np.median(values)),
                r2_lowest=min(values),
                error_mV=float(np.median([row.error_mV for row in kept])),
                wrong_side=_median([row.wrong_side for row in kept]),
                wrong_error=_median([row.wrong_error for row in kept]),
            )
        )
    return tuple(found)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def best_filter(rows: Sequence[SummaryRow]) -> SummaryRow:
    """The linear filter with the largest median R²."""
    return max((row for row in rows if row.kind == FILTER), key=lambda row: row.r2)


def contrasts(rows: Sequence[EmulationRow]) -> tuple[ContrastRow, ...]:
    """Each network against the best filter; Holm over all tests."""
    table = summaries(rows)
    control = best_filter(table).emulator
    names = [row.emulator for row in table if row.kind != FILTER]
    found = [paired_contrast(_shares(rows, name), _shares(rows, control)) for name in names]
    adjusted = holm([contrast.p_value for contrast in found])
    return tuple(
        ContrastRow(
            emulator=name,
            control=control,
            **numbers_of(contrast, p),
        )
        for name, contrast, p in zip(names, found, adjusted, strict=True)
    )


def _shares(rows: Sequence[EmulationRow], emulator: str) -> list[float]:
    kept = sorted((row for row in rows if row.emulator == emulator), key=lambda row: row.pair)
    return [row.r2 for row in kept]
