"""SIGINT and SIGTERM: one stops a command, which ends within seconds; a second one changes nothing.

Python handles a signal between two of its instructions, and compiled code can take long. A
thread receives the signal without delay, and ends the process if the command does not.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from isochron.cli.descendants import Started, end_processes, find_descendants, now
from isochron.files import is_disk_full
from isochron.wording import RESUMES

LONGEST_S = 8.0  # from a signal to the end of the process
AGAIN_S = 0.1
INTERRUPTED, TERMINATED = 130, 143
CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}
WORDS = {INTERRUPTED: "Interrupted.", TERMINATED: "Terminated."}


@contextmanager
def resumable(*, force: bool = False) -> Iterator[None]:
    """A context whose work the same command resumes; the message says so.

    It says so after a signal, and if the disk is full. With ``--force`` the command would start
    from scratch.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, OSError) as error:
        said = getattr(error, "__notes__", None)  # what failed in a worker
        if not isinstance(error, OSError) or (is_disk_full(error) and not said):
            note = "The same command without --force resumes from here." if force else RESUMES
            if note not in (said or ()):
                error.add_note(note)
        raise


@contextmanager
def handled_signals(*, to_the_end: bool) -> Iterator[list[int]]:
    """Stop the work inside at the first SIGINT or SIGTERM, with all its workers.

    The context has the list of the signals that came.

    Parameters
    ----------
    to_the_end : bool
        Whether the process ends after the context: signals do not act any more.

    Raises
    ------
    KeyboardInterrupt, SystemExit
        At SIGINT; at SIGTERM, with the code 143.
    """
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    came: list[int] = []
    began = now()
    started: Started = {}

    def stop(number: int, frame: object) -> NoReturn | None:
        if came:
            return
        came.append(number)
        if to_the_end:
            started.update(find_descendants(began))  # before theirs lose their parents
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(TERMINATED)

    before: dict[int, Any] = {
        number: signal.signal(number, stop)
        for number in CODES
        if signal.getsignal(number) != signal.SIG_IGN  # as for a process in the background
    }
    watch, hook = _Watch(started), sys.unraisablehook

    def again(lost: Any) -> None:
        """Send the signal again if a callback of compiled code lost its exception."""
        if came and isinstance(lost.exc_value, KeyboardInterrupt | SystemExit):
            threading.Timer(AGAIN_S, os.kill, (os.getpid(), came.pop())).start()
        else:
            hook(lost)

    sys.unraisablehook = again
    try:
        yield came
    finally:
        sys.unraisablehook = hook
        end_processes(started)
        if to_the_end:
            # Before it ends Python puts back the default of the system for its own handlers only,
            # and a mask would be that of this thread only.
            for number in before:
                signal.signal(number, signal.SIG_IGN)
        else:
            for number, handler in before.items():
                signal.signal(number, handler)
            watch.close()


class _Watch:
    """Ends the process some time after a signal, whatever it computes, with those it started."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self._over = threading.Event()
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._over.set()
        signal.set_wakeup_fd(self._before)
        os.close(self._writing)  # the thread reads the end of the pipe, and closes it

    def _run(self) -> None:
        with suppress(OSError):
            while number := os.read(self._reading, 1):
                if number[0] in CODES and not self._over.wait(LONGEST_S):
                    end_processes(self._started)
                    _end(CODES[signal.Signals(number[0])])
        os.close(self._reading)


def _end(code: int) -> NoReturn:
    with suppress(OSError, ValueError):
        if sys.__stderr__ is not None:
            os.write(sys.__stderr__.fileno(), f"isochron: {WORDS[code]}\n".encode())
    os._exit(code)
