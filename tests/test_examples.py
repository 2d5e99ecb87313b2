"""Every example runs as it stands, and is short."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
RESULTS = EXAMPLES.parent / "docs" / "results"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_are_short(path):
    assert len(path.read_text().splitlines()) < 60


@pytest.mark.long
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


@pytest.mark.slow
def test_which_neurons_set_the_rhythm(tmp_path):
    example = EXAMPLES / "which_neurons_set_the_rhythm.py"
    result = subprocess.run(
        [sys.executable, example, "--out", tmp_path], capture_output=True, text=True, check=True
    )
    assert "period 1808.3157" in result.stdout
    assert "Hopf at 1245.08 pA" in result.stdout


@pytest.mark.slow
def test_fit_a_worm():
    result = subprocess.run(
        [sys.executable, EXAMPLES / "fit_a_worm.py", "--period", "1700"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "converged: True" in result.stdout


@pytest.mark.slow
def test_one_net_two_spaces(tmp_path):
    result = subprocess.run(
        [sys.executable, EXAMPLES / "one_net_two_spaces.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "stimulus 1 ends the other memory at" in result.stdout


@pytest.mark.long
def test_one_worm_four_engines(tmp_path):
    example = EXAMPLES / "one_worm_four_engines.py"
    result = subprocess.run(
        [sys.executable, example, "--engines", "numba", "torch", "--milliseconds", "50"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    errors = [float(line.split()[-2]) for line in result.stdout.splitlines()]
    assert len(errors) == 2
    assert max(errors) < 0.1  # mV, at a step of 0.5 ms
    assert (tmp_path / "engines.png").stat().st_size > 20_000


@pytest.mark.slow
def test_which_connectomes_oscillate(tmp_path):
    """The stored counts: those of varshney2011 and of the sensory pairs are the same."""
    example, out = EXAMPLES / "which_connectomes_oscillate.py", tmp_path / "counts.json"
    arguments = ["--draws", "1", "--currents", "2000", "--leaks", "0.25", "--out", out]
    subprocess.run([sys.executable, example, *arguments], capture_output=True, check=True)
    rows = json.loads(out.read_text())["rows"]
    found = {row["what"]: row["n_oscillating"] for row in rows}
    assert found["varshney2011"] == 1
    assert found["leak 0.25 nS"] == 0
    assert {"rewire", "rewire-by-group", "erdos-renyi"} <= set(found)
    stored = json.loads((RESULTS / "connectomes-oscillate.json").read_text())["rows"]
    assert abs(found["each sensory pair"] - stored[-1]["n_oscillating"]) <= 1
