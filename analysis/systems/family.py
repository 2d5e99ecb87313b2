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
        Values of the parameters that are not varied.

    Examples
    --------
    >>> family = analysis.SystemFamily(
    ...     lambda drive, gain: analysis.Flow(lambda t, x: drive - x + np.tanh(gain * x)),
    ...     {"drive": 0.0, "gain": 2.0},
    ... )
    >>> branch = analysis.continue_fixed_points(family.along("drive"), [-0.9], 0.0, limits=(-1, 1))
    >>> [f"{fold.parameter:.4f}" for fold in branch.of_kind("fold")]
    ['0.2664', '-0.2664']
    """

    make: Callable[..., System]
    parameters: Mapping[str, float]

    def along(self, *names: str) -> Callable[..., Any]:
        """A function of the values of some parameters, in this order; the others stay.

        Parameters
        ----------
        names : str
            Names of the parameters that vary, in the order of the arguments of the function.

        Returns
        -------
        callable
            The system at values of these parameters; the others stay.

        Raises
        ------
        ValueError
            If a parameter does not exist.
        """
        for name in names:
            if name not in self.parameters:
                near = difflib.get_close_matches(name, self.parameters, n=3)
                hint = f" Did you mean {', '.join(near)}?" if near else ""
                known = ", ".join(self.parameters)
                raise ValueError(f"There is no parameter {name!r}.{hint} There are: {known}.")

        def at(*values: float) -> System:
            return self.make(**{**self.parameters, **dict(zip(names, values, strict=True))})

        return at
