"""The study of energy: planted transitions, a rate network against the trained map, a tiny run."""

import json

import numpy as np
import pytest

from isochron.ann_bridge import FullRankRNN, TrainedMap
from isochron.cli import main
from isochron.studies import STUDIES, read_results
from isochron.studies.energy.configuration import EnergyConfig, MemoriesSection
from isochron.studies.energy.networks import RateNetwork, describe
from isochron.studies.energy.recall import fit_transition
from isochron.studies.energy.results import Recall

CONFIG = """
[ensemble]
n_neurons = 6
n_networks = 8
symmetries = [0.0, 1.0]
n_trajectories = 2
[memories]
sizes = [50, 60, 80]
loads = [0.1, 0.2, 0.4]
n_memories = 10
[mixture]
n_neurons = 6
n_networks = 4
asymmetries = [0.0, 1.0]
[networks]
pairs = 1
n_starts = 4
n_steps = 40
[training]
steps = 3
[worm]
dataset = "cook2020-pharynx"
draws = 3
n_starts = 10
[[substrates]]
kind = "full-rank"
n_units = 8
"""


def planted(limit, slope, rng, sizes=(250, 500, 1000, 2000)):
    """Recalls whose load of half recall is limit + slope N^(-2/3)."""
    rows = []
    for n in sizes:
        for load in np.arange(0.08, 0.26, 0.01):
            share = 1 / (1 + np.exp((load - limit - slope * n ** (-2 / 3)) * 3 * n**0.5))
            p = round(load * n)
            rows.append(
                Recall(
                    n_neurons=n, n_patterns=p, n=400, n_recalled=int(rng.binomial(400, share)),
                    overlap=1.0, parallel_recalled=0, parallel_two_cycles=0,
                )
            )  # fmt: skip
    return rows


def test_a_planted_transition_is_found():
    """The interval of 95 % contains the planted limit in at least 4 of 5 draws."""
    inside = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = fit_transition(planted(0.12, 2.0, rng), seed=seed, n_resamples=40)
        assert found.limit is not None
        assert found.low is not None
        assert found.high is not None
        assert found.limit == pytest.approx(0.12, abs=0.003)
        inside += found.low <= 0.12 <= found.high
    assert inside >= 4


def test_no_transition_within_the_loads():
    rows = [row for row in planted(0.5, 2.0, np.random.default_rng(0)) if row.load < 0.2]
    assert fit_transition(rows, n_resamples=5).limit is None


def test_the_rate_network_is_the_trained_map():
    """One step of the study is one step of the map that was trained, without noise."""
    W = np.random.default_rng(0).standard_normal((5, 5))
    net = FullRankRNN.from_weights(W, input_weights=np.zeros((5, 1)), output_weights=np.ones(5))
    states = np.random.default_rng(1).standard_normal((3, 5))
    expected = TrainedMap(net).advance(states, 1)
    np.testing.assert_allclose(RateNetwork.of(net).step(states), expected, rtol=1e-6)


def test_symmetric_weights_rest_and_antisymmetric_ones_turn():
    rng = np.random.default_rng(2)
    W = 2.5 * rng.standard_normal((8, 8)) / 8**0.5
    network = RateNetwork(W, np.zeros(8), np.full(8, 0.1))
    states = rng.standard_normal((6, 8))
    rest = describe(network.mixed(0.0), states, 1500)
    assert rest.symmetry_degree == pytest.approx(1)
    assert rest.moving_share == 0
    assert rest.uphill_share is not None
    assert rest.uphill_share < 1e-6
    turn = describe(RateNetwork(4 * np.array([[0, -1], [1, 0]]) + 2 * np.eye(2),
                                np.zeros(2), np.full(2, 0.1)), states[:, :2], 800)  # fmt: skip
    assert turn.symmetry_degree == -1
    assert turn.moving_share == 1


@pytest.mark.slow
def test_a_tiny_run(tmp_path, capsys):
    config, out = tmp_path / "x.toml", tmp_path / "run"
    config.write_text(CONFIG)
    command = ["study", "energy", "--config", str(config), "--out", str(out), "--workers", "1"]
    assert main([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    results = read_results(out)
    assert printed["experiment"] == "energy"
    assert results.experiment == "energy"
    assert [row.longest for row in results.ensembles if row.symmetry == 1] == [2]
    assert len(results.worms) == 4
    assert len(results.networks) == 1
    assert results.networks[0].symmetrized.symmetry_degree == pytest.approx(1)
    page = (out / "report.html").read_text()
    assert "What this run cannot say" in page
    assert "no attractor is longer than 2 states" in page
    before = (out / "results.json").read_bytes()
    assert main(command) == 0  # nothing is left to do
    assert (out / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[[substrates]]\nkind = 'gru'", "the energy is that of a leaky network"),
        ("[ensemble]\nn_neurons = 30", "between 3 and 24, got 30"),
        ("[memories]\nsizes = [250, 500]", "at least 3 different numbers"),
        ("[mixture]\nasymmetries = [1.5]", "between 0 and 1"),
        ("[worm]\ndraws = 0", "draws must lie between 1 and 10000"),
        ("[worms]", "Unknown setting 'worms'"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "energy", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()


def test_the_quick_configuration_is_smaller():
    quick, full = EnergyConfig.quick(), EnergyConfig()
    assert quick.ensemble.n_networks < full.ensemble.n_networks
    assert max(quick.memories.sizes) < max(full.memories.sizes)
    assert MemoriesSection().loads[-1] == 0.25
    assert STUDIES["energy"].command == "study energy"
