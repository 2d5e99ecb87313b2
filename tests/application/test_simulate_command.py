import json
import re

import numpy as np
import pytest

from isochron.cli import main
from isochron.sims import load_dataset

PLM = ["--stimulate", "PLML=2000", "--stimulate", "PLMR=2000"]


def run(capsys, *arguments):
    code = main(["simulate", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_run_is_kept_drawn_and_summarised(tmp_path, capsys):
    out = tmp_path / "run.zarr"
    pages = tmp_path / "pages"
    code, text, _ = run(
        capsys, *PLM, "--duration", 20, "--out", out, "--plot", "--report", pages, "--json"
    )
    assert code == 0
    summary = json.loads(text)
    # 20 s at a step for 1e-3 mV, and small ones at the start.
    assert summary["method"] == "multistep"
    assert 20_000 < summary["steps"] * summary["step_ms"] < 24_000
    assert summary["simulated_seconds"] == pytest.approx(20)
    assert summary["estimated_error_mV"] < 1e-3
    assert summary["finite"] is True
    assert summary["largest_dV_dt_at_end"] > 0.01  # mV/ms: it oscillates
    assert summary["state_at_end"] == "moving"
    kept = load_dataset(out)
    assert kept.attrs["seed"] == 0
    assert kept.attrs["dataset"] == "varshney2011"
    last = kept.sel(time=slice(10_000, None)).V.sel(neuron="LUAR")
    assert float(last.max() - last.min()) > 10
    assert (tmp_path / "run.png").stat().st_size > 20_000
    assert summary["report"] == str(pages / "report.html")
    report = (pages / "report.html").read_text(encoding="utf-8")
    assert "279 neurons, 20 s; state at the end: moving." in report
    assert re.search(r"Rhythm with period [\d.]+ s: \d+ % of the variance", report)
    assert '<img style="width: 100%; max-width: 990px" src="data:image/svg+xml' in report
    assert '<a href="view.html">Play this run</a>' in report
    assert "<title>varshney2011, graded model, PLML 2000 pA" in (pages / "view.html").read_text()


def test_at_half_the_current_the_worm_rests(tmp_path, capsys):
    code, text, _ = run(
        capsys, "--stimulate", "PLM=1000", "--duration", 60, "--step", 8, "--record-every", 8,
        "--json",
    )  # fmt: skip
    assert code == 0
    summary = json.loads(text)
    assert summary["largest_dV_dt_at_end"] < 1e-4
    assert summary["state_at_end"] == "resting"


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_the_same_seed_gives_the_same_run(tmp_path, capsys, suffix):
    names = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for name in names:
        assert run(capsys, *PLM, "--duration", 1, "--seed", 3, "--out", name)[0] == 0
    one, other = map(load_dataset, names)
    assert one.identical(other)


def test_a_table_of_currents_is_added(tmp_path, capsys):
    table = tmp_path / "currents.csv"
    table.write_text("time_ms,AVAL\n0,0\n500,0\n501,900\n1000,900\n")
    arguments = (*PLM, "--duration", 1, "--step", 0.5, "--out")
    assert run(capsys, *arguments, tmp_path / "a.nc")[0] == 0
    assert run(capsys, *arguments, tmp_path / "b.nc", "--stimulus", table)[0] == 0
    plain, pushed = load_dataset(tmp_path / "a.nc"), load_dataset(tmp_path / "b.nc")
    apart = np.abs(plain.V - pushed.V).max("neuron")
    # Blocks end where the currents change: equal up to round-off of potentials of some volts.
    assert float(apart.sel(time=slice(0, 490)).max()) < 1e-8
    assert float(apart.sel(time=1000)) > 1


def test_layers_without_synapses_are_not_simulated_and_that_is_said(capsys):
    options = ("--duration", "0.01", "--json")
    code, text, _ = run(capsys, "--dataset", "bentley2016-monoamine", *options)
    assert code == 0
    assert json.loads(text)["not_simulated"].startswith("extrasynaptic connections: dopamine (")
    code, text, _ = run(capsys, *options)
    assert "not_simulated" not in json.loads(text)


def test_a_sign_rule_that_inhibits_nothing_says_so(tmp_path, capsys, caplog):
    """In the summary, and as a warning, which goes to stderr unless a program takes it."""
    path = tmp_path / "maggot.csv"
    path.write_text("pre,post,weight\nDA1,VD1,1\nVD1,DA1,2\n")
    code, text, _ = run(capsys, "--dataset", path, "--duration", "0.01", "--json")
    assert code == 0
    said = json.loads(text)["history"]
    assert "(inhibits none of the 2 chemical connections)" in said
    assert "The species of maggot is not given" in said
    assert "The species of maggot is not given" in caplog.text


def test_neurons_can_be_left_out(tmp_path, capsys):
    out = tmp_path / "a.nc"
    assert run(capsys, *PLM, "--duration", 0.1, "--ablate", "VB*", "--out", out)[0] == 0
    names = load_dataset(out).neuron.values
    assert len(names) == 268
    assert not any(name.startswith("VB") for name in names)


def test_what_is_recorded_can_be_chosen(tmp_path, capsys):
    out = tmp_path / "a.nc"
    words = ("--duration", 0.1, "--record", "V", "--record", "input", "--record-every", 10)
    assert run(capsys, *PLM, *words, "--out", out)[0] == 0
    made = load_dataset(out)
    assert {"V", "input"} <= set(made)
    assert "s" not in made
    assert made.time.values[1] == 10.0


@pytest.mark.slow
def test_spiking_neurons_spike(tmp_path, capsys):
    pytest.importorskip("brian2")
    out = tmp_path / "a.nc"
    code, text, _ = run(
        capsys, "--model", "c302-a", "--stimulate", "PLM=5", "--duration", 0.1, "--out", out,
        "--plot", "--json",
    )  # fmt: skip
    assert code == 0
    summary = json.loads(text)
    assert summary["engine"] == "brian2"
    assert summary["spikes"] == load_dataset(out).sizes["event"] > 0
    assert (tmp_path / "a.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--duration", "nan"], "duration_s must be finite, got nan"),
        (["--duration", "1", "--stimulate", "PLML"], "takes NAME=CURRENT in pA"),
        (["--duration", "1", "--stimulate", "=3"], "takes NAME=CURRENT in pA"),
        (["--duration", "1", "--stimulate", "PLML=inf"], "takes NAME=CURRENT in pA"),
        (["--duration", "1", "--stimulate", "PLX=3"], "no neuron 'PLX'"),
        (["--duration", "1", "--engine", "fortran"], "Available: numba"),
        (["--duration", "1", "--engine", "numba,scipi", "--out", "a"], "Did you mean scipy"),
        (["--duration", "1", "--record", "s", "--plot"], "add --record V"),
        (["--duration", "1", "--record", "s", "--report", "a"], "add --record V"),
        (["--duration", "1", "--report", "a/b"], "The folder a does not exist"),
        (["--duration", "1", "--engine", "numba,", "--out", "a"], "Unknown engine ''"),
        (["--duration", "1", "--engine", "scipy,scipy", "--out", "a"], "scipy more than once"),
        (["--duration", "1", "--engine", "numba,scipy"], "need a folder"),
        (["--duration", "1", "--engine", "numba,scipy", "--out", "a.nc"], "need a folder"),
        (["--duration", "1", "--model", "toy"], "Unknown model .toy."),
        (["--duration", "1", "--signs", "toy"], "Unknown sign rule .toy."),
        (["--duration", "1", "--signs", "Transmitters"], "Did you mean transmitter?"),
        (["--duration", "1", "--out", "a.txt"], "--out must end in .zarr"),
        (["--duration", "1", "--out", "nowhere/a.nc"], "folder nowhere does not exist"),
        (["--duration", "1", "--seed", "-1"], "seed must be a whole number from 0"),
        (["--duration", "1", "--model", "c302-a", "--engine", "numba"], "run in Brian2"),
        (["--duration", "1", "--model", "c302-a", "--method", "euler"], "run in Brian2"),
        (["--duration", "1", "--model", "c302-a", "--record", "s"], "must be a list of some of V"),
        (["--duration", "1", "--record", "x"], "is not one of 'V', 's'"),
    ],
)
def test_bad_input_is_named_in_one_line(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, error = run(capsys, *arguments)
    assert code == 2
    assert re.search(message, error)
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced_without_being_told(tmp_path, capsys):
    (tmp_path / "view.html").write_text("thesis")
    code, _, error = run(capsys, "--duration", 1, "--report", tmp_path)
    assert (code, (tmp_path / "view.html").read_text()) == (2, "thesis")
    assert "view.html exists; --force replaces it" in error
    out = tmp_path / "a.nc"
    out.write_text("thesis")
    code, _, error = run(capsys, "--duration", 1, "--out", out)
    assert (code, out.read_text()) == (2, "thesis")
    assert "--force" in error
    assert run(capsys, "--duration", 0.1, "--out", out, "--force")[0] == 0
    assert load_dataset(out).sizes["time"] == 21


def test_an_interrupted_comparison_of_engines_says_that_it_resumes(tmp_path, capsys, monkeypatch):
    def stop(*_, **__):
        raise SystemExit(143)

    monkeypatch.setattr("isochron.workflows.engine_runs.simulate_spec", stop)
    out = tmp_path / "engines"
    code, _, error = run(
        capsys, *PLM, "--engine", "torch,scipy", "--duration", 0.1, "--out", out, "--force"
    )
    assert (code, error) == (143, "isochron: Terminated. The same command resumes from here.\n")


def test_several_engines_write_a_run_each_and_are_compared_with_scipy(tmp_path, capsys):
    out = tmp_path / "engines"
    command = (*PLM, "--engine", "torch,scipy", "--duration", 0.1, "--record", "V", "--out", out)
    pages = tmp_path / "pages"
    code, text, _ = run(capsys, *command, "--report", pages, "--json")
    assert code == 0
    report = (pages / "report.html").read_text(encoding="utf-8")
    assert "torch: largest error against scipy" in report
    assert '<a href="view.html">Play the differences</a>' in report
    page = (pages / "view.html").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert (data["color"], data["tables"][0]["title"]) == ("difference", "Engines")
    torch, scipy = json.loads(text)["runs"]
    assert (torch["engine"], scipy["engine"]) == ("torch", "scipy")
    one, reference = (load_dataset(out / name / "run.zarr") for name in ("torch", "scipy"))
    gaps = (one.V - reference.V).values
    assert torch["largest_error_mV"] == pytest.approx(np.abs(gaps).max())
    assert torch["rms_error_mV"] == pytest.approx(np.sqrt(np.mean(gaps**2)))
    assert scipy["largest_error_mV"] is None
    assert 0 < torch["largest_error_mV"] < 0.1  # mV, of order 2 at 0.5 ms
    # The same command resumes: what is there is not made again.
    before = (out / "torch" / "summary.json").read_bytes()
    (out / "scipy" / "summary.json").unlink()  # as after an interrupt
    assert run(capsys, *command)[0] == 0
    assert (out / "torch" / "summary.json").read_bytes() == before
    assert load_dataset(out / "scipy" / "run.zarr").identical(reference)
    (out / "torch" / "run.zarr" / "zarr.json").unlink()
    code, _, error = run(capsys, *command)
    assert (code, "lacks zarr.json. --force replaces it." in error) == (3, True)
    assert run(capsys, *command, "--force")[0] == 0
    assert load_dataset(out / "torch" / "run.zarr").identical(one)
    code, _, error = run(capsys, *command, "--seed", 1)
    assert code == 2
    assert "different connectome, stimulus, seed or setting" in error
    assert run(capsys, *command, "--seed", 1, "--force")[0] == 0
    assert load_dataset(out / "torch" / "run.zarr").attrs["seed"] == 1
