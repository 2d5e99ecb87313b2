"""Masked arrays of NumPy, whose masks `numpy.array` drops without a word."""

from typing import Any

from isochron.wording import counted


def reject_masked(name: str, values: Any) -> None:
    """Raise for an array with masked values, or a list that contains one.

    Parameters
    ----------
    name : str
        For the message.
    values : any
        What the caller gave, before it becomes an array or a tensor.

    Raises
    ------
    ValueError
        If a value is masked.
    """
    from numpy import ma

    parts = values if isinstance(values, list | tuple) else [values]
    count = sum(int(ma.count_masked(x)) for x in parts if isinstance(x, ma.MaskedArray))
    if count:
        raise ValueError(
            f"{name} has {counted(count, 'masked value')}, where numbers are needed. Replace what "
            "is masked, for example by the method filled(0), or remove it."
        )
