"""The study of adaptation: cycles on a path, random changes, paired tests, a tiny run."""

import json

import numpy as np
import pytest
import torch

from isochron import analysis, ann_bridge, connectome
from isochron.ann_bridge.tasks import FlipFlop
from isochron.cli import main
from isochron.studies import read_results
from isochron.studies.adaptation.configuration import AdaptationConfig
from isochron.studies.adaptation.contrasts import contrasts
from isochron.studies.adaptation.networks import follow_cycle, random_change, relative_change
from isochron.studies.adaptation.results import FULL, AdaptedRow

CONFIG = """
[adaptation]
ranks = [1]
pairs = 1
[first_training]
steps = 3
[second_training]
steps = 3
[reference]
n_starts = 4
[[substrates]]
kind = "full-rank"
n_units = 6
"""


def unit(weight):
    """One unit that excites itself, under a reference on its input: two states if weight > 1."""
    return ann_bridge.FullRankRNN.from_weights(
        [[weight]], input_weights=[[0.3]], output_weights=[1.0]
    )


def upper_cycle(net, config):
    system = ann_bridge.TrainedMap(
        net, frequency_Hz=config.reference.frequency_Hz, amplitude=config.reference.amplitude
    )
    return analysis.find_limit_cycle(system, system.advance([2.0], 20 * system.n_steps))


def test_a_cycle_is_lost_where_its_state_disappears():
    """The upper state of a unit folds between W = 2 and W = 0.5; a brute-force bisection agrees."""
    config, first, last = AdaptationConfig(), unit(2.0), unit(0.5)
    found = follow_cycle(config, first, last, upper_cycle(first, config))
    assert found.lost_at is not None
    assert found.drift is None
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        cycle = upper_cycle(ann_bridge.interpolated(first, last, middle), config)
        low, high = (middle, high) if cycle.states.mean() > 0.05 else (low, middle)
    assert found.lost_at == pytest.approx(high, abs=0.02)


def test_nothing_drifts_on_a_path_of_length_zero():
    config, net = AdaptationConfig(), unit(2.0)
    found = follow_cycle(config, net, unit(2.0), upper_cycle(net, config))
    assert found.how == "survives"
    assert found.drift == pytest.approx(0, abs=1e-6)


def test_a_control_has_the_rank_and_the_size_of_the_change():
    first = ann_bridge.FullRankRNN(n_units=12)
    adapted = ann_bridge.AdaptedNet(first, 2)
    adapted.B.data.normal_(generator=torch.Generator().manual_seed(1))
    last = adapted.merged()
    control = random_change(first, last, torch.Generator().manual_seed(2))
    before = first.weights.detach()
    changes = [(net.get_parameter("weights").detach() - before).double().numpy()
               for net in (last, control)]  # fmt: skip
    values = [np.linalg.svd(change, compute_uv=False) for change in changes]
    np.testing.assert_allclose(values[0][:2], values[1][:2], rtol=1e-4)
    assert values[1][2] < 1e-5 * values[1][0]
    cosine = np.sum(changes[0] * changes[1]) / np.prod([np.linalg.norm(it) for it in changes])
    assert abs(cosine) < 0.5


def test_a_control_on_a_connectome_has_the_size_of_the_change_of_its_connections():
    graph = connectome.load("varshney2011").subset("PLM", "AVB", "PVC", "DB*")
    first = ann_bridge.ConnectomeRNN.for_task(FlipFlop(n_bits=1), connectome=graph)
    adapted = ann_bridge.AdaptedNet(first, 2)
    adapted.B.data.normal_(generator=torch.Generator().manual_seed(1))
    last = adapted.merged()
    control = random_change(first, last, torch.Generator().manual_seed(2))
    assert relative_change(first, control) == pytest.approx(relative_change(first, last), rel=1e-4)


def planted(substrate, how, pair, loss, *, control=False):
    return AdaptedRow(
        name="", substrate=substrate, pair=pair, how=how, control=control, size=1.0,
        first_loss=loss, second_loss=0.0, learned=True, n_steps=1, cycles=(),
    )  # fmt: skip


def test_planted_forgetting_is_found_and_nothing_else():
    rng, rows = np.random.default_rng(0), []
    for pair in range(10):
        noise = 0.01 * rng.standard_normal(4)
        rows += [
            planted("a", "1", pair, 0.1 + noise[0]),
            planted("a", "1", pair, 0.1 + noise[1], control=True),
            planted("a", FULL, pair, 0.5 + noise[2]),
        ]
    found = {row.what: row for row in contrasts(rows)}
    forgetting = found["rank 1 - all weights"]
    assert forgetting.estimate == pytest.approx(-0.4, abs=0.02)
    assert forgetting.p_adjusted == pytest.approx(2 * 2 / 2**10)  # exact, the smaller of 2 in Holm
    assert found["rank 1 - control"].p_adjusted > 0.05


@pytest.mark.slow
def test_a_tiny_run(tmp_path, capsys):
    config, out = tmp_path / "x.toml", tmp_path / "run"
    config.write_text(CONFIG)
    command = ["study", "adaptation", "--config", str(config), "--out", str(out), "--workers", "1"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == "adaptation"
    results = read_results(out)
    assert [(row.how, row.control) for row in results.adapted] == [
        ("1", False), ("1", True), (FULL, False),
    ]  # fmt: skip
    assert len(results.contrasts) == 2
    assert "What this run cannot say" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[[substrates]]\nkind = 'low-rank'", "supports the kinds full-rank, connectome"),
        ("[[tasks]]\nkind = 'phase-memory'", "needs two sections"),
        (
            "[[tasks]]\nkind = 'phase-memory'\n[[tasks]]\nkind = 'flip-flop'",
            "must have the same inputs, outputs and time step",
        ),
        ("[adaptation]\nranks = [500]", "rank must lie between 1 and"),
        ("[reference]\nfrequency_Hz = 1e6", "frequency_Hz must lie in"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "adaptation", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()
