"""jNeuroML, the reference simulator of NeuroML, on the graded network.

Its integrator is the explicit Euler method (its "rk4" does not change the other cells during a
step and is of first order too), so gap junctions limit the step. Every step is written as text,
so potentials and activations have about 8 digits.
"""

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from isochron.sims.engines.request import EngineRequest, raise_if_diverged
from isochron.sims.graded import GradedNetwork
from isochron.sims.neuroml.graded_run import STEM, check_step, synaptic_rate, write_run
from isochron.sims.neuroml.processes import SimulatorError, jneuroml_command, run_process
from isochron.sims.stimuli import Stimulus
from isochron.sims.waveforms import PulseTrain, Step

LARGEST_TEXT_BYTES = 2**29  # Java needs several times this memory
_BYTES_PER_NUMBER = 12


def require() -> None:
    """Raise MissingExtraError if Java or jNeuroML is not installed."""
    jneuroml_command()


def run(request: EngineRequest) -> np.ndarray:
    """Simulate; see `isochron.sims.engines.request`.

    Raises
    ------
    ValueError
        If the step is unstable, the output too large, or NeuroML cannot represent the stimulus.
    SimulatorError
        If Java or jNeuroML is missing or fails.
    DivergenceError
        If the state does not stay finite.
    """
    check_step(request, _fastest_rate(request.network, request.initial_state), "jNeuroML")
    _check_size(request)
    command = jneuroml_command()
    with tempfile.TemporaryDirectory(prefix="isochron-jneuroml-") as name:
        folder = Path(name)
        write_run(_seen_from_the_end_of_a_step(request), folder, variables=("v", "s"))
        output = run_process(
            [*command, f"LEMS_{STEM}.xml", "-nogui"],
            folder,
            name="jNeuroML",
            produces=f"{STEM}.v.dat",
        )
        return _read(output, request)


def _seen_from_the_end_of_a_step(request: EngineRequest) -> EngineRequest:
    """The request with steps and pulses that start half a step later.

    jLEMS switches a current on in the step at whose end the onset is reached, up to rounding.
    With an onset half a step later, it switches in the step that starts at the onset.
    """
    parts = tuple(
        replace(part, onset=part.onset + 0.5 * request.step_ms)
        if isinstance(part, Step | PulseTrain)
        else part
        for part in request.stimulus.parts
    )
    return replace(request, stimulus=Stimulus(parts))


def largest_stable_step(network: GradedNetwork) -> float:
    """Step in ms above which the explicit Euler method is unstable, with every synapse open."""
    return 2 / _fastest_rate(network)


def _fastest_rate(network: GradedNetwork, initial_state: np.ndarray | None = None) -> float:
    """A bound on the rates of the linear part of the potentials, 1/ms."""
    gap = np.linalg.eigvalsh(network.laplacian)[-1] / network.parameters.capacitance
    return float(gap) + synaptic_rate(network, initial_state)


def _check_size(request: EngineRequest) -> None:
    needed = _BYTES_PER_NUMBER * (request.network.dimension + 1) * request.n_steps
    if needed > LARGEST_TEXT_BYTES:
        raise ValueError(
            f"{request.n_steps} steps of {request.network.dimension} numbers would make jNeuroML "
            f"write {needed / 2**30:.3g} GiB of text, above {LARGEST_TEXT_BYTES / 2**30:g}. "
            "Simulate in parts, each from the last state of the one before."
        )


def _read(path: Path, request: EngineRequest) -> np.ndarray:
    """Samples of a file with a line for each step: time in s, potentials in V, activations."""
    with open(path, encoding="ascii") as lines:
        wanted = itertools.islice(lines, 0, request.n_steps + 1, request.every)
        table = np.loadtxt(wanted, ndmin=2)
    states = table[:, 1:]
    raise_if_diverged(request, states, simulator="jNeuroML")
    if len(states) < request.n_samples:
        raise SimulatorError(f"jNeuroML wrote {len(states)} of {request.n_samples} samples.")
    states[:, : request.network.n_neurons] *= 1e3
    return states
