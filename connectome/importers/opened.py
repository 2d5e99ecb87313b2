"""Readers of files whose connectomes remember how a command reads them again."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from isochron.connectome.model import Connectome

P = ParamSpec("P")
Path = str | os.PathLike


def remembers_its_file(
    reader: Callable[Concatenate[Path, P], Connectome],
) -> Callable[Concatenate[Path, P], Connectome]:
    """A reader whose connectome has the path in `Connectome.opened_as`.

    With options it does not: a command reads a file without them.
    """

    @wraps(reader)
    def read(path: Path, *args: Any, **options: Any) -> Connectome:
        found = reader(path, *args, **options)
        return found if options else replace(found, opened_as=os.fspath(path))

    return read
