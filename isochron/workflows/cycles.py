"""The fixed points and limit cycles of a saved run or a saved network."""

from dataclasses import dataclass
from pathlib import Path

from isochron import analysis
from isochron.runs.resting_state import describe_no_cycle, find_cycle_or_resting_state
from isochron.runs.saved_network import SavedNet
from isochron.runs.simulation_spec import describe_model
from isochron.workflows.cycle_rows import Row, cycle_row, fixed_point_row
from isochron.workflows.network_cycles import NetworkRhythms, find_net_rhythms
from isochron.workflows.rhythm_search import DATASETS, DEFAULT_SEARCH, RhythmSearch
from isochron.workflows.search import find_nets, read_graded_run


@dataclass(frozen=True, kw_only=True)
class RunRhythms:
    """The rhythms of a run.

    Attributes
    ----------
    source, system : str
        File, and model in words.
    rhythms : tuple of Row
    resting : bool
        Whether the model rests at the end of the run, or converges to rest after it.
    notes : tuple of str
    """

    source: str
    system: str
    rhythms: tuple[Row, ...]
    resting: bool
    notes: tuple[str, ...]


def find_rhythms(
    path: Path, search: RhythmSearch = DEFAULT_SEARCH, *, amplitude: float | None = None
) -> list[RunRhythms | NetworkRhythms]:
    """Every fixed point and limit cycle that a search from a saved state or many states finds.

    Parameters
    ----------
    path : Path
        A run of ``isochron simulate`` (.zarr, .nc), a network that `save_net` wrote, or a folder
        of such networks.
    search : RhythmSearch
        A network of a task without a reference, or of no known task, is analyzed without forcing
        where no frequency is given.
    amplitude : float, optional
        Amplitude of the reference of a network: by default that of its task; 0 for no forcing.

    Returns
    -------
    list of RunRhythms or NetworkRhythms
        One for each system.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    ValueError
        If it is neither a run nor a network, or a run that cannot be continued.
    """
    if path.suffix in DATASETS:
        return [_of_run(path, search.max_period_s)]
    return [_of_net(net, search, amplitude) for net in find_nets(path)]


def _of_run(path: Path, max_period_s: float) -> RunRhythms:
    spec, last = read_graded_run(path)
    network, stimulus = spec.network(), spec.stimulus()
    field = network.field_under(stimulus)
    condition = ", ".join(f"{name} {pA:g} pA" for name, pA in spec.currents) or "no current"
    points = analysis.find_fixed_points(field, [network.equilibrium(stimulus), last])
    cycle, rest = find_cycle_or_resting_state(network, stimulus, last, max_period_s=max_period_s)
    rhythms: list[Row] = [fixed_point_row(point, condition, "Newton's method") for point in points]
    if cycle is not None and cycle.found:
        rhythms.append(cycle_row(cycle, condition, f"from the end of the run; {cycle.message}"))
    return RunRhythms(
        source=str(path),
        system=describe_model(spec, network),
        rhythms=tuple(rhythms),
        resting=rest is not None,
        notes=tuple(describe_no_cycle(cycle, rest, max_period_s=max_period_s)),
    )


def _of_net(path: Path, search: RhythmSearch, amplitude: float | None) -> NetworkRhythms:
    saved = SavedNet.load(path)
    reference = saved.choose_reference(search.frequency_Hz, amplitude, search.input)
    assumed = saved.assumed_reference(reference, search.input, search.frequency_Hz)
    return find_net_rhythms(saved, reference, search.n_starts, search.seed, assumed)
