"""A network under the irregular references, and its similarity to the driven worm."""

import numpy as np

from isochron import sims
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.driven import (
    COMPONENTS,
    HALVES,
    SAMPLES,
    DrivenSimilarity,
    components_of,
    distance_between_halves,
    held_out_error,
    irregular_references,
    mean_distance,
)
from isochron.studies.compare.similarity import WORM
from isochron.studies.compare.subject import Found, Subject


def compare_driven(folder: RunPaths, subject: Subject, found: Found) -> DrivenSimilarity | None:
    """Compare a driven network with the driven worm.

    None if the worm does not have a cycle, the period of the reference has fewer than 20 steps, or
    the states of the network do not vary or diverge.
    """
    data = sims.load_dataset(folder.data_path(WORM))
    system = subject.system
    if COMPONENTS not in data or system.n_steps < SAMPLES * system.forcing_cycles:
        return None
    states = drive_network(subject, np.zeros(system.dimension) if found.largest is None
                           else found.largest.point)  # fmt: skip
    if not np.isfinite(states).all():
        return None
    components = components_of(states)
    try:
        return DrivenSimilarity(
            distance=mean_distance(components, data[COMPONENTS].values),
            between_halves=distance_between_halves(components),
            held_out_error=held_out_error(components),
        )
    except ValueError:
        return None


def drive_network(subject: Subject, start: np.ndarray) -> np.ndarray:
    """States of the units of a network under the references, shape (2, n_samples, n_units)."""
    system, references = subject.system, irregular_references()
    period = system.n_steps / system.forcing_cycles
    steps = np.diff(np.round(np.arange(references.shape[1]) * period / SAMPLES).astype(int))
    inputs = np.zeros((HALVES, subject.network.net.settings.n_inputs))
    state = np.tile(start, (HALVES, 1))
    states = [state]
    with np.errstate(over="ignore", invalid="ignore"):
        for values, n_steps in zip(references.T[:-1], steps, strict=True):
            inputs[:, subject.channel] = subject.reference.amplitude * values
            state = system.respond(state, np.repeat(inputs[None], n_steps, axis=0))
            states.append(state)
    return subject.network.units(np.array(states)).swapaxes(0, 1)
