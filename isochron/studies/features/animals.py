"""Features of recorded animals: dictionaries of all animals but one, measured in that one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from isochron.connectome import cells
from isochron.files import DataFileError
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.recordings import UsableRecording, open_recording
from isochron.runs.results import to_json_values
from isochron.studies.features.classes import mean_share, with_classes
from isochron.studies.features.configuration import FeaturesConfig
from isochron.studies.features.measure import measure
from isochron.studies.features.results import ANIMAL, SystemRow
from isochron.studies.features.samples import Samples
from isochron.wording import counted

LEAST_NEURONS = 3  # identified in all recordings
LEAST_TIMES = 32  # of a half
HALVES = "One recording: its second half is held out, not a different animal."


def open_animals(config: FeaturesConfig) -> list[UsableRecording]:
    """All recordings, with the same neurons in the same order.

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
        return recordings
    common = sorted(set.intersection(*(_identified(it) for it in recordings)))
    if len(common) < LEAST_NEURONS:
        raise DataFileError(
            f"{counted(len(common), 'neuron')} identified in all {len(files)} recordings; at least "
            f"{LEAST_NEURONS} are needed to hold out an animal. Omit recordings with few "
            "identified neurons, or give one recording."
        )
    places = [[it.names.index(name) for name in common] for it in recordings]
    return [
        replace(it, activity=it.activity[:, at], names=tuple(common))
        for it, at in zip(recordings, places, strict=True)
    ]


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
    recordings = open_animals(config)
    samples = animal_samples([it.activity for it in recordings], number)
    seed = derive_seed(config.seed, "animal", number)
    found = measure(config.features, samples, seed, report)
    rng = np.random.default_rng(derive_seed(seed, "classes"))
    classes = classes_of(recordings[number].names)
    rows, null = with_classes(found, classes, config.features.n_surrogates, rng)
    row = SystemRow(
        name=Path(config.animals.recordings[number]).name,
        kind=ANIMAL,
        features=rows,
        class_share=mean_share(rows),
        class_null=null,
        remark=HALVES if len(recordings) == 1 else "",
        **found.fields,
    )
    return to_json_values(row)


def classes_of(names: Sequence[str]) -> list[str]:
    """Class of each neuron; one that is not identified, or not known, is its own class."""
    table = cells()
    return [table[name].cell_class if name in table else name for name in names]
