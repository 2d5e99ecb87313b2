import json

import pytest

from isochron.cli import main
from isochron.sims import describe_gait, load_dataset


def run(capsys, *arguments):
    code = main(["crawl", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_crawl_is_saved_drawn_and_described(tmp_path, capsys):
    out = tmp_path / "crawl.nc"
    code, text, _ = run(
        capsys, "--model", "stiff", "--duration", 20, "--out", out, "--plot", "--report",
        tmp_path / "pages", "--json",
    )  # fmt: skip
    assert code == 0
    summary = json.loads(text)
    assert summary["gait"]["frequency_Hz"] == pytest.approx(0.967, rel=0.01)
    assert summary["gait"]["direction"] == "head to tail"
    assert summary["animal"]["frequency_Hz"] == 0.30
    assert "Fang-Yen" in summary["animal"]["source"]
    assert "not evidence" in summary["limit"]
    assert summary["normal_drag"] == 128
    assert [one["change"] for one in summary["convergence"]] == ["a step of 4 ms", "48 links"]
    assert summary["convergence"][0]["converged"] is True
    saved = load_dataset(out)
    assert describe_gait(saved).frequency_Hz == summary["gait"]["frequency_Hz"]
    assert saved.attrs["seed"] == 0
    assert (tmp_path / "crawl.png").stat().st_size > 20_000
    report = (tmp_path / "pages" / "report.html").read_text(encoding="utf-8")
    frequency = f"{summary['gait']['frequency_Hz']:.3g}"
    assert f"The worm moves with {frequency} Hz" in report
    assert "not evidence" in report
    assert f"<td>frequency (Hz)</td><td>{frequency}</td><td>0.3 ± 0.02</td>" in report
    assert '<a href="view.html">Play this run</a>' in report
    page = (tmp_path / "pages" / "view.html").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert ["frequency (Hz)", frequency, "0.3 ± 0.02"] in data["tables"][0]["rows"]


def test_what_has_not_converged_is_stated(capsys):
    """Twice the links change wavelength and speed of the soft worm by a tenth."""
    code, text, _ = run(capsys, "--model", "soft")
    assert code == 0
    assert "Not converged: with 96 links" in text
    assert "wavelength" in text


@pytest.mark.parametrize(
    "model", [(), ("--model", "bistable", "--dataset", "cook2019-hermaphrodite")]
)
def test_what_has_converged_is_stated(capsys, model):
    """Without any option too."""
    code, text, _ = run(capsys, *model)
    assert code == 0
    assert "Converged: the numbers of the gait change by at most" in text
    assert "not evidence that the connectome generates locomotion" in " ".join(text.split())


def test_settings_act(capsys):
    code, text, _ = run(
        capsys, "--model", "stiff", "--links", 12, "--drag-ratio", 10, "--stiffness", 0.05,
        "--gain", 3, "--field", 0.4, "--viscosity", 1e-4, "--curvature-gain", 90, "--ablate", "AVB",
        "--stimulate", "PLM=10", "--duration", 4, "--no-check", "--json",
    )  # fmt: skip
    assert code == 0
    summary = json.loads(text)
    assert summary["converged"] is None
    assert (summary["n_links"], summary["drag_ratio"], summary["stiffness"]) == (12, 10, 0.05)
    assert "without AVB" in summary["history"]


def test_a_worm_that_rests_has_no_numbers(capsys):
    code, text, _ = run(capsys, "--gain", 0, "--duration", 10, "--json")
    assert code == 0
    summary = json.loads(text)
    assert summary["gait"]["frequency_Hz"] is None
    assert summary["gait"]["direction"] == "none"
    assert summary["converged"] is True


@pytest.mark.slow
@pytest.mark.parametrize(("gain", "kind"), [(1.5, "rest"), (3.896, "limit cycle")])
def test_a_survey_finds_rest_below_the_onset_and_a_cycle_above(capsys, gain, kind):
    """The stiff worm of 12 links: H = 100 gain is 150 and 390 pA, its onset about 190 pA."""
    code, text, _ = run(
        capsys, "--model", "stiff", "--links", 12, "--gain", gain, "--duration", 16, "--no-check",
        "--survey", 3, "--json",
    )  # fmt: skip
    assert code == 0
    survey = json.loads(text)["survey"]
    [found] = survey["gaits"]
    assert (found["kind"], found["n_starts"], survey["failures"]) == (kind, 3, {})
    assert found["basin_low"] < 1 == found["basin_high"]
    if kind == "limit cycle":  # a spectrum of 16 s resolves 0.06 Hz; its peak is interpolated
        assert 1 / found["period_s"] == pytest.approx(found["gait"]["frequency_Hz"], rel=0.01)
    else:
        assert found["gait"]["direction"] == "none"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--survey", 0), "survey must be from 1 to 100000"),
        (("--survey", 10**9), "survey must be from 1 to 100000"),
        (("--transient", "nan", "--duration", 1e6), "transient_s must be >= 0 and finite"),
        (("--transient", 1e6, "--duration", 1e6), "leaves fewer than 8 samples"),
        (("--step", 1000), "step_ms must be at most 100"),
        (("--links", 501), "n_links must be at most 500"),
        (("--medium", "sand"), "Unknown medium 'sand'"),
        (("--model", "bistable", "--gain", 1), "--gain have no effect on the bistable model"),
        (("--links", 1), "n_links must be a whole number"),
        (("--seed", -1), "seed must be a whole number from 0"),
        (("--nulls", 2, "--out", "a", "--report", "b"), "omit --report"),
        (("--nulls", 2, "--out", __file__), "is a file; --nulls needs"),
        (("--out", "run.csv"), "must end in .zarr, .nc, .wcon"),
        (("--out", "none/run.zarr"), "The folder none does not exist"),
        (("--stimulate", "PLM"), "NAME=CURRENT"),
        (("--duration", 0), "duration_s must be positive"),
        (("--drag-ratio", 0), "drag_ratio must be positive"),
    ],
)
def test_wrong_usage_ends_with_code_2(capsys, arguments, message):
    code, _, error = run(capsys, *arguments)
    assert code == 2
    assert message in error
