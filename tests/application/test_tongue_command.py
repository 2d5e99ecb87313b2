"""isochron tongue, on a network and on a part of the worm."""

import json

import pytest
import torch

from isochron import analysis, ann_bridge, connectome
from isochron.cli import main


def run(capsys, *arguments):
    code = main([*map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A small network with an input of the reference only: one cycle at every frequency."""
    path = tmp_path_factory.mktemp("nets") / "a"
    made = ann_bridge.LowRankRNN(n_units=24, generator=torch.Generator().manual_seed(3))
    ann_bridge.save_net(made, path)
    return path, made


def test_the_edges_are_those_in_the_full_net(capsys, net):
    """The command follows the reduced network; the test the full one, from a different state."""
    path, full = net
    code, text, _ = run(
        capsys, "tongue", path, "--amplitudes", "1,0.6", "--starts", 8, "--span", 0.2, "--json"
    )
    assert code == 0
    (system,) = json.loads(text)
    (cycle, *_) = system["cycles"]
    assert [row["amplitude"] for row in cycle["tongue"]] == [0.6, 1.0]
    frequency = system["frequency_Hz"]

    def driven(hertz):
        return ann_bridge.TrainedMap(full, frequency_Hz=hertz, amplitude=1.0)

    at_home = driven(frequency)
    start = at_home.advance([0.1] * 24, 60 * at_home.n_steps)
    walked = analysis.find_tongue(
        driven, start, frequency=frequency, limits=(0.8 * frequency, 1.2 * frequency),
        step=frequency / 25, resolution=frequency / 200,
    )  # fmt: skip
    row = cycle["tongue"][1]
    assert (row["low_Hz"], row["high_Hz"]) == pytest.approx((walked.low, walked.high))
    assert (row["low_open"], row["high_open"]) == (walked.low_open, walked.high_open)


def test_the_tongue_is_drawn_and_listed(capsys, net, tmp_path):
    picture = tmp_path / "tongue.png"
    arguments = ("tongue", net[0], "--amplitudes", 1, "--starts", 8, "--span", 0.1)
    code, text, _ = run(capsys, *arguments, "--plot", picture)
    assert code == 0
    assert "low (Hz)" in text
    assert picture.stat().st_size > 5000
    code, _, error = run(capsys, *arguments, "--plot", picture)
    assert code == 2
    assert "--force" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--amplitudes", "1,-2"), "positive numbers"),
        (("--amplitudes", "strong"), "positive numbers"),
        (("--amplitudes", "nan"), "positive numbers"),
        (("--amplitudes", "1", "--span", "1.5"), "span must lie"),
        (("--amplitudes", "1", "--frequency", "-3"), "frequency must be positive"),
        (("--amplitudes", "1", "--frequency", "200"), "frequency_Hz must lie in"),
        (("--amplitudes", "1", "--input", "9"), "inputs 0 to 2; got the reference on input 9."),
        (("--amplitudes", "1", "--input", "-1"), "inputs 0 to 2; got the reference on input -1."),
        (("--amplitudes", "1", "--starts", "0"), "starts must be at least 1"),
        (("--amplitudes", "1", "--plot", "tongue.gif"), "must end in"),
        (("--amplitudes", "1", "--plot", "nowhere/tongue.png"), "folder nowhere does not exist"),
        ((), "--amplitudes"),
    ],
)
def test_bad_input_is_refused(capsys, net, options, message):
    code, _, error = run(capsys, "tongue", net[0], *options)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1


def test_a_worm_at_rest_has_no_tongue(capsys, tmp_path):
    out, graph = tmp_path / "run.zarr", tmp_path / "small.csv"
    connectome.write_csv(connectome.load("varshney2011").subset("PLM", "PVC", "AVB", "VB*"), graph)
    arguments = ("--dataset", graph, "--stimulate", "PLM=10", "--duration", 20, "--out", out)
    assert run(capsys, "simulate", *arguments)[0] == 0
    code, text, _ = run(
        capsys, "tongue", out, "--amplitudes", 5, "--max-period", 1, "--json",
    )  # fmt: skip
    assert code == 0
    (system,) = json.loads(text)
    assert system["cycles"] == []
    assert system["notes"]
    text = run(capsys, "tongue", out, "--amplitudes", 5, "--max-period", 1)[1]
    assert "resting" in text
    assert "how found" not in text  # no table without rows


@pytest.mark.slow
def test_the_worm_is_locked_around_its_own_frequency(capsys, tmp_path):
    """The tongue contains the own frequency and grows with the reference, about in proportion."""
    out, picture = tmp_path / "run.zarr", tmp_path / "tongue.svg"
    arguments = ("--stimulate", "PLM=2000", "--duration", 60, "--out", out)
    assert run(capsys, "simulate", *arguments)[0] == 0
    code, text, _ = run(
        capsys, "tongue", out, "--amplitudes", "2.5,5", "--plot", picture, "--json",
    )  # fmt: skip
    assert code == 0
    (system,) = json.loads(text)
    assert system["intrinsic_frequency_Hz"] == pytest.approx(1 / 1.8083, rel=1e-3)
    narrow, wide = system["cycles"][0]["tongue"]
    for row in (narrow, wide):
        assert row["low_Hz"] < system["intrinsic_frequency_Hz"] < row["high_Hz"]
    assert wide["low_Hz"] < narrow["low_Hz"] < narrow["high_Hz"] < wide["high_Hz"]
    # Found by steps of 0.0015 Hz from cycle to cycle: the last are at 0.5215 and 0.5920 Hz.
    assert wide["low_Hz"] == pytest.approx(0.5208, abs=wide["resolution_Hz"])
    assert wide["high_Hz"] == pytest.approx(0.5927, abs=wide["resolution_Hz"])
    assert picture.stat().st_size > 5000
