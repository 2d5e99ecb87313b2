"""Packages of extras, which may be missing."""

import importlib
from typing import Any


class MissingExtraError(ModuleNotFoundError):
    """A package of an extra, or a program that it needs, is not installed."""


def import_extra(module: str, what: str, extra: str) -> Any:
    """Import a module of an extra.

    Parameters
    ----------
    module : str
        Its name, such as ``pynwb``.
    what : str
        What needs it, as the subject of a sentence.
    extra : str
        The extra that installs it, such as ``nwb``.

    Raises
    ------
    MissingExtraError
        If it, or a package that it needs, is not installed; the message has the command that
        installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing_extra(error.name or module, what, f"isochron[{extra}]") from error


def missing_extra(name: str, what: str, distribution: str) -> MissingExtraError:
    """The error for a package that is not installed.

    Parameters
    ----------
    name : str
        The package.
    what : str
        As for `import_extra`.
    distribution : str
        What pip installs, such as ``isochron[nwb]``.
    """
    return MissingExtraError(
        f'{what} needs {name}, which is not installed: pip install "{distribution}".', name=name
    )
