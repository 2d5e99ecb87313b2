"""Engines: each integrates the graded network by its own means, and they agree.

What an engine has to offer stands in `isochron.sims.engines.request`.
"""

import importlib
from types import ModuleType

# Name -> module, and what brings the packages that it needs.
ENGINES = {
    "numba": ("isochron.sims.engines.numba_graded", "isochron"),
    "torch": ("isochron.sims.engines.torch_graded", "isochron"),
    "scipy": ("isochron.sims.engines.scipy_graded", "isochron"),
    "brian2": ("isochron.sims.engines.brian2_graded", "isochron[spiking]"),
    "jneuroml": ("isochron.sims.engines.jneuroml", "isochron[neuroml]"),
    "neuron": ("isochron.sims.engines.neuron", "isochron[neuron]"),
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
    module, package = ENGINES[name]
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
