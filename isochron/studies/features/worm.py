"""Features of the states of simulated worms with noise, and their classes of neurons."""

from typing import Any

import numpy as np

from isochron import sims
from isochron.connectome import Connectome
from isochron.memory import require_memory
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.sims.step_choice import require_few_steps
from isochron.studies.features.classes import mean_share, with_classes
from isochron.studies.features.configuration import FeaturesConfig, WormSection
from isochron.studies.features.measure import measure
from isochron.studies.features.results import WORM, SystemRow
from isochron.studies.features.samples import Samples

TRANSIENT_S = 10.0
STEP_MS = 2.0
NOISE_SAMPLE_MS = 10.0
FEWEST_STATES = 10  # of a worm


def check_worms(section: WormSection) -> None:
    """Check that a connectome has the stimulated neurons, and that its simulations end.

    Raises
    ------
    ValueError
        If it does not have them, or a simulation has too few states.
    TooLargeError
        If the simulations take too many steps, or their states do not fit into the memory.
    """
    connectome = open_connectome(section.dataset)
    connectome.index(section.stimulated)
    if section.every_ms > 1e3 * section.simulated_s / FEWEST_STATES:
        raise ValueError(
            f"every_ms must be at most {1e3 * section.simulated_s / FEWEST_STATES:g}, so that a "
            f"worm has {FEWEST_STATES} states in simulated_s, got {section.every_ms!r}."
        )
    duration_s = TRANSIENT_S + section.simulated_s
    n_neurons = len(connectome.neurons)
    require_few_steps(1e3 * duration_s / STEP_MS, STEP_MS, duration_s, n_neurons)
    require_memory(
        2 * 8.0 * n_neurons * 1e3 * duration_s / NOISE_SAMPLE_MS,
        f"Noise currents of {duration_s:g} s",
        "Lower simulated_s.",
    )


def worm_states(section: WormSection) -> tuple[int, int]:
    """Number of states of all worms, and of neurons."""
    n_times = int(1e3 * section.simulated_s / max(section.every_ms, STEP_MS))
    return section.worms * n_times, len(open_connectome(section.dataset).neurons)


def simulate_worms(config: FeaturesConfig, connectome: Connectome, report: Report) -> Samples:
    """Potentials above threshold of all neurons; the second half of the worms is held out."""
    section, network = config.worm, sims.GradedNetwork(connectome)
    states = []
    for k in range(section.worms):
        report(0.1 * k / section.worms, f"worm {k + 1}")
        rng = np.random.default_rng(derive_seed(config.seed, "worm", k))
        duration_s = TRANSIENT_S + section.simulated_s
        noise = sims.noise_current(
            connectome.neurons,
            deviation_pA=section.noise_pA,
            correlation_time_ms=section.correlation_ms,
            duration_ms=1e3 * duration_s,
            sample_ms=NOISE_SAMPLE_MS,
            rng=rng,
        )
        constant = sims.step_current(section.stimulated, amplitude_pA=section.current_pA)
        run = sims.simulate(
            network, constant + noise, duration_s=duration_s, step_ms=STEP_MS,
            record=("V_minus_threshold",), record_every_ms=section.every_ms, rng=rng,
        )  # fmt: skip
        kept = run.V_minus_threshold.transpose("time", "neuron").values
        states.append(kept[run.time.values > 1e3 * TRANSIENT_S])
    trials = np.repeat(np.arange(section.worms), [len(it) for it in states])
    held_out = trials >= section.worms // 2
    return Samples.with_planar_phases(np.concatenate(states).astype(float), trials, held_out)


def measure_worm(config: FeaturesConfig, report: Report) -> Any:
    """Features of simulated worms; a `SystemRow` as JSON values."""
    connectome = open_connectome(config.worm.dataset)
    samples = simulate_worms(config, connectome, report)
    seed = derive_seed(config.seed, "worm dictionaries")
    found = measure(config.features, samples, seed, report)
    classes = [cell.cell_class for cell in connectome.cells]
    rng = np.random.default_rng(derive_seed(seed, "classes"))
    rows, null = with_classes(found, classes, config.features.n_surrogates, rng)
    row = SystemRow(
        name=f"worm, {connectome.name}",
        kind=WORM,
        features=rows,
        class_share=mean_share(rows),
        class_null=null,
        **found.fields,
    )
    return to_json_values(row)
