"""Engines: independent implementations that integrate the graded network, with the same result.

`isochron.sims.engines.request` describes the interface of an engine.
"""

import math
from difflib import get_close_matches
from typing import TYPE_CHECKING

from isochron.registry import Entry, Registry
from isochron.wording import joined

if TYPE_CHECKING:
    from isochron.sims.graded import GradedNetwork

_ENGINES = "isochron.sims.engines"
_SETTINGS = f"{_ENGINES}.settings"

ENGINES = Registry(
    "engine",
    {
        "numba": Entry(
            f"{_ENGINES}.numba_graded",
            "Compiled methods: of order 2, stable at any time step, or multistep and faster.",
            f"{_SETTINGS}:NumbaSettings",
        ),
        "torch": Entry(
            f"{_ENGINES}.torch_graded",
            "The method of numba on a GPU, with gradients.",
            f"{_SETTINGS}:StrangSettings",
        ),
        "triton": Entry(
            f"{_ENGINES}.triton_graded",
            "The method of numba for large ensembles on a GPU, one worm to a lane.",
            f"{_SETTINGS}:TritonSettings",
            "isochron[triton]",
        ),
        "scipy": Entry(
            f"{_ENGINES}.scipy_graded",
            "Adaptive implicit methods with tight tolerances; the reference.",
            f"{_SETTINGS}:ScipySettings",
        ),
        "brian2": Entry(
            f"{_ENGINES}.brian2_graded",
            "Explicit methods of Brian2.",
            f"{_SETTINGS}:Brian2Settings",
            "isochron[spiking]",
        ),
        "jneuroml": Entry(
            f"{_ENGINES}.jneuroml",
            "jNeuroML, on the exported NeuroML model.",
            f"{_SETTINGS}:JNeuroMLSettings",
            "isochron[neuroml]",
        ),
        "neuron": Entry(
            f"{_ENGINES}.neuron",
            "NEURON, on the exported NeuroML model.",
            f"{_SETTINGS}:NeuronSettings",
            "isochron[neuron]",
        ),
    },
)


def check_method(engine: str, method: str | None) -> str:
    """The name of a method of an engine; its default for None.

    Raises
    ------
    ValueError
        If the engine does not exist, or does not have the method.
    """
    methods = ENGINES.load_settings(engine).methods()
    if method is not None and method not in methods:
        near = get_close_matches(method.lower(), methods, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"The engine {engine!r} does not have a method {method!r}; it has "
            f"{', '.join(methods)}.{hint}"
        )
    return methods[0] if method is None else method


def describe_default_steps() -> str:
    """Default time steps of the engines in words."""
    groups: dict[str, list[str]] = {}
    for engine in ENGINES:
        settings = ENGINES.load_settings(engine)
        words = f"{'at most ' * settings.explicit}{settings().step_ms:g}"
        groups.setdefault(words, []).append(engine)
    return ", ".join(f"{words} for {joined(engines)}" for words, engines in groups.items())


def describe_methods() -> str:
    """The integration methods of the engines in words, the default of an engine first."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for engine in ENGINES:
        groups.setdefault(ENGINES.load_settings(engine).methods(), []).append(engine)
    return "; ".join(f"{' or '.join(each)} for {joined(whose)}" for each, whose in groups.items())


def default_step(engine: str, network: "GradedNetwork") -> float:
    """Default time step of an engine for a network, in ms.

    It is that of the settings of the engine. An engine with an explicit method takes at most
    half of the largest stable step, rounded down to 1, 2 or 5 times a power of ten.

    Raises
    ------
    ValueError, ModuleNotFoundError
        As `Registry.load`.
    """
    limit = getattr(ENGINES.load(engine), "largest_stable_step", None)
    step = ENGINES.load_settings(engine)().step_ms
    return step if limit is None else min(step, _round_down(limit(network) / 2))


def _round_down(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a value."""
    if math.isinf(value):
        return value
    exponent = math.floor(math.log10(value))
    digit = max(digit for digit in (1, 2, 5) if digit <= value / 10**exponent * (1 + 1e-12))
    return float(f"{digit}e{exponent}")
