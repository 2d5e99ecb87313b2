"""The table of a comparison: one row for each system, as texts."""

from collections.abc import Sequence

from isochron.runs.results import TongueEdges
from isochron.studies.compare.results import NetSystem, WormSystem

COLUMNS = (
    "system",
    "kind",
    "units",
    "loss",
    "stable fixed points",
    "stable limit cycles",
    "period (ms)",
    "frequency (Hz)",
    "largest |multiplier|",
    "phase locking (PLV)",
    "1:1 tongue (Hz)",
    "variance in 2 components",
    "effective dimension",
)
SHORT = (
    "system",
    "kind",
    "units",
    "loss",
    "fixed",
    "cycles",
    "period",
    "Hz",
    "|mult|",
    "PLV",
    "tongue Hz",
    "var2",
    "dim",
)
KINDS = {
    "worm": "worm, graded model",
    "low-rank": "low-rank network",
    "connectome": "network on the worm's connectome",
    "rewired": "network on a rewired connectome",
}
NONE = "–"


def table_row(system: WormSystem | NetSystem) -> tuple[str, ...]:
    """The texts of one system, in the order of `COLUMNS`."""
    stable = system.stable_cycles
    period = stable[0].period_ms if stable else None
    largest = max((cycle.largest_nontrivial_multiplier for cycle in stable), default=None)
    locking, dimensionality = system.locking, system.dimensionality
    return (
        system.name,
        describe_kind(system),
        str(system.n_units),
        _number(system.loss, ".3f"),
        str(len(system.stable_points)),
        str(len(stable)),
        _number(period, ".1f"),
        _number(1e3 / period if period else None, ".3f"),
        _number(largest, ".3f"),
        _number(locking and locking.plv, ".3f"),
        format_tongue(locking and locking.tongue),
        _number(dimensionality and dimensionality.variance_in_2_components, ".3f"),
        _number(dimensionality and dimensionality.participation_ratio, ".2f"),
    )


def describe_kind(system: WormSystem | NetSystem) -> str:
    """Kind of a system, in a few words."""
    text = KINDS[system.kind]
    if isinstance(system, WormSystem):
        return text
    if not system.trained:
        return f"{text}, untrained"
    return text if system.learned else f"{text}, not learned"


def format_tongue(tongue: TongueEdges | None) -> str:
    """Edges of a tongue; ≤ and ≥ where the search ended before an edge."""
    if tongue is None or tongue.low_Hz is None or tongue.high_Hz is None:
        return NONE
    digits = 3 if tongue.high_Hz < 2 else 2
    low = f"{'≤ ' if tongue.low_open else ''}{tongue.low_Hz:.{digits}f}"
    high = f"{'≥ ' if tongue.high_open else ''}{tongue.high_Hz:.{digits}f}"
    return f"{low} – {high}"


def format_table(systems: Sequence[WormSystem | NetSystem]) -> str:
    """The table for a terminal."""
    rows = [SHORT, *map(table_row, systems)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(SHORT))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if i < 2 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)
