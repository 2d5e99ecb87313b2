"""One small comparison through the command line: interrupted, resumed, looked at."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isochron import ann_bridge, sims
from isochron.cli import main
from isochron.files import DataFileError
from isochron.runs.results import to_json_values
from isochron.studies import build_report, read_results

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CONFIG = """
[worm]
n_starts = 2
tongue_amplitudes_pA = [5]
tongue_step_ms = 8
[low_rank]
seeds = [0]
n_units = 24
steps = 4
batch_size = 4
[connectome]
seeds = [0]
steps = 3
batch_size = 4
[reference]
n_starts = 8
tongue_amplitudes = [1]
tongue_limits_Hz = [7, 10]
"""


def command(folder, *more):
    return ["compare", "--config", str(folder / "x.toml"), "--out", str(folder / "run"), *more]


def changed(path):
    return {item.name: item.stat().st_mtime_ns for item in path.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that was interrupted after its first steps, then completed."""
    folder = tmp_path_factory.mktemp("compare")
    (folder / "x.toml").write_text(CONFIG)
    process = subprocess.Popen(
        [sys.executable, "-m", "isochron", *command(folder, "--workers", "2")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    steps = folder / "run" / "steps"
    deadline = time.monotonic() + 120
    while not (steps / "train-low-rank-0.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "The same command resumes" in errors
    assert "Traceback" not in errors
    before = changed(steps)
    assert "worm.json" not in before
    assert not (folder / "run" / "results.json").exists()
    assert main(command(folder, "--workers", "2")) == 0
    after = changed(steps)
    assert {name: after[name] for name in before} == before
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return json.loads((folder / "run" / "results.json").read_text())


def test_every_system_has_its_row(results):
    assert results["schema"] == 2
    names = [system["name"] for system in results["systems"]]
    assert names == [
        "worm",
        "low-rank-0",
        "connectome-0",
        "rewired-0",
        "low-rank-0-untrained",
        "connectome-0-untrained",
    ]
    assert set(results["timings"]) >= {"worm", "train-low-rank-0", "analyse-rewired-0"}
    keys = {"kind", "n_units", "dataset", "seed", "loss", "chance", "fixed_points"}
    for system in results["systems"]:
        assert keys | {"limit_cycles", "locking", "dimensionality"} <= set(system)
        for cycle in system["limit_cycles"]:
            assert {"period_ms", "stable", "residual", "multipliers", "how_found"} <= set(cycle)


def test_the_worm_has_its_rhythm_and_its_rest(results):
    worm = results["systems"][0]
    (cycle,) = worm["limit_cycles"]
    assert abs(cycle["period_ms"] - 1800) < 20
    assert cycle["residual"] < 1e-6
    assert cycle["stable"]
    assert cycle["n_starts_arrived"] == 2
    rest = next(p for p in worm["fixed_points"] if p["condition"] == "constant 1000 pA")
    assert rest["stable"]
    active = [p for p in worm["fixed_points"] if p["condition"] == "constant 2000 pA"]
    assert not any(point["stable"] for point in active)
    locking = worm["locking"]
    assert locking["plv"] > 0.99 > 0.6 > locking["plv_uncoupled"]
    own = 1e3 / cycle["period_ms"]
    assert locking["tongue"]["low_Hz"] < own < locking["tongue"]["high_Hz"]


def test_provenance_says_where_everything_comes_from(results):
    provenance = results["provenance"]
    assert re.fullmatch("[0-9a-f]{64}", provenance["dataset"]["content_sha256"])
    assert provenance["config"]["low_rank"]["n_units"] == 24
    assert provenance["seeds"]["rewired-0"] == 0
    assert provenance["packages"]["torch"]


def test_results_are_read_as_dataclasses(folder, results, tmp_path):
    read = read_results(folder / "run")
    assert json.loads(json.dumps(to_json_values(read))) == results
    assert read.worm.locking.tongue.low_Hz == results["systems"][0]["locking"]["tongue"]["low_Hz"]
    assert [net.name for net in read.nets] == [row["name"] for row in results["systems"][1:]]
    assert read.config.low_rank.n_units == 24
    broken = {**results, "systems": results["systems"][1:] + [{"kind": "worm"}]}
    (tmp_path / "results.json").write_text(json.dumps(broken))
    with pytest.raises(DataFileError, match="not a whole result of a run"):
        read_results(tmp_path)


def test_untaught_nets_are_reported_plainly(results):
    report = (results["systems"][1]["learned"], results["systems"][1]["loss"])
    assert report[0] is False
    assert report[1] > 0.3


def test_the_report_stands_alone(folder):
    page = (folder / "run" / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 4 * 6
    assert "did not learn the task in 4 steps" in page
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert all(address.startswith("data:image") for address in addresses)
    assert "<script" not in page


def test_names_cannot_smuggle_code_into_the_report(folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(folder / "run", run)
    text = (run / "results.json").read_text()
    hostile = "<script>alert(1)</script>"
    text = text.replace("Does training", hostile).replace("PLoS", hostile)
    (run / "results.json").write_text(text)
    page = build_report(run)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_report_can_be_drawn_again(folder, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(folder / "run", run)
    before = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == before


def test_raw_data_is_there(folder):
    data = sims.load_dataset(folder / "run" / "data" / "worm.nc")
    assert data.cycle_states.shape == (1, 257, 558)
    net, notes = ann_bridge.load_net(folder / "run" / "nets" / "low-rank-0")
    assert net.settings.n_units == 24
    assert notes["seed"] == 0


def test_a_finished_run_is_not_done_again(folder, capsys):
    run = folder / "run"
    work = [path for kind in ("steps", "nets", "data") for path in (run / kind).rglob("*")]
    before = (run / "results.json").read_bytes(), [path.stat().st_mtime_ns for path in work]
    assert main(command(folder, "--json")) == 0
    assert before[1] == [path.stat().st_mtime_ns for path in work]
    assert before[0] == (run / "results.json").read_bytes()
    assert json.loads(capsys.readouterr().out)["schema"] == 2


def test_the_same_seed_gives_the_same_row(folder, results, tmp_path):
    """Train and analyze again, alone and in one process: the numbers are bit-identical."""
    shutil.copytree(folder / "run", tmp_path / "run")
    for step in ("train", "analyse"):
        (tmp_path / "run" / "steps" / f"{step}-rewired-0.json").unlink()
    shutil.copy(folder / "x.toml", tmp_path)
    assert main(command(tmp_path, "--workers", "1")) == 0
    again = json.loads((tmp_path / "run" / "results.json").read_text())
    assert again["systems"] == results["systems"]


def test_an_altered_weight_file_is_refused(folder, tmp_path, capsys):
    shutil.copytree(folder / "run", tmp_path / "run")
    shutil.copy(folder / "x.toml", tmp_path)
    (tmp_path / "run" / "steps" / "analyse-low-rank-0.json").unlink()
    weights = tmp_path / "run" / "nets" / "low-rank-0.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    assert main(command(tmp_path)) == 3
    errors = capsys.readouterr().err
    assert "is not the file that low-rank-0.json describes" in errors
    assert "Traceback" not in errors


def test_the_notebook_draws_the_main_figure(folder, tmp_path, monkeypatch):
    import jupytext
    from nbclient import NotebookClient

    shutil.copytree(folder / "run", tmp_path / "run")
    monkeypatch.setenv("ISOCHRON_RUN", str(tmp_path / "run"))
    notebook = jupytext.read(EXAMPLES / "look_at_a_run.py")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    picture = tmp_path / "run" / "overview.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    texts = [str(cell.get("outputs")) for cell in notebook.cells]
    assert any("image/png" in text for text in texts)
