"""Engines: each integrates the graded network by its own means, and they agree.

What an engine has to offer stands in `isochron.sims.engines.request`.
"""

import importlib
import math
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from isochron.sims.graded import GradedNetwork


class Engine(NamedTuple):
    """An engine that is not imported yet.

    Attributes
    ----------
    module : str
    package : str
        What installs the packages that it needs.
    step_ms : float
        Default time step. Engines with explicit methods take less where a network needs it;
        see `default_step`.
    """

    module: str
    package: str
    step_ms: float


ENGINES = {
    "numba": Engine("isochron.sims.engines.numba_graded", "isochron", 0.5),
    "torch": Engine("isochron.sims.engines.torch_graded", "isochron", 0.5),
    "scipy": Engine("isochron.sims.engines.scipy_graded", "isochron", 0.5),
    "brian2": Engine("isochron.sims.engines.brian2_graded", "isochron[spiking]", 0.05),
    "jneuroml": Engine("isochron.sims.engines.jneuroml", "isochron[neuroml]", 0.05),
    "neuron": Engine("isochron.sims.engines.neuron", "isochron[neuron]", 0.05),
}


def load_engine(name: str) -> ModuleType:
    """The module of an engine, imported when it is first asked for.

    Raises
    ------
    ValueError
        If there is no such engine.
    ModuleNotFoundError
        If a package that it needs is not installed; the message says what installs it.
    """
    if name not in ENGINES:
        raise ValueError(f"Unknown engine {name!r}; choose from {', '.join(ENGINES)}.")
    module, package = ENGINES[name][:2]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"The engine {name!r} needs {error.name}, which is not installed: "
            f'pip install "{package}".',
            name=error.name,
        ) from error


def check_method(engine: str, method: str | None) -> str:
    """The name of a method of an engine; its default for None.

    Raises
    ------
    ValueError
        If the engine has no such method.
    """
    methods = load_engine(engine).METHODS
    if method is not None and method not in methods:
        raise ValueError(
            f"The engine {engine!r} has no method {method!r}; it has {', '.join(methods)}."
        )
    return methods[0] if method is None else method


def default_step(engine: str, network: "GradedNetwork") -> float:
    """The time step in ms that an engine takes for a network if none is given.

    That of its entry in `ENGINES`. An engine whose method is explicit takes at most half of the
    largest stable step, rounded down to 1, 2 or 5 times a power of ten.

    Raises
    ------
    ValueError, ModuleNotFoundError
        As `load_engine`.
    """
    limit = getattr(load_engine(engine), "largest_stable_step", None)
    step = ENGINES[engine].step_ms
    return step if limit is None else min(step, _round_down(limit(network) / 2))


def _round_down(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a value."""
    if math.isinf(value):
        return value
    exponent = math.floor(math.log10(value))
    digit = max(digit for digit in (1, 2, 5) if digit <= value / 10**exponent * (1 + 1e-12))
    return float(f"{digit}e{exponent}")
