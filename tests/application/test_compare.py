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
from isochron.files import DataFileError, read_sealed_json
from isochron.runs.results import to_json_values
from isochron.studies import build_report, read_results

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CONFIG = """
[[substrates]]
kind = "low-rank"
n_units = 24
[[substrates]]
kind = "connectome"
dataset = "small.csv"
[[substrates]]
name = "rewired"
kind = "connectome"
dataset = "small.csv"
null_model = "rewire"
[[tasks]]
kind = "phase-memory"
[[tasks]]
kind = "fixed-phase"
[worm]
n_starts = 2
tongue_amplitudes_pA = [5]
tongue_span = 0.2
tongue_step_ms = 16
[onset]
datasets = ["varshney2011"]
null_models = ["rewire"]
draws = 2
input_draws = 0
tongue_draws = 0
leaks_nS = [0.01]
[training]
pairs = 1
untrained_pairs = 1
steps = 21
batch_size = 4
stop_below = 0.6
[reference]
n_starts = 8
intrinsic_starts = 4
thorough = false
tongue_amplitudes = [1]
tongue_limits_Hz = [7, 10]
"""
NETS = [f"{net}-{task}-0" for net in ("low-rank", "connectome", "rewired")
        for task in ("phase-memory", "fixed-phase")]  # fmt: skip
UNTRAINED = [f"{net}-phase-memory-0-untrained" for net in ("low-rank", "connectome", "rewired")]


def write_small_connectome(path):
    """Twelve neurons of the worm, each with synapses onto the next five."""
    names = [
        "PLML",
        "PLMR",
        "ALML",
        "ALMR",
        "AVAL",
        "AVAR",
        "AVBL",
        "AVBR",
        "VB2",
        "DB2",
        "VA2",
        "DA2",
    ]
    rows = [f"{names[i]},{names[(i + k) % 12]},{1 + k % 2}" for i in range(12) for k in range(1, 6)]
    path.write_text("\n".join(["pre,post,weight", *rows]))


def command(folder, *more):
    return ["compare", "--config", str(folder / "x.toml"), "--out", str(folder / "run"), *more]


def changed(path):
    return {item.name: item.stat().st_mtime_ns for item in path.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that was interrupted after its first steps, then completed."""
    folder = tmp_path_factory.mktemp("compare")
    (folder / "x.toml").write_text(CONFIG.replace("small.csv", str(folder / "small.csv")))
    write_small_connectome(folder / "small.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "isochron", *command(folder, "--workers", "2")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    steps = folder / "run" / "steps"
    deadline = time.monotonic() + 120
    while not (steps / "animal-0.json").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "The same command resumes" in errors
    assert "Traceback" not in errors
    before = changed(steps)
    assert "worm.json" not in before
    assert not (folder / "run" / "results.json").exists()
    assert main(command(folder, "--workers", "1")) == 0
    after = changed(steps)
    assert {name: after[name] for name in before} == before
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return read_sealed_json(folder / "run" / "results.json")


def test_every_system_has_its_row(results):
    assert results["schema"] == 2
    assert [system["name"] for system in results["systems"]] == ["worm", *NETS, *UNTRAINED]
    assert set(results["timings"]) >= {"worm", "train-low-rank-fixed-phase-0", f"analyze-{NETS[0]}"}
    for system in results["systems"]:
        assert {"n_units", "dataset", "seed", "fixed_points", "dimensionality"} <= set(system)
        for cycle in system["limit_cycles"]:
            assert {"period_ms", "stable", "residual", "multipliers", "how_found"} <= set(cycle)
    for net in results["systems"][1:]:
        assert net["intrinsic"]["n_starts"] == 4
        assert (net["survey"]["n_starts"], net["survey"]["bounded"]) == (8, True)


def test_networks_of_a_pair_start_with_the_same_weights_and_trials(folder):
    def first(name):
        return ann_bridge.load_net(folder / "run" / "nets" / f"{name}-phase-memory-0-untrained")[0]

    worm, rewired = first("connectome").state_dict(), first("rewired").state_dict()
    shared = (worm["chemical"] != 0) & (rewired["chemical"] != 0)
    assert 0 < shared.sum() < (worm["chemical"] != 0).sum()
    assert (worm["chemical"][shared] == rewired["chemical"][shared]).all()
    assert (worm["input_weights"] == rewired["input_weights"]).any()


def test_the_connectome_is_compared_with_its_rewirings(results):
    (test,) = results["onset_tests"]
    assert abs(test["worm"]["current_pA"] - 1245.08) < 0.01  # as continuation finds it
    assert abs(test["worm"]["period_ms"] - 2262.7) < 0.1
    assert test["worm"]["supercritical"] is True
    group = next(it for it in results["onsets"] if it["null_model"] == "rewire")
    lower = sum(
        it["kind"] == "oscillatory" and it["current_pA"] <= 1245.08 for it in group["onsets"]
    )
    assert test["p_rhythm"] == (1 + lower) / 3


def test_one_pair_gives_no_interval_and_says_so(results, folder):
    contrasts = results["contrasts"]["primary"]
    assert [it["first"] for it in contrasts][1:] == ["connectome", "connectome"]
    assert all(it["interval"] is None or "share" in it["measure"] for it in contrasts)
    page = (folder / "run" / "report.html").read_text()
    assert "Underpowered: with 1 pair" in page
    assert "A synthetic recording, not an animal" in page
    assert "Order by phase in the synthetic recording" in page


def test_the_order_of_the_synthetic_recording_is_compared_with_the_worm(results):
    order = results["phase_order"]
    assert order["synthetic"]
    assert order["animals"][0]["n_shared"] == 12
    assert -1 <= order["correlation"] <= 1
    assert results["atlas"] is None


@pytest.mark.slow
def test_a_run_from_before_the_order_is_completed(folder, results, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(folder / "run", run)
    shutil.copy(folder / "x.toml", tmp_path)
    (run / "steps" / "phase-order.json").unlink()
    assert main(["compare", "--interim", "--out", str(run)]) == 0
    assert json.loads((run / "interim.json").read_text())["phase_order"] is None
    before = changed(run / "steps")
    assert main(command(tmp_path)) == 0
    again = json.loads((run / "results.json").read_text())
    assert again["phase_order"] == results["phase_order"]
    assert {name: changed(run / "steps")[name] for name in before} == before


def test_results_from_before_the_order_and_the_atlas_are_read(folder, results, tmp_path):
    newer = ("phase_order", "atlas", "triangle", "finished_at", "sha256")
    older = {name: it for name, it in results.items() if name not in newer}
    del (older := json.loads(json.dumps(older)))["provenance"]["config"]["animals"]["atlas"]
    shutil.copytree(folder / "run", tmp_path / "run")
    (tmp_path / "run" / "results.json").write_text(json.dumps(older))
    read = read_results(tmp_path / "run")
    assert read.phase_order is read.triangle is None
    assert "Order by phase in" not in build_report(tmp_path / "run")


def test_without_an_animal_the_triangle_has_two_corners_and_says_so(results, folder):
    triangle = results["triangle"]
    reached = [
        net["name"] for net in results["systems"][1:]
        if net["task"] == "phase-memory" and net["trained"] and net["reached_loss"]
        and any(cycle["stable"] for cycle in net["limit_cycles"])
    ]  # fmt: skip
    assert [it["name"] for it in triangle["networks"]] == reached
    assert triangle["recordings"] == []
    assert 0 < triangle["worm_between_runs"] < 0.01
    page = (folder / "run" / "report.html").read_text()
    assert "Two corners only: this run does not have a recording of an animal." in page


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


def test_provenance_says_where_everything_comes_from(results, folder):
    provenance = results["provenance"]
    assert re.fullmatch("[0-9a-f]{64}", provenance["dataset"]["content_sha256"])
    assert provenance["config"]["substrates"][0]["settings"]["n_units"] == 24
    seeds = provenance["seeds"]
    assert seeds["rewired-phase-memory-0"] == seeds["connectome-fixed-phase-0"]
    assert provenance["packages"]["torch"]
    page = (folder / "run" / "report.html").read_text()
    assert "isochron compare --config config.toml" in page
    assert f"<dd>{results['finished_at']}</dd>" in page


def test_results_are_read_as_dataclasses(folder, results, tmp_path):
    read = read_results(folder / "run")
    assert json.loads(json.dumps(to_json_values(read))) == results
    assert read.worm.locking.tongue.low_Hz == results["systems"][0]["locking"]["tongue"]["low_Hz"]
    assert [net.name for net in read.nets] == [row["name"] for row in results["systems"][1:]]
    assert read.config.substrates[2].null_model == "rewire"
    broken = {**results, "systems": results["systems"][1:] + [{"kind": "worm"}]}
    (tmp_path / "results.json").write_text(json.dumps(broken))
    with pytest.raises(DataFileError, match="not a whole result of a run"):
        read_results(tmp_path)


def test_the_report_stands_alone(folder):
    page = (folder / "run" / "report.html").read_text()
    assert page.count("data:image/svg+xml;base64,") >= 1 + 2 + 4 * 3
    assert "did not learn the task" in page or "Loss" in page
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', page)
    assert addresses.count("view.html") == 1
    addresses.remove("view.html")
    assert all(address.startswith("data:image") for address in addresses)
    assert "<script" not in page


def test_the_rhythms_play_on_one_clock(folder):
    page = (folder / "run" / "view.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    shown = {run["title"]: run for run in data["runs"]}
    assert list(shown)[0] == "worm"
    assert len(shown) == 3
    for run in shown.values():
        frames, n = run["activity"]["shape"]
        assert frames > 100
        assert n == len(run["names"])


def test_names_cannot_smuggle_code_into_the_report(folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(folder / "run", run)
    text = json.dumps(read_sealed_json(run / "results.json"))
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
    (run / "view.html").unlink()
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == before
    assert (run / "view.html").read_bytes() == (folder / "run" / "view.html").read_bytes()


def test_raw_data_is_there(folder):
    data = sims.load_dataset(folder / "run" / "data" / "worm.nc")
    assert data.cycle_states.shape == (1, 257, 558)
    net, notes = ann_bridge.load_net(folder / "run" / "nets" / "low-rank-phase-memory-0")
    assert net.settings.n_units == 24
    assert notes["pair"] == 0


def test_a_finished_run_is_not_done_again(folder, capsys):
    run = folder / "run"
    work = [path for kind in ("steps", "nets", "data") for path in (run / kind).rglob("*")]
    before = (run / "results.json").read_bytes(), [path.stat().st_mtime_ns for path in work]
    (run / "interim.html").write_text("of an earlier time")
    assert main(command(folder, "--json")) == 0
    assert not (run / "interim.html").exists()
    assert before[1] == [path.stat().st_mtime_ns for path in work]
    assert before[0] == (run / "results.json").read_bytes()
    assert json.loads(capsys.readouterr().out)["schema"] == 2


@pytest.mark.slow
def test_the_same_seed_gives_the_same_row(folder, results, tmp_path):
    """Train and analyze again, alone and in one process: the numbers are bit-identical."""
    shutil.copytree(folder / "run", tmp_path / "run")
    for step in ("train", "analyze"):
        (tmp_path / "run" / "steps" / f"{step}-rewired-phase-memory-0.json").unlink()
    shutil.copy(folder / "x.toml", tmp_path)
    assert main(command(tmp_path, "--workers", "1")) == 0
    again = json.loads((tmp_path / "run" / "results.json").read_text())
    assert again["systems"] == results["systems"]


def test_an_altered_weight_file_is_refused(folder, tmp_path, capsys):
    shutil.copytree(folder / "run", tmp_path / "run")
    shutil.copy(folder / "x.toml", tmp_path)
    (tmp_path / "run" / "steps" / "analyze-low-rank-phase-memory-0.json").unlink()
    weights = tmp_path / "run" / "nets" / "low-rank-phase-memory-0.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    assert main(command(tmp_path)) == 3
    errors = capsys.readouterr().err
    assert "is not the file that low-rank-phase-memory-0.json describes" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
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


def part_of(folder, path, unfinished):
    """A copy of the run in which some steps are unfinished."""
    shutil.copytree(folder / "run", path)
    (path / "results.json").unlink()
    for step in (path / "steps").iterdir():
        if step.name.startswith(unfinished):
            step.unlink()
    return path


@pytest.mark.long
@pytest.mark.parametrize(
    ("unfinished", "sizes", "words"),
    [
        ((), (1, 1, 2), "It contains 1 of 1 pairs of networks and 2 of 2 draws"),
        (("analyze-rewired-fixed-phase-0",), (0, 0, 2), "0 of 1 pairs of networks and 2 of 2"),
        (
            ("train-rewired-phase-memory-0-un", "analyze-rewired-phase-memory-0-un"),
            (1, 0, 2),
            "1 of 1",
        ),
        (("onset-varshney2011-rewire",), (1, 1, 0), "1 of 1 pairs of networks and 0 of 2 draws"),
        (("onset-varshney2011",), (1, 1, 0), "0 of 2 draws"),
    ],
)
def test_an_interim_report_has_what_is_finished(
    unfinished, sizes, words, folder, results, tmp_path, capsys
):
    run = part_of(folder, tmp_path / "run", unfinished)
    before = changed(run / "steps")
    assert main(["compare", "--interim", "--out", str(run)]) == 0
    assert words in capsys.readouterr().out.replace("\n", " ")
    interim = json.loads((run / "interim.json").read_text())
    assert "Interim report: the run is unfinished" in (run / "interim.html").read_text()
    found = interim["interim"]
    assert (found["pairs"], found["untrained_pairs"], found["draws"]) == sizes
    by_name = {system["name"]: system for system in results["systems"]}
    for system in interim["systems"]:
        assert system == by_name[system["name"]]
    assert changed(run / "steps") == before
    assert not (run / "results.json").exists()


@pytest.mark.parametrize(
    ("unfinished", "options", "code", "message"),
    [
        (("worm",), [], 2, "The worm and the recordings of .* are not analyzed yet"),
        (("animal-0",), [], 2, "are not analyzed yet"),
        ((), ["--quick"], 2, "--interim takes the configuration from the run"),
    ],
)
def test_what_cannot_be_reported_yet(unfinished, options, code, message, folder, tmp_path, capsys):
    run = part_of(folder, tmp_path / "run", unfinished)
    assert main(["compare", "--interim", "--out", str(run), *options]) == code
    assert re.search(message, capsys.readouterr().err.replace("\n", " "))
    assert not (run / "interim.json").exists()


def test_interim_needs_a_run(tmp_path, capsys):
    assert main(["compare", "--interim"]) == 2
    assert main(["compare", "--interim", "--out", str(tmp_path)]) == 2
    assert "config.toml is missing" in capsys.readouterr().err
    (tmp_path / "config.toml").write_text("seed = 0")  # of something else
    assert main(["compare", "--interim", "--out", str(tmp_path)]) == 2
    assert "run.json is missing" in capsys.readouterr().err
