"""Kernel of the successors of all states, in Triton: one program for the states of some high bits.

The field of a neuron is that from the low bits plus that from all others; both are tabulated.
"""

from typing import Any

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

jit: Any = triton.jit


@jit
def fill_successors(
    words, doubtful, near, far, n, n_far, slack, CHECK: tl.constexpr, SIZE: tl.constexpr
):
    """Successors of SIZE states for each of `n_far` high parts.

    Tables `near`, shape (n, SIZE), and `far`, shape (n, n_far), of int32 or int64. With CHECK,
    states with a field up to `slack` are marked in `doubtful`.
    """
    high, low = tl.program_id(0).to(tl.int64), tl.arange(0, SIZE)
    word, close = tl.zeros((SIZE,), tl.int32), tl.zeros((SIZE,), tl.int32)
    for i in range(n):
        field = tl.load(near + i * SIZE + low) + tl.load(far + i * n_far + high)
        word = word | ((field > 0).to(tl.int32) << i)
        if CHECK:
            close = close | (tl.abs(field) <= slack).to(tl.int32)
    tl.store(words + high * SIZE + low, word)
    if CHECK:
        tl.store(doubtful + high * SIZE + low, close.to(tl.int8))
