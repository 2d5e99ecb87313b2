"""The check of an array's shape, for arrays of NumPy and tensors."""

from typing import Any


def check_shape(name: str, array: Any, shape: tuple[int | str, ...]) -> None:
    """Require the shape of an array.

    Parameters
    ----------
    name : str
        Name of the array in the error message.
    array : ndarray or Tensor
    shape : tuple of int or str
        Expected length of each dimension; a str is the name of a length that may be any.

    Raises
    ------
    ValueError
        If the shape is different.
    """
    given = tuple(array.shape)
    if given == shape:
        return
    if len(given) == len(shape) and all(
        isinstance(wanted, str) or length == wanted
        for length, wanted in zip(given, shape, strict=True)
    ):
        return
    expected = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    raise ValueError(f"{name} must have shape {expected}, got {given}.")
