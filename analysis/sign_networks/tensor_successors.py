"""Successors of all states on a device of PyTorch: by a Triton kernel on a GPU, else by a loop.

Fields are exact sums of 32-bit or 64-bit integers. If couplings had to be rounded to fit in 64
bits, fields too close to zero are detected and their states summed again in full precision.
"""

import os
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import torch

from isochron.analysis.sign_networks.network import SignNetwork, rounded_rows, unpack
from isochron.extras import import_extra

LOW_BITS, MIDDLE_BITS = 10, 16
WORD = (1 << 32) - 1
Fill = Callable[[Any, Any, Any, Any, int], None]
Report = Callable[[float, str], None]


def find_successors(network: SignNetwork, device: Any, report: Report) -> Any:
    """Successor of every state, shape (2**n,), int32 that is read without its sign."""
    n = network.n
    rows, slack = exact_rows(network, device)
    low, middle = min(LOW_BITS, n), min(MIDDLE_BITS, max(0, n - LOW_BITS))
    near, far = fields_of(rows[:, :low]), fields_of(rows[:, low : low + middle])
    top = fields_of(rows[:, low + middle : n]) + rows[:, n:]
    following = torch.empty(1 << n, dtype=torch.int32, device=device)
    size = 1 << (low + middle)
    doubtful = torch.zeros(size, dtype=torch.int8, device=device) if slack else None
    fill = by_kernel if uses_kernel(device) else by_loop
    for block in range(top.shape[1]):
        report(0.4 * block / top.shape[1], "successors")
        words = following[block * size : (block + 1) * size]
        fill(words, doubtful, near, (far + top[:, block : block + 1]).contiguous(), slack)
        if doubtful is not None and bool(doubtful.any()):
            places = torch.nonzero(doubtful).flatten()
            words[places] = _exact_words(network, places + block * size, device)
    return following


def exact_rows(network: SignNetwork, device: Any) -> tuple[Any, int]:
    """Rows in the narrowest integers that keep them exact, and the slack; see `rounded_rows`."""
    values, slack = rounded_rows(network.rows, 31)
    kind = torch.int32
    if slack:
        values, slack = rounded_rows(network.rows, 63)
        kind = torch.int64
    return torch.tensor(values, device=device).to(kind), slack


def fields_of(columns: Any) -> Any:
    """Fields from a few neurons in each of their states, shape (n, 2**n_few)."""
    fields = torch.zeros((columns.shape[0], 1), dtype=columns.dtype, device=columns.device)
    for column in columns.T:
        fields = torch.cat([fields - column[:, None], fields + column[:, None]], dim=1)
    return fields.contiguous()


def by_loop(words: Any, doubtful: Any, near: Any, far: Any, slack: int) -> None:
    """Successors of a block by operations of PyTorch, one neuron and some high parts at a time."""
    n, size = near.shape
    out = words.view(-1, size)
    close = None if doubtful is None else doubtful.view(-1, size)
    step = max(1, (1 << 20) // size)
    for first in range(0, len(out), step):
        part = out[first : first + step]
        part.zero_()
        if close is not None:
            close[first : first + step] = 0
        for i in range(n):
            field = near[i] + far[i, first : first + step, None]
            part |= (field > 0).to(torch.int32) << i
            if close is not None:
                close[first : first + step] |= (field.abs() <= slack).to(torch.int8)


def by_kernel(words: Any, doubtful: Any, near: Any, far: Any, slack: int) -> None:
    """Successors of a block by the kernel."""
    triton_successors = import_extra(
        "isochron.analysis.sign_networks.triton_successors", "The kernel for GPUs", "triton"
    )
    fill_successors: Any = triton_successors.fill_successors
    n, size = near.shape
    here = torch.cuda.device(words.device) if words.is_cuda else nullcontext()
    with here:
        fill_successors[(far.shape[1],)](
            words, words if doubtful is None else doubtful, near, far, n, far.shape[1], slack,
            CHECK=doubtful is not None, SIZE=size, num_warps=4,
            enable_fp_fusion=True,
        )  # fmt: skip


def uses_kernel(device: Any) -> bool:
    """Whether the kernel runs: on a GPU, or by Triton's interpreter, and if it works there."""
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
    return (device.type == "cuda" or interpreted) and kernel_works(device)


@cache
def kernel_works(device: Any) -> bool:
    """Whether the kernel agrees with the loop on this device; a warning reports if not."""
    rng = np.random.default_rng(0)
    try:
        for kind, largest in ((torch.int32, 2**20), (torch.int64, 2**50)):
            rows = torch.tensor(rng.integers(-largest, largest, (6, 6)), device=device).to(kind)
            near, far = fields_of(rows[:, :3]), fields_of(rows[:, 3:])
            found = [torch.empty(64, dtype=torch.int32, device=device) for _ in range(2)]
            marks = [torch.empty(64, dtype=torch.int8, device=device) for _ in range(2)]
            for fill, words, close in zip((by_kernel, by_loop), found, marks, strict=True):
                fill(words, close, near, far, largest)
            if not (torch.equal(*found) and torch.equal(*marks)):
                raise ArithmeticError("its successors are different")
    except Exception as problem:  # of an import, the compiler or the driver
        warnings.warn(
            f"The kernel of sign networks cannot be used on {device} ({type(problem).__name__}: "
            f"{problem}). Their states are computed by a loop instead, more slowly. The kernel "
            "needs Triton: pip install triton",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


def _exact_words(network: SignNetwork, states: Any, device: Any) -> Any:
    """Successors of some states in full precision."""
    signs = network.step(unpack(states.cpu().numpy(), network.n)) > 0
    words = signs.astype(np.int64) @ (1 << np.arange(network.n, dtype=np.int64))
    return torch.tensor(words, device=device).to(torch.int32)
