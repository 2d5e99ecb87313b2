"""Recurrent nets, each a small frozen configuration and a module with the same interface."""

from isochron.ann_bridge.nets.adapted import AdaptedConnectomeParameters, AdaptedConnectomeRNN
from isochron.ann_bridge.nets.connectome import ConnectomeRNN, ConnectomeRNNParameters
from isochron.ann_bridge.nets.full_rank import FullRankParameters, FullRankRNN
from isochron.ann_bridge.nets.gated import GatedNet, GatedParameters, GRUNet, LSTMNet
from isochron.ann_bridge.nets.leaky import LeakyRNN
from isochron.ann_bridge.nets.low_rank import LowRankParameters, LowRankRNN
from isochron.ann_bridge.nets.low_rank_reduction import ReducedNet, reduce_low_rank
from isochron.ann_bridge.nets.net import RecurrentNet

__all__ = [
    "AdaptedConnectomeParameters",
    "AdaptedConnectomeRNN",
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "FullRankParameters",
    "FullRankRNN",
    "GRUNet",
    "GatedNet",
    "GatedParameters",
    "LSTMNet",
    "LeakyRNN",
    "LowRankParameters",
    "LowRankRNN",
    "RecurrentNet",
    "ReducedNet",
    "reduce_low_rank",
]
