"""The check of what an argument of a public function is."""

from collections.abc import Iterable
from typing import Any

from isochron.wording import shown


def require_instance(name: str, value: Any, kind: type | tuple[type, ...], example: str) -> None:
    """Check that an argument is an instance of a class.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : any
        What the caller gave.
    kind : type or tuple of type
        The class, or several; the first one is named.
    example : str
        Expression that makes an instance.

    Raises
    ------
    TypeError
        If it is something else, such as the class itself.
    """
    if isinstance(value, kind):
        return
    wanted = (kind[0] if isinstance(kind, tuple) else kind).__name__
    raise TypeError(f"{name} must be a {wanted}, got {what_it_is(value)}. Example: {example}.")


def require_callable(name: str, value: Any, example: str) -> None:
    """Check that an argument is a function.

    Raises
    ------
    TypeError
        If it cannot be called.
    """
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {what_it_is(value)}. Example: {example}.")


def as_list(name: str, values: Any) -> list[Any]:
    """A list of what a list, an array or a generator contains.

    Raises
    ------
    TypeError
        If it is a single value, or a text.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, got {what_it_is(values)}.")
    return list(values)


def require_rng(rng: Any) -> None:
    """Check that a source of random numbers is a generator of NumPy.

    Raises
    ------
    TypeError
        If it is something else, such as a seed.
    """
    import numpy as np

    require_instance("rng", rng, np.random.Generator, "np.random.default_rng(0)")


def what_it_is(value: Any) -> str:
    """A wrong argument in a message: ``None``, ``'text'``, ``the class int``, ``ndarray``."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or isinstance(value, str | int | float | complex):
        text = shown(value)
        return text if len(text) <= 80 else f"{text[:80]}..."
    return type(value).__name__
