"""simulate_worm_many(): many worms that move, with different networks, bodies, inputs or starts."""

import contextlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.real_numbers import require_real
from isochron.settings import check_list, setting, settings_from
from isochron.sims.body.simulation import bodies_dataset
from isochron.sims.drive import Drive
from isochron.sims.engines.request import DivergenceError
from isochron.sims.engines.strang import build_kernel, find_pattern
from isochron.sims.engines.strang_lanes import LANES, side_by_side
from isochron.sims.graded import GradedNetwork
from isochron.sims.locomotion.crawl_map import CrawlMap
from isochron.sims.locomotion.lanes import (
    advance_loops,
    compile_worm_lanes,
    loops_side_by_side,
)
from isochron.sims.locomotion.parameters import STANDARD_CRAWL, CrawlParameters
from isochron.sims.locomotion.simulation import (
    BLOCK_STEPS,
    WormRunSettings,
    check_size,
    take_all,
)
from isochron.sims.simulation import require_generator
from isochron.sims.step_choice import require_resolved
from isochron.sims.stimuli import Stimulus
from isochron.wording import shown

Array = np.ndarray
RECORDABLE = ("V", "s", "activation")
FEWEST_IN_LANES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class WormEnsembleSettings(WormRunSettings):
    """Settings of `simulate_worm_many`.

    Attributes
    ----------
    duration_s, step_ms, record_every_ms, threshold_rule
        As in `WormRunSettings`.
    record : sequence of {"V", "s", "activation"}
        Recorded variables in addition to the body.
    workers : int
        Number of threads.

    Raises
    ------
    ValueError
        If a value is of a different type, a number is not positive and finite, or a variable in
        `record` does not exist.

    Examples
    --------
    >>> sims.WormEnsembleSettings(duration_s=10, record=("V",)).workers
    1
    """

    record: Sequence[str] = setting(
        (), "Recorded variables in addition to the body", choices=RECORDABLE
    )
    workers: int = setting(1, "Number of threads")

    def __post_init__(self) -> None:
        WormRunSettings.__post_init__(self)
        if self.workers < 1:
            raise ValueError(
                f"workers must be a whole number of 1 or more, got {shown(self.workers)}."
            )
        check_list("record", self.record, RECORDABLE)


@dataclass(frozen=True)
class _Member:
    """One worm of an ensemble: its map, its input and its first state."""

    crawl: CrawlMap
    drive: Drive
    state: Array


def simulate_worm_many(
    networks: GradedNetwork | Sequence[GradedNetwork],
    parameters: CrawlParameters | Sequence[CrawlParameters] = STANDARD_CRAWL,
    stimuli: Stimulus | Sequence[Stimulus] | None = None,
    *,
    initial_states: Any = None,
    rng: np.random.Generator | Sequence[np.random.Generator] | None = None,
    **fields: Any,
) -> xr.Dataset:
    """Simulate many worms that move, eight at a time in the vector lanes of a processor.

    Only members with the same network are advanced together, so that a member is bit-identical
    in every ensemble: it does not depend on the others, on their number or order, or on the number
    of threads. A member whose state does not stay finite is marked as failed, with the reason, and
    is NaN from then on; the other members continue.

    Parameters
    ----------
    networks : GradedNetwork or sequence of GradedNetwork
        One for all members, or one each, of the same neurons.
    parameters : CrawlParameters or sequence of CrawlParameters
        One for all members, or one each, with the same number of links.
    stimuli : Stimulus or sequence of Stimulus, optional
        One for all members, or one each; none by default.
    initial_states : array_like, shape (n_members, dimension) or (dimension,), optional
        States of the `CrawlMap` of each member; by default `CrawlMap.bent_state`, or
        `CrawlMap.random_state` if `rng` is given.
    rng : numpy.random.Generator or sequence of numpy.random.Generator, optional
        Source of random initial states: one for all members in turn, or one each.
    **fields
        Fields of `WormEnsembleSettings` as keywords: duration_s, step_ms, record_every_ms,
        threshold_rule, record, workers.

    Returns
    -------
    xarray.Dataset
        As that of `simulate_worm` with a first dimension ``member``: ``x``, ``y``, ``curvature``,
        ``heading``, and the variables in `record`; ``failed`` and ``reason`` (member); time in ms.

    Raises
    ------
    ValueError
        If an argument is out of range, the numbers of members differ, or the members do not have
        the same neurons, muscles or links.
    TypeError
        If `rng` is a seed instead of a generator.

    Examples
    --------
    Crawls in media of three drags, 16 s each:

    >>> from dataclasses import replace
    >>> worm, media = sims.GradedNetwork(connectome.load("varshney2011")), (128.0, 30.0, 15.0)
    >>> body = sims.STIFF_CRAWL.body
    >>> bodies = [replace(body, medium=sims.Medium(normal_drag=d, drag_ratio=40)) for d in media]
    >>> each = [replace(sims.STIFF_CRAWL, body=body) for body in bodies]
    >>> run = sims.simulate_worm_many(worm, each, duration_s=16)
    >>> for k in range(3):
    ...     print(f"{sims.describe_gait(run.isel(member=k)).frequency_Hz:.1f} Hz")
    1.0 Hz
    1.2 Hz
    1.5 Hz
    """
    settings = settings_from(WormEnsembleSettings, None, fields)
    members = _members(networks, parameters, stimuli, initial_states, rng, settings)
    n_steps = round(1e3 * settings.duration_s / settings.step_ms)
    every = max(1, round(settings.record_every_ms / settings.step_ms))
    check_size(n_steps, every, len(members) * members[0].crawl.dimension, settings)
    groups = _groups(members)
    if max(map(len, groups)) >= FEWEST_IN_LANES:
        compile_worm_lanes()
    with ThreadPoolExecutor(settings.workers) as pool:
        records = pool.map(
            lambda group: _run_group([members[k] for k in group], n_steps, every, settings), groups
        )
        found = list(records)
    order = np.argsort([k for group in groups for k in group])
    runs = np.concatenate(found)[order]
    times = np.arange(n_steps // every + 1) * every * settings.step_ms
    return _labelled(runs, times, members, settings)


def _members(
    networks: Any, parameters: Any, stimuli: Any, starts: Any, rng: Any, settings: WormRunSettings
) -> list[_Member]:
    if starts is not None and rng is not None:
        raise ValueError("Give initial_states or rng, not both.")
    require_real("initial_states", starts)
    given = {
        "networks": _sequence("networks", networks, GradedNetwork),
        "parameters": _sequence("parameters", parameters, CrawlParameters),
        "stimuli": _sequence("stimuli", Stimulus() if stimuli is None else stimuli, Stimulus),
        "rng": None if rng is None else _sequence("rng", rng, np.random.Generator),
        "initial_states": list(starts) if starts is not None and np.ndim(starts) > 1 else None,
    }
    lengths = {name: len(values) for name, values in given.items() if values is not None}
    if len(set(lengths.values())) > 1 or 0 in lengths.values():
        raise ValueError(f"Give one for all members, or as many of each; got {lengths}.")
    n = next(iter(lengths.values()), 1)
    one = {"networks": networks, "parameters": parameters, "stimuli": stimuli or Stimulus(),
           "rng": rng, "initial_states": starts}  # fmt: skip
    columns = [values if values is not None else [one[name]] * n for name, values in given.items()]
    maps: dict[Any, CrawlMap] = {}
    made = [_member(maps, settings, *row) for row in zip(*columns, strict=True)]
    if len({(m.crawl.anatomy.neurons, m.crawl.anatomy.muscles) for m in made}) > 1:
        raise ValueError(
            "The members must have the same neurons and muscles. To exclude some from a member, "
            "use network.disconnect(...), which removes their connections."
        )
    links = {m.crawl.parameters.body.n_links for m in made}
    if len(links) > 1:
        raise ValueError(f"The members must have the same number of links, got {sorted(links)}.")
    return made


def _sequence(name: str, given: Any, kind: type) -> list | None:
    """The values of the members; None for one value for all members.

    Raises
    ------
    ValueError
        If a value is not of the type; TypeError for `rng`, as in `require_generator`.
    """
    if isinstance(given, kind):
        return None
    values = list(given) if isinstance(given, Iterable) else [given]
    for value in values:
        if not isinstance(value, kind):
            if kind is np.random.Generator:
                require_generator(value)
            raise ValueError(
                f"{name} must be one {kind.__name__} or a sequence of them, got {shown(value)}."
            )
    return values


def _member(
    maps: dict[Any, CrawlMap], settings: WormRunSettings, network: GradedNetwork,
    parameters: CrawlParameters, stimulus: Stimulus, rng: Any, start: Any,
) -> _Member:  # fmt: skip
    require_generator(rng)
    require_resolved(stimulus, settings.step_ms)
    key = id(network), parameters
    if key not in maps:
        maps[key] = CrawlMap(network, Stimulus(), parameters, step_ms=settings.step_ms)
    crawl, drive = maps[key], Drive(network, stimulus, settings.threshold_rule)
    return _Member(crawl, drive, crawl.first_state(drive.thresholds(0.0), start, rng))


def _groups(members: Sequence[_Member]) -> list[list[int]]:
    """Members that are advanced together: with the same network, at most `LANES`."""
    same: dict[int, list[int]] = {}
    for k, member in enumerate(members):
        same.setdefault(id(member.crawl.network), []).append(k)
    return [each[i : i + LANES] for each in same.values() for i in range(0, len(each), LANES)]


def _run_group(
    members: Sequence[_Member], n_steps: int, every: int, settings: WormEnsembleSettings
) -> Array:
    """What is recorded, shape (n_members, n_samples, n_columns); NaN after a state that is not."""
    crawl = members[0].crawl
    record = np.full((n_steps // every + 1, crawl.dimension + 3, len(members)), np.nan)
    for k, member in enumerate(members):
        record[0, :, k] = [*member.state, 0, 0, 0]
    if len(members) < FEWEST_IN_LANES:
        for k, member in enumerate(members):
            record[1:, :, k] = _run_alone(member, record[1:, :, k], every)
    else:
        record[1:] = _run_lanes(members, len(record) - 1, every, settings)
    finite = np.isfinite(record).all(axis=1)
    lost = ~np.logical_and.accumulate(finite)
    columns = _columns(crawl, settings.record)
    chosen = np.concatenate([np.arange(record.shape[1])[place] for place in columns.values()])
    found = np.moveaxis(record[:, chosen], -1, 0)
    found[lost.T] = np.nan
    return found


def _run_alone(member: _Member, empty: Array, every: int) -> Array:
    """States and poses, shape (n_samples, dimension + 3): one by one costs less than empty lanes.

    The bits are those of the lanes.
    """
    rows = empty.copy()
    with contextlib.suppress(DivergenceError):
        take_all(member.crawl, member.drive, member.state.copy(), every, rows)
    return rows


def _run_lanes(
    members: Sequence[_Member], n_samples: int, every: int, settings: WormEnsembleSettings
) -> Array:
    """States and poses, shape (n_samples, dimension + 3, n_members)."""
    filled = [*members, *[members[-1]] * (LANES - len(members))]
    network = members[0].crawl.network
    pattern = find_pattern(network.laplacian, network.synapses)
    kernel = build_kernel(
        network.parameters, network.laplacian, network.synapses, network.reversal, pattern
    )
    lanes = side_by_side([kernel] * LANES)
    loops = loops_side_by_side([member.crawl.loop for member in filled])
    state, pose = np.stack([member.state for member in filled], axis=-1), np.zeros((LANES, 3))
    record = np.empty((n_samples, len(state) + 3, LANES))
    steady = all(member.drive.steady for member in members)
    still = all(member.drive.steady_thresholds for member in members)
    step, last = float(settings.step_ms), n_samples * every
    block = last if steady else every * max(1, BLOCK_STEPS // LANES // every)
    for first in range(0, last, block):
        count = min(block, last - first)
        middles = (first + np.arange(1 if steady else count) + 0.5) * step
        early = middles[:1] if still else middles
        thresholds = np.stack([member.drive.thresholds(early) for member in filled], axis=-1)
        currents = np.stack([member.drive.currents(middles) for member in filled], axis=-1)
        rows = record[first // every :][: count // every]
        advance_loops(lanes, loops, state, pose, thresholds, currents, count, step, every, rows)
    return record[..., : len(members)]


def _columns(crawl: CrawlMap, record: Sequence[str]) -> dict[str, slice]:
    """Places in a state, followed by its pose, of what is recorded."""
    n, m = crawl.network.n_neurons, len(crawl.anatomy.muscles)
    places = {
        "V": slice(0, n),
        "s": slice(n, 2 * n),
        "activation": slice(2 * n, 2 * n + m),
        "body": slice(2 * n + m, crawl.dimension + 3),
    }
    return {name: place for name, place in places.items() if name in (*record, "body")}


def _labelled(
    runs: Array, times: Array, members: Sequence[_Member], settings: WormEnsembleSettings
) -> xr.Dataset:
    length = np.array([member.crawl.parameters.body.link_length for member in members])
    length, heading = length[:, None, None], runs[..., -1:]
    n_joints = members[0].crawl.parameters.body.n_links - 1
    angles = np.cumsum(runs[..., -3 - n_joints : -3], axis=2) * length + heading
    poses = np.concatenate([runs[..., -3:-1], heading, angles], axis=2)
    dimensions = ("member", "time")
    dataset = bodies_dataset(times, poses, length, dimensions)
    failed = np.isnan(heading[..., 0])
    reasons = [f"not finite after {times[np.argmax(row)]:g} ms" if row.any() else ""
               for row in failed]  # fmt: skip
    dataset = dataset.assign(
        heading=(dimensions, heading[..., 0].copy(), {"units": "rad"}),
        failed=("member", failed.any(axis=-1)),
        reason=("member", np.array(reasons)),
    )
    return _with_recorded(dataset, runs, members[0].crawl, settings).assign_attrs(
        _attributes(members, settings)
    )


def _with_recorded(
    dataset: xr.Dataset, runs: Array, crawl: CrawlMap, settings: WormEnsembleSettings
) -> xr.Dataset:
    """The dataset with the variables of neurons and muscles that are recorded."""
    kinds = {"V": ("neuron", "mV"), "s": ("neuron", "1"), "activation": ("muscle", "1")}
    labels = {"neuron": list(crawl.anatomy.neurons), "muscle": list(crawl.anatomy.muscles)}
    first = 0
    for name, place in _columns(crawl, settings.record).items():
        if name in kinds:
            dimension, unit = kinds[name]
            values = runs[..., first : first + place.stop - place.start].copy()
            dataset[name] = (("member", "time", dimension), values, {"units": unit})
            dataset = dataset.assign_coords({dimension: labels[dimension]})
        first += place.stop - place.start
    return dataset


def _attributes(members: Sequence[_Member], settings: Any) -> dict[str, Any]:
    connectomes = [member.crawl.network.connectome for member in members]
    parameters = [member.crawl.parameters for member in members]
    return {
        "model": "graded worm",
        "dataset": connectomes[0].name,
        "dataset_sha256": connectomes[0].source.content_sha256,
        "connectome_history": _each([list(one.history) for one in connectomes]),
        "muscles_of": members[0].crawl.anatomy.source,
        "parameters": _each([asdict(member.crawl.network.parameters) for member in members]),
        "crawl_parameters": _each([asdict(one) for one in parameters]),
        "body_length_mm": float(parameters[0].body.length),
        "duration_s": settings.duration_s,
        "step_ms": settings.step_ms,
        "threshold_rule": settings.threshold_rule,
        "reproducibility": "a member does not depend on the other members",
        "isochron_version": __version__,
    }


def _each(values: list) -> str:
    """JSON of the values of all members; of one value, if all are the same."""
    return json.dumps(values[0] if all(value == values[0] for value in values) else values)
