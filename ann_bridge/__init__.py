"""Artificial neural networks: tasks, modules, training, and their maps for the analysis."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.ann_bridge import tasks
    from isochron.ann_bridge.adaptation import AdaptedNet, interpolated
    from isochron.ann_bridge.checkpoint import load_net, save_net
    from isochron.ann_bridge.ensemble import train_many
    from isochron.ann_bridge.evaluation import Evaluation, evaluate, evaluate_trials
    from isochron.ann_bridge.fitting import (
        ConnectionScale,
        Constant,
        Current,
        RecordingFit,
        RecordingFitParameters,
        RhythmFit,
        RhythmFitParameters,
        RhythmTarget,
        WormNet,
        WormNetParameters,
        fit_recording,
        fit_rhythm,
    )
    from isochron.ann_bridge.masks import ConnectomeMasks, connectome_masks, connectome_weights
    from isochron.ann_bridge.module_map import ModuleMap
    from isochron.ann_bridge.nets import (
        AttentionNet,
        AttentionParameters,
        CircuitConnectivity,
        ClosedFormNet,
        ClosedFormParameters,
        ConnectomeRNN,
        ConnectomeRNNParameters,
        CoupledOscillatorNet,
        CoupledOscillatorParameters,
        FullRankParameters,
        FullRankRNN,
        GatedParameters,
        GRUNet,
        LeakyRNN,
        LiquidNet,
        LiquidParameters,
        LowRankAdaptedConnectomeParameters,
        LowRankAdaptedConnectomeRNN,
        LowRankParameters,
        LowRankRNN,
        LSTMNet,
        RecurrentNet,
        ReducedNet,
        SpikingNet,
        SpikingParameters,
        connectome_connectivity,
        default_policy_connectivity,
        full_connectivity,
        is_reducible,
        policy_connectivity,
        reduce_low_rank,
    )
    from isochron.ann_bridge.pruning import (
        Pruning,
        control_nets,
        count_weights,
        prune,
        train_and_prune,
    )
    from isochron.ann_bridge.synflow import (
        SynapticFlow,
        prune_by_flow,
        synaptic_flow,
        weights_on_paths,
    )
    from isochron.ann_bridge.trained_flow import TrainedFlow
    from isochron.ann_bridge.trained_map import FixedRadiusMap, TrainedMap
    from isochron.ann_bridge.training import TrainingRecord, choose_device, train
    from isochron.ann_bridge.training_parameters import TrainingParameters

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "AdaptedNet",
    "AttentionNet",
    "AttentionParameters",
    "LowRankAdaptedConnectomeParameters",
    "LowRankAdaptedConnectomeRNN",
    "CircuitConnectivity",
    "ClosedFormNet",
    "ClosedFormParameters",
    "ConnectionScale",
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "Constant",
    "CoupledOscillatorNet",
    "CoupledOscillatorParameters",
    "Current",
    "Evaluation",
    "FixedRadiusMap",
    "FullRankParameters",
    "FullRankRNN",
    "GRUNet",
    "GatedParameters",
    "LSTMNet",
    "LeakyRNN",
    "LiquidNet",
    "LiquidParameters",
    "LowRankParameters",
    "LowRankRNN",
    "ModuleMap",
    "Pruning",
    "RecordingFit",
    "RecordingFitParameters",
    "RecurrentNet",
    "ReducedNet",
    "RhythmFit",
    "RhythmFitParameters",
    "RhythmTarget",
    "SpikingNet",
    "SpikingParameters",
    "TrainedFlow",
    "SynapticFlow",
    "TrainedMap",
    "TrainingParameters",
    "TrainingRecord",
    "ConnectomeMasks",
    "WormNet",
    "WormNetParameters",
    "choose_device",
    "control_nets",
    "count_weights",
    "default_policy_connectivity",
    "evaluate",
    "evaluate_trials",
    "fit_recording",
    "fit_rhythm",
    "full_connectivity",
    "is_reducible",
    "interpolated",
    "load_net",
    "policy_connectivity",
    "prune",
    "prune_by_flow",
    "reduce_low_rank",
    "save_net",
    "synaptic_flow",
    "tasks",
    "train",
    "train_and_prune",
    "train_many",
    "weights_on_paths",
    "connectome_masks",
    "connectome_weights",
    "connectome_connectivity",
]
