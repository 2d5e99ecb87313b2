"""What a CUDA graph cannot contain: reads of values by the host, and tensors made from its numbers.

A graph repeats launches on a GPU with the same addresses. Operations that read a value, or copy
between host and GPU, end its capture with an error, or are repeated with the values of the first
time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

READS = "_local_scalar_dense", "nonzero", "masked_select", "lift_fresh", "_unique2", "bincount"

_checks_values: ContextVar[bool] = ContextVar("_checks_values", default=True)


@contextmanager
def without_checks_of_values() -> Iterator[None]:
    """Functions that ask `checks_values` do not read values of tensors."""
    token = _checks_values.set(False)
    try:
        yield
    finally:
        _checks_values.reset(token)


def checks_values() -> bool:
    """Whether values of tensors may be read, to reject those that are not finite."""
    return _checks_values.get()


class HostTraffic(TorchDispatchMode):
    """Collects operations that a graph cannot contain, while it is active.

    Parameters
    ----------
    device : torch.device
        Where all tensors should be.

    Attributes
    ----------
    found : list of str
        Names of the operations.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device, self.found = device, []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do an operation, and note it if a graph cannot contain it."""
        result = function(*args, **(kwargs or {}))
        name = function.name().removeprefix("aten::").partition(".")[0]
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
        elsewhere = any(tensor.device.type != self.device.type for tensor in tensors)
        by_mask = name in ("index", "index_put", "index_put_", "_index_put_impl_") and any(
            tensor.dtype == torch.bool for tensor in tree_leaves(args[1]) if tensor is not None
        )
        if name in READS or elsewhere or by_mask:
            self.found.append(name)
        return result
