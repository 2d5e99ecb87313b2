"""The store of a sweep: a folder whose files are the truth, whoever writes them.

``batches/ab/abcd….npz`` results of a batch, ``failed/KEY.json`` why a task failed, ``claims/KEY``
who works on it, ``tasks/KEY/`` files of a task that can resume, ``log/`` when and where batches
were made, ``plan.jsonl`` the tasks, ``sweep.toml`` the grid as given, ``run.json`` the version.
"""

import json
import os
import platform
import shutil
import socket
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from isochron._version import __version__
from isochron.files import DataFileError, append_text, read_json, sha256, write_bytes, write_json
from isochron.folders import own_folder, refuse_links
from isochron.runs.executors.work_folder import Report, WorkFolder
from isochron.runs.source import changed_source
from isochron.runs.sweep.experiments import BatchResult, open_experiment
from isochron.runs.sweep.tasks import Task, code_identity

DIGEST = "sha256"
FOLDERS = ("batches", "failed", "claims", "tasks", "log")
FILES = ("run.json", "sweep.toml", "plan.jsonl", "report.html", "sweep.sbatch")


class Store(WorkFolder[Task]):
    """A folder with the tasks of one sweep and what was computed of them.

    Parameters
    ----------
    path : Path
    """

    memory_hint = "Use a smaller batch."

    def open(self, *, force: bool = False) -> None:
        """Make the folder, or check that it fits.

        Raises
        ------
        ValueError
            If it contains something else.
        DataFileError
            If a different version, or different code of this version, made it.
        """
        path, wanted = self.path, self._identity()
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file. Give a folder with --out.")
        if path.is_dir() and any(path.iterdir()):
            self._check(wanted, force)
        path.mkdir(parents=True, exist_ok=True)
        if not (path / "run.json").is_file():  # first: from now on the folder is known as ours
            write_json(path / "run.json", wanted)
        for name in FOLDERS:
            own_folder(path / name)

    def _identity(self) -> dict[str, Any]:
        return {"kind": "sweep", **code_identity()}

    def _check(self, wanted: Mapping[str, Any], force: bool) -> None:
        refuse_links(self.path, (*FOLDERS, *FILES))
        foreign = [
            it.name
            for it in self.path.iterdir()
            if it.name not in (*FOLDERS, *FILES) and not it.name.endswith(".part")
        ]
        new = not (self.path / "run.json").is_file()
        if foreign or (new and self._has_content()):
            what = foreign[0] if foreign else "files of something else"
            raise ValueError(f"{self.path} contains {what}. Give a new or empty folder with --out.")
        if new:  # another process is making it, or was interrupted
            return
        present = read_json(self.path / "run.json")
        if present == wanted:
            return
        if not isinstance(present, dict) or present.get("kind") != "sweep":
            raise ValueError(f"{self.path} is not the store of a sweep. Give a different --out.")
        if not force:
            version = present.get("version")
            of = "other code of" if version == __version__ else f"isochron {version}, not of"
            raise DataFileError(
                f"{self.path} is a store of {of} isochron {__version__}; results of two versions "
                "are not mixed. Give a different --out, or --force to delete its results."
            )
        for name in FOLDERS:
            shutil.rmtree(self.path / name, ignore_errors=True)
        for name in reversed(FILES):  # run.json last: the folder is ours until it is empty
            (self.path / name).unlink(missing_ok=True)

    def _has_content(self) -> bool:
        """Whether a folder has more than what an interrupted start leaves."""
        return any((self.path / name).is_file() for name in FILES) or any(
            next((self.path / name).iterdir(), None)
            for name in FOLDERS
            if (self.path / name).is_dir()
        )

    def check_kind(self) -> None:
        """Check that the folder is the store of a sweep, of any version.

        Raises
        ------
        ValueError
            If it is not.
        """
        path = self.path / "run.json"
        made_by = read_json(path) if path.is_file() else None
        if not isinstance(made_by, dict) or made_by.get("kind") != "sweep":
            raise ValueError(
                f"{self.path} is not the store of a sweep. "
                "To make one: isochron sweep GRID.toml --out STORE"
            )

    # Tasks

    def write_plan(self, tasks: Iterable[Task]) -> None:
        """Save the tasks, for workers that start from the folder alone."""
        write_bytes(
            self.path / "plan.jsonl", "".join(f"{task.to_json()}\n" for task in tasks).encode()
        )

    def plan(self) -> list[Task]:
        """The tasks that were saved; none in a new store.

        Raises
        ------
        DataFileError
            If the file is damaged.
        """
        return self._read_plan(strict=True)

    def whole_plan(self) -> list[Task]:
        """The tasks that were saved, without those that are damaged."""
        return self._read_plan(strict=False)

    def _read_plan(self, *, strict: bool) -> list[Task]:
        path, tasks = self.path / "plan.jsonl", []
        if not path.is_file():
            return []
        self.check_kind()
        made_by = read_json(self.path / "run.json")
        made_by.pop("kind")
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                tasks.append(Task.from_json(line, made_by))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                if strict:
                    text = str(error).rstrip(".")
                    raise DataFileError(
                        f"{path} is damaged: {text}. Run the sweep again."
                    ) from error
        return tasks

    def parse(self, line: str) -> Task:
        """The task of a line of the plan.

        Raises
        ------
        DataFileError
            If it is damaged, or the source of isochron is not that which made the plan.
        """
        try:
            return Task.from_json(line)
        except ValueError as error:
            if read_json(self.path / "run.json") == self._identity():
                raise DataFileError(f"{self.path / 'plan.jsonl'} is damaged: {error}") from error
            raise changed_source(self.path, "sweep") from error

    def stage(self, items: Sequence[Task]) -> None:
        """Nothing: the plan has all tasks."""

    # Results

    def compute(self, item: Task, report: Report) -> BatchResult:
        """Compute the runs of a batch."""
        folder, experiment = self.work_folder(item.key), open_experiment(item.experiment)
        item.check_inputs(experiment)
        return experiment.run(item.settings(), item.seeds, folder)

    def save(self, item: Task, result: BatchResult, seconds: float) -> None:
        """Write the results of a batch, with a line in the log."""
        self.write(item.key, result)
        self.log(item.key, len(item), seconds)
        shutil.rmtree(self.path / "tasks" / item.key, ignore_errors=True)

    def _batch(self, key: str) -> Path:
        return self.path / "batches" / key[:2] / f"{key}.npz"

    def write(self, key: str, result: BatchResult) -> None:
        """Save the results of a task: equal results give equal bytes."""
        arrays = result.arrays()
        content = BytesIO()
        np.savez(content, allow_pickle=False, **arrays, **{DIGEST: np.array(_digest(arrays))})
        own_folder(self._batch(key).parent)
        write_bytes(self._batch(key), content.getbuffer())
        (self.path / "failed" / f"{key}.json").unlink(missing_ok=True)

    def read(self, key: str) -> BatchResult | None:
        """The results of a task; None if there are none, or the file is damaged."""
        path = self._batch(key)
        if path.is_symlink() or not path.is_file():
            return None
        try:
            content = path.read_bytes()
            with np.load(BytesIO(content), allow_pickle=False) as file:
                if sum(item.file_size for item in file.zip.infolist()) > len(content):
                    return None  # compressed, as `write` never does
                arrays = {name: file[name] for name in file.files}
            digest = str(arrays.pop(DIGEST))
            return BatchResult.from_arrays(arrays) if digest == _digest(arrays) else None
        except (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile):
            return None

    def has(self, key: str) -> bool:
        """Whether a file of results is there; `read` tells whether it is whole."""
        return self._batch(key).is_file() and not self._batch(key).is_symlink()

    def discard_damaged(self, tasks: Iterable[Task]) -> list[str]:
        """Delete files of results that are damaged; their keys."""
        damaged = [t.key for t in tasks if self._present(t.key) and self.read(t.key) is None]
        for key in damaged:
            path = self._batch(key)
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        return damaged

    def _present(self, key: str) -> bool:
        return os.path.lexists(self._batch(key))

    def work_folder(self, key: str) -> Path:
        """Where a task that can resume saves what it has."""
        return own_folder(self.path / "tasks" / key)

    def size(self, tasks: Iterable[Task]) -> int:
        """Bytes of all results."""
        return sum(self._batch(t.key).stat().st_size for t in tasks if self.has(t.key))

    def digest(self, tasks: Iterable[Task]) -> str:
        """SHA-256 of all results, in the order of their keys."""
        keys = sorted(task.key for task in tasks if self.has(task.key))
        return sha256(
            part for key in keys for part in (key.encode(), self._batch(key).read_bytes())
        )

    # When and where

    def log(self, key: str, n_runs: int, seconds: float) -> None:
        """Add a line to the log of this process."""
        line = {
            "key": key, "runs": n_runs, "seconds": round(seconds, 4),
            "at": round(time.time(), 1), "host": socket.gethostname(), "processor": processor(),
        }  # fmt: skip
        name = f"{socket.gethostname()}-{os.getpid()}.jsonl"
        append_text(self.path / "log" / name, json.dumps(line) + "\n")

    def logged(self) -> Iterator[dict[str, Any]]:
        """All lines of the logs that are whole."""
        for path in sorted((self.path / "log").glob("*.jsonl")):
            if not path.is_file():
                continue
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    found = json.loads(line)
                    found |= {name: float(found[name]) for name in ("seconds", "at")}
                    yield found | {"runs": int(found["runs"]), "processor": str(found["processor"])}
                except (ValueError, TypeError, KeyError, RecursionError):
                    continue


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    parts = []
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        parts += [f"{name} {array.dtype.str} {array.shape}".encode(), array.tobytes()]
    return sha256(parts)


def processor() -> str:
    """The kind of this machine's processor, with a digest of its instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        rows = dict(line.split("\t: ", 1) for line in lines if "\t: " in line)
        name = next(v for k, v in rows.items() if k.strip() == "model name")
        flags = next(v for k, v in rows.items() if k.strip() == "flags")
        return f"{name} {sha256(' '.join(sorted(flags.split())).encode())[:8]}"
    except (OSError, StopIteration, ValueError):
        return f"{platform.machine()} {platform.processor()}".strip()
