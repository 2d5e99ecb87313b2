"""Order of labeled neurons by phase, in recordings and in the cycle of the worm's model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron import analysis, sims
from isochron.connectome import Connectome
from isochron.connectome.transform import pair_labels
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import Report
from isochron.runs.provenance import derive_seed
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.animals import (
    AnimalRhythm,
    animal_step,
    open_recording,
    recordings_of,
)
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.similarity import WORM

PHASE_ORDER = "phase-order"  # name of the step
LEAST_SHARED = 5
ALPHA = 0.05
N_PERMUTATIONS = 999
SILENT = 1e-6  # swing of a neuron as a fraction of the largest

Phases = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class AnimalOrder:
    """The order of one recording.

    Attributes
    ----------
    name : str
        Name of the file, or ``synthetic``.
    n_shared : int
        Number of labeled neurons that the model has too; left-right pairs count as one.
    correlation : float or None
        Circular rank correlation with the model, -1 to 1; None if it is omitted from the test.
    omitted : str
        Reason, else empty.
    """

    name: str
    n_shared: int
    correlation: float | None
    omitted: str


@dataclass(frozen=True, kw_only=True)
class OrderComparison:
    """Order of labeled neurons by phase in the recordings against that in the model.

    Attributes
    ----------
    synthetic : bool
        Whether the recording is the synthetic one, whose labels mean nothing.
    animals : tuple of AnimalOrder
        One for each recording; empty if the model does not have a cycle.
    correlation, p_value : float or None
        Mean circular rank correlation, and its one-sided test; see
        `isochron.analysis.phase_order_test`. None without a recording in the test.
    method : str
    remark : str
        Reason why there is no test, else empty.
    """

    synthetic: bool
    animals: tuple[AnimalOrder, ...] = ()
    correlation: float | None = None
    p_value: float | None = None
    method: str = ""
    remark: str = ""


def compare_phase_order(config: CompareConfig, folder: RunPaths, report: Report) -> Any:
    """The orders of all recordings against that of the model; `OrderComparison` as JSON values."""
    rhythms = [
        from_json_values(folder.result(animal_step(k)), AnimalRhythm)
        for k in range(len(recordings_of(config)))
    ]
    synthetic = all(it.synthetic for it in rhythms)
    connectome = open_connectome(config.worm.dataset)
    model = phases_of_worm(folder, connectome)
    if not model:
        return to_json_values(
            OrderComparison(synthetic=synthetic, remark="The model does not have a cycle.")
        )
    phases = [phases_of_recording(config, name, connectome) for name in recordings_of(config)]
    rng = np.random.default_rng(derive_seed(config.seed, PHASE_ORDER))
    return to_json_values(compare_orders(model, phases, rhythms, rng))


def compare_orders(
    model: Phases,
    phases: Sequence[Phases],
    rhythms: Sequence[AnimalRhythm],
    rng: np.random.Generator,
) -> OrderComparison:
    """The orders of recordings with a rhythm and enough labels against that of a model.

    Parameters
    ----------
    model : dict of str to float
        Phase in radians of each label.
    phases : sequence of dicts of str to float
        The same for each recording.
    rhythms : sequence of AnimalRhythm
        Those of the recordings.
    rng : numpy.random.Generator
        Source of the permutations.
    """
    shared = [{name: it[name] for name in it if name in model} for it in phases]
    reasons = [_reason(one, rhythm) for one, rhythm in zip(shared, rhythms, strict=True)]
    tested = [one for one, reason in zip(shared, reasons, strict=True) if not reason]
    synthetic = all(it.synthetic for it in rhythms)
    order = None
    if tested:
        labels = {name for one in tested for name in one}
        reference = {name: model[name] for name in sorted(labels)}
        order = analysis.phase_order_test(reference, tested, n_permutations=N_PERMUTATIONS, rng=rng)
    correlations = iter([] if order is None else order.correlations.tolist())
    animals = tuple(
        AnimalOrder(
            name=rhythm.name,
            n_shared=len(one),
            correlation=None if reason else next(correlations),
            omitted=reason,
        )
        for one, rhythm, reason in zip(shared, rhythms, reasons, strict=True)
    )
    if order is None:
        remark = "No recording has a rhythm and enough labeled neurons of the model."
        return OrderComparison(synthetic=synthetic, animals=animals, remark=remark)
    return OrderComparison(
        synthetic=synthetic,
        animals=animals,
        correlation=order.test.statistic,
        p_value=order.test.p_value,
        method=order.test.method,
    )


def _reason(shared: Phases, rhythm: AnimalRhythm) -> str:
    """Reason why a recording is omitted; empty if it is not."""
    if rhythm.p_value > ALPHA:
        return f"no rhythm beyond its surrogates (p = {rhythm.p_value:.2g})"
    if len(shared) < LEAST_SHARED:
        return f"{len(shared)} labeled neurons of the model; at least {LEAST_SHARED} are needed"
    return ""


def phases_of_worm(folder: RunPaths, connectome: Connectome) -> Phases:
    """Phase of each neuron in the cycle of the model; empty without a cycle."""
    data = sims.load_dataset(folder.data_path(WORM))
    if "cycle_states" not in data:
        return {}
    names = data.neuron.values.tolist()
    potentials = data.cycle_states.values[0][:-1, : len(names)]
    angle = 2 * np.pi * data.cycle_time.values[:-1] / data.cycle_time.values[-1]
    swing = np.ptp(potentials, axis=0)
    moving = np.flatnonzero(swing > SILENT * swing.max())
    return phases_by_label(
        potentials[:, moving], angle, pair_labels([names[k] for k in moving], connectome.neurons)
    )


def phases_of_recording(config: CompareConfig, name: str, connectome: Connectome) -> Phases:
    """Phase of each neuron of a recording on the turns in its principal plane."""
    recording = open_recording(config, name)
    rotation = analysis.planar_rotation(
        recording.activity,
        rate_Hz=recording.rate_Hz,
        n_surrogates=1,
        rng=np.random.default_rng(0),  # the test is that of the step of the recording
    )
    return phases_by_label(
        recording.activity, rotation.protophase, pair_labels(recording.names, connectome.neurons)
    )


def phases_by_label(activity: np.ndarray, angle: np.ndarray, labels: Sequence[str]) -> Phases:
    """Angle at which the sinusoid of an angle that fits each neuron best is largest.

    Neurons with one label have their mean, weighted by how well the sinusoid fits.

    Parameters
    ----------
    activity : ndarray, shape (n_times, n_neurons)
        Each varies.
    angle : ndarray, shape (n_times,)
        Radians; grows with time.
    labels : sequence of str, length n_neurons

    Returns
    -------
    dict of str to float
        In radians.
    """
    normalized = (activity - activity.mean(axis=0)) / activity.std(axis=0)
    waves = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=1)
    _, cosine, sine = np.linalg.lstsq(waves, normalized, rcond=None)[0]
    total: dict[str, complex] = {}
    for label, peak in zip(labels, cosine + 1j * sine, strict=True):
        total[label] = total.get(label, 0j) + complex(peak)
    return {label: float(np.angle(value)) for label, value in total.items()}
