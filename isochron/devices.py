"""Devices of torch: which are supported, what they have, and whether this machine has them."""

from typing import Any


def require_device(name: str, *, supported: tuple[str, ...] = ("cpu", "cuda")) -> Any:
    """A torch device that is supported and present.

    Parameters
    ----------
    name : str
        ``cpu``, ``cuda``, one of several GPUs such as ``cuda:1``, or, if it is in `supported`,
        ``auto`` for the GPU if there is one.
    supported : tuple of str
        Kinds of devices that the caller supports.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    ValueError
        If the device is not supported, or this machine does not have it.

    Examples
    --------
    >>> from isochron.devices import require_device
    >>> require_device("mps")
    Traceback (most recent call last):
    ValueError: device must be cpu or cuda, got 'mps'. GPUs of Apple (mps) are not supported: they
    do not compute in float64.
    """
    import torch

    kind = str(name).partition(":")[0]
    if kind not in supported:
        *first, last = supported
        known = f"{', '.join(first)} or {last}" if first else last
        apple = " GPUs of Apple (mps) are not supported: they do not compute in float64."
        raise ValueError(f"device must be {known}, got {name!r}.{apple * (kind == 'mps')}")
    if kind == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError("No CUDA device found on this machine. Use device='cpu'.")
    try:
        return torch.device(name)
    except RuntimeError:
        raise ValueError(
            f"device must be a name such as {kind} or {kind}:0, got {name!r}."
        ) from None


def has_bfloat16(device: Any) -> bool:
    """Whether a device multiplies matrices in bfloat16 by instructions for it.

    Parameters
    ----------
    device : torch.device
        A GPU, or the CPU: a processor with AMX or with the bfloat16 part of AVX-512.

    Returns
    -------
    bool
        Whether it does. Other processors emulate these products, slowly.

    Examples
    --------
    >>> from isochron.devices import has_bfloat16, require_device
    >>> has_bfloat16(require_device("cpu")) in (True, False)  # depends on this machine
    True
    """
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    names = "_is_amx_tile_supported", "_is_avx512_bf16_supported"  # internal to torch
    return torch.backends.mkldnn.is_available() and any(
        getattr(torch.cpu, name, bool)() for name in names
    )
