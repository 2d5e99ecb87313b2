"""Recordings and the atlas against the model: planted orders and responses."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import xarray as xr
from scipy import integrate

from isochron import connectome, sims
from isochron.connectome.transform import pair_labels
from isochron.files import DataFileError
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.animal_claims import describe_animals
from isochron.studies.compare.animals import (
    AnimalRhythm,
    analyse_animal,
    animal_step,
    check_recordings,
    open_recording,
    recordings_of,
)
from isochron.studies.compare.atlas import (
    AtlasComparison,
    check_atlas,
    compare_with_atlas,
    merge_pairs,
    steady_responses,
)
from isochron.studies.compare.configuration import AnimalsSection, CompareConfig, WormSection
from isochron.studies.compare.phase_order import (
    OrderComparison,
    compare_phase_order,
    phases_by_label,
)
from isochron.studies.compare.results import CompareResults

NEURONS = connectome.load("varshney2011").neurons
LABELED = ("AIBL", "AVAL", "AVAR", "AVBL", "AVEL", "RIBL", "RIML", "SMDVL", "VB2", "DB2")
# Neurons of a pair have one phase.
LAGS = dict(zip(LABELED, 2 * np.pi * np.array([0, 1, 1, 2, 3, 4, 5, 6, 7, 8]) / 9, strict=True))

RHYTHM = AnimalRhythm(
    name="animal-1.json", synthetic=False, n_neurons=100, duration_s=900.0,
    cycles_per_minute=1.5, p_value=0.005, remark="", participation_ratio=5.0,
)  # fmt: skip


def report(fraction, text):
    pass


def write_worm(folder, lags):
    """A cycle of the worm in which some neurons swing with the given lags, the others do not."""
    angle = np.linspace(0, 2 * np.pi, 65)
    states = np.zeros((1, 65, 2 * len(NEURONS)))
    for name, lag in lags.items():
        states[0, :, NEURONS.index(name)] = 7 + (3 if name < "B" else 20) * np.cos(angle - lag)
    arrays = {
        "cycle_states": (("cycle", "cycle_time", "state"), states),
        "cycle_time": ("cycle_time", 1800 * angle / (2 * np.pi)),
    }
    path = RunPaths(folder).data_path("worm")
    path.parent.mkdir(parents=True, exist_ok=True)
    sims.save_dataset(xr.Dataset(arrays, {"neuron": list(NEURONS)}), path)


def write_recording(path, lags, *, seed=0, noise=0.5, backward=False):
    """Fifteen turns of 40 s; neurons that are named peak after their lags."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(0, 600, 1.0)
    jitter = np.cumsum(0.2 * rng.standard_normal(600))
    phase = 2 * np.pi * seconds / 40 + jitter + rng.uniform(0, 6)
    phase = -phase if backward else phase
    traces = np.array([np.exp(np.cos(phase - lag)) for lag in lags.values()])
    traces = traces + noise * rng.standard_normal(traces.shape)
    labels = {str(k): {"label": name, "confidence": 5} for k, name in enumerate(lags, start=1)}
    content = {
        "gcamp": {"trace_array": traces.tolist()},
        "timing": {"timestamp_confocal": seconds.tolist()},
        "label": labels,
        "metadata": {"uid": path.stem},
    }
    path.write_text(json.dumps(content))
    return str(path)


def compare_files(folder, *files, measured=False):
    """The order of recordings; that they have a rhythm is planted unless it is measured."""
    config = CompareConfig(animals=AnimalsSection(recordings=files))
    paths = RunPaths(folder)
    (folder / "steps").mkdir(exist_ok=True)
    for k, file in enumerate(recordings_of(config)):
        planted = replace(RHYTHM, name=Path(file).name, synthetic=not files)
        found = analyse_animal(config, file, report) if measured else to_json_values(planted)
        paths.finish(animal_step(k), found, 1.0)
    return compare_phase_order(config, paths, report)


def test_a_planted_order_is_found_in_every_recording(tmp_path):
    write_worm(tmp_path, LAGS)
    files = [write_recording(tmp_path / f"{k}.json", LAGS, seed=k) for k in range(3)]
    found = compare_files(tmp_path, *files)
    assert [it["n_shared"] for it in found["animals"]] == [9, 9, 9]  # AVAL and AVAR count once
    assert min(it["correlation"] for it in found["animals"]) > 0.95
    assert found["p_value"] == 0.001
    assert not found["synthetic"]
    assert compare_files(tmp_path, *files) == found


def test_the_direction_of_time_counts(tmp_path):
    write_worm(tmp_path, LAGS)
    file = write_recording(tmp_path / "x.json", LAGS, backward=True)
    found = compare_files(tmp_path, file)
    assert found["correlation"] < -0.95
    assert found["p_value"] > 0.9


def test_recordings_without_rhythm_or_labels_are_omitted_with_the_reason(tmp_path):
    write_worm(tmp_path, LAGS)
    few = {name: LAGS[name] for name in ("AVAL", "AVAR", "VB2", "DB2", "RIML")}
    few |= {"URXL": 1.0, "ASEL": 2.0}  # in the connectome, but not part of the cycle
    good = write_recording(tmp_path / "good.json", LAGS)
    noise = write_recording(tmp_path / "noise.json", LAGS, noise=100.0)
    found = compare_files(tmp_path, good, noise, measured=True)
    assert found["animals"][0]["correlation"] == found["correlation"] > 0.95
    assert "no rhythm beyond its surrogates" in found["animals"][1]["omitted"]
    none = compare_files(tmp_path, write_recording(tmp_path / "few.json", few))
    (labels,) = none["animals"]
    assert labels["omitted"] == "4 labeled neurons of the model; at least 5 are needed"
    assert labels["correlation"] is none["p_value"] is None
    assert "No recording has a rhythm and enough labeled neurons" in none["remark"]


def test_the_synthetic_recording_has_labels_and_calls_itself_synthetic(tmp_path):
    write_worm(tmp_path, dict(zip(NEURONS, np.linspace(0, 6, len(NEURONS)), strict=True)))
    found = compare_files(tmp_path)
    assert found["synthetic"]
    assert [(it["name"], it["n_shared"]) for it in found["animals"]] == [("synthetic", 12)]


def test_a_model_without_a_cycle_has_no_order(tmp_path):
    path = RunPaths(tmp_path).data_path("worm")
    path.parent.mkdir(parents=True)
    sims.save_dataset(xr.Dataset(coords={"neuron": list(NEURONS)}), path)
    assert compare_files(tmp_path)["remark"] == "The model does not have a cycle."


def test_phases_are_those_of_the_best_sinusoid_also_if_the_angle_is_uneven():
    turn = np.linspace(0, 8 * np.pi, 400, endpoint=False)
    angle = turn + 0.8 * np.sin(turn)  # three times as dense around pi as around 0
    activity = np.stack([5 + 2 * np.cos(angle - 0.5), np.cos(angle - 4), np.sin(angle)], axis=1)
    phases = phases_by_label(activity, angle, ["A", "B", "C"])
    expected = {"A": 0.5, "B": 4 - 2 * np.pi, "C": np.pi / 2}
    assert phases == pytest.approx(expected)
    merged = phases_by_label(activity[:, [0, 2]], angle, ["A", "A"])
    # Weights are not equal: the variance of the two along this angle is not.
    assert merged == pytest.approx({"A": (0.5 + np.pi / 2) / 2}, abs=0.05)


@pytest.mark.parametrize(
    ("lags", "samples", "words"),
    [(LAGS, 15, "15 times; at least"), ({"AVAL": 0.0}, 600, "has 1 neuron without gaps at 600")],
)
def test_a_recording_that_cannot_be_analyzed_is_refused_before_any_work(
    lags, samples, words, tmp_path
):
    path = tmp_path / "x.json"
    content = json.loads(Path(write_recording(path, lags)).read_text())
    traces = [trace[:samples] for trace in content["gcamp"]["trace_array"]]
    content["gcamp"]["trace_array"] = traces
    content["timing"]["timestamp_confocal"] = content["timing"]["timestamp_confocal"][:samples]
    path.write_text(json.dumps(content))
    config = CompareConfig(animals=AnimalsSection(recordings=(str(path),)))
    with pytest.raises(DataFileError, match=words):
        check_recordings(config)
    path.write_text("{}")
    with pytest.raises(DataFileError, match=r"x\.json"):
        check_recordings(config)


def write_traces(path, traces):
    """A recording of WormWideWeb with these activities, shape (n_neurons, n_times)."""
    seconds = 0.5 * np.arange(traces.shape[1])
    content = {
        "gcamp": {"trace_array": traces.tolist()},
        "timing": {"timestamp_confocal": seconds.tolist()},
        "metadata": {"uid": "x"},
    }
    path.write_text(json.dumps(content))
    return CompareConfig(animals=AnimalsSection(recordings=(str(path),)))


def test_a_recording_with_one_time_course_is_refused_before_any_work(tmp_path):
    """Neurons that are proportional to each other span one axis."""
    wave = np.sin(np.arange(200) / 7)
    config = write_traces(tmp_path / "x.json", wave * np.array([[1.0], [-3.0], [0.5]]))
    with pytest.raises(DataFileError, match=r"x\.json: its 3 neurons have the same time course"):
        check_recordings(config)


@pytest.mark.parametrize("unit", [2.0**1000, 2.0**-1000])
def test_the_unit_of_a_recording_does_not_matter(tmp_path, unit):
    """Squares of these units are not finite or are 0; powers of two leave the digits."""
    waves = np.cos(np.arange(200) / 7 - np.arange(3)[:, None])
    usual, other = (
        write_traces(tmp_path / f"{k}.json", x * waves) for k, x in enumerate((1, unit))
    )
    one, two = (open_recording(it, it.animals.recordings[0]) for it in (usual, other))
    assert (one.activity == two.activity).all()
    np.testing.assert_allclose(two.activity.std(axis=0), 1, rtol=1e-12)


def small_network(n=10):
    """Ten neurons with random synapses and gap junctions; AVAL and AVAR are a pair."""
    rng = np.random.default_rng(1)
    names = [*LABELED[:n]]
    chemical = rng.integers(0, 4, (n, n)) * (rng.random((n, n)) < 0.4)
    gap = np.triu(rng.integers(0, 3, (n, n)) * (rng.random((n, n)) < 0.3), 1)
    np.fill_diagonal(chemical, 0)
    graph = connectome.from_matrices(names, chemical, gap + gap.T, rows="postsynaptic")
    return sims.GradedNetwork(graph)


def test_steady_responses_are_the_integral_of_those_to_a_pulse():
    """Integrated in time, by the equations and not their derivative: V - Vth over charge."""
    network = small_network()
    responses = steady_responses(network)
    field, rest = network.field_under(sims.Stimulus()), network.equilibrium(sims.Stimulus())
    n, charge_pC = network.n_neurons, 1e-3

    def with_integral(t, state):
        return np.concatenate([field(t, state[: 2 * n]), state[:n] - rest[:n]])

    assert responses is not None
    for k in (0, 4):
        start = rest.copy()
        start[k] += charge_pC / network.parameters.capacitance
        run = integrate.solve_ivp(
            with_integral, (0, 8000), np.concatenate([start, np.zeros(n)]),
            method="LSODA", rtol=1e-9, atol=1e-12,
        )  # fmt: skip
        found = run.y[2 * n :, -1] / charge_pC
        # A pulse of 1 fC moves V by 0.7 µV, of the width of the sigmoid 8 mV: linear to 1e-4.
        np.testing.assert_allclose(found, responses[:, k], atol=2e-4 * responses[:, k].max())


def test_an_unstable_equilibrium_has_no_steady_response():
    both = 1 - np.eye(2, dtype=int)
    graph = connectome.from_matrices(["A", "B"], both, rows="postsynaptic", signs=both)
    network = sims.GradedNetwork(graph)  # mutual excitation
    assert steady_responses(network) is not None
    assert steady_responses(network.with_parameters(steepness=1.0)) is None


def test_pairs_are_averaged_over_what_is_known():
    values = np.array([[9.0, 9, 1], [9, 9, np.nan], [5, 7, 9]])
    labels = pair_labels(["AVAL", "AVAR", "AVL"], ["AVAL", "AVAR", "AVL"])
    assert labels == ["AVA", "AVA", "AVL"]
    found = merge_pairs(values, labels, ["AVA", "AVL"])
    np.testing.assert_array_equal(found, [[np.nan, 1], [6, np.nan]])


def write_atlas(path, responses, names=LABELED, strain="wt"):
    """A file with the layout of the atlas."""
    with h5py.File(path, "w") as file:
        file["neuron_ids"] = [*names]
        for key in ("dFF", "q", "q_eq"):
            file[f"{strain}/{key}"] = responses
        file[f"{strain}/occ1"] = np.isfinite(responses).astype(int)
    return str(path)


@pytest.fixture
def small(tmp_path):
    """The configuration of the small network, with room for an atlas."""
    network = small_network()
    connectome.write_csv(network.connectome, tmp_path / "small.csv")
    worm = WormSection(dataset=str(tmp_path / "small.csv"), stimulated=("AVAL",))
    return network, CompareConfig(worm=worm)


def with_atlas(config, path):
    return replace(config, animals=AnimalsSection(atlas=path))


def test_a_planted_atlas_correlates_with_the_model_and_an_unrelated_one_does_not(small, tmp_path):
    network, config = small
    rng = np.random.default_rng(0)
    responses = steady_responses(network)
    assert responses is not None
    planted = responses**3  # any monotone function
    planted[rng.random(planted.shape) < 0.2] = np.nan
    config = with_atlas(config, write_atlas(tmp_path / "funatlas.h5", planted))
    check_atlas(config)
    found = compare_with_atlas(config, report)
    assert found["n_neurons"] == 9
    assert 40 < found["n_pairs"] <= 72
    assert found["correlation"] > 0.95 > found["of_weights"]
    assert found["p_value"] == 0.001
    assert compare_with_atlas(config, report) == found
    unrelated = write_atlas(tmp_path / "other.h5", rng.normal(size=planted.shape))
    assert compare_with_atlas(with_atlas(config, unrelated), report)["p_value"] > 0.05


def test_an_atlas_that_does_not_fit_is_refused_before_any_work(small, tmp_path):
    _, config = small
    other = write_atlas(tmp_path / "a.h5", np.ones((4, 4)), ["ASEL", "ASER", "AVAL", "VB2"])
    with pytest.raises(ValueError, match="between 2 neurons of .* at least 5 are needed"):
        check_atlas(with_atlas(config, other))
    mutant = write_atlas(tmp_path / "b.h5", np.ones((10, 10)), strain="unc31")
    with pytest.raises(ValueError, match="does not have the strain wt"):
        check_atlas(with_atlas(config, mutant))
    (tmp_path / "c.h5").write_text("no")
    with pytest.raises(ValueError, match="not a whole HDF5 file"):
        check_atlas(with_atlas(config, str(tmp_path / "c.h5")))


def say(animals=(), order=None, atlas=None):
    worm = SimpleNamespace(stable_cycles=[SimpleNamespace(period_ms=1800.0)])
    results: CompareResults = SimpleNamespace(
        worm=worm, animals=animals, phase_order=order, atlas=atlas
    )  # type: ignore[assignment]
    return " ".join(describe_animals(results))


ORDER = OrderComparison(synthetic=False, animals=(), correlation=0.1, p_value=0.3)
ATLAS = AtlasComparison(name="funatlas.h5", n_neurons=108, n_pairs=7213, of_weights=0.08,
                        correlation=0.07, p_value=0.001)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"animals": [RHYTHM]}, "takes 22.2 times the period of the model of the worm. The model "
         "fails to reproduce this period."),
        ({"animals": [replace(RHYTHM, p_value=0.2)]}, "not a rhythm beyond chance"),
        ({"animals": [replace(RHYTHM, cycles_per_minute=30.0)]}, "takes 1.11 times the period"),
        ({"animals": [replace(RHYTHM, remark="5 cycles: too few.")]}, "surrogates; 5 cycles: too"),
        ({"order": ORDER}, "The model fails to reproduce the order, or the labels are too few"),
        ({"order": replace(ORDER, p_value=0.01)}, "The order resembles that of the model."),
        ({"order": replace(ORDER, synthetic=True)}, "not evidence about the worm"),
        ({"order": OrderComparison(synthetic=False, remark="The model does not have a cycle.")},
         "was not compared: the model does not have a cycle."),
        ({"atlas": ATLAS}, "accounts for 0.49 % of the variance of ranks, not more than the "
         "weights do"),
        ({"atlas": replace(ATLAS, p_value=0.4)}, "The model fails to predict them."),
        ({"atlas": replace(ATLAS, correlation=0.2)}, "for 4 % of the variance of ranks, the "
         "weights for 0.64 %."),
        ({"atlas": replace(ATLAS, correlation=None, remark="It moves.")}, "compared: it moves."),
    ],
)  # fmt: skip
def test_the_report_says_where_the_model_agrees_and_where_it_fails(given, words):
    assert words in say(**given)


def test_a_synthetic_recording_does_not_make_the_model_fail():
    text = say(animals=[replace(RHYTHM, synthetic=True)])
    assert "A synthetic recording, not an animal," in text
    assert "fails" not in text
