"""isochron sweep."""

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import debug_option, force_option, json_option, print_json, say
from isochron.cli.execution import (
    SweepLines,
    clock,
    executor_options,
    scheduler_option,
    workers_option,
)
from isochron.cli.options import PATH, NearestChoice
from isochron.cli.signals import resumable
from isochron.runs.executors import EXECUTORS
from isochron.wording import counted

if TYPE_CHECKING:
    from isochron.runs.executors.work import Limits
    from isochron.runs.sweep.sweeps import Sweep, SweepStatus

LARGE = 10 * 10**9
SHARD = re.compile(r"(\d+)/(\d+)")


class SweepGroup(click.Group):
    """A group whose first word may also be the file of a grid."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """A command of the group, or the one that runs a grid."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The experiments, from their registry."""
        from isochron.runs.sweep.experiments import EXPERIMENTS

        with formatter.section("Experiments"):
            rows = [(name, entry.summary) for name, entry in EXPERIMENTS.items()]
            formatter.write_dl([*rows, ("module:function", "A function of yours.")])


@click.group(cls=SweepGroup)
def sweep() -> None:
    """Compute many runs over a grid, on this machine, on Dask or on SLURM.

    isochron sweep GRID.toml --out STORE computes what the store does not have. Stop it when you
    like; the same command continues. A larger grid adds to the same store.
    """


timeout_option = click.option(
    "--task-timeout", "seconds", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="Longest time of a batch (s); no limit by default.",
)  # fmt: skip
memory_option = click.option(
    "--memory", "memory_GiB", type=click.FloatRange(min=0, min_open=True), metavar="GIB",
    help="Largest memory of a worker (GiB); no limit by default.",
)  # fmt: skip


@sweep.command()
@click.argument("grid", type=PATH)
@click.option("--out", "store", required=True, type=PATH, help="Folder of the results.")
@click.option(
    "--executor", type=NearestChoice(list(EXECUTORS)), default="local", show_default=True,
    help="Where the runs are computed.",
)  # fmt: skip
@workers_option
@scheduler_option
@click.option("--wait", is_flag=True, help="Wait for the jobs of SLURM to end.")
@timeout_option
@memory_option
@click.option("--dry-run", is_flag=True, help="Print what the sweep needs, and stop.")
@click.option("--measure", is_flag=True, help="Compute one batch first, to estimate the time.")
@click.option("--retry-failed", is_flag=True, help="Compute batches that failed before.")
@click.option("--yes", is_flag=True, help="Start also if the results need more than 10 GB.")
@click.option("--force", is_flag=True, help="Delete the results of a different version.")
@json_option
@debug_option
def run(
    grid: Path, store: Path, executor: str, workers: int | None, scheduler: str | None,
    wait: bool, seconds: float | None, memory_GiB: float | None, dry_run: bool, measure: bool,
    retry_failed: bool, yes: bool, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Compute the runs of a GRID (a TOML file) that the store does not have."""
    from isochron.runs.configuration import read_toml
    from isochron.runs.executors.slurm import settings_of
    from isochron.runs.sweep.sweeps import Limits, estimate, prepare
    from isochron.runs.sweep.sweeps import measure as measure_one
    from isochron.runs.sweep.sweeps import run as run_sweep

    content = read_toml(grid)
    EXECUTORS.load(executor)  # what it needs is missed before anything is written
    if wait and executor != "slurm":
        raise click.UsageError("--wait is an option of --executor slurm.")
    slurm = settings_of(content.get("slurm", {})) | {"wait": wait}
    options = executor_options(executor, scheduler, slurm)
    limits = Limits(seconds=seconds, memory_GiB=memory_GiB)
    if measure:
        found = prepare(content, store, force=force, text=grid.read_bytes())
        measure_one(found, limits)
    needed = estimate(content, store if store.is_dir() else None)
    if dry_run:
        _print_estimate(needed, as_json)
        return
    if needed.bytes > LARGE and not yes:
        raise click.UsageError(
            f"The results need about {needed.bytes / 1e9:.0f} GB; --yes starts the sweep."
        )
    found = prepare(content, store, retry_failed=retry_failed, force=force, text=grid.read_bytes())
    with resumable():
        run_sweep(
            found, executor, workers=workers, limits=limits,
            watch=SweepLines(found, quiet=as_json), **options,
        )  # fmt: skip
    _finish(found, as_json, waited=executor != "slurm" or wait)


@sweep.command()
@click.argument("store", type=PATH)
@click.option("--shard", metavar="K/N", help="Part K (from 0) of N of the batches.")
@workers_option
@timeout_option
@memory_option
@click.option("--warm", is_flag=True, help="Compile the kernels, and compute nothing.")
@debug_option
def work(
    store: Path, shard: str | None, workers: int | None, seconds: float | None,
    memory_GiB: float | None, warm: bool,
) -> None:  # fmt: skip
    """Compute the missing batches of a STORE; what a job of a cluster runs.

    STORE may be the run folder of a study, too: its steps that are ready are run.
    """
    from isochron.runs.executors.work import Limits
    from isochron.runs.executors.work_folder import open_folder
    from isochron.runs.sweep.store import Store

    limits, folder = Limits(seconds=seconds, memory_GiB=memory_GiB), open_folder(store)
    if isinstance(folder, Store):
        _work_on_sweep(store, shard, workers, limits, warm)
    else:
        _work_on_steps(store, shard, workers, limits)


def _work_on_steps(store: Path, shard: str | None, workers: int | None, limits: "Limits") -> None:
    from isochron.cli.progress import show_progress
    from isochron.runs.plan import count_workers
    from isochron.runs.steps import Execution, StepFolder, work_on

    folder = StepFolder(store)
    steps = _shard_of(folder.plan(), shard)
    execution = Execution(workers=count_workers(workers), limits=limits)
    with resumable(), show_progress(sys.stderr) as progress:
        work_on(folder, steps, progress=progress, execution=execution)


def _work_on_sweep(
    store: Path, shard: str | None, workers: int | None, limits: "Limits", warm: bool
) -> None:
    from isochron.runs.sweep.sweeps import Sweep
    from isochron.runs.sweep.sweeps import run as run_sweep

    found = Sweep(store)
    found.store.open()
    if warm:
        found.tasks = [_first_run(task) for task in found.tasks[:1]]
        from isochron.runs.sweep.experiments import open_experiment

        for task in found.tasks:
            folder = found.store.work_folder(task.key)
            open_experiment(task.experiment).run(task.settings(), task.seeds, folder)
        return
    found.tasks = _shard_of(found.tasks, shard)
    with resumable():
        run_sweep(found, workers=workers, limits=limits, watch=SweepLines(found, quiet=False))
    _finish(found, as_json=False, waited=False)


def _first_run(task: Any) -> Any:
    return type(task).make(task.experiment, task.common, task.runs[:1], task.seeds[:1])


def _shard_of(items: list, shard: str | None) -> list:
    if shard is None:
        return items
    k, n = _parts(shard)
    return items[k::n]


def _parts(shard: str) -> tuple[int, int]:
    match = SHARD.fullmatch(shard)
    if not match or not 0 <= int(match[1]) < int(match[2]):
        raise click.UsageError(f"--shard must be K/N with 0 <= K < N, such as 3/40; got {shard!r}.")
    return int(match[1]), int(match[2])


@sweep.command()
@click.argument("store", type=PATH)
@json_option
@debug_option
def status(store: Path, as_json: bool) -> None:
    """How many runs of a STORE are done, failed and missing, and how fast it is now."""
    from isochron.runs.sweep.sweeps import Sweep

    _print_status(Sweep(store).status(), as_json)


@sweep.command()
@click.argument("store", type=PATH)
@click.argument("file", type=PATH)
@force_option
@json_option
@debug_option
def export(store: Path, file: Path, force: bool, as_json: bool) -> None:
    """Write the results of a STORE to one FILE: .nc, .zarr or .parquet (needs pyarrow)."""
    from isochron.cli.common import refuse_to_replace, report_file
    from isochron.runs.sweep.export import export_sweep
    from isochron.runs.sweep.sweeps import Sweep

    refuse_to_replace(file, force)
    export_sweep(Sweep(store), file)
    report_file(file, as_json)


def _finish(found: "Sweep", as_json: bool, *, waited: bool) -> None:
    found_status = found.status()
    _print_status(found_status, as_json)
    if found_status.failed:
        reasons = ", ".join(f"{n} by {reason}" for reason, n in found_status.reasons.items())
        raise click.ClickException(
            f"{found_status.failed_batches} of {found_status.batches} batches failed ({reasons}); "
            f"{found.store.path / 'failed'} has the errors. --retry-failed computes them again."
        )
    if waited and found_status.missing:
        raise click.ClickException(
            f"The jobs ended before {counted(found_status.missing, 'run')}: canceled, or at their "
            f"time limit; {found.store.path / 'log'} has what they wrote. The same command "
            "computes the rest."
        )


def _print_estimate(needed: Any, as_json: bool) -> None:
    if as_json:
        print_json(asdict(needed))
        return
    say(f"runs: {needed.runs}, in {needed.batches} batches")
    say(f"batches without results: {needed.missing_batches}")
    say(f"size of the results: {_size(needed.bytes)}")
    if needed.core_hours is None:
        say("time: not known; --measure computes one batch to estimate it")
    else:
        say(f"time: {needed.core_hours:.3g} core hours")


def _print_status(found: "SweepStatus", as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
        return
    say(
        f"{found.runs} runs: {found.done} done ({found.failed_runs} of them failed by themselves), "
        f"{found.failed} in batches that failed, {found.missing} missing; {_size(found.bytes)}"
    )
    if found.missing and found.rate:
        left = "" if found.remaining_s is None else f", {clock(found.remaining_s)} remaining"
        say(f"in the last minutes {found.rate:.3g} runs/s{left}")
    for reason, n in found.reasons.items():
        say(f"batches that failed by {reason}: {n}")
    if len(found.processors) > 1:
        say(f"made on different processors: {'; '.join(found.processors)}")


def _size(n_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return ""
