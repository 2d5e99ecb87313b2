"""Level A in jNeuroML against the same network in Brian2."""

import importlib.util
import shutil

import numpy as np
import pytest

from isochron import connectome, sims
from isochron.sims.engines.brian2_session import import_brian2
from isochron.sims.neuroml import export_neuroml
from isochron.sims.neuroml.processes import jneuroml_command, run_process
from isochron.sims.spiking import C302_A, C302_B, SpikingNetwork, run_spiking

pytestmark = pytest.mark.skipif(
    shutil.which("java") is None or importlib.util.find_spec("pyneuroml") is None,
    reason="needs Java and pyneuroml",
)
brian2 = import_brian2()
DURATION_S, STEP_MS = 0.3, 0.05


@pytest.fixture(scope="module")
def circuit():
    """Neurons around the touch circuit, one contact each; glutamate inhibits.

    With all contacts and GABA alone inhibiting, cells without refractory period run away.
    """
    graph = connectome.load("varshney2011")
    plm = graph.index(["PLML", "PLMR", "AVAL", "AVAR", "DVA"])
    strength = (graph.chemical + graph.chemical.T)[plm].sum(axis=0)
    chosen = np.argsort(-strength, kind="stable")[:40]
    names = {graph.neurons[i] for i in (*plm, *chosen)}
    rule = connectome.TransmitterSigns(inhibitory=("GABA", "glutamate"))
    return graph.subset(*names).with_signs(rule).binarize()


def jneuroml_rates(graph, folder, level, stimulus):
    """Spikes per second of each neuron."""
    exported = export_neuroml(
        *(graph, folder),
        level=level,
        stimulus=stimulus,
        muscles=False,
        duration_s=DURATION_S,
        step_ms=STEP_MS,
    )
    spikes = f"{graph.name}.spikes"
    command = [*jneuroml_command(), exported.simulation.name, "-nogui"]
    rows = np.loadtxt(
        run_process(command, exported.folder, name="jNeuroML", produces=spikes), ndmin=2
    )
    counts = np.bincount(rows[:, 1].astype(int), minlength=len(graph.neurons))
    return counts / DURATION_S


@pytest.mark.parametrize(
    ("level", "parameters"),
    [("A", C302_A), pytest.param("B", C302_B, marks=pytest.mark.slow)],
)
@pytest.mark.long
def test_mean_rates_agree(tmp_path, circuit, level, parameters):
    """Agreement to one spike for each neuron, and to 1 % over the network.

    Both round spikes to steps, by which the spike times of a recurrent network drift apart;
    so it is rates that are compared. (At 0.02 ms, over 0.4 s, every count was the same.)
    """
    stimulus = sims.step_current(["PLM", "AVA"], amplitude_pA=3) + sims.step_current(
        ["interneuron"], amplitude_pA=2.3
    )
    theirs = jneuroml_rates(circuit, tmp_path / "out", level, stimulus)
    run = run_spiking(
        SpikingNetwork(circuit, parameters),
        stimulus,
        duration_s=DURATION_S,
        step_ms=STEP_MS,
        codegen_target="numpy",
    )
    ours = run.rate.values
    assert (ours > 0).sum() >= 15
    np.testing.assert_allclose(theirs, ours, atol=1.001 / DURATION_S)
    assert theirs.mean() == pytest.approx(ours.mean(), rel=0.01)
