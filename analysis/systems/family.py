"""Families of systems that differ in parameters."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isochron.analysis.systems.protocols import System


@dataclass(frozen=True)
class SystemFamily:
    """Systems that differ in parameters, by name.

    Attributes
    ----------
    make : callable
        ``make(**parameters)`` returns a system.
    parameters : mapping of str to float
        Their values where nothing else is said.
    """

    make: Callable[..., System]
    parameters: Mapping[str, float]

    def along(self, *names: str) -> Callable[..., Any]:
        """A function of the values of some parameters, in this order; the others stay."""
        for name in names:
            if name not in self.parameters:
                near = difflib.get_close_matches(name, self.parameters, n=3)
                hint = f" Did you mean {', '.join(near)}?" if near else ""
                known = ", ".join(self.parameters)
                raise ValueError(f"There is no parameter {name!r}.{hint} There are: {known}.")

        def at(*values: float) -> System:
            return self.make(**{**self.parameters, **dict(zip(names, values, strict=True))})

        return at
