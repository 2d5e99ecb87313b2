"""Weights from arrays and from state dicts, checked."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from isochron.ann_bridge.draws import zeros
from isochron.real_numbers import require_real

Weights: TypeAlias = Mapping[str, ArrayLike] | Iterable[tuple[str, ArrayLike]] | nn.Module
LARGEST = torch.finfo(torch.float32).max
GATES = {
    1: ("RNN", "FullRankRNN.from_torch_rnn"),
    3: ("GRU", "GRUNet.from_weights"),
    4: ("LSTM", "LSTMNet.from_weights"),
}


def checked_arrays(**arrays: Any) -> dict[str, Tensor]:
    """Arrays as tensors in float32, by name.

    Parameters of torch, tensors on any device and of any type of numbers are arrays too.

    Raises
    ------
    ValueError
        If something is not an array of real numbers, or a value is not finite or too large for
        float32.
    """
    return {name: tensor.float() for name, tensor in checked_doubles(**arrays).items()}


def checked_doubles(**arrays: Any) -> dict[str, Tensor]:
    """As `checked_arrays`, in float64."""
    tensors = {}
    for name, values in arrays.items():
        tensor = _double(name, values)
        if tensor.numel() == 0 or not tensor.isfinite().all():
            raise ValueError(f"{name} must contain finite numbers, at least one.")
        largest = tensor.abs().max().item()
        if largest > LARGEST:
            raise ValueError(
                f"{name} has a value of size {largest:.3g}; a network computes in float32, whose "
                f"largest number is {LARGEST:.3g}. Rescale it."
            )
        tensors[name] = tensor
    return tensors


def _double(name: str, values: Any) -> Tensor:
    require_real(name, values)
    if isinstance(values, list | tuple) and any(isinstance(row, Tensor) for row in values):
        values = torch.stack([torch.as_tensor(row) for row in values])
    if isinstance(values, Tensor):
        if values.is_complex():
            raise ValueError(f"{name} must be real, got {values.dtype}.")
        values = values.detach()
        dense = values if values.layout is torch.strided else values.to_dense()
        return dense.cpu().to(torch.float64)
    if hasattr(values, "toarray"):
        raise ValueError(
            f"{name} must be a dense array, got the sparse {type(values).__name__}. Pass "
            f"{name}.toarray()."
        )
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        what = f"{array.dtype} numbers" if array.dtype.kind == "c" else type(values).__name__
        if array.dtype.kind != "c" and array.ndim:
            what += f" of data type {array.dtype}"
        raise ValueError(f"{name} must be an array of real numbers, got {what}.")
    return torch.from_numpy(array.astype(np.float64))


def fit_readout(output_weights: Tensor, n_units: int) -> Tensor:
    """Output weights in the shape that a network has, (n_units,) or (n_units, n_outputs).

    A single output may also be a column (n_units, 1), or a row (1, n_units) as the ``weight`` of
    torch's ``Linear(n_units, 1)``.

    Raises
    ------
    ValueError
        If they have a different shape.
    """
    shape = tuple(output_weights.shape)
    if shape in ((n_units, 1), (1, n_units)) and (n_units > 1 or shape == (1, 1)):
        return output_weights.reshape(n_units)
    if shape == (n_units,) or (len(shape) == 2 and shape[0] == n_units):
        return output_weights
    hint = ""
    if len(shape) == 2 and shape[1] == n_units:
        hint = " It looks like the weight of torch's Linear: pass its transpose, weight.T."
    raise ValueError(
        f"output_weights must have the shape ({n_units},), or ({n_units}, n_outputs) for several "
        f"outputs, got {shape}.{hint}"
    )


def fit_sizes(
    n_units: int, input_weights: Tensor, output_weights: Tensor
) -> tuple[dict[str, int], Tensor]:
    """The sizes of a network from its input and output weights, and the latter in its shape.

    Raises
    ------
    ValueError
        If the input weights do not have the shape (n_units, n_inputs), or the output weights
        none of those that `fit_readout` takes.
    """
    if input_weights.ndim != 2 or len(input_weights) != n_units:
        raise ValueError(
            f"input_weights must have the shape ({n_units}, n_inputs), "
            f"got {tuple(input_weights.shape)}."
        )
    readout = fit_readout(output_weights, n_units)
    n_outputs = math.prod(readout.shape[1:])
    sizes = {"n_units": n_units, "n_inputs": input_weights.shape[1], "n_outputs": n_outputs}
    return sizes, readout


def read_weights(
    weights: Weights,
    *,
    prefix: str | None,
    needed: Sequence[str],
    optional: Sequence[str] = (),
    what: str,
) -> dict[str, Any]:
    """The arrays of a module by name, without a prefix.

    Parameters
    ----------
    weights : mapping of str to array_like, pairs, or Module
        A state dict, ``named_parameters()``, or a module, of which the state dict is taken.
    prefix : str or None
        What precedes the names, ``model.rnn``; arrays of other names are then not looked at.
    needed, optional : sequence of str
        Names without prefix that must and that may be there.
    what : str
        Owner of the weights, for the error: "of one layer".

    Raises
    ------
    ValueError
        If names are missing, or there are others.
    """
    given = _by_name(weights)
    if isinstance(given.get("state_dict"), Mapping):
        raise ValueError("weights is a checkpoint with a state dict: pass weights['state_dict'].")
    found = given
    if prefix:
        stem = _stem(prefix)
        found = {name[len(stem) :]: it for name, it in given.items() if name.startswith(stem)}
    missing = [name for name in needed if name not in found]
    others = [name for name in found if name not in (*needed, *optional)]
    if not missing and not others:
        return found
    asked = ", ".join([*needed, *(f"{name} (optional)" for name in optional)])
    raise ValueError(f"weights must be {asked}, {what}, got {_some(given)}.{_hint(given, needed)}")


def _by_name(weights: Any) -> dict[str, Any]:
    """The arrays of a module, state dict or pairs."""
    try:
        return dict(weights.state_dict() if isinstance(weights, nn.Module) else weights)
    except (TypeError, ValueError):
        raise ValueError(
            "weights must be a module, its state dict, or pairs of a name and an array, got "
            f"{type(weights).__name__}."
        ) from None


def _some(weights: Mapping[str, Any]) -> str:
    names = list(weights)
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _hint(weights: Mapping[str, Any], needed: Sequence[str]) -> str:
    """The prefix of the needed names, if there is one."""
    ends = [name.removesuffix(needed[0]) for name in weights if name.endswith(f".{needed[0]}")]
    stems = [stem for stem in ends if all(f"{stem}{name}" in weights for name in needed)]
    return f" Pass {' or '.join(f'prefix={stem!r}' for stem in stems)}." if stems else ""


def torch_layer(weights: Weights, n_gates: int, *, prefix: str | None = None) -> dict[str, Tensor]:
    """The state dict of a one-layer recurrent module of torch, checked; missing biases are 0.

    Weights of a cell (``weight_ih``) become those of a layer (``weight_ih_l0``).

    Raises
    ------
    ValueError
        If names or shapes are those of a different module, or a value is not finite.
    """
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    given = _by_name(weights)
    if f"{_stem(prefix)}weight_hh" in given:
        cell = {f"{_stem(prefix)}{name[:-3]}": f"{_stem(prefix)}{name}" for name in names}
        given = {cell.get(name, name): values for name, values in given.items()}
    found = read_weights(
        given,
        prefix=prefix,
        needed=names[:2],
        optional=names[2:],
        what="of one layer in one direction",
    )
    tensors = checked_arrays(**found)
    _check_gates(tensors["weight_hh_l0"], n_gates)
    rows = len(tensors["weight_hh_l0"])
    n_units = rows // n_gates
    for name in names[2:]:
        tensors.setdefault(name, zeros(rows))
    n_inputs = tensors["weight_ih_l0"].shape[-1]
    shapes = ((rows, n_inputs), (n_gates * n_units, n_units), (rows,), (rows,))
    for name, shape in zip(names, shapes, strict=True):
        if tensors[name].shape != shape:
            raise ValueError(
                f"{name} must have the shape {shape} with {n_gates} gates, got "
                f"{tuple(tensors[name].shape)}."
            )
    return tensors


def _stem(prefix: str | None) -> str:
    """The start of the names: a prefix with its dot, or nothing."""
    return f"{prefix.removesuffix('.')}." if prefix else ""


def _check_gates(recurrent: Tensor, n_gates: int) -> None:
    """Raise if the recurrent weights have the gates of a different kind of module."""
    if recurrent.ndim != 2:
        return  # the check of all shapes reports it
    rows, n_units = recurrent.shape
    kind = GATES.get(rows // n_units) if rows % n_units == 0 else None
    if kind is not None and rows != n_gates * n_units:
        raise ValueError(
            f"weight_hh_l0 must have the shape (n_units, n_units) times {n_gates} gates in the "
            f"first axis, got {(rows, n_units)}. It looks like the weight of torch's {kind[0]}: "
            f"use {kind[1]}."
        )
