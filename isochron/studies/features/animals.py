"""Features of recorded animals: dictionaries of all animals but one, measured in that one."""

from pathlib import Path
from typing import Any

import numpy as np

from isochron.files import DataFileError
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.recordings import UsableRecording, open_recording
from isochron.runs.results import to_json_values
from isochron.studies.features.configuration import FeaturesConfig
from isochron.studies.features.measure import measure
from isochron.studies.features.results import ANIMAL, SystemRow
from isochron.studies.features.samples import Samples
from isochron.wording import counted

LEAST_NEURONS = 3  # identified in all recordings
LEAST_TIMES = 32  # of a half
HALVES = "One recording: its second half is held out, not a different animal."


def open_animals(config: FeaturesConfig) -> list[np.ndarray]:
    """Activity of the same neurons in all recordings, each of shape (n_times, n_neurons).

    All neurons of a single recording; of several those that are identified in all of them. Empty
    without recordings.

    Raises
    ------
    DataFileError
        If a recording cannot be used, is too short, or too few neurons are common.
    """
    files = config.animals.recordings
    recordings = [open_recording(file) for file in files]
    for file, it in zip(files, recordings, strict=True):
        if len(it.seconds) < 2 * LEAST_TIMES:
            raise DataFileError(
                f"{file} has {len(it.seconds)} times; at least {2 * LEAST_TIMES} are needed."
            )
    if len(recordings) < 2:
        return [it.activity for it in recordings]
    common = sorted(set.intersection(*(_identified(it) for it in recordings)))
    if len(common) < LEAST_NEURONS:
        raise DataFileError(
            f"{counted(len(common), 'neuron')} identified in all {len(files)} recordings; at least "
            f"{LEAST_NEURONS} are needed to hold out an animal. Omit recordings with few "
            "identified neurons, or give one recording."
        )
    return [it.activity[:, [it.names.index(name) for name in common]] for it in recordings]


def _identified(recording: UsableRecording) -> set[str]:
    return {name for name in recording.names if not name.startswith("?")}


def animal_samples(activities: list[np.ndarray], held_out: int) -> Samples:
    """Samples with one animal held out; of a single one the second half of the time."""
    if len(activities) == 1:
        half = len(activities[0]) // 2
        activities, held_out = [activities[0][:half], activities[0][half:]], 1
    trials = np.repeat(np.arange(len(activities)), [len(it) for it in activities])
    return Samples.with_planar_phases(np.concatenate(activities), trials, trials == held_out)


def measure_animal(config: FeaturesConfig, number: int, report: Report) -> Any:
    """Features with one animal held out; a `SystemRow` as JSON values."""
    activities = open_animals(config)
    samples = animal_samples(activities, number)
    seed = derive_seed(config.seed, "animal", number)
    found = measure(config.features, samples, seed, report)
    row = SystemRow(
        name=Path(config.animals.recordings[number]).name,
        kind=ANIMAL,
        features=found.rows,
        remark=HALVES if len(activities) == 1 else "",
        **found.fields,
    )
    return to_json_values(row)
