"""The table of a benchmark: one line for each peer of a row."""

from collections.abc import Iterator
from typing import NamedTuple

from isochron.bench.results import BenchReport, Measurement, Peer, Row

HEADS = ("work", "isochron", "peer", "ratio", "share of the limit")


class Line(NamedTuple):
    """One line of the table, as text."""

    work: str
    ours: str
    peer: str
    ratio: str
    share: str


def table_lines(report: BenchReport) -> Iterator[Line]:
    """Lines of all rows; work and time are in the first line of a row only."""
    for row in report.rows:
        found = row.measured
        work = row.work if row.device == "cpu" else f"{row.work}, GPU"
        if found is None:
            yield Line(work, "skipped", row.skipped, "", "")
            continue
        ours, share = describe_ours(row), _share(found)
        if not found.peers:
            yield Line(work, ours, "", "", share)
        for place, peer in enumerate(found.peers):
            first = place == 0
            yield Line(
                work * first, ours * first, describe_peer(peer), ratio(found, peer), share * first
            )


def describe_ours(row: Row) -> str:
    """Time of a row, with its rate, its first call and its note."""
    found = row.measured
    assert found is not None
    parts = [short_time(found.seconds)]
    if found.amount:
        parts.append(f"{found.amount / found.seconds:.3g} {found.unit} per second")
    if found.first_s is not None:
        parts.append(f"with compilation {short_time(found.first_s)}")
    return ", ".join([*parts, *[found.note] * bool(found.note)])


def describe_peer(peer: Peer) -> str:
    """A peer with its time and note."""
    note = f" ({peer.note})" if peer.note else ""
    return (
        f"{peer.name}: {short_time(peer.seconds)}{note}" if peer.seconds else f"{peer.name}{note}"
    )


def ratio(found: Measurement, peer: Peer) -> str:
    """How many times as long a peer takes; empty if it was not measured."""
    if peer.seconds is None:
        return ""
    times = peer.seconds / found.seconds
    return f"{times:,.0f}×" if times >= 10 else f"{times:.1f}×"


def _share(found: Measurement) -> str:
    """Part of our time that the limit takes."""
    return "" if found.limit_s is None else f"{found.limit_s / found.seconds:.0%} ({found.limit})"


def short_time(seconds: float) -> str:
    """A time with two digits: 0.25 s, 4.8 ms, 23 s, 2.1 hours."""
    if seconds >= 5400:
        return f"{seconds / 3600:.2g} hours"
    if seconds < 0.01:
        return f"{_two_digits(1e3 * seconds)} ms"
    return f"{_two_digits(seconds)} s"


def _two_digits(value: float) -> str:
    if value >= 100:
        step = 10 ** (len(f"{value:.0f}") - 2)
        return f"{round(value / step) * step:,.0f}"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"


def markdown(report: BenchReport) -> str:
    """The table and its machine in Markdown."""
    rows = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    rows += [f"| {' | '.join(line)} |" for line in table_lines(report)]
    return "\n".join([describe_machine(report), "", *rows])


def describe_machine(report: BenchReport) -> str:
    """The machine and the versions in one sentence."""
    m, packages = report.machine, report.provenance.packages
    gpu = f", {m.gpu}" if m.gpu else ""
    busy = f", while {m.load:.0f} other processes ran" if m.load >= 1 else ""
    versions = ", ".join(f"{name} {packages[name]}" for name in ("numpy", "numba", "torch"))
    return (
        f"{m.processor}, {m.cores} cores{gpu}{busy}; isochron {report.provenance.isochron}, "
        f"Python {report.provenance.python}, {versions}; {report.date}."
    )
