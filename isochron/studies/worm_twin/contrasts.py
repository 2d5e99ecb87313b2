"""Paired tests of the learners against their controls."""

from collections.abc import Sequence

from isochron.analysis import holm, paired_contrast
from isochron.studies.paired_tests import numbers_of
from isochron.studies.worm_twin.configuration import WormTwinConfig
from isochron.studies.worm_twin.results import (
    FREE,
    LINEAR,
    PERSISTENT,
    ContrastRow,
    LearnerRow,
)

HORIZON, CRITERIA = "horizon, s", "criteria met"


def measure_of(row: LearnerRow, measure: str) -> float:
    """A measure of a learner."""
    return row.horizon_s if measure == HORIZON else float(row.criteria.n_met)


def comparisons(config: WormTwinConfig, rows: Sequence[LearnerRow]) -> list[tuple[str, str]]:
    """Learner and control of each comparison.

    The first network, trained freely, against every other way of training it and against the
    predictors; every network on a connectome against those on null models of it.
    """
    first = config.substrates[0].name
    controls = dict.fromkeys(
        row.learner for row in rows if row.training != FREE or row.learner in (LINEAR, PERSISTENT)
    )
    found = [(first, control) for control in controls]
    on = [it for it in config.substrates if it.dataset is not None]
    for one in on:
        for null in on:
            if null.is_null and not one.is_null and null.dataset == one.dataset:
                found.append((one.name, null.name))
    return found


def contrasts(config: WormTwinConfig, rows: Sequence[LearnerRow]) -> tuple[ContrastRow, ...]:
    """All comparisons in both measures; Holm over all."""
    asked = [(a, b, it) for it in (HORIZON, CRITERIA) for a, b in comparisons(config, rows)]
    found = [paired_contrast(*(_values(rows, it, m) for it in (a, b))) for a, b, m in asked]
    adjusted = holm([contrast.p_value for contrast in found])
    return tuple(
        ContrastRow(learner=a, control=b, measure=measure, **numbers_of(contrast, p))
        for (a, b, measure), contrast, p in zip(asked, found, adjusted, strict=True)
    )


def _values(rows: Sequence[LearnerRow], learner: str, measure: str) -> list[float]:
    kept = sorted((row for row in rows if row.learner == learner), key=lambda row: row.pair)
    return [measure_of(row, measure) for row in kept]
