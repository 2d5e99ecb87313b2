"""Work in arrays of jobs of SLURM: the files of the folder tell what is done."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from isochron.files import write_bytes
from isochron.runs.executors import Item, Order
from isochron.runs.executors.agenda import Agenda
from isochron.runs.executors.failures import ClusterError
from isochron.runs.executors.work import DONE, FAILED
from isochron.settings import setting
from isochron.wording import counted

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,:@+-]*")
TIME = re.compile(r"(\d+-)?\d{1,3}(:\d{2}){0,2}")
LOOKS = 3  # at the files after the end of the jobs: a file system of a network may be late
JOB = "slurm-job"
MEMORY = re.compile(r"\d+[KMGT]?")


@dataclass(frozen=True, kw_only=True)
class SlurmSettings:
    """The section ``[slurm]`` of a sweep, or of the file of ``--slurm``."""

    partition: str = setting("", "Partition of the jobs; that of the cluster by default")
    account: str = setting("", "Account of the jobs")
    time: str = setting("04:00:00", "Time limit of a job", form="[DAYS-]HH:MM:SS")
    mem: str = setting("4G", "Memory of a job")
    cpus: int = setting(1, "Processors of a job; each works on a different batch or step")
    width: int = setting(100, "Number of jobs of the array")
    at_once: int = setting(0, "Number of jobs that run at once; 0 for no limit")
    setup: tuple[str, ...] = setting(
        (), "Lines of the script before the work, such as the activation of an environment"
    )

    def __post_init__(self) -> None:
        patterns = {"partition": NAME, "account": NAME, "time": TIME, "mem": MEMORY}
        for name, pattern in patterns.items():
            value = getattr(self, name)
            if value and not pattern.fullmatch(value):
                raise ValueError(f"[slurm] {name} must match {pattern.pattern}, got {value!r}.")
        for name, least in (("cpus", 1), ("width", 1), ("at_once", 0)):
            if getattr(self, name) < least:
                raise ValueError(
                    f"[slurm] {name} must be {least} or more, got {getattr(self, name)!r}."
                )
        for line in self.setup:
            if "\n" in line:
                raise ValueError(f"[slurm] setup is a list of single lines, got {line!r}.")


def run(order: Order) -> None:
    """Submit the work as arrays of jobs.

    Parameters
    ----------
    order : Order
        Options of `SlurmSettings`, and ``wait``: whether to return when all work has ended.
        Without it the items that are ready are submitted, and nothing waits for them.

    Raises
    ------
    FileNotFoundError
        If there is no ``sbatch``.
    ClusterError
        If the cluster rejects the job.
    """
    if not order.items:
        return
    options = dict(order.options)
    wait = bool(options.pop("wait", False))
    settings = SlurmSettings(**options)
    if not wait:
        _submit_only(settings, order)
        return
    _wait_for_earlier(order)
    agenda = Agenda(order.folder.missing(order.items))
    while wave := list(agenda.pop_all()):
        job = _submit(settings, order, wave, _CONTINUES)
        _wait(order, wave, job)
        for item in wave:
            if order.folder.has(item.key):
                agenda.done(item)


_CONTINUES = (
    "This command waits for it. If you interrupt the command, the jobs continue, and the same "
    "command waits for them again."
)


def _submit_only(settings: SlurmSettings, order: Order) -> None:
    """Submit the items that are ready, unless jobs of an earlier command may still do them."""
    job = _earlier_job(order)
    if job:
        order.watch.say(
            f"SLURM job {job} of an earlier command is still in the queue, so nothing was "
            "submitted. When it has ended, the same command submits what is missing."
        )
        return
    _submit(settings, order, list(Agenda(order.items).pop_all()), "Nothing waits for it.")


def _submit(settings: SlurmSettings, order: Order, wave: Sequence[Item], remark: str) -> str:
    """Submit items that are ready as one array; the ID of the job."""
    path = order.folder.path
    order.folder.stage(wave)
    n_jobs = min(settings.width, len(wave))
    script = path / order.folder.script
    write_bytes(script, render(settings, order, n_jobs).encode())
    done = subprocess.run(
        ["sbatch", "--parsable", str(script)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ClusterError(f"sbatch rejected {script}: {done.stderr.strip()}")
    job = done.stdout.strip().split(";")[0]
    write_bytes(path / "log" / JOB, f"{job}\n".encode())
    what = counted(len(wave), order.folder.noun)
    order.watch.say(f"SLURM job {job}: {what} in {counted(n_jobs, 'job')}. {remark}")
    return job


def _earlier_job(order: Order) -> str:
    """The job of an earlier command, if SLURM still has it."""
    path = order.folder.path / "log" / JOB
    job = path.read_text().strip() if path.is_file() else ""
    return job if job and _is_queued(job) else ""


def _wait_for_earlier(order: Order) -> None:
    """Wait for the job of a command that was interrupted."""
    job = _earlier_job(order)
    if job:
        order.watch.say(f"SLURM job {job} of an earlier command. {_CONTINUES}")
        _wait(order, order.items, job)


def render(settings: SlurmSettings, order: Order, n_jobs: int) -> str:
    """The script of the jobs."""
    path = shlex.quote(str(order.folder.path.resolve()))
    at_once = f"%{settings.at_once}" if settings.at_once else ""
    head = {
        "job-name": f"isochron-{order.folder.script.removesuffix('.sbatch')}",
        "array": f"0-{n_jobs - 1}{at_once}",
        "time": settings.time,
        "mem": settings.mem,
        "cpus-per-task": settings.cpus,
        "partition": settings.partition,
        "account": settings.account,
        "output": f"{order.folder.path.resolve()}/log/slurm-%A-%a.txt",
        "signal": "B:TERM@60",
    }
    lines = ["#!/bin/bash", *(f"#SBATCH --{k}={v}" for k, v in head.items() if v),
             "#SBATCH --requeue", *settings.setup]  # fmt: skip
    limits = [
        f"{flag} {value:g}"
        for flag, value in (
            ("--task-timeout", order.limits.seconds),
            ("--memory", order.limits.memory_GiB),
        )
        if value is not None
    ]
    work = " ".join(
        [
            "exec", shlex.quote(sys.executable), "-m isochron sweep work", path,
            f'--shard "$SLURM_ARRAY_TASK_ID/{n_jobs}"', f"--workers {settings.cpus}", *limits,
        ]
    )  # fmt: skip
    return "\n".join([*lines, work, ""])


def settings_of(section: Any) -> dict[str, Any]:
    """The section ``[slurm]`` as options of `run`.

    Raises
    ------
    ValueError
        If a setting is unknown or of a different form.
    """
    from isochron.runs.configuration import in_section, read_settings

    if not isinstance(section, Mapping):
        raise ValueError(f"slurm must be a section, [slurm], got {section!r}.")
    with in_section("[slurm]"):
        found = read_settings(fields(SlurmSettings), section, "section [slurm]")
        SlurmSettings(**found)
    return found


def _wait(order: Order, items: Sequence[Item], job: str) -> None:
    """Until every item has results or has failed, or no job of the array is left."""
    seen: set[str] = set()
    lost = 0
    while lost < LOOKS:
        left = {item.key for item in order.folder.missing(items)}
        for item in items:
            if item.key not in left and item.key not in seen:
                seen.add(item.key)
                order.watch.update(DONE if order.folder.has(item.key) else FAILED, item)
        if not left:
            return
        lost = 0 if _is_queued(job) else lost + 1
        time.sleep(float(os.environ.get("ISOCHRON_SLURM_POLL_S", "5")))


def _is_queued(job: str) -> bool:
    """Whether a job is queued or running; true if SLURM does not answer, as for minutes."""
    done = subprocess.run(
        ["squeue", "--noheader", "--jobs", job], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return "invalid job id" not in done.stderr.lower()
    return bool(done.stdout.strip())
