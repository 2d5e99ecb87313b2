"""The report: fresh processes, skipped rows, table and command."""

import json
from pathlib import Path

import click.testing
import pytest

from isochron.bench import running, table
from isochron.bench.registry import Benchmark
from isochron.bench.results import BenchMachine, BenchReport, Measurement, Peer, Row
from isochron.cli import app, main
from isochron.registry import Registry
from isochron.runs.provenance import find_provenance
from isochron.runs.results import from_json_values, to_json_values

ROOT = Path(__file__).resolve().parents[2]
FOUND = Measurement(
    seconds=0.25, peers=(Peer(name="loop", seconds=5.0, note="scaled"), Peer(name="absent")),
    limit_s=0.2, limit="products", amount=60.0, unit="simulated seconds", first_s=10.0,
)  # fmt: skip


def row(name="worm", measured: Measurement | None = FOUND, **facts):
    kinds = {"device": "cpu", "n_threads": 1, "clock": "cpu"}
    return Row(name=name, work=f"work of {name}", measured=measured, **{**kinds, **facts})


def report_of(*rows):
    machine = BenchMachine(processor="A CPU", cores=2, gpu="", load=0.2)
    return BenchReport(
        schema=1, date="2026-11-28", seconds=1.0, machine=machine,
        provenance=find_provenance(), rows=rows,
    )  # fmt: skip


def test_a_line_for_each_peer():
    skipped = row("gpu", None, device="cuda", skipped="no card")
    first, second, last = table.table_lines(report_of(row(), skipped))
    assert first == (
        "work of worm", "0.25 s, 240 simulated seconds per second, with compilation 10 s",
        "loop: 5 s (scaled)", "20×", "80% (products)",
    )  # fmt: skip
    assert second == ("", "", "absent", "", "")
    assert last == ("work of gpu, GPU", "skipped", "no card", "", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00483, "4.8 ms"), (0.0999, "0.1 s"), (0.25, "0.25 s"), (4.76, "4.8 s"), (22.9, "23 s"),
     (147.2, "150 s"), (1234.0, "1,200 s"), (7420.0, "2.1 hours"), (9.97, "10 s")],
)  # fmt: skip
def test_two_digits(seconds, text):
    assert table.short_time(seconds) == text


def test_a_report_survives_json():
    report = report_of(row(), row("x", None, skipped="reason"))
    values = json.loads(json.dumps(to_json_values(report)))
    assert from_json_values(values, BenchReport) == report


@pytest.fixture
def own_rows(monkeypatch):
    """Rows that take no time."""
    rows = {
        "quick": Benchmark("tests.bench.own_rows:quick", "quick", options=(("seconds", 2.0),)),
        "fails": Benchmark("tests.bench.own_rows:fails", "fails", n_threads=2),
        "slow": Benchmark("tests.bench.own_rows:quick", "slow", long=True),
        "card": Benchmark("tests.bench.own_rows:quick", "card", devices=("cpu", "cuda")),
    }
    registry = Registry("row", rows)
    monkeypatch.setattr(running, "BENCHMARKS", registry)
    monkeypatch.setattr(
        running, "MEASURE", "from tests.bench.own_rows import measure_here; measure_here"
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return registry


def test_a_row_runs_in_a_fresh_process(own_rows):
    found = running.run_row("quick", "cpu", has_gpu=False).measured
    assert found is not None
    assert found.seconds == 2.0
    assert found.note.startswith("1 threads, process ")
    import os

    assert found.note != f"1 threads, process {os.getpid()}"


def test_a_row_that_fails_is_skipped_with_its_error(own_rows):
    found = running.run_row("fails", "cpu", has_gpu=False)
    assert found.measured is None
    assert found.skipped == "ValueError: no way"
    assert found.clock == "wall"


def test_which_rows_run(monkeypatch, own_rows):
    monkeypatch.setattr(running, "run_row", lambda name, where, has_gpu: row(name, device=where))
    monkeypatch.setattr(running, "_gpu", lambda: "")

    def names(*given, **options):
        found = running.run_benchmarks(*given, **options).rows
        return [f"{each.name} {each.device}" for each in found]

    assert names() == ["quick cpu", "fails cpu", "card cpu"]
    assert names(long=True) == ["quick cpu", "fails cpu", "slow cpu", "card cpu"]
    assert names(["slow"]) == ["slow cpu"]
    assert names(["card"], device="cuda") == ["card cpu", "card cuda"]
    with pytest.raises(ValueError, match="Unknown row 'qick'. Did you mean quick"):
        names(["qick"])


def test_rows_of_a_gpu_are_skipped_without_one():
    found = running.run_row("train-full-512", "cuda", has_gpu=False)
    assert found.skipped == "torch does not find a CUDA device on this machine"


def test_the_command_prints_and_writes(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(running, "run_benchmarks", lambda *args, **options: report_of(row()))
    out = tmp_path / "bench.json"
    assert main(["bench", "--out", str(out)]) == 0
    assert from_json_values(json.loads(out.read_text()), BenchReport).rows == (row(),)
    shown = capsys.readouterr().out
    assert "work of worm" in shown
    assert "20×" in shown
    assert "A CPU, 2 cores" in shown
    assert main(["bench", "--out", str(out)]) == 2
    assert main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["measured"]["seconds"] == 0.25


def test_mps_is_rejected_with_what_is_supported():
    found = click.testing.CliRunner().invoke(app, ["bench", "--device", "mps"])
    assert found.exit_code == 2
    assert "'mps' is not one of 'cpu', 'cuda'" in found.output
