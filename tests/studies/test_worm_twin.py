"""The study of twins of the worm: loops with a known rhythm, trials, learning, a tiny run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron import sims
from isochron.cli import main
from isochron.studies import read_results
from isochron.studies.worm_twin.claims import answer, groups_of
from isochron.studies.worm_twin.configuration import LoopSection, WormSection, WormTwinConfig
from isochron.studies.worm_twin.contrasts import CRITERIA, HORIZON, contrasts
from isochron.studies.worm_twin.emulation import build_loop, net_specs
from isochron.studies.worm_twin.learning import Data, explained, horizon_ms
from isochron.studies.worm_twin.loops import INCREMENT, LinearLoop, Loop
from isochron.studies.worm_twin.measure import (
    ClosedLoop,
    best_shift,
    measure_loop,
    pooled_correlation,
)
from isochron.studies.worm_twin.results import (
    CYCLE,
    FITTED,
    FORCED,
    FREE,
    PERSISTENT,
    REST,
    ClosedRow,
    Criteria,
    Curve,
    LearnerRow,
    WormRow,
    judge,
)
from isochron.studies.worm_twin.target import (
    SIMULATION_STEP_MS,
    Rhythm,
    _by_step,
    draw_trials,
    find_modes,
    noise,
    open_worm,
    simulate_trials,
)

STEP_MS, TURN, GROWTH, ONSET = 40.0, 0.14, 3e-7, 800.0  # growth per ms and pA
CURRENT, LEAST, MOST = 2000.0, 500.0, 2400.0
SETTINGS = LoopSection(n_starts=4, settle_s=150.0, n_harmonics=4, n_currents=6)
SHORT = WormSection(duration_ms=1200.0, n_trials=3, n_held_out=2, n_modes=3)


class KnownLoop(Loop):
    """z' = (g (I - I0) + i w) z - g (2000 pA - I0) |z|² z, exact over a step; inputs then move z.

    Radius² is a logistic function of time, and the angle turns at a constant rate, so that at
    2000 pA the radius is 1, the period 2 pi / w, the multiplier exp(-2 g (I - I0) T), the onset
    I0, and the phase response (-sin, cos).
    """

    sizes = (2,)

    def __init__(self, *, turn=TURN, growth=GROWTH, onset=ONSET, pushed=0.0):
        super().__init__()
        self.turn, self.growth, self.onset = turn, growth, onset
        cos, sin = np.cos(pushed), np.sin(pushed)
        self.register_buffer("pushes", torch.tensor([[cos, sin], [-sin, cos]]).double())

    def mover(self):
        def move(state, inputs):
            (z,) = state
            rate = self.growth * (inputs[..., 2:] - self.onset)
            square = z.square().sum(-1, keepdim=True)
            grown = torch.exp(2 * rate * STEP_MS)
            cubic = self.growth * (CURRENT - self.onset)
            gain = torch.sqrt(grown / (1 + cubic * square * (grown - 1) / rate))
            cos, sin = np.cos(self.turn), np.sin(self.turn)
            x, y = z[..., :1], z[..., 1:]
            turned = torch.cat([cos * x - sin * y, sin * x + cos * y], -1)
            return (gain * turned + inputs[..., :2] @ self.pushes,)

        return move


def known_rhythm():
    """The inputs move z at the end of a step, where the phase is ahead by the turn of a step."""
    period = 2 * np.pi * STEP_MS / TURN
    phases = 2 * np.pi * np.arange(64) / 64
    after = phases + TURN
    return Rhythm(
        period_ms=period,
        multiplier=np.exp(-2 * GROWTH * (CURRENT - ONSET) * period),
        onset_pA=ONSET,
        outputs=np.stack([np.cos(phases), np.sin(phases)], axis=1),
        response=np.stack([-np.sin(after), np.cos(after)], axis=1),
    )


def measured(loop):
    starts = 0.05 * np.random.default_rng(0).standard_normal((4, loop.dimension))
    closed = ClosedLoop(loop, lambda current: np.array([0.0, 0.0, current]), 2, STEP_MS)
    return measure_loop(closed, CURRENT, starts, known_rhythm(), SETTINGS, (LEAST, MOST))


def worm_row():
    it = known_rhythm()
    return WormRow(
        period_ms=it.period_ms, multiplier=it.multiplier, onset_pA=it.onset_pA,
        curve=Curve.of(it.outputs, it.response), share=0.99, largest=("A",), share_of_largest=0.5,
    )  # fmt: skip


def missed(criteria):
    return [name for name, met in vars(criteria).items() if not met]


@pytest.mark.long
def test_a_loop_of_the_known_oscillator_meets_every_criterion():
    """Tolerances: the multiplier's from 25 periods of tangents, the others from the searches."""
    rhythm, row = known_rhythm(), measured(KnownLoop())
    assert (row.motion, row.n_on_cycle) == (CYCLE, 4)
    assert row.period_ms == pytest.approx(rhythm.period_ms, rel=1e-6)
    assert row.multiplier == pytest.approx(rhythm.multiplier, abs=5e-3)
    assert row.onset_pA == pytest.approx(ONSET, abs=0.5)
    assert row.response_correlation == pytest.approx(1, abs=1e-3)
    assert row.curve is not None  # whose phases are aligned to the nearest of 64 nodes
    np.testing.assert_allclose(np.array(row.curve.response), rhythm.response, atol=0.06)
    assert missed(judge(0.99, 0.99, row, worm_row())) == []
    assert missed(judge(0.94, 0.99, row, worm_row())) == ["one_step"]
    assert missed(judge(0.99, 0.94, row, worm_row())) == ["one_step"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("changes", "criterion"),
    [
        ({"turn": 1.02 * TURN}, "period"),
        ({"growth": 0.7 * GROWTH}, "multiplier"),
        ({"pushed": 0.6}, "response"),
        ({"onset": 1.03 * ONSET}, "onset"),
    ],
)
def test_a_loop_that_is_wrong_in_one_respect_misses_one_criterion(changes, criterion):
    """Each change leaves the others within their tolerances, by the closed forms."""
    assert missed(judge(0.99, 0.99, measured(KnownLoop(**changes)), worm_row())) == [criterion]


@pytest.mark.long
def test_a_missing_cycle_is_found_behind_a_large_r2():
    """A linear map cannot have a limit cycle, but predicts one step of the oscillator well."""
    rng = torch.Generator().manual_seed(0)
    pushes = 0.1 * torch.randn(8, 400, 2, generator=rng).double()
    inputs = torch.cat([pushes, torch.full((8, 400, 1), CURRENT).double()], dim=2)
    start = torch.nn.functional.normalize(torch.randn(8, 1, 2, generator=rng).double(), dim=2)
    outputs = torch.cat([start, KnownLoop().run(inputs, start, 1)], dim=1)
    train, held_out = slice(0, 4), slice(4, 8)
    loop = LinearLoop.fit(inputs[train], outputs[train], lags=1)
    states = loop.run(inputs[held_out], outputs[held_out], 400)
    r2 = explained(loop.read(states), outputs[held_out, 1:])
    before = outputs[held_out, :-1]
    r2_changes = explained(loop.read(states) - before, outputs[held_out, 1:] - before)
    assert min(r2, r2_changes) > 0.95
    row = measured(loop)
    assert (row.motion, row.n_resting, row.period_ms) == (REST, 4, None)
    found = judge(r2, r2_changes, row, worm_row())
    assert found.one_step
    assert found.n_met == 1


def test_the_response_over_a_step_is_its_integral():
    """The integral of cos(w t + phase) over a step, in closed form."""
    phases, w = 2 * np.pi * np.arange(64) / 64, 2 * np.pi / 1800
    found = _by_step(np.cos(phases)[:, None] + 0.5, 40.0, 1800.0)[:, 0]
    exact = (np.sin(phases + 40 * w) - np.sin(phases)) / w + 20
    np.testing.assert_allclose(found, exact, atol=1e-9)


def test_phases_are_aligned_by_the_outputs_and_responses_pooled():
    phases = 2 * np.pi * np.arange(64) / 64
    wanted = np.stack([np.cos(phases), np.sin(2 * phases)], axis=1)
    assert best_shift(wanted, np.roll(wanted, 5, axis=0)) == 5
    assert pooled_correlation(wanted, 3 * wanted) == pytest.approx(1)
    assert pooled_correlation(wanted, wanted * [1, -1]) == pytest.approx(0, abs=1e-12)
    assert pooled_correlation(wanted, 0 * wanted) == 0


@pytest.mark.parametrize("kind", ["gru", "low-rank"])
def test_a_loop_is_the_network_on_top_of_the_linear_predictor(kind, monkeypatch):
    """`RecurrentNet.run` is an independent path of the same recurrence; float32."""
    rng = torch.Generator().manual_seed(2)
    inputs, outputs = torch.randn(4, 9, 5, generator=rng), torch.randn(4, 10, 3, generator=rng)
    linear = LinearLoop(torch.randn(3, 2 * 3 + 5, generator=rng), lags=2)
    spec = next(it for it in net_specs(WormTwinConfig(), 0) if it.learner == kind)
    loop = build_loop(SHORT, spec, linear, seed=1)
    net, n_units = loop.net, loop.net.settings.n_units
    monkeypatch.setattr(
        type(net), "initial_states", lambda self, n, generator: torch.zeros(n, n_units)
    )
    with torch.no_grad():
        found = loop.predict(inputs, outputs, 9)
        known = torch.cat([inputs, outputs[:, :9]], dim=2)
        _, rates = net.run(known.transpose(0, 1), rng)
        change = INCREMENT * (rates.transpose(0, 1) @ loop.readout)
        expected = linear.predict(inputs, outputs, 9) + change
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert change.abs().max() > 0.01


def test_after_the_forced_steps_predictions_are_fed_back():
    loop = LinearLoop(torch.tensor([[0.0, 2.0, 1.0]]), lags=2)
    inputs, outputs = torch.ones(1, 4, 1), torch.tensor([[[1.0], [5.0], [7.0], [0.0], [0.0]]])
    found = loop.predict(inputs, outputs, 2)[0, :, 0]
    assert found.tolist() == [3.0, 11.0, 23.0, 47.0]  # 2 * 1 + 1, then 2 * 5 + 1, then freely


def test_pieces_are_consecutive_and_shuffled_outputs_are_not():
    times = torch.arange(31.0).expand(5, 31)[..., None]
    data = Data(times[:, :-1].clone(), times)
    drawn = data.pieces(8, 50, torch.Generator().manual_seed(0))
    assert (drawn.outputs.diff(dim=1) == 1).all()
    assert torch.equal(drawn.inputs, drawn.outputs[:, :-1])
    assert (drawn.outputs[:, 0].min(), drawn.outputs[:, -1].max()) == (0, 30)
    other = data.shuffled(torch.Generator().manual_seed(0))
    assert torch.equal(other.outputs.sort(dim=1).values, times)
    assert (other.outputs.diff(dim=1) == 1).float().mean() < 0.2
    assert torch.equal(other.inputs, data.inputs)


def test_the_horizon_is_the_start_of_the_first_lost_second():
    wanted = torch.sin(torch.arange(100.0) / 3).expand(2, 100)[..., None].clone()
    free = wanted.clone()
    assert horizon_ms(free, wanted, 40.0) == 4000
    free[:, 60:] = float("nan")
    assert horizon_ms(free, wanted, 40.0) == 2000  # the third second, steps 50 to 74
    assert explained(wanted, wanted) == 1


def test_trials_are_those_of_the_map_of_the_worm():
    """Without noise a trial is an orbit of `GradedMap`; a trial continues the one before."""
    quiet = replace(SHORT, noise_pA=1e-12)
    drawn, worm = simulate_trials(quiet, 2, seed=3), open_worm("varshney2011")
    first = sims.step_current(["PLM"], amplitude_pA=drawn.currents_pA[0])
    rng = np.random.default_rng(3)
    rng.uniform(size=2)
    system = sims.GradedMap(worm, first, step_ms=SIMULATION_STEP_MS)
    orbit = system.orbit(worm.random_state(first, rng), 300, every=10)
    potentials = orbit[:, : worm.n_neurons] - system.thresholds
    np.testing.assert_allclose(drawn.potentials[0], potentials, atol=1e-6)
    np.testing.assert_allclose(drawn.potentials[1, 0], drawn.potentials[0, -1], atol=1e-9)


def test_trials_held_out_share_nothing_and_modes_are_orthonormal():
    modes = find_modes(SHORT)
    np.testing.assert_allclose(modes.directions @ modes.directions.T, np.eye(3), atol=1e-9)
    assert 0.9 < modes.share < 1
    one, again, other = (draw_trials(SHORT, 3, seed) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not np.isin(one["inputs"][..., :3], other["inputs"][..., :3]).any()
    assert one.attrs["outside_mV2"] < 0.1 * one.attrs["total_mV2"]
    assert (one["inputs"][..., 4] == 1).all()
    constant = one["inputs"][..., 3].to_numpy()
    assert (constant.std(axis=1) < 1e-12).all()
    assert abs(constant).max() <= 1


def test_noise_has_the_planted_variance_and_correlation():
    """200 000 values with a correlation of 100 ms: 3 standard errors are 0.02."""
    p = replace(SHORT, duration_ms=4e6, correlation_ms=(100.0,), perturbed=("PLM", "AVD"))
    drawn = noise(p, np.random.default_rng(0))
    assert drawn.var() == pytest.approx(1, abs=0.03)
    assert (drawn[5:] * drawn[:-5]).mean() == pytest.approx(np.exp(-2), abs=0.03)
    assert abs((drawn[:, 0] * drawn[:, 1]).mean()) < 0.03


def planted_row(learner, training, pair, horizon, met):
    closed = ClosedRow(motion=CYCLE, n_starts=4, n_resting=0, n_diverged=0, n_on_cycle=4)
    criteria = Criteria(
        one_step=True, one_cycle=met, period=met, multiplier=met, response=met, onset=False
    )
    return LearnerRow(
        name=f"{learner}-{pair}", learner=learner, kind="gru", training=training, pair=pair,
        n_parameters=1, r2=0.99, r2_outputs=0.99, r2_changes=0.9, horizon_s=horizon,
        closed=closed, criteria=criteria, free_run=None,
    )  # fmt: skip


def test_planted_differences_are_found_and_nothing_else():
    rng, rows = np.random.default_rng(0), []
    for pair in range(10):
        noise_s = rng.standard_normal(5)
        rows += [
            planted_row("gru", FREE, pair, 20 + noise_s[0], True),
            planted_row("gru-forced", FORCED, pair, 10 + noise_s[1], False),
            planted_row(PERSISTENT, FITTED, pair, 20 + noise_s[2], False),
            planted_row("connectome", FREE, pair, 15 + noise_s[3], True),
            planted_row("rewired", FREE, pair, 15 + noise_s[4], True),
        ]
    found = {
        (row.learner, row.control, row.measure): row for row in contrasts(WormTwinConfig(), rows)
    }
    assert len(found) == 6
    planted = found["gru", "gru-forced", HORIZON]
    assert planted.estimate == pytest.approx(10, abs=1.5)
    assert planted.p_adjusted < 0.05
    assert found["gru", PERSISTENT, CRITERIA].estimate == 4
    assert found["gru", PERSISTENT, HORIZON].p_adjusted > 0.05
    assert found["connectome", "rewired", HORIZON].p_adjusted > 0.05


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[worm]\nperturbed = ['PLMX']", "PLMX"),
        ("[worm]\ncurrent_pA = 3000", "current_pA must lie between lowest_pA"),
        ("[worm]\nn_modes = 1000", "n_modes must be at most 279"),
        (
            "[learning]\nfree_ms = 30000",
            "duration_ms must be longer than [learning] forced_ms + free_ms",
        ),
        ("[learning]\nsteps = 0", "steps must lie between 1 and 1e+07"),
        ("[loop]\nsettle_s = -1", "settle_s must be positive"),
        ("[[substrates]]\nkind = 'lstm'", "lstm with these settings cannot be closed to a loop"),
    ],
)
def test_a_bad_configuration_is_refused_before_any_work(section, what, tmp_path, capsys):
    config = tmp_path / "x.toml"
    config.write_text(section)
    out = tmp_path / "run"
    assert main(["study", "worm-twin", "--config", str(config), "--out", str(out)]) == 2
    assert what in capsys.readouterr().err
    assert not out.exists()


CONFIG = """
[worm]
duration_ms = 4000
n_trials = 3
n_held_out = 2
n_modes = 3
[learning]
pairs = 1
steps = 2
batch_size = 4
forced_ms = 400
free_ms = 800
[loop]
n_starts = 2
settle_s = 20
n_harmonics = 4
[[substrates]]
kind = "gru"
n_units = 4
[[substrates]]
name = "low-rank"
kind = "low-rank"
n_units = 8
time_constant_ms = 100
noise_std = 0
"""


@pytest.mark.slow
def test_a_tiny_run_is_bit_identical_to_its_repetition(tmp_path):
    (tmp_path / "x.toml").write_text(CONFIG)
    found = []
    for name in ("a", "b"):
        command = ["study", "worm-twin", "--config", str(tmp_path / "x.toml"), "--workers", "1",
                   "--out", str(tmp_path / name), "--json"]  # fmt: skip
        assert main(command) == 0
        found.append(read_results(tmp_path / name))
    first, second = found
    assert first.learners == second.learners
    assert [*groups_of(first)] == [
        "gru", "low-rank", "gru-forced", "gru-shuffled", "linear predictor", PERSISTENT
    ]  # fmt: skip
    assert first.worm.onset_pA == pytest.approx(1245, abs=1)  # sims.find_onset states it
    assert first.worm.period_ms == pytest.approx(1808, abs=1)
    assert first.worm.multiplier == pytest.approx(0.897, abs=1e-3)
    still = groups_of(first)[PERSISTENT][0]
    assert still.closed.motion == REST
    assert still.r2_changes == pytest.approx(0, abs=1e-2)
    assert "No learner meets every criterion" in answer(first)[0]
    assert "What this run cannot say" in (tmp_path / "a" / "report.html").read_text()
    assert (tmp_path / "a" / "nets" / "gru-forced-0.safetensors").exists()


@pytest.mark.parametrize(
    ("setting", "code", "what"),
    [
        ("step_ms = 1e-9", 5, "trials of 2.4e+13 steps would take about"),
        ("n_trials = 1000000000", 5, "1000000000 trials of 600 steps would take about"),
        ("perturbed = ['PLX']", 2, "PLX"),
    ],
)
def test_a_worm_that_does_not_fit_is_refused_before_any_work(setting, code, what, tmp_path, capsys):
    (tmp_path / "x.toml").write_text(f"[worm]\n{setting}\n")
    out = tmp_path / "run"
    given = ["study", "worm-twin", "--config", str(tmp_path / "x.toml"), "--out", str(out)]
    assert main(given) == code
    assert what in capsys.readouterr().err
    assert not out.exists()
