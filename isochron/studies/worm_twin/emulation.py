"""The learners of the study; results are JSON values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from isochron import sims
from isochron.ann_bridge.registry import NETWORKS
from isochron.connectome import SIGN_RULES
from isochron.files import write_bytes
from isochron.runs.measures import Report
from isochron.runs.null_models import draw_connectome
from isochron.runs.provenance import derive_seed
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.entries import Substrate
from isochron.studies.twin.emulation import count_trained
from isochron.studies.worm_twin.configuration import WormSection, WormTwinConfig
from isochron.studies.worm_twin.learning import (
    Data,
    HeldOut,
    draw_starts,
    run_held_out,
    train_loop,
)
from isochron.studies.worm_twin.loops import LinearLoop, Loop, NetLoop
from isochron.studies.worm_twin.measure import ClosedLoop, measure_loop
from isochron.studies.worm_twin.results import (
    FITTED,
    FORCED,
    FREE,
    LINEAR,
    SHUFFLED,
    Curve,
    FreeRun,
    LearnerRow,
    WormRow,
    judge,
)
from isochron.studies.worm_twin.target import (
    Rhythm,
    draw_trials,
    find_modes,
    find_rhythm_of_worm,
    largest_neurons,
)

WORM, TRIALS, HELD_OUT = "worm", "trials", "held-out"
NAMES = {FREE: "{}", FORCED: "{}-forced", SHUFFLED: "{}-shuffled"}


@dataclass(frozen=True)
class NetSpec:
    """A network of the study, and how it is trained."""

    substrate: Substrate
    training: str
    pair: int

    @property
    def learner(self) -> str:
        """Name in tables."""
        return NAMES[self.training].format(self.substrate.name)

    @property
    def name(self) -> str:
        """Name of the network, also of its file."""
        return f"{self.learner}-{self.pair}"


def net_specs(config: WormTwinConfig, pair: int) -> list[NetSpec]:
    """All networks of a pair: each runs freely in the training; of the first also the controls."""
    first = config.substrates[0]
    return [
        *(NetSpec(substrate, FREE, pair) for substrate in config.substrates),
        *(NetSpec(first, how, pair) for how in (FORCED, SHUFFLED)),
    ]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a network is made for, in the place of a task."""

    n_inputs: int
    n_outputs: int
    step_ms: float


def build_loop(p: WormSection, spec: NetSpec, linear: LinearLoop, seed: int) -> NetLoop:
    """A network before training, on a linear predictor.

    Raises
    ------
    ValueError
        If it cannot be closed to a loop, or a setting does not fit.
    """
    given, generator = spec.substrate, torch.Generator().manual_seed(seed)
    graph = None
    if given.dataset is not None:
        rule = None if given.signs is None else SIGN_RULES.load(given.signs)
        graph = draw_connectome(given.dataset, given.null_model, spec.pair, rule)
    n_inputs = len(p.perturbed) + 2 + p.n_modes
    sizes = Sizes(n_inputs=n_inputs, n_outputs=p.n_modes, step_ms=p.step_ms)
    net = NETWORKS.load(given.kind).for_task(
        sizes, connectome=graph, generator=generator, **given.settings
    )
    return NetLoop(net, linear, generator)


def measure_worm(config: WormTwinConfig, report: Report) -> Any:
    """The rhythm of the worm; a `WormRow`."""
    report(0.0, "modes, cycle and onset of the worm")
    p = config.worm
    rhythm, modes = find_rhythm_of_worm(p), find_modes(p)
    names, share = largest_neurons(p)
    row = WormRow(
        period_ms=rhythm.period_ms, multiplier=rhythm.multiplier, onset_pA=rhythm.onset_pA,
        curve=Curve.of(rhythm.outputs, rhythm.response), share=modes.share, largest=names,
        share_of_largest=share,
    )  # fmt: skip
    return to_json_values(row)


def simulate_pair(config: WormTwinConfig, folder: RunPaths, pair: int, report: Report) -> Any:
    """Trials of the training of a pair, and trials held out, with different seeds."""
    p = config.worm
    for k, (name, count) in enumerate(((TRIALS, p.n_trials), (HELD_OUT, p.n_held_out))):
        report(k / 2, name)
        seed = derive_seed(config.seed, "pair", pair, name)
        sims.save_dataset(draw_trials(p, count, seed), folder.data_path(f"{name}-{pair}"))
    return None


def learn(config: WormTwinConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Train a network, save it and measure it; a `LearnerRow`."""
    given, p = spec.substrate, config.worm
    data = Data.of(sims.load_dataset(folder.data_path(f"{TRIALS}-{spec.pair}")))
    if spec.training == SHUFFLED:
        order = derive_seed(config.seed, "pair", spec.pair, "order")
        data = data.shuffled(torch.Generator().manual_seed(order))
    linear = LinearLoop.fit(data.inputs, data.outputs, config.learning.lags)
    seed = derive_seed(config.seed, "pair", spec.pair, "weights")
    loop = build_loop(p, spec, linear, seed).float()
    train_loop(
        loop, data.float(), config.learning, learning_rate=given.learning_rate,
        step_ms=p.step_ms, free=spec.training != FORCED,
        seed=derive_seed(config.seed, "pair", spec.pair, "training"), report=report,
    )  # fmt: skip
    tensors = {name: it.contiguous() for name, it in loop.state_dict().items()}
    write_bytes(folder.net_path(spec.name).with_suffix(".safetensors"), save(tensors))
    row = _row(
        config, folder, loop, spec.pair, report, learner=spec.learner, kind=given.kind,
        training=spec.training, n_parameters=_count(loop),
    )  # fmt: skip
    return to_json_values(row)


def _count(loop: NetLoop) -> int:
    """Number of trained and fitted numbers; the readout of the network itself is not used."""
    unused = {"output_scale", "output_weights"}
    own = sum(it.numel() for name, it in loop.net.named_parameters() if name in unused)
    return count_trained(loop.net) - own + loop.readout.numel() + loop.linear.weights.numel()


def predict(
    config: WormTwinConfig, folder: RunPaths, learner: str, pair: int, report: Report
) -> Any:
    """Fit a predictor without memory, or none, and measure it; a `LearnerRow`."""
    p = config.worm
    if learner == LINEAR:
        data = Data.of(sims.load_dataset(folder.data_path(f"{TRIALS}-{pair}")))
        loop = LinearLoop.fit(data.inputs, data.outputs, config.learning.lags)
        count = loop.weights.numel()
    else:
        loop, count = LinearLoop.persistent(p.n_modes, len(p.perturbed) + 2), 0
    row = _row(
        config, folder, loop, pair, report, learner=learner, kind="linear", training=FITTED,
        n_parameters=count,
    )  # fmt: skip
    return to_json_values(row)


def _row(
    config: WormTwinConfig, folder: RunPaths, loop: Loop, pair: int, report: Report, **names: Any
) -> LearnerRow:
    report(0.9, "closed loop")
    p, worm = config.worm, from_json_values(folder.result(WORM), WormRow)
    held_out = sims.load_dataset(folder.data_path(f"{HELD_OUT}-{pair}"))
    n_forced = max(1, round(config.learning.forced_ms / p.step_ms))
    run = run_held_out(loop, held_out, n_forced, p.step_ms)
    rng = np.random.default_rng(derive_seed(config.seed, "pair", pair, "starts"))
    closed = measure_loop(
        closed_loop(p, loop),
        p.current_pA,
        draw_starts(run.states, n_forced, config.loop.n_starts, rng),
        rhythm_of(worm),
        config.loop,
        (p.lowest_pA, p.highest_pA),
    )
    return LearnerRow(
        name=f"{names['learner'].replace(' ', '-')}-{pair}",
        pair=pair,
        closed=closed,
        criteria=judge(run.errors["r2"], run.errors["r2_changes"], closed, worm),
        free_run=None if pair else _free_run(config, held_out, run, n_forced),
        **run.errors,
        **names,
    )


def closed_loop(p: WormSection, loop: Loop) -> ClosedLoop:
    """A learner of the worm without noise currents."""
    n = len(p.perturbed)
    return ClosedLoop(
        loop, lambda current: np.array([*np.zeros(n), p.scaled(current), 1.0]), n, p.step_ms
    )


def rhythm_of(worm: WormRow) -> Rhythm:
    """The rhythm of the worm as arrays."""
    return Rhythm(
        period_ms=worm.period_ms, multiplier=worm.multiplier, onset_pA=worm.onset_pA,
        outputs=np.array(worm.curve.outputs), response=np.array(worm.curve.response),
    )  # fmt: skip


def _free_run(config: WormTwinConfig, held_out: Any, run: HeldOut, n_forced: int) -> FreeRun:
    """The trial whose constant current is nearest to that of the comparison."""
    p = config.worm
    scaled = held_out["inputs"][:, 0, len(p.perturbed)].to_numpy()
    trial = int(np.argmin(np.abs(scaled - p.scaled(p.current_pA))))
    wanted, found = held_out["outputs"][trial, 1:, :2].to_numpy(), run.free[trial, :, :2].numpy()
    bounded = np.clip(np.nan_to_num(found), -10, 10)
    worm, learner = (tuple((a, b) for a, b in it.tolist()) for it in (wanted, bounded))
    return FreeRun(step_ms=p.step_ms, forced_ms=n_forced * p.step_ms, worm=worm, learner=learner)
