"""Tasks in an array of jobs of SLURM: no process waits for them, the store tells what is done."""

import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from typing import Any

from isochron.files import write_bytes
from isochron.runs.sweep.executors import Order
from isochron.settings import setting

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,:@+-]*")
TIME = re.compile(r"(\d+-)?\d{1,3}(:\d{2}){0,2}")
MEMORY = re.compile(r"\d+[KMGT]?")


@dataclass(frozen=True, kw_only=True)
class SlurmSettings:
    """The section ``[slurm]`` of a sweep."""

    partition: str = setting("", "Partition of the jobs; that of the cluster by default")
    account: str = setting("", "Account of the jobs")
    time: str = setting("04:00:00", "Time limit of a job", form="[DAYS-]HH:MM:SS")
    mem: str = setting("4G", "Memory of a job")
    cpus: int = setting(1, "Processors of a job; each works on a different task")
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
    """Submit the tasks as one array of jobs.

    Parameters
    ----------
    order : Order
        Options of `SlurmSettings`, and ``wait``: whether to return when all tasks have ended.

    Raises
    ------
    FileNotFoundError
        If there is no ``sbatch``.
    RuntimeError
        If the cluster rejects the job.
    """
    if not order.tasks:
        return
    options = dict(order.options)
    wait = bool(options.pop("wait", False))
    settings = SlurmSettings(**options)
    n_jobs = min(settings.width, len(order.tasks))
    script = order.store.path / "sweep.sbatch"
    write_bytes(script, render(settings, order, n_jobs).encode())
    done = subprocess.run(
        ["sbatch", "--parsable", str(script)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"sbatch rejected {script}: {done.stderr.strip()}")
    job = done.stdout.strip().split(";")[0]
    write_bytes(order.store.path / "log" / "slurm-job", f"{job}\n".encode())
    if wait:
        _wait(order, job)


def render(settings: SlurmSettings, order: Order, n_jobs: int) -> str:
    """The script of the jobs."""
    path = shlex.quote(str(order.store.path.resolve()))
    at_once = f"%{settings.at_once}" if settings.at_once else ""
    head = {
        "job-name": "isochron-sweep",
        "array": f"0-{n_jobs - 1}{at_once}",
        "time": settings.time,
        "mem": settings.mem,
        "cpus-per-task": settings.cpus,
        "partition": settings.partition,
        "account": settings.account,
        "output": f"{order.store.path.resolve()}/log/slurm-%A-%a.txt",
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
    from isochron.runs.configuration import read_settings

    found = read_settings(fields(SlurmSettings), section, "section [slurm]", "slurm")
    SlurmSettings(**found)
    return found


def _wait(order: Order, job: str) -> None:
    """Until every task has results or has failed, or no job of the array is left."""
    seen: set[str] = set()
    while True:
        left = {task.key for task in order.store.missing(order.tasks)}
        for task in order.tasks:
            if task.key not in left and task.key not in seen:
                seen.add(task.key)
                order.watch.update("done" if order.store.has(task.key) else "failed", task)
        if not left or not _is_queued(job):
            return
        time.sleep(float(os.environ.get("ISOCHRON_SLURM_POLL_S", "5")))


def _is_queued(job: str) -> bool:
    done = subprocess.run(
        ["squeue", "--noheader", "--jobs", job], capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and bool(done.stdout.strip())
