"""Checks of tensors before a network runs on them."""

from torch import Tensor

from isochron.shapes import check_shape


def checked_inputs(inputs: Tensor, n_inputs: int, like: Tensor) -> Tensor:
    """Inputs of a network in its data type.

    Parameters
    ----------
    inputs : Tensor, shape (n_steps, batch, n_inputs)
        Real numbers of any type and memory layout.
    n_inputs : int
    like : Tensor
        A parameter of the network: its data type and device.

    Raises
    ------
    TypeError
        If `inputs` is not a tensor.
    ValueError
        If `inputs` has a different shape or device, or is complex.
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
    return inputs.to(like.dtype)
