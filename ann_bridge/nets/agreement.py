"""Agreement of settings that the caller gives with those of imported weights or modules."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def check_agreement(given: Mapping[str, Any], found: Mapping[str, Any], what: str) -> None:
    """Raise if a setting is given that differs from what the weights show.

    Parameters
    ----------
    given : mapping of str to any
        Settings of the caller, by name; None is not given.
    found : mapping of str to any
        What the weights show; None is not known. Numbers agree to 1e-6 (float32).
    what : str
        Source of the settings, for the message: ``the weights``.

    Raises
    ------
    ValueError
        With both values.
    """
    for name, value in found.items():
        stated = given.get(name)
        if value is not None and stated is not None and not _same(stated, value):
            raise ValueError(
                f"{name}={stated!r} contradicts {what}, which have {name}={value!r}. Omit it, or "
                "give that value."
            )


def module_setting(weights: Any, prefix: str | None, name: str) -> Any:
    """An attribute of a module, or of the part of it at a prefix; None if it is absent.

    State dicts do not contain such settings, so that only the caller knows them.
    """
    if not isinstance(weights, nn.Module):
        return None
    parts = dict(weights.named_modules())
    part = parts.get((prefix or "").removesuffix("."), weights)
    values = [vars(inner)[name] for inner in part.modules() if name in vars(inner)]
    value = values[0] if values else None
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def _same(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    if numbers and not isinstance(one, bool) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=10 * torch.finfo(torch.float32).eps)
    return type(one) is type(other) and bool(one == other)
