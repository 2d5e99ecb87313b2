"""A run folder: one configuration, the results of each step, and a lock."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from isochron.files import (
    DataFileError,
    read_json,
    read_sealed_json,
    write_bytes,
    write_json,
    write_sealed_json,
)
from isochron.folders import own_folder, refuse_links
from isochron.locks import lock_file
from isochron.runs.configuration import config_digest, to_toml
from isochron.runs.executors.work_folder import remove_parts

MARKER = "run.json"
SCHEMA = 1
INTERIM = ("interim.json", "interim.html")  # of a run that is not finished
OURS = (
    *(
        MARKER,
        "config.toml",
        "results.json",
        "report.html",
        "view.html",
        "plan.jsonl",
        "steps.sbatch",
    ),
    *INTERIM,
    *("steps", "nets", "data", "failed", "claims", "log", ".lock"),
)


@dataclass(frozen=True)
class FinishedStep:
    """Result of a step as JSON values, its duration, and when it finished (UTC)."""

    result: Any
    seconds: float
    finished_at: str | None = None


class RunPaths:
    """Paths and results of steps in a run folder, for workers, which do not lock it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def net_path(self, system: str) -> Path:
        """Path of a network, without suffix."""
        return self.path / "nets" / system

    def data_path(self, system: str) -> Path:
        """Path of the arrays of a system."""
        return self.path / "data" / f"{system}.nc"

    def finished(self, step: str) -> bool:
        """Whether a step is done."""
        return self._step_path(step).is_file()

    def finish(self, step: str, result: Any, seconds: float) -> None:
        """Save the result of a step, which is finished from now on."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"result": result, "seconds": round(seconds, 3), "finished_at": now}
        write_sealed_json(self._step_path(step), body)

    def result(self, step: str) -> Any:
        """Result of a finished step."""
        return self._read_step(step).result

    def seconds(self, step: str) -> float:
        """Duration of a finished step."""
        return self._read_step(step).seconds

    def last_finished(self, steps: Iterable[str]) -> str | None:
        """When the last of the finished steps ended (UTC); None if that was not recorded."""
        times = [self._read_step(step).finished_at for step in steps if self.finished(step)]
        return max(filter(None, times), default=None)

    def _read_step(self, step: str) -> FinishedStep:
        path = self._step_path(step)
        try:
            kept = read_sealed_json(path)
        except DataFileError as error:
            raise DataFileError(f"{error} Remove it to do this step again.") from error
        return FinishedStep(**kept)

    def _step_path(self, step: str) -> Path:
        return self.path / "steps" / f"{step}.json"


class RunFolder(RunPaths):
    """Folder of a run with the results of its steps, so that the same command can resume it.

    A context manager: the folder is locked until the end of the context.

    Parameters
    ----------
    path : Path
        The folder; it is made if it does not exist.
    config : frozen dataclass
        Configuration of the run; a folder with a different configuration is rejected.
    version : str
        Version of isochron; a folder of a different version is rejected.
    force : bool
        Whether to empty a run folder that does not fit, instead of rejecting it. A folder that
        is not a run folder is never emptied.
    title : str
        First line of its ``config.toml``.
    inputs : mapping of str to str, optional
        Digests of the files that the configuration names. A folder of a run with different
        contents of these files is rejected.

    Raises
    ------
    DataFileError
        If the folder contains a run of a different version.
    ValueError
        If the folder contains other files, or a different run.
    BlockingIOError
        If it is in use.
    OSError
        If it cannot be written to.
    """

    def __init__(
        self,
        path: Path,
        config: Any,
        version: str,
        *,
        force: bool = False,
        title: str = "isochron compare",
        inputs: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(path)
        self._inputs = dict(inputs or {})
        self._title = title
        self._lock: BinaryIO | None = None
        try:
            self._open(config, version, force)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Unlock the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _open(self, config: Any, version: str, force: bool) -> None:
        path = self.path
        wanted: dict[str, str | int] = {
            "schema": SCHEMA,
            "version": version,
            "config_sha256": config_digest(config),
        }
        wanted |= {f"{name}_sha256": digest for name, digest in self._inputs.items()}
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file. Give a folder with --out.")
        if path.is_dir() and any(map(_counts, path.iterdir())):
            self._check(wanted, force)
        path.mkdir(parents=True, exist_ok=True)
        self._acquire()
        write_json(path / MARKER, wanted)  # first: from now on the folder is known as ours
        for name in ("steps", "nets", "data"):
            own_folder(path / name)
        remove_parts(path)
        write_bytes(path / "config.toml", to_toml(config, self._title).encode())

    def _check(self, wanted: dict[str, str | int], force: bool) -> None:
        refuse_links(self.path, OURS[:-1])
        foreign = sorted(
            item.name for item in self.path.iterdir() if item.name not in OURS and _counts(item)
        )
        if foreign or not (self.path / MARKER).is_file():
            what = foreign[0] if foreign else "other files"
            raise ValueError(
                f"{self.path} contains {what}. Give an empty or new folder with --out."
            )
        if not force:
            present = self._read_marker()
            if present == wanted:
                return
            self._check_version(present.get("version"), wanted["version"])
            keys = dict.fromkeys((*wanted, *present))
            different = [k.removesuffix("_sha256") for k in keys if present.get(k) != wanted.get(k)]
            raise ValueError(
                f"{self.path} contains a run of a different {' and '.join(different)}. "
                "Give a different folder with --out, or --force to start again."
            )
        self._acquire()
        for name in OURS[:-1]:
            item = self.path / name
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink(missing_ok=True)

    def _read_marker(self) -> dict[str, Any]:
        path = self.path / MARKER
        again = "Give a different folder with --out, or --force to start again."
        try:
            present = read_json(path)
        except DataFileError as error:
            raise DataFileError(f"{error} {again}") from error
        if not isinstance(present, dict):
            raise DataFileError(f"{path} does not describe a run. {again}")
        return present

    def _check_version(self, present: object, wanted: object) -> None:
        if present != wanted:
            raise DataFileError(
                f"{self.path} contains a run of isochron {present}; this is {wanted}, which cannot "
                "use its parts. Give a different folder with --out, or --force to start again."
            )

    def _acquire(self) -> None:
        if self._lock is None:
            busy = f"{self.path} is in use by a second isochron."
            self._lock = lock_file(self.path / ".lock", busy)


def _counts(item: Path) -> bool:
    """Whether an item of a folder is more than what an interrupted start leaves."""
    return item.name != ".lock" and not item.name.endswith(".part")
