"""Paired tests of the features of networks against their controls."""

from collections.abc import Sequence

from isochron.analysis import holm, paired_contrast
from isochron.studies.features.results import (
    AUTOENCODER,
    ICA,
    PCA,
    RANDOM,
    TRAINED,
    UNTRAINED,
    ContrastRow,
    SystemRow,
)
from isochron.studies.paired_tests import numbers_of


def groups_of(systems: Sequence[SystemRow], kind: str = TRAINED) -> dict[str, list[SystemRow]]:
    """Networks of a kind by substrate and task, in the order of their pairs."""
    found: dict[str, list[SystemRow]] = {}
    for row in sorted((row for row in systems if row.kind == kind), key=lambda row: row.pair):
        found.setdefault(f"{row.substrate}, {row.task}", []).append(row)
    return found


def contrasts(systems: Sequence[SystemRow]) -> tuple[ContrastRow, ...]:
    """Phase information for each feature: the states against each control.

    Holm over all tests of the run.
    """
    found, untrained = [], groups_of(systems, UNTRAINED)
    for group, rows in groups_of(systems).items():
        mine = [row.of(AUTOENCODER).phase_bits for row in rows]
        controls = {
            "noisy ellipse": [row.ellipse_bits for row in rows],
            "before training": [row.of(AUTOENCODER).phase_bits for row in untrained[group]],
        }
        for kind in (RANDOM, PCA, ICA):
            controls[kind] = [row.of(kind).phase_bits for row in rows]
        for name, values in controls.items():
            found.append((group, f"{AUTOENCODER} - {name}", paired_contrast(mine, values)))
    if not found:
        return ()
    adjusted = holm([contrast.p_value for _, _, contrast in found])
    return tuple(
        ContrastRow(
            group=group,
            what=what,
            **numbers_of(contrast, p),
        )
        for (group, what, contrast), p in zip(found, adjusted, strict=True)
    )
