"""Every example runs as it stands, and is short."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_are_short(path):
    assert len(path.read_text().splitlines()) < 60


def test_what_a_user_writes():
    result = subprocess.run(
        [sys.executable, EXAMPLES / "what_a_user_writes.py", "--steps", "3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "period 1808.3" in result.stdout
    assert "stable: True" in result.stdout
    assert "chance 0.5" in result.stdout
