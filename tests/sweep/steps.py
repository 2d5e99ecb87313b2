"""Small steps of a study; each is ``tests.sweep.steps:NAME``."""

import ctypes
import os
import resource
import signal
import time
from dataclasses import dataclass

from isochron.runs.executors.work_folder import Report
from isochron.runs.run_folder import RunPaths


@dataclass(frozen=True)
class Settings:
    """Settings of a fake study."""

    factor: float = 0.1
    pairs: tuple[tuple[int, str], ...] = ((1, "a"),)


def start(settings: Settings, folder: RunPaths, x: float, report: Report):
    """A number, also in a file of the run folder."""
    report(0.5, "half: of it")
    (folder.path / "data" / f"{x}.txt").write_text(str(settings.factor * x))
    return {"x": settings.factor * x, "threads": os.environ.get("OMP_NUM_THREADS")}


def finish(settings: Settings, folder: RunPaths, x: float, report: Report):
    """The number of the file, squared."""
    return {"square": float((folder.path / "data" / f"{x}.txt").read_text()) ** 2}


def fail(report: Report):
    """An error of a computation."""
    raise ArithmeticError("The loss is not finite.")


def infinite(report: Report):
    """A result that is not finite."""
    return {"x": float("inf")}


def lose(report: Report):
    """An error of the system."""
    open("/nowhere/x")  # noqa: SIM115


def poison(report: Report):
    """Kills its process."""
    os.kill(os.getpid(), signal.SIGKILL)


def poison_once(folder: RunPaths, report: Report):
    """Kills its process the first time."""
    marker = folder.path / "data" / "killed"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"x": 2.0}


def poison_first(folder: RunPaths, name: str, report: Report):
    """Kills its process the first time, as each step of another name does."""
    marker = folder.path / "data" / f"killed-{name}"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"name": name}


def wait(folder: RunPaths, seconds: float, report: Report):
    """Takes time."""
    (folder.path / "data" / f"{os.getpid()}.pid").touch()
    time.sleep(seconds)
    return {"seconds": seconds}


def hold(folder: RunPaths, seconds: float, report: Report):
    """Takes time in code that no alarm interrupts and that does not let other threads run."""
    (folder.path / "data" / f"{os.getpid()}.pid").touch()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    ctypes.PyDLL(None).sleep(int(seconds))
    return {"seconds": seconds}


def freeze(folder: RunPaths, seconds: float, report: Report):
    """Stops its process."""
    os.kill(os.getpid(), signal.SIGSTOP)


def interrupt(report: Report):
    """Sends SIGINT to its process, as Ctrl-C does to all; whether the signal is blocked there."""
    signal.raise_signal(signal.SIGINT)
    return {"blocked": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())}


def memory(report: Report):
    """The largest address space of its process, in GiB."""
    return {"GiB": resource.getrlimit(resource.RLIMIT_AS)[0] / 2**30}


def untyped(settings, report):
    """A parameter without a type."""
    return {}


def save(folder: RunPaths, report: Report):
    """Writes a dataset, as the steps of studies do."""
    import xarray as xr

    from isochron import sims

    sims.save_dataset(xr.Dataset({"x": ("time", [1.0, 2.0])}), folder.data_path("x"))
    return {"saved": True}
