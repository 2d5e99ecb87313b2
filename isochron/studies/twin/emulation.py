"""Networks and linear filters that emulate the neuron; results are JSON values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isochron import ann_bridge
from isochron.ann_bridge import ConnectomeRNN, RecurrentNet
from isochron.ann_bridge.registry import NETWORKS
from isochron.ann_bridge.tasks import Trials
from isochron.connectome import SIGN_RULES
from isochron.runs.measures import Report
from isochron.runs.null_models import draw_connectome
from isochron.runs.provenance import derive_seed
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, train_and_save
from isochron.studies.entries import Substrate
from isochron.studies.twin.configuration import TwinConfig
from isochron.studies.twin.results import FILTER, EmulationRow, Trace
from isochron.studies.twin.target import NeuronTrials, find_scale, threshold_of


@dataclass(frozen=True)
class NetSpec:
    """A network of the study."""

    substrate: Substrate
    pair: int

    @property
    def name(self) -> str:
        """Name of the network, also of its files."""
        return f"{self.substrate.name}-{self.pair}"


def net_specs(config: TwinConfig) -> list[NetSpec]:
    """All networks, pair by pair."""
    return [
        NetSpec(substrate, pair)
        for pair in range(config.training.pairs)
        for substrate in config.substrates
    ]


def tasks_of(config: TwinConfig, pair: int) -> tuple[NeuronTrials, NeuronTrials]:
    """Trials of the training of a pair, and trials held out."""
    first, second = (
        NeuronTrials(neuron=config.neuron, seed=derive_seed(config.seed, "pair", pair, part))
        for part in ("trials", "held-out trials")
    )
    return first, second


def build_net(spec: NetSpec, task: NeuronTrials, seed: int) -> RecurrentNet:
    """A network before training.

    Raises
    ------
    ValueError
        If a setting does not fit the task.
    """
    given, settings = spec.substrate, dict(spec.substrate.settings)
    graph = None
    if given.dataset is not None:
        settings.pop("connectivity", None)  # of circuits: the connectome instead
        rule = None if given.signs is None else SIGN_RULES.load(given.signs)
        graph = draw_connectome(given.dataset, given.null_model, spec.pair, rule)
    return NETWORKS.load(given.kind).for_task(
        task, connectome=graph, generator=torch.Generator().manual_seed(seed), **settings
    )


def train_net(config: TwinConfig, folder: RunPaths, spec: NetSpec, report: Report) -> Any:
    """Train a network, save it and measure it on the trials held out; `EmulationRow`."""
    report(0.0, "trials")
    task, held_out = tasks_of(config, spec.pair)
    net = build_net(spec, task, derive_seed(config.seed, "pair", spec.pair, "weights"))
    training = Training(
        net=net,
        task=task,
        parameters=config.training.parameters(spec.substrate.learning_rate),
        seed=derive_seed(config.seed, "pair", spec.pair, "training"),
        evaluation_seed=derive_seed(config.seed, "pair", spec.pair, "evaluation"),
        evaluation_task=held_out,
    )
    train_and_save(training, folder, spec.name, report)
    measured = measure(config, held_out, _outputs(net, held_out.trials), spec.pair)
    row = EmulationRow(
        name=spec.name,
        emulator=spec.substrate.name,
        kind=net.kind,
        pair=spec.pair,
        n_parameters=count_trained(net),
        r2_training=explained(_outputs(net, task.trials), task.trials),
        **measured,
    )
    return to_json_values(row)


@torch.no_grad()
def _outputs(net: RecurrentNet, trials: Trials) -> Tensor:
    return net(trials.inputs, torch.Generator().manual_seed(0))


def count_trained(net: RecurrentNet) -> int:
    """Number of trained numbers; of a network on a connectome those of its connections."""
    if isinstance(net, ConnectomeRNN):
        inputs = int(net.sensory_mask.sum()) * net.settings.n_inputs
        shared = [it for name, it in net.named_parameters() if name.startswith("class_")]
        classes = sum(it.numel() for it in shared)
        return ann_bridge.count_weights(net) + inputs + net.output_scale.numel() + classes
    return sum(it.numel() for it in net.parameters() if it.requires_grad)


def explained(outputs: Tensor, trials: Trials) -> float:
    """R²: share of the variance of the targets that outputs explain, where they count."""
    counts = trials.mask > 0
    targets, found = trials.targets[counts].double(), outputs[counts].double()
    return 1 - ((found - targets).square().mean() / targets.var(correction=0)).item()


def measure(
    config: TwinConfig, held_out: NeuronTrials, outputs: Tensor, pair: int
) -> dict[str, Any]:
    """Errors on the trials held out, R² of trials exchanged, and one trial of pair 0."""
    trials, scale = held_out.trials, find_scale(config.neuron)
    share = explained(outputs, trials)
    return {
        "r2": share,
        "r2_exchanged": explained(outputs.roll(1, dims=1), trials),
        "error_mV": float(np.sqrt((1 - share) * held_out.chance)) * scale.deviation_mV,
        **wrong_sides(outputs, trials, threshold_of(config.neuron)),
        "trace": None if pair else _trace(config, trials, outputs),
    }


def wrong_sides(
    outputs: Tensor, trials: Trials, threshold: float | None
) -> dict[str, float | None]:
    """Shares of the steps and of the squared error with output and target on different sides."""
    if threshold is None:
        return {"wrong_side": None, "wrong_error": None}
    counts = trials.mask > 0
    targets, found = trials.targets[counts].double(), outputs[counts].double()
    wrong, squares = (found > threshold) != (targets > threshold), (found - targets).square()
    total = squares.sum().item()
    return {
        "wrong_side": wrong.double().mean().item(),
        "wrong_error": squares[wrong].sum().item() / total if total else 0.0,
    }


def _trace(config: TwinConfig, trials: Trials, outputs: Tensor) -> Trace:
    scale, counts = find_scale(config.neuron), trials.mask[:, 0] > 0
    in_mV = (
        scale.mean_mV + scale.deviation_mV * values[counts, 0].double()
        for values in (trials.targets, outputs)
    )
    target, output = (tuple(values.tolist()) for values in in_mV)
    return Trace(step_ms=config.neuron.step_ms, target_mV=target, output_mV=output)


def fit_filter(config: TwinConfig, lags: int, pair: int, report: Report) -> Any:
    """Fit a linear filter to the trials of a pair by least squares; an `EmulationRow`."""
    report(0.0, "trials")
    task, held_out = tasks_of(config, pair)
    weights = filter_weights(task.trials, lags)
    row = EmulationRow(
        name=f"{FILTER}-{lags}-{pair}",
        emulator=f"linear filter, {lags} steps",
        kind=FILTER,
        pair=pair,
        n_parameters=len(weights),
        r2_training=explained(filtered(task.trials, weights), task.trials),
        **measure(config, held_out, filtered(held_out.trials, weights), pair),
    )
    return to_json_values(row)


def filter_weights(trials: Trials, lags: int) -> Tensor:
    """Weights of the inputs of the last steps, and of the constant, by least squares."""
    counts = trials.mask > 0
    recent, targets = _recent(trials, lags)[counts], trials.targets[counts].double()
    return torch.linalg.solve(recent.T @ recent, recent.T @ targets)


def filtered(trials: Trials, weights: Tensor) -> Tensor:
    """Outputs of a linear filter, shape (n_steps, n_trials)."""
    n_currents = trials.inputs.shape[2] - 1
    return _recent(trials, (len(weights) - 1) // n_currents) @ weights


def _recent(trials: Trials, lags: int) -> Tensor:
    """Currents of the last steps and a 1, shape (n_steps, n_trials, lags n_currents + 1)."""
    currents = trials.inputs[..., :-1].double()
    before = currents.new_zeros(lags - 1, *currents.shape[1:])
    windows = torch.cat([before, currents]).unfold(0, lags, 1).flatten(2)
    return torch.cat([windows, torch.ones_like(windows[..., :1])], dim=2)
