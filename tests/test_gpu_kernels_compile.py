"""The kernels of GPUs are compiled, not only interpreted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreter import needs_triton

SHARED = 163 * 1024  # bytes of a multiprocessor of an A100 that a program can have; an H100: 227 kB
USED = r"full matrix \w+ (\d+) shared (\d+) registers (\d+) stack (\d+)"


@pytest.mark.slow
@needs_triton
def test_kernels_compile_for_compute_capability_9(tmp_path):
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path), "TRITON_INTERPRET": "0"}
    script = Path(__file__).with_name("compile_kernels.py")
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sizes = [int(line.split()[-1]) for line in done.stdout.splitlines()]
    assert len(sizes) == 14
    assert min(sizes) > 1000
    used = [[int(number) for number in found] for found in re.findall(USED, done.stdout)]
    assert len(used) == 8
    for units, shared, registers, stack in used:
        assert 8 * units**2 <= shared <= SHARED  # the matrix, split into two
        assert registers <= 255
        assert stack <= (100 if units == 128 else 0)  # measured 40 with 128 units
