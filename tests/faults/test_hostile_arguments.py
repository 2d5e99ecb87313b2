"""Arguments that are something else than the function needs: an error that it raises itself.

A function that does not check its arguments ends with an AttributeError, or with a message of
NumPy or Python that does not name the argument. Here each error must be a TypeError or ValueError
of one line that a ``raise`` of isochron states, for each argument of each function of the tables.
"""

import ast
import inspect
import traceback
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from isochron import analysis, connectome, sims
from isochron.connectome import null_models, statistics

ROOT = Path(__file__).parents[2]
WRONG = {
    "none": None,
    "text": "x",
    "number": 3.5,
    "huge": 10**400,
    "mapping": {"a": 1},
    "object": object(),
    "class": int,
    "complex array": np.array([1 + 1j, 2]),
    "object array": np.array([object(), None]),
    "empty array": np.zeros((2, 0, 3)),
    "mixed list": ["a", 3],
    "bytes": b"x",
}
WEIGHTS = np.array([[0, 2, 0], [0, 0, 3], [4, 0, 0]])
NEVER = ("none", "text", "object", "class", "bytes")  # right for no argument of the tables
GRAPH = connectome.from_matrices(
    list("ABC"), WEIGHTS, rows="postsynaptic", signs=np.sign(WEIGHTS), gap=1 - np.eye(3)
)
NETWORK = sims.GradedNetwork(GRAPH)
STIMULUS = sims.step_current(["A"], amplitude_pA=5)
RNG = np.random.default_rng(0)
START = NETWORK.equilibrium(STIMULUS)
RUN = sims.simulate(NETWORK, STIMULUS, duration_s=0.05, initial_state=START)
SHORT = {"duration_s": 0.01, "initial_state": START}
HOPF = analysis.Flow(lambda t, x: np.stack([-x[..., 1], x[..., 0]], -1) + x * (1 - (x**2).sum()))
CURRENT = {"neurons": ["A"], "amplitude_pA": 5.0}
SIGNAL = np.sin(np.arange(400) / 8)
SERIES = np.random.default_rng(0).normal(size=(40, 3))

# The arguments of a call that succeeds; each in turn is replaced by each of the wrong ones.
SIMS = {
    sims.GradedNetwork: {"connectome": GRAPH},
    sims.GradedMap: {"network": NETWORK, "stimulus": STIMULUS},
    sims.GradedField: {"network": NETWORK, "stimulus": STIMULUS},
    sims.CrawlMap: {"network": NETWORK, "stimulus": STIMULUS},
    sims.SpikingNetwork: {"connectome": GRAPH},
    sims.simulate: {"network": NETWORK, "stimulus": STIMULUS, **SHORT},
    sims.simulate_many: {
        "networks": NETWORK, "stimuli": [STIMULUS], "duration_s": 0.01, "initial_states": START
    },
    sims.simulate_worm: {"network": NETWORK, "duration_s": 0.01},
    sims.estimate_step_error: {
        "network": NETWORK, "stimulus": STIMULUS, "step_ms": 1.0, **SHORT
    },
    sims.find_onset: {"network": NETWORK, "neurons": ["A"]},
    sims.find_crawl_onset: {"network": NETWORK},
    sims.largest_explicit_step: {"network": NETWORK},
    sims.neuromuscular_matrix: {"connectome": GRAPH},
    sims.simulate_muscles: {"output": RUN.s, "connectome": GRAPH},
    sims.compute_bending: {"muscle_run": RUN},
    sims.plot_kymograph: {"bending": RUN.V},
    sims.describe_gait: {"run": RUN},
    sims.compute_rates: {"run": RUN, "bin_ms": 10.0},
    sims.state_vector: {"sample": RUN},
    sims.save_dataset: {"dataset": RUN, "path": "nowhere.nc"},
    sims.save_wcon: {"run": RUN, "path": "nowhere.wcon"},
    sims.export_neuroml: {"connectome": GRAPH, "folder": "nowhere"},
    sims.step_current: CURRENT,
    sims.sinusoidal_current: {**CURRENT, "frequency_Hz": 4.0},
    sims.pulse_current: {**CURRENT, "width_ms": 5.0, "period_ms": 50.0, "n_pulses": 3},
    sims.ramp_current: {**CURRENT, "duration_ms": 50.0},
    sims.noise_current: {
        "neurons": ["A"], "deviation_pA": 1.0, "correlation_time_ms": 5.0, "duration_ms": 50.0,
        "rng": RNG,
    },
}  # fmt: skip
CONNECTOME = {
    connectome.load: {"name": "varshney2011"},
    connectome.compare: {"first": GRAPH, "second": GRAPH},
    connectome.from_xarray: {"dataset": GRAPH.to_xarray()},
    connectome.gaba_inhibitory: {"connectome": GRAPH},
    connectome.gaba_neurons: {"connectome": GRAPH},
    connectome.infer_species: {"names": ["AVAL"]},
    connectome.canonical_names: {"names": ["AVAL"]},
    connectome.write_csv: {"connectome": GRAPH, "path": "nowhere.csv"},
    connectome.write_graphml: {"connectome": GRAPH, "path": "nowhere.graphml"},
    statistics.summary: {"connectome": GRAPH},
    statistics.compare_with_null: {
        "statistic": statistics.reciprocity, "weights": WEIGHTS, "random_layers": [WEIGHTS]
    },
    statistics.reciprocity: {"weights": WEIGHTS},
    statistics.power_law_tail: {"values": [1, 2, 3]},
    **{
        getattr(null_models, name): {"connectome": GRAPH, "rng": RNG}
        for name in ("rewire", "rewire_chemical", "rewire_reciprocal", "erdos_renyi",
                     "shuffle_signs", "resample_by_group", "rewire_by_group")
    },
}  # fmt: skip
ANALYSIS = {
    analysis.flow: {"field": HOPF, "state": [1.0, 0.0], "duration": 1.0},
    analysis.find_limit_cycle: {"system": HOPF},
    analysis.find_fixed_points: {"system": HOPF, "starts": [[0.1, 0.1]]},
    analysis.find_entrained_cycles: {"system": HOPF},
    analysis.has_odd_symmetry: {"system": HOPF},
    analysis.floquet_multipliers: {"system": HOPF, "point": [1.0, 0.0]},
    analysis.compute_lyapunov_spectrum: {"system": HOPF},
    analysis.continue_cycles: {"system_at": lambda p: HOPF, "start": None},
    analysis.continue_fixed_points: {"system_at": lambda p: HOPF, "start": [0.0, 0.0]},
    analysis.continue_cycles_from_hopf: {"system_at": lambda p: HOPF, "hopf": None},
    analysis.continue_fold: {"system_at": lambda p: HOPF, "fold": None},
    analysis.Section: {"normal": [0.0, 1.0], "point": [0.0, 0.0]},
    analysis.find_crossings: {"field": HOPF, "section": None},
    analysis.find_locked_states: {"coupling": None},
    analysis.locking_range: {"coupling": None},
    analysis.compute_phase: {"signal": SIGNAL},
    analysis.multitaper_spectrum: {"signal": SIGNAL, "rate_Hz": 10.0},
    analysis.planar_rotation: {"states": SERIES, "rate_Hz": 10.0, "rng": RNG},
    analysis.linear_cka: {"first": SERIES, "second": SERIES},
    analysis.procrustes_distance: {"first": SERIES, "second": SERIES},
    analysis.participation_ratio: {"states": SERIES},
    analysis.permuted: {"series": SERIES, "rng": RNG},
    analysis.rayleigh_test: {"phases": SIGNAL},
    analysis.uniform_box: {"low": [0.0], "high": [1.0]},
    analysis.gaussian_around: {"states": [[0.0]], "spread": 1.0},
    analysis.rate_energy: {"weights": np.eye(3), "states": SERIES},
    analysis.proportion_interval: {"successes": 3, "n": 5},
    analysis.holm: {"p_values": [0.1, 0.2]},
}
REST = {  # what the calls above need in addition
    "max_period": 10.0, "period": 6.0, "max_duration": 20.0, "n_crossings": 1, "block": 1.0,
    "n_blocks": 3, "parameter": 0.0, "limits": (0.0, 1.0), "second": 0.0, "start": [1.0, 0.0],
    "starts": [[1.0, 0.0]], "states": [[1.0, 0.0]], "species": "C. elegans",
}  # fmt: skip
CASES = [
    pytest.param(function, arguments, name, id=f"{getattr(function, '__name__', 'rule')}-{name}")
    for function, arguments in (SIMS | CONNECTOME | ANALYSIS).items()
    for name in arguments
    if name not in ("path", "folder")
]


@cache
def raises_of(path):
    """Lines of the raise statements of a file."""
    tree = ast.parse(Path(path).read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return {line for node in found for line in range(node.lineno, (node.end_lineno or 0) + 1)}


def is_stated(error):
    """Whether a raise statement of isochron made an error, in one line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    ours = Path(last.filename).resolve().is_relative_to(ROOT)
    return ours and last.lineno in raises_of(last.filename) and "\n" not in str(error)


@pytest.mark.parametrize(("function", "arguments", "name"), CASES)
def test_an_argument(function, arguments, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    needed = {
        it.name: REST[it.name]
        for it in inspect.signature(function).parameters.values()
        if it.default is it.empty and it.name in REST
    }
    valid = needed | arguments
    for what, value in WRONG.items():
        if callable(arguments[name]) and callable(value):
            continue
        error = error_of(function, valid | {name: value})
        assert what not in NEVER if error is None else is_stated(error), (what, error)
    assert not list(tmp_path.iterdir())


def error_of(function, arguments):
    """The TypeError or ValueError of a call, if any; positional-only arguments have names."""
    positional = (
        [
            arguments.pop(it.name)
            for it in inspect.signature(function).parameters.values()
            if it.kind is it.POSITIONAL_ONLY
        ]
        if inspect.isfunction(function)
        else []
    )
    try:
        function(*positional, **arguments)
    except (TypeError, ValueError) as error:
        return error
    return None
