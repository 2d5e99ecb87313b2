"""isochron cycles and isochron continue, on the worm and on a network."""

import json

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, sims
from isochron.cli import main


def run(capsys, *arguments):
    code = main([*map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_only_graded_models_have_an_equilibrium_to_continue():
    from isochron.runs.simulation_spec import SimulationSpec
    from isochron.workflows.continuation import continue_equilibrium

    spec = SimulationSpec(dataset="varshney2011", model="c302-a", currents=(("PLM", 1.0),))
    with pytest.raises(ValueError, match="Only graded models"):
        continue_equilibrium(spec, "current", 1, 2)


def test_rest_gives_way_to_a_rhythm_where_two_eigenvalues_cross(capsys):
    """The published model rests at 1.2 nA and not at 1.4 nA."""
    code, text, _ = run(
        capsys, "continue", "current", 1200, 1300, "--stimulate", "PLM=1200", "--json"
    )
    assert code == 0
    found = json.loads(text)
    (hopf,) = found["special"]
    assert hopf["kind"] == "Hopf"
    assert [found["points"][i]["unstable_directions"] for i in (0, -1)] == [0, 2]
    worm = sims.GradedNetwork(connectome.load("varshney2011"))
    stimulus = sims.step_current(["PLM"], amplitude_pA=hopf["parameter"])
    jacobian = worm.field_under(stimulus).jacobian(0.0, worm.equilibrium(stimulus))
    leading = max(np.linalg.eigvals(jacobian.toarray()), key=lambda value: value.real)
    assert abs(leading.real) < 1e-10  # per ms, against |leading| of 3e-3
    assert hopf["period_ms"] == pytest.approx(2 * np.pi / abs(leading.imag), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("current", 1, 1, "--stimulate", "PLM=1"), "must be finite and different"),
        (("current", 1, 2), "give --stimulate"),
        (("wisdom", 1, 2), "No parameter 'wisdom'"),
        (("current", 1, 2, "--model", "c302-a", "--stimulate", "PLM=1"), "'c302-a' is not one of"),
    ],
)
def test_bad_continuations_are_refused(capsys, arguments, message):
    code, _, error = run(capsys, "continue", *arguments)
    assert code == 2
    assert message in error


def test_a_small_worm_rests(capsys, tmp_path):
    """Without its drive a piece of the worm has one stable fixed point and no cycle."""
    out, graph = tmp_path / "run.zarr", tmp_path / "small.csv"
    connectome.write_csv(connectome.load("varshney2011").subset("PLM", "PVC", "AVB", "VB*"), graph)
    arguments = ("--dataset", graph, "--stimulate", "PLM=10", "--duration", 20, "--out", out)
    assert run(capsys, "simulate", *arguments)[0] == 0
    code, text, _ = run(capsys, "cycles", out, "--max-period", 1, "--json")
    assert code == 0
    (system,) = json.loads(text)
    (point,) = system["rhythms"]
    assert (point["kind"], point["stable"], point["period_ms"]) == ("fixed point", True, None)
    assert point["residual"] < 1e-9
    assert system["notes"]


def test_the_cycles_of_a_net_are_listed(capsys, tmp_path):
    generator = torch.Generator().manual_seed(0)
    net = ann_bridge.LowRankRNN(n_units=16, generator=generator)
    ann_bridge.save_net(net, tmp_path / "a", task=ann_bridge.tasks.PhaseMemory())
    code, text, _ = run(capsys, "cycles", tmp_path, "--starts", 8, "--json")
    assert code == 0
    (system,) = json.loads(text)
    kinds = [row["kind"] for row in system["rhythms"]]
    assert {"fixed point", "limit cycle"} <= set(kinds)
    assert "16 units, in the 5 variables" in system["system"]
    for row in system["rhythms"]:
        assert row["residual"] < 1e-8
    table = run(capsys, "cycles", tmp_path / "a.json", "--starts", 8)[1]
    assert "limit cycle" in table


@pytest.mark.parametrize("name", ["nothing", "nothing.zarr", "nothing.nc"])
def test_what_is_not_there_is_named(capsys, tmp_path, name):
    code, _, error = run(capsys, "cycles", tmp_path / name)
    assert code == 3
    assert name in error
    assert error.count("\n") == 1


def test_a_run_that_does_not_say_how_it_was_made_is_refused(capsys, tmp_path):
    worm = sims.GradedNetwork(connectome.load("varshney2011").subset("PLM", "PVC"))
    made = sims.simulate(worm, sims.Stimulus(), duration_s=0.1, rng=np.random.default_rng(0))
    sims.save_dataset(made, tmp_path / "run.nc")
    code, _, error = run(capsys, "cycles", tmp_path / "run.nc")
    assert code == 3
    assert "does not state its model and currents" in error
