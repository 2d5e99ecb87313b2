"""Artificial nets: tasks, modules, training, and the way back to the analysis."""

from isochron.ann_bridge import tasks
from isochron.ann_bridge.checkpoint import load_net, save_net
from isochron.ann_bridge.masks import WiringMasks, wiring_masks, wiring_weights
from isochron.ann_bridge.nets import (
    AdaptedConnectomeParameters,
    AdaptedConnectomeRNN,
    ConnectomeRNN,
    ConnectomeRNNParameters,
    FullRankParameters,
    FullRankRNN,
    GatedParameters,
    GRUNet,
    LeakyRNN,
    LowRankParameters,
    LowRankRNN,
    LSTMNet,
    RecurrentNet,
    ReducedNet,
    reduce_low_rank,
)
from isochron.ann_bridge.train import (
    TrainingParameters,
    TrainingRecord,
    choose_device,
    evaluate,
    train,
)
from isochron.ann_bridge.trained_map import TrainedMap

__all__ = [
    "AdaptedConnectomeParameters",
    "AdaptedConnectomeRNN",
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "FullRankParameters",
    "FullRankRNN",
    "GRUNet",
    "GatedParameters",
    "LSTMNet",
    "LeakyRNN",
    "LowRankParameters",
    "LowRankRNN",
    "RecurrentNet",
    "ReducedNet",
    "TrainedMap",
    "TrainingParameters",
    "TrainingRecord",
    "WiringMasks",
    "choose_device",
    "evaluate",
    "load_net",
    "reduce_low_rank",
    "save_net",
    "tasks",
    "train",
    "wiring_masks",
    "wiring_weights",
]
