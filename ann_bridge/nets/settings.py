"""What the settings of all networks share."""

from dataclasses import fields
from typing import Any

import numpy as np
from torch import Tensor

HINTS = {
    "time_constant_ms": " FullRankRNN.from_weights takes one for each unit.",
    "output_scale": " Multiply output_weights instead.",
}


def check_single_numbers(settings: Any) -> None:
    """Check that no setting is an array; a NumPy number becomes one of Python.

    Raises
    ------
    ValueError
        If one is.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if not isinstance(value, np.ndarray | np.generic | Tensor | list | tuple):
            continue
        shape = np.shape(value)
        if shape != ():
            raise ValueError(
                f"{field.name} must be one number for the whole network, got {shape[0]} values "
                f"(shape {shape}).{HINTS.get(field.name, '')}"
            )
        object.__setattr__(settings, field.name, value.item())  # type: ignore[union-attr]
