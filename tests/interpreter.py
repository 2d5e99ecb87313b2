"""Triton's interpreter in the place of a GPU. It is chosen when Triton is imported."""

import importlib
import importlib.util

import pytest
import torch

INTERPRETED = not torch.cuda.is_available()
HAS_TRITON = importlib.util.find_spec("triton") is not None
needs_triton = pytest.mark.skipif(not HAS_TRITON, reason="no Triton: pip install triton")


def import_kernels(module: str) -> None:
    """Import kernels for the interpreter, unless there is a GPU or no Triton."""
    if INTERPRETED and HAS_TRITON:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRITON_INTERPRET", "1")
            importlib.import_module(module)
