"""simulate_worm(): from a network and a body to a labeled dataset of the moving worm."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.memory import TooLargeError
from isochron.real_numbers import require_real
from isochron.settings import check_types, setting, settings_from
from isochron.sims.body.parameters import BodyParameters, require_positive
from isochron.sims.body.simulation import body_dataset
from isochron.sims.drive import Drive
from isochron.sims.engines.strang import StepInputs
from isochron.sims.graded import GradedNetwork, check_simulated
from isochron.sims.locomotion.crawl_map import CrawlMap
from isochron.sims.locomotion.parameters import (
    STANDARD_CRAWL,
    CrawlParameters,
    require_crawl_step,
)
from isochron.sims.muscle_parameters import MuscleParameters
from isochron.sims.proprioception import Proprioception
from isochron.sims.simulation import require_generator, unsimulated_layers
from isochron.sims.step_choice import require_few_steps, require_resolved
from isochron.sims.stimuli import Stimulus

Array = np.ndarray
BLOCK_STEPS = 512  # number of steps for which changing currents are computed at a time
STEADY_STEPS = 4096  # number of steps between two moments at which a run can be interrupted
MEMORY_LIMIT_BYTES = 4 * 2**30


@dataclass(frozen=True, kw_only=True, slots=True)
class WormRunSettings:
    """Settings of `simulate_worm`.

    Attributes
    ----------
    duration_s : float
        Simulated time, s.
    step_ms : float
        Time step of neurons, muscles and body, ms.
    record_every_ms : float
        Time between recorded samples, ms, rounded to a whole number of steps.
    threshold_rule : {"fixed", "adiabatic", "ramped"}
        Rule by which the thresholds of synapses follow the stimulus, as in `RunSettings`.

    Raises
    ------
    ValueError
        If a value is of a different type, a number is not positive and finite, or the step is
        longer than 100 ms.

    Examples
    --------
    >>> sims.WormRunSettings(duration_s=10).step_ms
    8.0
    """

    duration_s: float = setting(30.0, "Simulated time", unit="s")
    step_ms: float = setting(8.0, "Time step of neurons, muscles and body", unit="ms")
    record_every_ms: float = setting(40.0, "Time between recorded samples", unit="ms")
    threshold_rule: str = setting(
        "fixed",
        "Rule by which the thresholds of synapses follow a stimulus",
        choices="isochron.sims.drive:THRESHOLD_RULES",
    )

    def __post_init__(self) -> None:
        check_types(self)
        require_positive(duration_s=self.duration_s, record_every_ms=self.record_every_ms)
        require_crawl_step(self.step_ms)


def simulate_worm(
    network: GradedNetwork,
    stimulus: Stimulus | None = None,
    *,
    body: BodyParameters | None = None,
    muscles: MuscleParameters | None = None,
    proprioception: Proprioception | None = None,
    initial_state: Any = None,
    rng: np.random.Generator | None = None,
    **fields: Any,
) -> xr.Dataset:
    """Simulate a worm that moves: neurons, muscles, body and proprioception in a closed loop.

    With the default constants the worm crawls without any other source of a rhythm. That does
    not show that its connectome generates the crawl: with feedback and muscles, networks with
    rewired connections crawl too.

    Parameters
    ----------
    network : GradedNetwork
        Network of C. elegans. If its connectome does not distinguish the body-wall muscles, those
        of Cook et al. (2019) are used, by the names of the neurons.
    stimulus : Stimulus, optional
        Currents into neurons in addition to proprioception; none by default.
    body, muscles, proprioception : optional
        Body and medium, muscles, and proprioception; by default those of `STANDARD_CRAWL`.
    initial_state : array_like, shape (dimension,), optional
        State of the `CrawlMap` with the same constants; by default `CrawlMap.bent_state`, or
        `CrawlMap.random_state` if `rng` is given.
    rng : numpy.random.Generator, optional
        Source of a random initial state.
    **fields
        Fields of `WormRunSettings` as keywords: duration_s, step_ms, record_every_ms,
        threshold_rule.

    Returns
    -------
    xarray.Dataset
        ``V`` in mV and ``s`` (time, neuron); ``activation`` (time, muscle); ``x`` and ``y``
        (time, node) in mm, nodes from the head to the tail; ``curvature`` (time, joint) in 1/mm;
        ``heading`` (time), the direction of the first link from its front, radians; time in ms.

    Raises
    ------
    ValueError
        If an argument is out of range, the record would not fit in memory, the stimulus changes
        within a time step, or both `initial_state` and `rng` are given.
    TypeError
        If `rng` is a seed instead of a generator, or a part of the worm is of a different type.
    DivergenceError
        If the state does not stay finite.

    Examples
    --------
    >>> worm = sims.GradedNetwork(connectome.load("varshney2011"))
    >>> run = sims.simulate_worm(worm, duration_s=40)
    >>> gait = sims.describe_gait(run)
    >>> print(f"{gait.direction}, {gait.frequency_Hz:.1f} Hz, {gait.wavelength:.1f} L")
    head to tail, 0.4 Hz, 0.7 L
    >>> print(f"{gait.speed:.1f} mm/s")
    0.2 mm/s
    """
    settings = settings_from(WormRunSettings, None, fields)
    stimulus = Stimulus() if stimulus is None else stimulus
    check_simulated(network, stimulus)
    require_generator(rng)
    require_resolved(stimulus, settings.step_ms)
    given = {"body": body, "muscles": muscles, "proprioception": proprioception}
    parameters = replace(
        STANDARD_CRAWL, **{name: value for name, value in given.items() if value is not None}
    )
    # The map is used for its constants; currents and thresholds come from the stimulus.
    crawl = CrawlMap(network, Stimulus(), parameters, step_ms=settings.step_ms)
    drive = Drive(network, stimulus, settings.threshold_rule)
    rng_state = None if rng is None else rng.bit_generator.state
    if initial_state is not None and rng is not None:
        raise ValueError("Give initial_state or rng, not both.")
    require_real("initial_state", initial_state)
    state = crawl.first_state(drive.thresholds(0.0), initial_state, rng)
    n_steps = round(1e3 * settings.duration_s / settings.step_ms)
    every = max(1, round(settings.record_every_ms / settings.step_ms))
    require_few_steps(n_steps, settings.step_ms, settings.duration_s, network.n_neurons)
    check_size(n_steps, every, crawl.dimension, settings)
    record = np.empty((n_steps // every + 1, crawl.dimension + 3))
    record[0] = [*state, 0, 0, 0]
    take_all(crawl, drive, state, every, record[1:])
    times = np.arange(len(record)) * every * settings.step_ms
    return _labelled(crawl, times, record).assign_attrs(
        {
            **_attributes(network, parameters, crawl.anatomy.source),
            **asdict(settings),
            "stimulus": stimulus.describe(),
            "n_steps": n_steps,
            "rng": "none" if rng_state is None else json.dumps(rng_state, default=_as_list),
        }
    )


def check_size(n_steps: int, every: int, dimension: int, settings: WormRunSettings) -> None:
    """Raise ValueError for a record without samples, or one that does not fit in memory."""
    needed = 16 * dimension * (n_steps // every)
    if n_steps < every or needed > MEMORY_LIMIT_BYTES:
        way_out = "Record less often." if n_steps >= every else "Record more often, or run longer."
        raise (TooLargeError if n_steps >= every else ValueError)(
            f"duration_s={settings.duration_s:g} at record_every_ms={settings.record_every_ms:g} "
            f"would record {n_steps // every:.6g} samples, {needed / 2**30:.3g} GiB; between 1 "
            f"sample and {MEMORY_LIMIT_BYTES / 2**30:.0f} GiB are allowed. {way_out} duration_s is "
            "in seconds, record_every_ms in milliseconds."
        )


def take_all(crawl: CrawlMap, drive: Drive, state: Array, every: int, record: Array) -> None:
    """Advance the worm, and write a row of `record` after each `every` steps."""
    pose, done = np.zeros(3), 0
    for inputs, count in _blocks(drive, crawl.step_ms, len(record) * every, every):
        rows = record[done : done + count // every]
        crawl.take(state, inputs, count, every, rows, pose=pose)
        done += len(rows)


def _blocks(
    drive: Drive, step: float, n_steps: int, every: int
) -> Iterator[tuple[StepInputs, int]]:
    """Inputs of blocks of steps, each of a whole number of samples."""
    length = STEADY_STEPS if drive.steady else BLOCK_STEPS
    block = every * max(1, length // every)
    for first in range(0, n_steps, block):
        count = min(block, n_steps - first)
        middles = (first + np.arange(1 if drive.steady else count) + 0.5) * step
        thresholds = drive.thresholds(middles[:1] if drive.steady_thresholds else middles)
        yield StepInputs(thresholds, drive.currents(middles), 0, step), count


def _labelled(crawl: CrawlMap, times: Array, record: Array) -> xr.Dataset:
    n, m = crawl.network.n_neurons, len(crawl.anatomy.muscles)
    body = crawl.parameters.body
    curvature, pose = record[:, 2 * n + m : -3], record[:, -3:]
    angles = np.zeros((len(record), body.n_links))
    angles[:, 1:] = np.cumsum(curvature, axis=1) * body.link_length
    angles += pose[:, 2:]
    moved = body_dataset(times, np.concatenate([pose[:, :2], angles], axis=1), body)
    neurons = ("time", "neuron")
    return moved.assign(
        V=(neurons, record[:, :n].copy(), {"units": "mV"}),
        s=(neurons, record[:, n : 2 * n].copy(), {"units": "1"}),
        activation=(("time", "muscle"), record[:, 2 * n : 2 * n + m].copy(), {"units": "1"}),
        heading=("time", pose[:, 2].copy(), {"units": "rad"}),
    ).assign_coords(
        neuron=list(crawl.anatomy.neurons),
        muscle=list(crawl.anatomy.muscles),
    )


def _attributes(
    network: GradedNetwork, parameters: CrawlParameters, muscles_of: str
) -> dict[str, Any]:
    connectome = network.connectome
    history = list(connectome.history)
    if muscles_of != connectome.name:
        history.append(f"body-wall muscles of {muscles_of} by the names of neurons")
    return {
        "model": "graded worm",
        "dataset": connectome.name,
        "dataset_sha256": connectome.source.content_sha256,
        "connectome_history": "; ".join(history),
        "parameters": json.dumps(asdict(network.parameters)),
        "muscles": json.dumps(asdict(parameters.muscles)),
        "proprioception": json.dumps(asdict(parameters.proprioception)),
        "isochron_version": __version__,
        **unsimulated_layers(connectome),
    }


def _as_list(value: Any) -> Any:
    return value.tolist()
