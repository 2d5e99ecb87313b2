"""Training and analysis of the networks of the study; results are JSON values."""

from dataclasses import replace
from typing import Any

import numpy as np

from isochron import ann_bridge
from isochron.ann_bridge import TrainedMap
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.cycle_surveys import survey_entrained_cycles, survey_intrinsic_cycles
from isochron.runs.measures import Report, describe_survey
from isochron.runs.results import IntrinsicCycles, from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.training import Training, build_network, train_and_save
from isochron.studies.attention.configuration import ATTENTION, AttentionConfig
from isochron.studies.attention.memory import LongTrials, memory_curve, ringing, target_size
from isochron.studies.attention.results import NetworkRow
from isochron.studies.paired_networks import PairedNet, paired_nets

RINGING_MS = 400.0  # after the stimulus


def net_specs(config: AttentionConfig) -> list[PairedNet]:
    """All networks, pair by pair."""
    return paired_nets(config.memory.pairs, config.substrates, config.tasks)


def train_net(config: AttentionConfig, folder: RunPaths, spec: PairedNet, report: Report) -> Any:
    """Train a network and save it; its losses, and whether it learned."""
    given = spec.configure(config.training.budget)
    training = Training(
        net=build_network(given, spec.seed(config.seed, "weights")),
        task=given.task.task(),
        parameters=given.training.parameters(),
        seed=spec.seed(config.seed, "training"),
        evaluation_seed=spec.seed(config.seed, "evaluation"),
    )
    result = train_and_save(training, folder, spec.name, report)
    return {"record": to_json_values(result.record), "learned": result.evaluation.learned}


def measure_net(config: AttentionConfig, folder: RunPaths, spec: PairedNet, report: Report) -> Any:
    """Memory and cycles of a trained network; a `NetworkRow` without its training."""
    net, _ = ann_bridge.load_net(folder.net_path(spec.name))
    task: Any = spec.configure(config.training.budget).task.task()
    reach_ms = None
    if net.kind == ATTENTION:
        reach_ms = net.settings.reach * net.settings.step_ms
    report(0.0, "memory")
    found = {
        "name": spec.name,
        "substrate": spec.substrate.name,
        "kind": net.kind,
        "task": spec.task.name,
        "pair": spec.pair,
        "n_parameters": sum(it.numel() for it in net.parameters() if it.requires_grad),
        "reach_ms": reach_ms,
        "longer_than_trial": reach_ms is not None and reach_ms >= task.duration_ms,
    }
    found |= _memories(config, spec, net, task)
    report(0.2, "entrained cycles")
    found |= _entrained(config, spec, net)
    report(0.5, "intrinsic cycles")
    found["intrinsic"] = to_json_values(intrinsic_cycles(config, spec, net))
    report(0.7, "output fed back")
    fed = None
    if isinstance(net, ann_bridge.AttentionNet):
        fed = intrinsic_cycles(config, spec, with_feedback(net, config.cycles.feedback))
    return found | {"fed_back": to_json_values(fed)}


def _memories(
    config: AttentionConfig, spec: PairedNet, net: ann_bridge.RecurrentNet, task: Any
) -> dict[str, Any]:
    size, curves, run_seed = target_size(task), {}, spec.seed(config.seed, "memory noise")
    pulses = {"memory": float(np.mean(task.pulse_ms)), "brief": config.memory.brief_ms}
    for name, pulse_ms in pulses.items():
        trials = LongTrials.of(
            task,
            config.memory.n_trials,
            pulse_ms=pulse_ms,
            longest_ms=config.memory.longest_ms,
            seed=spec.seed(config.seed, "memory"),
        )
        curve = memory_curve(trials.outputs(net, run_seed), trials.step_ms, size)
        curves[name] = to_json_values(curve)
        if name == "memory":
            alone = trials.without_reference().outputs(net, run_seed)
            early = alone[:, : round(RINGING_MS / trials.step_ms)]
            late = alone[:, -max(2, alone.shape[1] // 4) :]
            curves |= {"ringing": ringing(early, size), "late_ringing": ringing(late, size)}
    return curves


def _entrained(
    config: AttentionConfig, spec: PairedNet, net: ann_bridge.RecurrentNet
) -> dict[str, Any]:
    cycles = config.cycles
    system = AnalysedNetwork.of(net).map_at(cycles.frequency_Hz, cycles.amplitude)
    survey = survey_entrained_cycles(system, _starts(config, spec, system))
    largest = [float(np.abs(cycle.multipliers).max()) for cycle in survey.stable]
    return {
        "n_stable": len(survey.stable),
        "n_cycles": len(survey.cycles),
        "n_not_entrained": survey.n_not_entrained,
        "index_sum": describe_survey(survey).index_sum,
        "largest_multiplier": max(largest, default=None),
    }


def _starts(config: AttentionConfig, spec: PairedNet, system: TrainedMap) -> np.ndarray:
    rng = np.random.default_rng(spec.seed(config.seed, "starts"))
    return system.initial_states(config.cycles.n_starts, rng)


def intrinsic_cycles(
    config: AttentionConfig, spec: PairedNet, net: ann_bridge.RecurrentNet
) -> IntrinsicCycles:
    """Cycles of a network with the reference off."""
    system = AnalysedNetwork.of(net).map_at()
    return survey_intrinsic_cycles(system, _starts(config, spec, system))


def with_feedback(net: ann_bridge.AttentionNet, gain: float) -> ann_bridge.AttentionNet:
    """A network with the same weights whose output is added to its first input a step later."""
    fed = ann_bridge.AttentionNet(replace(net.settings, feedback=gain))
    fed.load_state_dict(net.state_dict())
    return fed


def read_row(measured: Any, trained: Any) -> NetworkRow:
    """A row from the results of its two steps."""
    training = {"training": trained["record"], "learned": trained["learned"]}
    return from_json_values(measured | training, NetworkRow)
