"""isochron bench."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isochron.cli.common import (
    add_row,
    debug_option,
    force_option,
    json_option,
    print_json,
    print_table,
    refuse_to_replace,
    say,
)
from isochron.cli.options import PATH, SettingsCommand
from isochron.settings import setting

if TYPE_CHECKING:
    from isochron.bench.results import BenchReport

STEP = "bench"


@dataclass(frozen=True, kw_only=True, slots=True)
class BenchSettings:
    """Rows of a benchmark."""

    row: Sequence[str] = setting(
        (), "Name of a row; all rows by default; may be repeated",
        choices="isochron.bench.registry:BENCHMARKS",
    )  # fmt: skip
    device: str = setting(
        "cpu", "Device; with cuda the rows of a GPU are measured too", choices=("cpu", "cuda")
    )
    long: bool = setting(
        False, "Measure also the rows of peers that take minutes: Brian2, jNeuroML, cect's source"
    )


@click.command(cls=SettingsCommand, settings={"rows": BenchSettings})
@click.option("--out", type=PATH, help="File for the result (.json).")
@force_option
@json_option
@debug_option
def bench(rows: BenchSettings, out: Path | None, force: bool, as_json: bool) -> None:
    """Measure the speed of isochron on this machine, next to other methods.

    About 5 minutes on two quiet cores. Each row runs in a fresh process; peers that are not
    installed are skipped. One table: time, peer, ratio, and the share that cannot be avoided.
    """
    if out is not None:
        refuse_to_replace(out, force)
    report = _measure(rows)
    from isochron.runs.results import to_json_values

    if out is not None:
        from isochron.files import write_json

        write_json(out, to_json_values(report))
    if as_json:
        print_json(to_json_values(report))
    else:
        _print(report)


def _measure(rows: BenchSettings) -> "BenchReport":
    from isochron.bench.running import run_benchmarks
    from isochron.cli.progress import show_progress

    began = time.perf_counter()
    with show_progress(sys.stderr) as progress:
        progress.begin(STEP)
        report = run_benchmarks(
            rows.row, device=rows.device, long=rows.long,
            progress=lambda fraction, text: progress.update(STEP, fraction, text),
        )  # fmt: skip
        progress.end(STEP, time.perf_counter() - began)
    return report


def _print(report: "BenchReport") -> None:
    from rich.table import Table

    from isochron.bench.table import HEADS, describe_machine, table_lines

    table = Table(*HEADS)
    for line in table_lines(report):
        add_row(table, *line)
    print_table(table)
    say(describe_machine(report))
