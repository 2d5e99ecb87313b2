"""Errors as one line on stderr and an exit code."""

import errno
import json
import os
import select
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

import click

from isochron.cli.signals import INTERRUPTED, WORDS
from isochron.wording import printable

FAILED, USAGE, DATA, NUMERICAL, RESOURCES = 1, 2, 3, 4, 5
CLOSED_PIPE = 141
SCARCE = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk quota is used up",
    errno.EFBIG: "The file would be too large",
    errno.EMFILE: "Too many files are open",
    errno.ENFILE: "Too many files are open",
    errno.ENOMEM: "There is not enough memory",
}


def describe_error(error: BaseException, arguments: Sequence[str]) -> int:
    """Print an error, as JSON with ``--json``, with its traceback with ``--debug``.

    Returns
    -------
    int
        Exit code.
    """
    code, message = _classify(error)
    notes = [note for note in getattr(error, "__notes__", ()) if type(note) is str]
    message = " ".join([message, *notes])  # a library's own notes are of other types
    if "--debug" in arguments:
        traceback.print_exception(error)
    if "--json" in arguments:
        content = {"schema": 1, "ok": False, "error": message, "exit_code": code}
        try:
            sys.stdout.write(json.dumps(content) + "\n")
            sys.stdout.flush()  # before the message: a closed pipe ends the command without one
        except BrokenPipeError:
            raise
        except OSError:  # the disk is full: the message is on stderr
            _discard(sys.stdout)
    sys.stderr.write(f"isochron: {printable(message)}\n")
    return code


def end_quietly(streams: Sequence[TextIO]) -> int | None:
    """End without a message if the reader of the output has closed its pipe, as ``head`` does.

    The closed stream is pointed at nothing, so that the flush at exit prints no message either.

    Returns
    -------
    int or None
        Exit code, that of a process which SIGPIPE ends; None if all streams are open.
    """
    closed = [stream for stream in streams if _is_closed_pipe(stream)]
    if not closed:
        return None
    for stream in closed:
        _discard(stream)
    return CLOSED_PIPE


def _discard(stream: TextIO) -> None:
    """Point a stream at nothing, so that the flush at exit succeeds."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def _is_closed_pipe(stream: TextIO) -> bool:
    """Whether the reader of a stream is gone."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return False  # not a file: a test that captures the output
    asked = select.poll()
    asked.register(descriptor, select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0))


def _classify(error: BaseException) -> tuple[int, str]:
    text = " ".join(str(error).split())
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = "isochron" if context is None else context.command_path
        return error.exit_code, f"{error.format_message()} See {command} --help."
    if isinstance(error, KeyboardInterrupt | SystemExit):
        code = INTERRUPTED if isinstance(error, KeyboardInterrupt) else int(error.code or 0)
        return code, WORDS[code]
    names = {kind.__name__ for kind in type(error).__mro__}
    if "MissingExtraError" in names:
        return USAGE, text
    if "TooLargeError" in names:
        return RESOURCES, text
    if "DataFileError" in names:
        return DATA, text
    if isinstance(error, ArithmeticError) or "LinAlgError" in names:
        return NUMERICAL, text
    if isinstance(error, MemoryError) or "OutOfMemoryError" in names or "allocate memory" in text:
        return RESOURCES, f"There is not enough memory. {text}".strip()
    if "WorkerKilledError" in names:
        return RESOURCES, f"{text} Fewer --workers need less memory."
    if isinstance(error, OSError):
        return _classify_system_error(error, text)
    if isinstance(error, ValueError):
        return USAGE, text
    if isinstance(error, ImportError) or "ClusterError" in names:
        return FAILED, text
    return FAILED, f"{type(error).__name__}: {text} (--debug shows where)"


def _classify_system_error(error: OSError, text: str) -> tuple[int, str]:
    if isinstance(error, BlockingIOError):
        return RESOURCES, error.strerror or text
    if error.errno in SCARCE:
        lost = f": {error.filename} was not written" if error.filename else ""
        way_out = " Free space on it." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return RESOURCES, f"{SCARCE[error.errno]}{lost}.{way_out}"
    return FAILED, f"{error.strerror}: {error.filename}" if error.filename else text
