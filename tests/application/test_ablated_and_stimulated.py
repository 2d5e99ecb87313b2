"""A neuron that a command both omits and stimulates is named."""

import pytest

from isochron.cli import main
from isochron.runs.simulation_spec import SimulationSpec


@pytest.mark.parametrize(
    ("ablate", "stimulated", "named"),
    [
        ("PLM", "PLM", "PLM (PLML, PLMR) is both stimulated and ablated (ablated: PLM)"),
        ("plm", "PLML", "PLML is both stimulated and ablated (ablated: plm)"),
        ("sensory", "plm", "plm (PLML, PLMR) is both"),
        ("VB*", "VB01", "VB01 (VB1) is both"),
    ],
)
def test_all_neurons_of_a_stimulus_are_ablated(ablate, stimulated, named, tmp_path, capsys):
    out = tmp_path / "worm"
    options = ["--ablate", ablate, "--stimulate", f"{stimulated}=1"]
    for command in (
        ["simulate", "--duration", "0.01", *options],
        ["continue", "current", "0", "1", *options],
        ["export-neuroml", "varshney2011", "--out", str(out), *options],
    ):
        assert main(command) == 2
        assert named in capsys.readouterr().err
    assert not out.exists()


def test_currents_of_a_table(tmp_path, capsys):
    table = tmp_path / "currents.csv"
    table.write_text("time_ms,PLML\n0,0\n5,10\n")
    command = ["simulate", "--duration", "0.01", "--stimulus", str(table), "--ablate", "PLM"]
    assert main(command) == 3
    assert f"{table}: PLML is both stimulated and ablated" in capsys.readouterr().err


def test_what_is_left_of_a_stimulus_is_stimulated():
    spec = SimulationSpec(
        dataset="varshney2011", ablate=("PLML", "PLML", "sensory"), currents=(("motor", 1.0),)
    )
    assert spec.stimulus().constant(spec.connectome()).sum() > 100
    one = SimulationSpec(dataset="varshney2011", ablate=("PLML",), currents=(("plm", 2.0),))
    assert one.stimulus().constant(one.connectome()).sum() == 2.0


def test_an_unknown_neuron_next_to_an_ablation(capsys):
    command = ["simulate", "--duration", "0.01", "--ablate", "AVA", "--stimulate", "PLMX=1"]
    assert main(command) == 2
    assert "isochron connectome cells varshney2011" in capsys.readouterr().err


def test_case_of_a_class_makes_no_difference():
    spec = SimulationSpec(dataset="varshney2011", currents=(("plm", 1.0), ("PLM", 1.0)))
    assert spec.stimulus().constant(spec.connectome()).sum() == 4.0
