"""Runs that were interrupted or had a full disk: the same run resumes from what they computed."""

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from isochron._version import __version__
from isochron.files import (
    is_disk_full,
    json_sha256,
    read_sealed_json,
    require_file,
    sha256,
    write_bytes,
    write_sealed_json,
)
from isochron.folders import own_folder, refuse_links
from isochron.sims.engines.request import EngineRequest, Progress
from isochron.wording import RESUMES

SELDOM_S, SHARE = 30.0, 0.05  # between two times that it is saved; largest share of the time
_PROBES = 257  # times at which the input is a part of the key


@contextmanager
def unfinished_run(out: Path | None) -> Iterator["UnfinishedRun | None"]:
    """Save the run inside when it is interrupted, next to its output; discard it at the end.

    It is saved, too, if the output cannot be written because the disk is full. A note of the
    error states whether the same command resumes.

    Parameters
    ----------
    out : Path or None
        Path of the output; without it nothing is saved.

    Raises
    ------
    ValueError
        If a symbolic link is where it would be saved.
    """
    if out is None:
        yield None
        return
    folder = _folder_of(out)
    refuse_links(folder.parent, [folder.name])
    run = UnfinishedRun(folder)
    try:
        yield run
    except (KeyboardInterrupt, SystemExit, OSError) as error:
        if not isinstance(error, OSError) or is_disk_full(error):
            run.save_noting(error)
        raise
    run.discard()


def discard_left_over(out: Path) -> None:
    """Delete what was saved before the output was written: the process was killed just then.

    What was saved later is of a run that replaces the output, and stays.
    """
    folder = _folder_of(out)
    with suppress(OSError):  # there is no output, or nothing was saved
        written = out.stat().st_mtime
        saved = folder / "run.json"
        if not folder.is_symlink() and not (saved.exists() and saved.stat().st_mtime > written):
            UnfinishedRun(folder).discard()


def _folder_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.unfinished")


class UnfinishedRun(Progress):
    """Progress of one run in a folder: its samples, and the state of its engine.

    It is saved now and then, for a crash, and by `save`.

    Parameters
    ----------
    folder : Path
        Folder, made when something is saved. The parent folder must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ""
        self._last: tuple[np.ndarray, int, dict[str, np.ndarray]] | None = None
        self._next, self._is_saved = time.monotonic() + SELDOM_S, False
        self._is_there = False  # something to resume from, possibly older

    def resume(self, request: EngineRequest, states: np.ndarray) -> Mapping[str, np.ndarray]:
        """Restore the samples of a run that was interrupted; see `Progress.resume`."""
        self._key = request_key(request)
        if not self._folder.is_dir():
            return {}
        try:
            found = self._read(states)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            warnings.warn(
                f"The run in {self._folder} cannot be resumed, and starts again: {error}",
                stacklevel=2,
            )
            return {}
        self._is_saved = self._is_there = True
        return found

    def update(self, states: np.ndarray, n_samples: int, **position: Any) -> None:
        """Note what is final, and save it if that was long ago."""
        arrays = {name: np.array(value) for name, value in position.items()}
        self._last = states, int(n_samples), arrays
        self._is_saved = False
        began = time.monotonic()
        if began > self._next:
            self.save()
            ended = time.monotonic()
            self._next = ended + max(SELDOM_S, (ended - began) / SHARE)

    def save(self) -> bool:
        """Write what is final; whether there is something to resume from."""
        if self._last is None or self._is_saved:
            return self._is_saved
        states, n_samples, arrays = self._last
        samples = np.ascontiguousarray(states[:n_samples])
        content = {
            "key": self._key,
            "n_samples": n_samples,
            "samples_sha256": sha256([samples.data]),
            "position": {name: _to_json(array) for name, array in arrays.items()},
        }
        own_folder(self._folder)
        write_bytes(self._folder / "samples", samples.data)
        write_sealed_json(self._folder / "run.json", content)
        self._is_saved = self._is_there = True
        return True

    def save_noting(self, error: BaseException) -> None:
        """Save what is final, and note at the error whether the same command resumes."""
        try:
            resumes = self.save()
        except OSError as lost:
            resumes = self._is_there
            if not resumes:
                error.add_note(f"What was computed could not be saved: {lost.strerror}.")
                self.discard()
        if resumes:
            error.add_note(RESUMES)

    def discard(self) -> None:
        """Delete what was saved, and save nothing more."""
        self._last, self._is_saved, self._is_there = None, False, False
        for name in ("run.json", "samples"):
            (self._folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # it is not there, or contains something else
            self._folder.rmdir()

    def _read(self, states: np.ndarray) -> dict[str, np.ndarray]:
        content = read_sealed_json(self._folder / "run.json")
        if content["key"] != self._key:
            raise ValueError("it is a different run.")
        n_samples, path = content["n_samples"], require_file(self._folder / "samples")
        size = n_samples * states[0].nbytes
        if n_samples > len(states):
            raise ValueError("samples has a different size.")
        # It is longer if it was written again, but run.json not: the disk was full, or a crash.
        with path.open("rb") as file:
            samples = file.read(size)
        if sha256(samples) != content["samples_sha256"]:
            raise ValueError("samples has been altered.")
        states[:n_samples] = np.frombuffer(samples).reshape(n_samples, -1)
        return {name: _from_json(value) for name, value in content["position"].items()}


def request_key(request: EngineRequest) -> str:
    """SHA-256 of all that determines the result of a run."""
    network = request.network
    times = np.linspace(0.0, request.n_steps * request.step_ms, _PROBES)
    arrays = (
        request.initial_state, network.laplacian, network.synapses, network.reversal,
        request.currents(times), request.thresholds(times),
    )  # fmt: skip
    numbers = [np.ascontiguousarray(array, dtype=float) for array in arrays]
    return json_sha256(
        {
            "version": __version__,
            "parameters": asdict(network.parameters),
            "stimulus": request.stimulus.describe(),
            "threshold_rule": request.threshold_rule,
            "method": request.method,
            "steps": [request.step_ms, request.n_steps, request.every],
            "longest_step": str(request.longest_step_ms),
            "arrays": [sha256(array.tobytes()) for array in numbers],
        }
    )


def _to_json(array: np.ndarray) -> dict[str, Any]:
    return {"type": array.dtype.str, "shape": array.shape, "bytes": array.tobytes().hex()}


def _from_json(value: Mapping[str, Any]) -> np.ndarray:
    content = np.frombuffer(bytes.fromhex(value["bytes"]), dtype=np.dtype(value["type"]))
    return content.reshape(value["shape"])
