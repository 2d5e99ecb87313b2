"""Progress bars on a terminal, plain lines elsewhere."""

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from isochron.cli.console import PipedConsole
from isochron.runs import progress
from isochron.wording import printable

OFTEN_S, SELDOM_S = 10.0, 60.0  # between two lines of one step
PART = 0.1  # of a step, between two lines


@contextmanager
def show_progress(stream: TextIO) -> Iterator[progress.Progress]:
    """Display of the progress of a run."""
    if not stream.isatty():
        yield _Lines(stream)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=PipedConsole(file=stream)) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def begin(self, step: str) -> None:
        self._tasks[step] = self._bars.add_task(printable(step), total=1.0, text="")

    def update(self, step: str, fraction: float, text: str) -> None:
        self._bars.update(self._tasks[step], completed=fraction, text=printable(text))

    def end(self, step: str, seconds: float) -> None:
        self._stop(step, "done", completed=1.0)

    def fail(self, step: str, error: str) -> None:
        self._stop(step, f"failed: {_short(error)}")

    def say(self, text: str) -> None:
        self._bars.console.print(printable(text), markup=False, highlight=False)

    def _stop(self, step: str, text: str, completed: float | None = None) -> None:
        if step not in self._tasks:  # it ran elsewhere
            self.begin(step)
        self._bars.update(self._tasks[step], text=printable(text), completed=completed)
        self._bars.stop_task(self._tasks[step])


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began = time.perf_counter()
        self._last: dict[str, tuple[float, float]] = {}

    def _elapsed(self) -> float:
        return time.perf_counter() - self._began

    def _write(self, text: str) -> None:
        self._stream.write(f"[{self._elapsed():6.1f} s] {printable(text)}\n")
        self._stream.flush()

    def begin(self, step: str) -> None:
        self._last[step] = self._elapsed(), 0.0
        self._write(f"{step} ...")

    def update(self, step: str, fraction: float, text: str) -> None:
        """A line after a tenth of the work, but not within 10 s; after a minute in any case."""
        now, (last, before) = self._elapsed(), self._last[step]
        waited, done = now - last, fraction - before
        if waited >= SELDOM_S or (waited >= OFTEN_S and done >= PART):
            self._last[step] = now, fraction
            self._write(f"{step}: {100 * fraction:.0f} %, {text}")

    def end(self, step: str, seconds: float) -> None:
        self._write(f"{step} done in {seconds:.1f} s")

    def fail(self, step: str, error: str) -> None:
        self._write(f"{step} failed: {_short(error)}")

    def say(self, text: str) -> None:
        self._write(text)


def _short(error: str) -> str:
    """The first part of an error, on one line."""
    return textwrap.shorten(error, 160, placeholder=" ...")
