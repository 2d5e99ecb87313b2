"""NEURON on the graded network, by way of NeuroML.

jNeuroML translates the model; its mechanisms are compiled and run in a separate process.
The method is of first order. In a step, each potential is first advanced with the others fixed,
implicitly in its gap junctions and explicitly in leak and synapses; the activations are then
advanced exactly for fixed potentials. Gap junctions limit accuracy, not stability. Parameters
have 8 digits.
"""

import platform
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from isochron.sims.engines.request import EngineRequest, raise_if_diverged
from isochron.sims.graded import GradedNetwork
from isochron.sims.neuroml.graded_run import STEM, check_step, synaptic_rate, write_run
from isochron.sims.neuroml.mechanisms import merge_mechanisms
from isochron.sims.neuroml.processes import MissingSimulatorError, jneuroml_command, run_process

# Script that runs the translated model. All potentials are set before mechanisms are initialized.
_RUNNER = """
import numpy as np
from LEMS_{stem}_nrn import NeuronSimulation, h

populations, initial = {populations!r}, np.load("initial.npy")
NeuronSimulation(tstop={duration!r}, dt={step!r})
somata = [getattr(h, name)[0](0.5) for name in populations]
cells = [getattr(h, f"m_cell_{{name}}_{{name}}")[0] for name in populations]
for soma, potential in zip(somata, initial):
    soma.v = potential
h.finitialize()
states = np.empty(({n_samples}, 2 * len(populations)))
for sample in range({n_samples}):
    for _ in range({every} if sample else 0):
        h.fadvance()
    states[sample] = [soma.v for soma in somata] + [cell.s for cell in cells]
np.save("unfinished.npy", states)
import os
os.rename("unfinished.npy", "states.npy")
"""


def require() -> None:
    """Raise MissingExtraError if Java, jNeuroML, NEURON or a C++ compiler is not installed."""
    jneuroml_command()
    _compiler()


def run(request: EngineRequest) -> np.ndarray:
    """Simulate; see `isochron.sims.engines.request`.

    Raises
    ------
    ValueError
        If the step is unstable, or NeuroML cannot represent the stimulus.
    SimulatorError
        If Java, jNeuroML, NEURON or a C++ compiler is missing or fails.
    DivergenceError
        If the state does not stay finite.
    """
    check_step(request, synaptic_rate(request.network, request.initial_state), "NEURON")
    compiler = _compiler()
    command = jneuroml_command()
    with tempfile.TemporaryDirectory(prefix="isochron-neuron-") as name:
        folder = Path(name)
        populations = write_run(request, folder)
        script = run_process(
            [*command, f"LEMS_{STEM}.xml", "-neuron", "-nogui"],
            folder,
            name="jNeuroML",
            produces=f"LEMS_{STEM}_nrn.py",
        )
        merge_mechanisms(folder, script)
        run_process(compiler, folder, name="nrnivmodl", produces=f"{platform.machine()}/special")
        np.save(folder / "initial.npy", request.initial_state[: request.network.n_neurons])
        (folder / "run.py").write_text(_runner(request, populations))
        states = np.load(
            run_process([sys.executable, "run.py"], folder, name="NEURON", produces="states.npy"),
            allow_pickle=False,
        )
    raise_if_diverged(request, states, simulator="NEURON")
    return states


def largest_stable_step(network: GradedNetwork) -> float:
    """Step in ms above which synapses are unstable, which NEURON integrates explicitly here."""
    return 2 / synaptic_rate(network)


def _runner(request: EngineRequest, populations: tuple[str, ...]) -> str:
    return _RUNNER.format(
        stem=STEM,
        populations=populations,
        duration=float(request.n_steps * request.step_ms),
        step=float(request.step_ms),
        n_samples=request.n_samples,
        every=request.every,
    )


def _compiler() -> list[str]:
    if find_spec("neuron") is None:
        raise MissingSimulatorError('NEURON is not installed: pip install "isochron[neuron]".')
    beside = Path(sys.executable).parent
    found = shutil.which("nrnivmodl", path=str(beside)) or shutil.which("nrnivmodl")
    if found is None:
        raise MissingSimulatorError("NEURON is installed without its compiler script nrnivmodl.")
    if not any(map(shutil.which, ("g++", "c++", "clang++"))):
        raise MissingSimulatorError(
            "NEURON needs a C++ compiler (Debian: apt-get install g++ make)."
        )
    return [found]
