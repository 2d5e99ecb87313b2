"""A folder with pieces of work, whose files tell which are done, failed or in progress."""

import json
import os
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from isochron.files import DataFileError, read_json, write_json
from isochron.registry import Entry, Registry
from isochron.runs.executors import Item

FOLDERS = Registry(
    "kind of folder",
    {
        "sweep": Entry("isochron.runs.sweep.store:Store", "Store of a sweep."),
        "steps": Entry("isochron.runs.steps:StepFolder", "Run folder of a study."),
    },
)
STALE_S = 86_400.0  # age at which a claim says nothing about temporary files
AnyItem = TypeVar("AnyItem", bound=Item)
Report = Callable[[float, str], None]


class WorkFolder(ABC, Generic[AnyItem]):
    """A folder with items of work and their results.

    ``failed/KEY.json`` states why an item failed, ``claims/KEY`` who works on it.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    owner : str
        Command that the workers belong to, if one moves work from a dead worker to the next: its
        earlier claims do not count.
    """

    noun: ClassVar[str] = "task"
    script: ClassVar[str] = "sweep.sbatch"
    memory_hint: ClassVar[str] = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owner = ""

    # Items

    @abstractmethod
    def parse(self, line: str) -> AnyItem:
        """The item of a line that its ``to_json`` has made."""

    @abstractmethod
    def plan(self) -> list[AnyItem]:
        """The items for workers that start from the folder alone."""

    @abstractmethod
    def stage(self, items: Sequence[AnyItem]) -> None:
        """Make `plan` return these items, at least."""

    # Results

    @abstractmethod
    def has(self, key: str) -> bool:
        """Whether an item has results."""

    @abstractmethod
    def compute(self, item: AnyItem, report: Report) -> Any:
        """Compute the results of an item; ``report(fraction, text)`` may be called."""

    @abstractmethod
    def save(self, item: AnyItem, result: Any, seconds: float) -> None:
        """Write the results of an item, whole or not at all."""

    def missing(self, items: Iterable[AnyItem]) -> list[AnyItem]:
        """Items without results that have not failed."""
        return [it for it in items if not self.has(it.key) and self.failure(it.key) is None]

    # Failures

    def _failed(self, key: str) -> Path:
        return self.path / "failed" / f"{key}.json"

    def fail(self, item: AnyItem, error: str, reason: str, **details: Any) -> None:
        """Record why an item failed; `reason` is one word."""
        content = {"reason": reason, "error": error, "task": json.loads(item.to_json())}
        write_json(self._failed(item.key), content | details)

    def failure(self, key: str) -> dict[str, Any] | None:
        """Why an item failed; None if it did not."""
        path = self._failed(key)
        try:
            found = read_json(path) if path.is_file() else None
        except DataFileError:
            return None
        return found if isinstance(found, dict) else None

    def forget_failures(self, items: Iterable[AnyItem]) -> None:
        """Let failed items be done again."""
        for item in items:
            self._failed(item.key).unlink(missing_ok=True)

    # Who works on what

    def claim(self, key: str, stale_s: float) -> bool:
        """Take an item, unless someone else works on it; a claim may be lost without harm.

        Raises
        ------
        OSError
            If the claim cannot be written; it names the file, of which nothing is left.
        """
        path = self.path / "claims" / key
        content = json.dumps(
            {"host": socket.gethostname(), "pid": os.getpid(), "at": time.time(), "by": self.owner}
        )
        for _ in range(2):
            try:
                file = open(path, "x")  # noqa: SIM115
            except FileExistsError:
                if _is_live(path, stale_s, self.owner):
                    return False
                path.unlink(missing_ok=True)
                continue
            try:
                with file:
                    file.write(content)
            except OSError as error:  # that of a full disk does not name it
                path.unlink(missing_ok=True)
                raise OSError(error.errno, error.strerror, str(path)) from error
            return True
        return False

    def release(self, key: str) -> None:
        """Give an item back."""
        (self.path / "claims" / key).unlink(missing_ok=True)


def remove_parts(path: Path) -> None:
    """Delete the temporary files in a folder whose processes have ended.

    Those of a different machine are deleted if nobody works on an item.
    """
    claimed = any(_is_live(claim, STALE_S) for claim in (path / "claims").glob("*"))
    for part in path.rglob(".*.part"):
        if not (_is_running(pid) if (pid := _writer(part)) else claimed):
            part.unlink(missing_ok=True)


def _writer(part: Path) -> int | None:
    """The process of this machine that has made a temporary file."""
    before, _, process = part.name.removesuffix(".part").rpartition(f".{socket.gethostname()}-")
    pid = process.partition("-")[0]
    return int(pid) if before and pid.isdecimal() else None


def _is_live(path: Path, stale_s: float, owner: str = "") -> bool:
    """Whether the process of a claim may still work on it."""
    try:
        claim = json.loads(path.read_text())
        if owner and claim.get("by") == owner:
            return False
        age = abs(time.time() - float(claim["at"]))  # a clock that was wrong is set back
        if claim["host"] == socket.gethostname():
            return _is_running(int(claim["pid"])) and age < stale_s
        return age < stale_s
    except (OSError, ValueError, KeyError, TypeError):
        return path.exists() and abs(time.time() - path.stat().st_mtime) < 5


def open_folder(path: Path) -> WorkFolder:
    """The store of a sweep or the run folder of a study, for its workers.

    Raises
    ------
    DataFileError
        If it is neither.
    """
    made_by = read_json(path / "run.json")
    if not isinstance(made_by, dict):
        raise DataFileError(f"{path / 'run.json'} does not describe a sweep or a run.")
    return FOLDERS.load(str(made_by.get("kind", "steps")))(path)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except (OSError, IndexError):  # not Linux
        return True
    return state != "Z"  # a zombie has ended
