"""Errors as one line on stderr and an exit code."""

import errno
import json
import sys
import traceback
from collections.abc import Sequence

import click

FAILED, USAGE, NUMERICAL, INTERRUPTED, TERMINATED = 1, 2, 4, 130, 143


def describe_error(error: BaseException, arguments: Sequence[str]) -> int:
    """Print an error, as JSON with ``--json``, with its traceback with ``--debug``.

    Returns
    -------
    int
        Exit code.
    """
    code, message = _classify(error)
    if "--debug" in arguments:
        traceback.print_exception(error)
    if "--json" in arguments:
        content = {"schema": 1, "ok": False, "error": message, "exit_code": code}
        sys.stdout.write(json.dumps(content) + "\n")
    sys.stderr.write(f"isochron: {message}\n")
    return code


def _classify(error: BaseException) -> tuple[int, str]:
    text = " ".join(str(error).split())
    if isinstance(error, click.ClickException):
        return error.exit_code, f"{error.format_message()} See isochron --help."
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "Interrupted. The same command goes on from here."
    if isinstance(error, SystemExit):
        return TERMINATED, "Terminated. The same command goes on from here."
    if isinstance(error, ArithmeticError):
        return NUMERICAL, text
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            text = f"The disk is full: {error.filename} was not written."
        elif error.filename:
            text = f"{error.strerror}: {error.filename}"
        return FAILED, text
    if isinstance(error, ValueError):
        return USAGE, text
    if isinstance(error, ImportError):
        return FAILED, text
    return FAILED, f"{type(error).__name__}: {text} (--debug shows where)"
