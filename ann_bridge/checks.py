"""Checks of tensors before a network runs on them."""

from typing import Any

import numpy as np
from torch import Tensor

from isochron.ann_bridge.host_traffic import checks_values
from isochron.shapes import check_shape
from isochron.wording import counted


def checked_inputs(inputs: Tensor, n_inputs: int, like: Tensor) -> Tensor:
    """Inputs of a network in its data type.

    Parameters
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
        Real numbers of any type and memory layout.
    n_inputs : int
        Number of inputs of the network.
    like : Tensor
        A parameter of the network: its data type and device.

    Returns
    -------
    Tensor, shape (n_steps, batch, n_inputs)
        The inputs, converted.

    Raises
    ------
    TypeError
        If `inputs` is not a tensor.
    ValueError
        If `inputs` has a different shape or device, is complex, or has a value that is not
        finite in the data type of the network.
    """
    if not isinstance(inputs, Tensor):
        raise TypeError(
            f"inputs must be a torch.Tensor, got {type(inputs).__name__}; use torch.as_tensor."
        )
    if inputs.ndim == 2 and inputs.shape[1] == n_inputs:
        raise ValueError(
            f"inputs must have shape (n_steps, batch, {n_inputs}), got {tuple(inputs.shape)}; "
            f"for one trial use inputs[:, None]."
        )
    check_shape("inputs", inputs, ("n_steps", "batch", n_inputs))
    if inputs.is_complex():
        raise ValueError(f"inputs must be real numbers, got {inputs.dtype}.")
    if inputs.device != like.device:
        raise ValueError(
            f"inputs are on {inputs.device}, the network is on {like.device}; use "
            f"inputs.to({str(like.device)!r})."
        )
    converted = inputs.to(like.dtype)
    if checks_values() and not converted.isfinite().all():
        _refuse_infinite(converted.detach().cpu().double().numpy(), inputs, like.dtype)
    return converted


def check_finite_inputs(inputs: np.ndarray) -> None:
    """Check that inputs are finite.

    Networks differ in how they treat an infinite or missing value: some return NaN from there on,
    and others, such as spiking and saturating networks, return finite outputs as if nothing were
    wrong.

    Parameters
    ----------
    inputs : ndarray, shape (n_steps, ..., n_inputs)
        Inputs of one trial or of several.

    Raises
    ------
    ValueError
        If a value is not finite, with the position of the first.
    """
    if not np.isfinite(inputs).all():
        _refuse_infinite(inputs, inputs, inputs.dtype)


def _refuse_infinite(values: np.ndarray, given: Any, dtype: Any) -> None:
    """Raise with the first value that is not finite, as the caller gave it."""
    bad = ~np.isfinite(values)
    step, *trial, number = np.argwhere(bad)[0].tolist()
    value = given[(step, *trial, number)].item()
    of_trial = f" of trial {', '.join(map(str, trial))}" if trial else ""
    beyond = f", beyond the range of {dtype}" if np.isfinite(value) else ""
    raise ValueError(
        f"inputs must be finite, but input {number} at step {step}{of_trial} is {value}{beyond}; "
        f"{counted(int(bad.sum()), 'value is', 'values are')} not finite. Remove or interpolate "
        "what is missing."
    )
