"""Fronts of packages whose names are imported when they are used (PEP 562).

A package states its names once, as imports below ``if TYPE_CHECKING:``, which type checkers read;
`lazy_names` reads the same lines when the first name is asked for. So a package with heavy
dependencies costs nothing until one of its names needs them.
"""

import ast
import importlib
import sys
from collections.abc import Callable
from functools import cache
from typing import Any


def lazy_names(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Its ``__name__``.

    Examples
    --------
    >>> from typing import TYPE_CHECKING
    >>> if TYPE_CHECKING:
    ...     from json.decoder import JSONDecoder
    >>> __getattr__, __dir__ = lazy_names(__name__)
    """

    def load(name: str) -> Any:
        module = _places(package).get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        submodule = module == package
        found = importlib.import_module(f"{package}.{name}" if submodule else module)
        found = found if submodule else getattr(found, name)
        setattr(sys.modules[package], name, found)
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *_places(package)})

    return load, names


@cache
def _places(package: str) -> dict[str, str]:
    """Modules of the names that a package imports below ``if TYPE_CHECKING:``."""
    spec = sys.modules[package].__spec__
    source = spec.loader.get_source(package)  # type: ignore[union-attr]
    return {
        alias.name: str(node.module)
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
