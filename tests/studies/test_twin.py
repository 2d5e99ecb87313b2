"""The study of twins: the circuit, its trials, filters, what is counted, a tiny run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import ann_bridge, connectome, sims
from isochron.ann_bridge.tasks import Trials
from isochron.cli import main
from isochron.studies import read_results
from isochron.studies.twin.claims import answer
from isochron.studies.twin.configuration import HODGKIN_HUXLEY, NeuronSection, TwinConfig
from isochron.studies.twin.contrasts import contrasts, summaries
from isochron.studies.twin.emulation import (
    count_trained,
    explained,
    filter_weights,
    filtered,
    tasks_of,
    wrong_sides,
)
from isochron.studies.twin.results import FILTER, EmulationRow
from isochron.studies.twin.target import (
    NeuronTrials,
    describe_neuron,
    find_circuit,
    find_scale,
    noise,
    respond,
    respond_of,
    threshold_of,
)

CONFIG = """
[neuron]
n_trials = 8
duration_ms = 1200
[training]
pairs = 1
steps = 2
batch_size = 4
[filters]
lags = [3]
[[substrates]]
kind = "gru"
n_units = 2
[[substrates]]
kind = "connectome"
time_constant_ms = 100
noise_std = 0
"""
SMALL = NeuronSection(n_trials=8, duration_ms=1200.0)


def the_circuit():
    return find_circuit("varshney2011", "RMDR", 3)


def test_the_circuit_is_the_neuron_with_its_strongest_presynaptic_neurons():
    """Varshney et al. (2011): RIAR 8, RIAL 6 and RIS 4 contacts onto RMDR; RIS is GABAergic."""
    circuit = the_circuit()
    assert circuit.names == ("RIAR", "RIAL", "RIS")
    assert circuit.contacts == (8, 6, -4)
    graph = circuit.network.connectome
    assert graph.chemical.sum() == 18
    assert not graph.gap.any()
    assert not graph.chemical[list(circuit.presynaptic)].any()


def test_the_response_is_that_of_the_simulation():
    """A step of current into the inhibiting neuron; SciPy's error is 1e-6, ours of second order."""
    circuit = the_circuit()
    currents = torch.zeros(60, 1, 3)
    currents[20:, 0, 2] = 0.3
    found = respond(circuit, currents, 20.0)[:, 0].numpy()
    stimulus = sims.step_current(["RIS"], amplitude_pA=0.3, onset_ms=400.0)
    rest = circuit.network.equilibrium(sims.Stimulus())
    run = sims.simulate(circuit.network, stimulus, duration_s=1.2, engine="scipy",
                        record_every_ms=20.0, initial_state=rest)  # fmt: skip
    potential = run["V"].sel(neuron="RMDR").to_numpy()
    np.testing.assert_allclose(found, (potential - potential[0])[1:], atol=0.05)
    assert abs(found).max() > 4


def test_the_threshold_does_not_follow_the_currents():
    """A constant current of 0.2 pA moves an isolated neuron by 0.2 pA / 0.01 nS = 20 mV.

    The output settles at the closed form. In the model thresholds follow a constant current, so
    that it would have no effect.
    """
    circuit = the_circuit()
    p, rest = circuit.network.parameters, circuit.network.equilibrium(sims.Stimulus())
    currents = torch.zeros(250, 1, 3)
    currents[:, 0, 2] = 0.2
    found = respond(circuit, currents, 20.0)[-1].item()
    open_rate = p.activation_rate / (1 + np.exp(-p.steepness * 20.0))
    s = np.array([p.equilibrium_activation] * 2 + [open_rate / (open_rate + p.decay_rate)])
    conductance = p.synaptic_conductance * np.array([8, 6, 4]) * s
    reversal = np.array([0.0, 0.0, p.inhibitory_reversal])
    potential = (p.leak_conductance * p.leak_reversal + conductance @ reversal) / (
        p.leak_conductance + conductance.sum()
    )
    assert found == pytest.approx(potential - rest[circuit.neuron], abs=1e-5)
    assert found < -1
    follows = circuit.network.equilibrium(sims.step_current(["RIS"], amplitude_pA=0.2))
    assert follows[circuit.neuron] == pytest.approx(rest[circuit.neuron], abs=1e-9)


def test_the_currents_have_the_planted_correlation():
    """One process: variance 1, and exp(-lag / time) after a lag; 3 standard errors are 0.02."""
    p = replace(SMALL, correlation_ms=(100.0,), duration_ms=4000.0)
    drawn = noise(p, 2000, torch.Generator().manual_seed(0)).double()
    assert drawn.shape == (200, 2000, 3)
    assert drawn.var().item() == pytest.approx(1, abs=0.03)
    later = (drawn[5:] * drawn[:-5]).mean().item()
    assert later == pytest.approx(np.exp(-1), abs=0.02)
    assert abs((drawn[..., 0] * drawn[..., 1]).mean().item()) < 0.02


def test_trials_held_out_are_different_and_those_of_a_seed_are_the_same():
    config = replace(TwinConfig.quick(), neuron=SMALL)
    (task, held_out), (other, _) = tasks_of(config, 0), tasks_of(config, 1)
    first = [it.trials.inputs[..., :-1] for it in (task, held_out, other)]
    for a in range(3):
        for b in range(a):
            assert not torch.isin(first[a], first[b]).any()
    again, _ = tasks_of(config, 0)
    assert torch.equal(again.trials.targets, task.trials.targets)
    drawn = task.sample(50, torch.Generator().manual_seed(3))
    assert all(any(torch.equal(drawn.inputs[:, k], it) for it in task.trials.inputs.unbind(1))
               for k in range(5))  # fmt: skip
    assert (drawn.inputs[..., -1] == 1).all()
    assert drawn.mask[:50].sum() == 0


def test_the_unit_of_the_output_does_not_depend_on_the_trials():
    task = NeuronTrials(neuron=replace(SMALL, n_trials=64), seed=5)
    scale = find_scale(task.neuron)
    assert find_scale(replace(task.neuron, n_trials=4)) == scale
    assert task.chance == pytest.approx(1, abs=0.3)
    assert 1 < scale.deviation_mV < 20


def linear_trials(seed):
    """The output is 2 u[t] - u[t - 2] + 0.5."""
    inputs = torch.randn(40, 6, 3, generator=torch.Generator().manual_seed(seed))
    inputs[..., -1] = 1
    u = inputs[..., 0]
    targets = 2 * u - torch.cat([torch.zeros(2, 6), u[:-2]]) + 0.5
    mask = torch.ones(40, 6)
    mask[:10] = 0
    return Trials(inputs, targets, mask)


def test_a_filter_finds_planted_weights():
    weights = filter_weights(linear_trials(0), 3)
    # oldest first: u[t - 2], u[t - 1], u[t] of each of two currents, and the constant
    np.testing.assert_allclose(weights, [-1, 0, 2, 0, 0, 0, 0.5], atol=1e-5)
    other = linear_trials(1)
    assert explained(filtered(other, weights), other) == pytest.approx(1, abs=1e-9)
    short = filter_weights(linear_trials(0), 2)
    assert explained(filtered(other, short), other) == pytest.approx(0.8, abs=0.07)  # 4 / (4 + 1)


def test_explained_variance_counts_only_steps_that_count():
    trials = linear_trials(0)
    wrong = trials.targets.clone()
    wrong[:10] += 100
    assert explained(wrong, trials) == 1
    constant = torch.full_like(trials.targets, trials.targets[10:].mean().item())
    assert explained(constant, trials) == pytest.approx(0, abs=1e-6)


def test_only_trained_numbers_of_connections_are_counted():
    graph = connectome.load("varshney2011").subset("AVA", "PLM", "DB", "VB")
    masks = ann_bridge.connectome_masks(graph)
    n = len(masks.chemical)
    net = ann_bridge.ConnectomeRNN(masks, ann_bridge.ConnectomeRNNParameters(n_units=n, n_inputs=2))
    sensory = int(masks.sensory.sum())
    assert count_trained(net) == ann_bridge.count_weights(net) + 2 * sensory + 1
    assert count_trained(ann_bridge.GRUNet(n_units=4, n_inputs=4)) == 3 * 4 * (4 + 4 + 2) + 4


def planted(emulator, kind, pair, r2, size):
    return EmulationRow(
        name=f"{emulator}-{pair}", emulator=emulator, kind=kind, pair=pair, n_parameters=size,
        r2=r2, r2_training=r2, r2_exchanged=-1.0, error_mV=1.0, wrong_side=None, wrong_error=None,
        trace=None,
    )  # fmt: skip


def planted_rows(pairs, small):
    rng, rows = np.random.default_rng(0), []
    for pair in range(pairs):
        shift = 1e-3 * rng.standard_normal(3)
        rows += [
            planted("linear filter, 3 steps", FILTER, pair, 0.90 + shift[0], 10),
            planted("gru-4", "gru", pair, small + shift[1], 124),
            planted("gru-8", "gru", pair, 0.995 + shift[2] / 10, 300),
        ]
    return tuple(rows)


def test_planted_differences_are_found_and_nothing_else():
    found = {row.emulator: row for row in contrasts(planted_rows(10, 0.90))}
    assert found["gru-8"].estimate == pytest.approx(0.095, abs=0.002)
    assert found["gru-8"].p_adjusted == pytest.approx(2 * 2 / 2**10)  # exact, Holm over 2
    assert found["gru-4"].p_adjusted > 0.05


def test_a_twin_is_one_in_every_pair():
    rows = planted_rows(3, 0.992)
    bad = replace(rows[1], r2=0.98)
    table = {row.emulator: row for row in summaries([*rows, replace(bad, pair=3)])}
    assert table["gru-4"].r2 > 0.99 > table["gru-4"].r2_lowest
    assert table["gru-8"].r2_lowest > 0.99


def tiny_rmd(**changes):
    return NeuronSection(model=HODGKIN_HUXLEY, n_trials=8, duration_ms=300.0, washout_ms=100.0,
                         **changes)  # fmt: skip


def test_the_current_flows_into_a_hodgkin_huxley_neuron():
    """A constant current of 1 pA moves RMD to its lowest equilibrium under this current."""
    neuron, p = sims.RMDNeuron(), tiny_rmd(current_pA=0.5)
    found = respond_of(p, torch.full((30, 1, 1), 2.0))
    assert found[-1].item() == pytest.approx(neuron.equilibria(1.0)[0] - neuron.equilibria()[0],
                                             abs=0.1)  # fmt: skip
    facts = describe_neuron(p)
    assert facts["n_variables"] == len(neuron.resting_state())
    assert facts["rest_mV"] < facts["threshold_mV"] < neuron.equilibria()[-1]


def test_the_current_moves_a_hodgkin_huxley_neuron_from_one_equilibrium_to_the_other():
    p = tiny_rmd()
    assert (p.deviation_pA, p.n_currents) == (6.0, 1)
    trials = NeuronTrials(neuron=p, seed=0).trials
    assert trials.inputs.shape == (15, 8, 2)
    threshold = threshold_of(p)
    assert threshold is not None
    above = trials.targets > threshold
    assert above.any()
    assert not above.all()


def test_the_wrong_side_is_counted_where_steps_count():
    trials = linear_trials(0)._replace(
        targets=torch.tensor([-1.0, 1.0] * 20)[:, None].expand(40, 6)
    )
    outputs = trials.targets.clone()
    outputs[12] = 1.0  # wrong by 2 in one of 30 steps
    outputs[13] = 2.0  # right side, wrong by 1
    outputs[2] = 9.0  # does not count
    found = wrong_sides(outputs, trials, 0.0)
    assert found == pytest.approx({"wrong_side": 1 / 30, "wrong_error": 0.8})
    assert wrong_sides(outputs, trials, None) == {"wrong_side": None, "wrong_error": None}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twin")
    (folder / "x.toml").write_text(CONFIG)
    found = []
    for name in ("a", "b"):
        command = ["study", "twin", "--config", str(folder / "x.toml"), "--workers", "1",
                   "--out", str(folder / name), "--json"]  # fmt: skip
        assert main(command) == 0
        found.append(folder / name)
    return found


@pytest.mark.slow
def test_a_tiny_run_is_bit_identical_to_its_repetition(run):
    first, second = (read_results(folder) for folder in run)
    assert first.emulations == second.emulations
    assert first.experiment == "twin"
    assert [row.kind for row in first.emulations] == [FILTER, "gru", "connectome"]
    assert first.neuron.n_variables == 7
    assert len(first.contrasts) == 2
    assert "No network explains more than 0.99" in answer(first)[0]
    assert "What this run cannot say" in (run[0] / "report.html").read_text()
    net = json.loads((run[0] / "nets" / "gru-0.json").read_text())
    assert net["notes"]["task"].startswith("NeuronTrials(")


@pytest.mark.slow
def test_a_tiny_run_of_a_hodgkin_huxley_neuron_reports_its_two_sides(tmp_path):
    config = CONFIG.replace("[neuron]", "[neuron]\nmodel = 'hodgkin-huxley'")
    (tmp_path / "x.toml").write_text(config)
    out = tmp_path / "run"
    assert main(["study", "twin", "--config", str(tmp_path / "x.toml"), "--workers", "1", "--out",
                 str(out)]) == 0  # fmt: skip
    results = read_results(out)
    assert results.neuron.presynaptic == ()
    assert "different sides of the unstable equilibrium, at -59.8 mV" in answer(results)[1]
    page = (out / "report.html").read_text()
    assert "Nicoletti" in page
    assert "Vth" not in page


@pytest.mark.slow
def test_a_handful_of_units_is_a_twin_of_the_neuron():
    """R² above .99 in trials held out, with 8 gated units (the neuron has 7 variables)."""
    config = TwinConfig.quick()
    task, held_out = tasks_of(config, 0)
    net = ann_bridge.GRUNet.for_task(task, n_units=8)
    ann_bridge.train(net, task, config.training.parameters(0.03), seed=0)
    with torch.no_grad():
        outputs = net(held_out.trials.inputs, torch.Generator().manual_seed(0))
    assert explained(outputs, held_out.trials) > 0.99


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[neuron]\nneuron = 'RMDX'", "RMDX"),
        ("[neuron]\nn_presynaptic = 100", "n_presynaptic must be at most"),
        ("[neuron]\nwashout_ms = 4000", "washout_ms must be shorter than duration_ms"),
        ("[neuron]\ncurrent_pA = -1", "current_pA must be positive"),
        ("[neuron]\nmodel = 'spiking'", "model must be one of graded, hodgkin-huxley"),
        ("[neuron]\nmodel = 'hodgkin-huxley'\nneuron = 'AVAL'", "neuron has no effect without"),
        ("[filters]\nlags = [3, 3]", "lags contains 3 twice"),
        ("[filters]\nlags = [1000]", "lags must be at most 200, the number of steps of a trial"),
        (
            "[neuron]\nn_trials = 2\nwashout_ms = 3900\n[filters]\nlags = [200]",
            "lags: a filter with 601 weights needs",
        ),
        ("[training]\nfinal_rate = 2", "final_rate must lie between 0 and 1"),
        ("[[substrates]]\nkind = 'gru'\n[[substrates]]\nkind = 'gru'", "are called gru"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "twin", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()
