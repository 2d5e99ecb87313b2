"""The kernels of GPUs are compiled, not only interpreted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreter import needs_triton


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
    assert len(sizes) == 6
    assert min(sizes) > 1000
