"""The rate of a sweep from its log, and what a terminal shows."""

import io

import pytest

from isochron.cli.execution import SweepLines
from isochron.runs.sweep import sweep
from isochron.runs.sweep.rates import current_rate

HERE = "tests.sweep.experiments"


def lines(*ends, runs=10, seconds=5.0):
    return [{"at": at, "runs": runs, "seconds": seconds} for at in ends]


def test_two_workers_have_twice_the_rate_of_one():
    """A batch of 10 runs every 5 s: 2 runs/s for each worker."""
    one = lines(*range(1005, 1101, 5))
    assert current_rate(one, now=1100.0) == pytest.approx(2.0)
    assert current_rate(one + one, now=1100.0) == pytest.approx(4.0)


def test_only_the_last_minutes_count():
    fast, slow = lines(*range(0, 1000, 1), seconds=1.0), lines(*range(1010, 2001, 10), seconds=10.0)
    assert current_rate(fast + slow, now=2000.0) == pytest.approx(1.0)
    assert current_rate(fast, now=5000.0) is None
    assert current_rate([]) is None


def test_batches_that_are_longer_than_the_window_count():
    found = current_rate(lines(4000.0, 8000.0, seconds=4000.0), now=9000.0)
    assert found == pytest.approx(20 / 9000.0)


def test_the_status_has_a_rate_and_the_time_that_remains(tmp_path):
    grid = {"batch": 2, "axes": {"x": [0, 1, 2, 3]}}
    found = sweep(f"{HERE}:square", grid, out=tmp_path / "S", workers=1)
    status = found.status()
    assert status.rate is not None
    assert status.rate > 0
    assert status.remaining_s == 0
    found.store._batch(found.tasks[0].key).unlink()
    status = found.status()
    assert status.rate is not None
    assert status.remaining_s == pytest.approx(2 / status.rate)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_one_line_that_is_replaced(tmp_path, monkeypatch):
    from isochron.runs.sweep.sweeps import prepare

    made = prepare({"experiment": f"{HERE}:square", "batch": 2, "axes": {"x": [0, 1, 2, 3]}},
                   tmp_path / "S")  # fmt: skip
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    shown = SweepLines(made, quiet=False)
    monkeypatch.setattr("time.monotonic", lambda: shown._began + 2.0)
    shown.update("done", made.tasks[0])
    monkeypatch.setattr("time.monotonic", lambda: shown._began + 4.0)
    shown.update("failed", made.tasks[1])
    first, last = terminal.getvalue().strip("\r").split("\r\r")
    assert first.rstrip() == "2 of 4 runs, 0 failed, 1 runs/s, 0:00:02 remaining"
    assert last == f"{'4 of 4 runs, 2 failed, 1 runs/s, 0:00:00 remaining':<78}\n"
