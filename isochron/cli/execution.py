"""Where the work of a command is done and stored: the options, and their progress."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import say
from isochron.cli.options import reject_given
from isochron.runs.executors import EXECUTORS, Watch
from isochron.settings import setting

if TYPE_CHECKING:
    from isochron.runs.sweep.sweeps import Sweep

workers_option = click.option(
    "--workers", type=click.IntRange(min=1), help="Number of processes; one per core by default."
)
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="Scheduler of Dask; a local one by default."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionOptions:
    """Where the steps of a study run."""

    executor: str = setting(
        "local", "Place where the steps run", choices="isochron.runs.executors:EXECUTORS"
    )
    workers: int | None = setting(
        None, "Number of processes of the executors local and dask; by default the number of cores"
    )
    scheduler: str | None = setting(
        None, "Scheduler of Dask; by default one on this machine", form="ADDRESS"
    )
    slurm: Path | None = setting(
        None, "File (TOML) with a section [slurm], the settings of the jobs", form="FILE"
    )
    task_timeout_s: float | None = setting(None, "Time limit of a step", unit="s")
    memory: float | None = setting(None, "Memory limit of a worker", unit="GiB")

    def __post_init__(self) -> None:
        for name in ("task_timeout_s", "memory"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {value!r}.")
        if self.slurm is not None and self.executor != "slurm":
            raise ValueError("--slurm is an option of --executor slurm.")

    def place(self) -> dict[str, Any]:
        """Where the work is done, as arguments of `Study.run` and of a sweep.

        Raises
        ------
        ValueError
            If the file of the jobs does not have the section [slurm].
        ModuleNotFoundError
            If what the executor needs is not installed.
        """
        from isochron.runs.configuration import read_toml
        from isochron.runs.executors.slurm import settings_of
        from isochron.runs.executors.work import Limits

        EXECUTORS.load(self.executor)  # what it needs is missed before anything is written
        slurm = {} if self.slurm is None else read_toml(self.slurm).get("slurm")
        if slurm is None:
            raise ValueError(f"{self.slurm} does not have the section [slurm].")
        return {
            "executor": self.executor,
            "workers": self.workers,
            "limits": Limits(seconds=self.task_timeout_s, memory_GiB=self.memory),
            **executor_options(self.executor, self.scheduler, settings_of(slurm)),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreOptions(ExecutionOptions):
    """Where the parts of a command are computed, and the folder that stores them."""

    store: Path | None = setting(
        None, "Folder that stores the parts of the result, so that the same command continues; "
        "without it nothing is stored", form="FOLDER",
    )  # fmt: skip

    def is_used(self) -> bool:
        """Whether parts are stored; if not, the command computes everything itself.

        Raises
        ------
        click.UsageError
            If there is an option of the execution, but no store.
        """
        if self.store is None:
            reject_given(
                "execution", [field.name for field in fields(self)],
                "needs --store FOLDER, where the parts are stored.",
            )  # fmt: skip
        return self.store is not None

    def compute(self, content: Mapping[str, Any], *, quiet: bool) -> "Sweep":
        """Compute the parts that the store does not have, and wait for them.

        Raises
        ------
        click.ClickException
            If a part failed, or has no results.
        """
        from isochron.cli.signals import resumable
        from isochron.runs.sweep.sweeps import prepare, run

        assert self.store is not None
        place = self.place()
        if self.executor == "slurm":
            place["wait"] = True
        found = prepare(content, self.store, retry_failed=True)
        with resumable():
            run(found, watch=SweepLines(found, quiet=quiet), **place)
        _require_parts(found)
        return found


def _require_parts(found: "Sweep") -> None:
    """Raise if a part failed by itself or with its batch, or does not have results."""
    for task in found.tasks:
        result, failure = found.store.read(task.key), found.store.failure(task.key)
        if result is None and failure is None:
            raise click.ClickException(
                f"{found.store.path} does not have all parts; the same command computes the rest."
            )
        errors = [failure.get("error", "")] if result is None and failure else []
        errors += [reason for reason in (result.reasons if result else ()) if reason]
        if errors:
            raise click.ClickException(f"A part in {found.store.path} failed: {errors[0]}")


def executor_options(
    executor: str, scheduler: str | None, slurm: Mapping[str, Any]
) -> dict[str, Any]:
    """The options that an executor has: `slurm` for SLURM, the scheduler for Dask.

    Raises
    ------
    click.UsageError
        If a scheduler is given to a different one.
    """
    if scheduler and executor != "dask":
        raise click.UsageError("--scheduler is an option of --executor dask.")
    if executor == "slurm":
        return dict(slurm)
    return {"scheduler": scheduler} if scheduler else {}


class SweepLines(Watch):
    """A line of progress, at most every ten seconds, or in place on a terminal."""

    def __init__(self, found: "Sweep", *, quiet: bool) -> None:
        left = found.store.missing(found.tasks)
        self._total, self._runs = sum(map(len, found.tasks)), sum(map(len, left))
        self._done, self._failed, self._last = 0, 0, 0.0
        self._began, self._quiet = time.monotonic(), quiet
        self._terminal = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A remark of the executor."""
        if not self._quiet:
            say(text, err=True)

    def update(self, outcome: str, item: Any) -> None:
        """Count a batch."""
        self._done += len(item)
        self._failed += len(item) * (outcome == "failed")
        now = time.monotonic()
        final = self._done >= self._runs
        if self._quiet or (not final and now - self._last < (0.2 if self._terminal else 10)):
            return
        self._last = now
        rate = self._done / max(now - self._began, 1e-9)
        before = self._total - self._runs
        text = (
            f"{before + self._done} of {self._total} runs, {self._failed} failed, "
            f"{rate:.3g} runs/s, {clock((self._runs - self._done) / rate)} remaining"
        )
        end = "\r" if self._terminal and not final else "\n"
        sys.stderr.write(f"\r{text:<78}{end}" if self._terminal else text + end)
        sys.stderr.flush()


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    whole = round(max(seconds, 0))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}"
