"""Errors of workers as data, and as errors again."""

import traceback
from collections.abc import Mapping
from typing import Any

from isochron.extras import MissingExtraError
from isochron.files import DataFileError


class ClusterError(RuntimeError):
    """A cluster rejected jobs, or ended them before they were done."""


class WorkerKilledError(Exception):
    """An item of work ended its process, twice."""


# The first kind among the base classes of an error is the kind in which it is raised again.
_KINDS: dict[str, type[Exception]] = {
    "DataFileError": DataFileError,
    "ArithmeticError": ArithmeticError,
    "LinAlgError": ArithmeticError,
    "MemoryError": MemoryError,
    "OutOfMemoryError": MemoryError,
    "OSError": OSError,
    "MissingExtraError": MissingExtraError,
    "ImportError": ImportError,
    "ValueError": ValueError,
}
_REASONS: dict[str, type[Exception]] = {
    "killed": WorkerKilledError,
    "timeout": TimeoutError,
    "memory": MemoryError,
}


def record_error(error: Exception | SystemExit) -> dict[str, Any]:
    """What a file states of an error, so that `restore_error` can make it again."""
    found: dict[str, Any] = {
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
    if isinstance(error, OSError) and error.errno is not None:
        name = None if error.filename is None else str(error.filename)
        found["system"] = [error.errno, error.strerror, name]
    return found


def restore_error(failure: Mapping[str, Any]) -> Exception:
    """The error of an item that failed, of the same kind and with the same text.

    Parameters
    ----------
    failure : mapping
        As `WorkFolder.failure` returns it.
    """
    text = str(failure.get("message", failure.get("error", "")))
    kinds = [str(name) for name in failure.get("kinds", ())]
    known = next((_KINDS[name] for name in kinds if name in _KINDS), None)
    if failure.get("reason") in _REASONS:
        error = _REASONS[failure["reason"]](text)
    elif known is OSError and "system" in failure:
        error = OSError(*failure["system"])
    elif known is not None:
        error = known(text)
    else:
        error = type(kinds[0] if kinds else "WorkError", (Exception,), {})(text)
    if "traceback" in failure:
        error.__cause__ = RuntimeError(f"\n{failure['traceback']}")
    return error
