"""Recurrent nets, each a small frozen configuration and a module with the same interface."""

from isochron.ann_bridge.nets.connectome import ConnectomeRNN, ConnectomeRNNParameters
from isochron.ann_bridge.nets.leaky import LeakyRNN
from isochron.ann_bridge.nets.low_rank import LowRankParameters, LowRankRNN

__all__ = [
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "LeakyRNN",
    "LowRankParameters",
    "LowRankRNN",
]
