"""Artificial nets: tasks, modules, training, and the way back to the analysis."""

from isochron.ann_bridge import tasks
from isochron.ann_bridge.checkpoint import load_net, save_net
from isochron.ann_bridge.masks import WiringMasks, wiring_masks
from isochron.ann_bridge.nets import (
    ConnectomeRNN,
    ConnectomeRNNParameters,
    LeakyRNN,
    LowRankParameters,
    LowRankRNN,
)
from isochron.ann_bridge.train import TrainingParameters, TrainingRecord, evaluate, train
from isochron.ann_bridge.trained_map import TrainedMap

__all__ = [
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "LeakyRNN",
    "LowRankParameters",
    "LowRankRNN",
    "TrainedMap",
    "TrainingParameters",
    "TrainingRecord",
    "WiringMasks",
    "evaluate",
    "load_net",
    "save_net",
    "tasks",
    "train",
    "wiring_masks",
]
