"""Recurrent nets, each a small frozen configuration and a module with the same interface."""

from isochron.ann_bridge.nets.circuit import CircuitNet
from isochron.ann_bridge.nets.circuit_connectivity import (
    CircuitConnectivity,
    connectome_connectivity,
    default_policy_connectivity,
    full_connectivity,
    policy_connectivity,
)
from isochron.ann_bridge.nets.closed_form import ClosedFormNet, ClosedFormParameters
from isochron.ann_bridge.nets.connectome import ConnectomeRNN, ConnectomeRNNParameters
from isochron.ann_bridge.nets.coupled_oscillators import (
    CoupledOscillatorNet,
    CoupledOscillatorParameters,
)
from isochron.ann_bridge.nets.full_rank import FullRankParameters, FullRankRNN
from isochron.ann_bridge.nets.gated import GatedNet, GatedParameters, GRUNet, LSTMNet
from isochron.ann_bridge.nets.leaky import LeakyRNN
from isochron.ann_bridge.nets.liquid import LiquidNet, LiquidParameters
from isochron.ann_bridge.nets.low_rank import LowRankParameters, LowRankRNN
from isochron.ann_bridge.nets.low_rank_adapted import (
    LowRankAdaptedConnectomeParameters,
    LowRankAdaptedConnectomeRNN,
)
from isochron.ann_bridge.nets.low_rank_reduction import ReducedNet, is_reducible, reduce_low_rank
from isochron.ann_bridge.nets.net import RecurrentNet
from isochron.ann_bridge.nets.spiking import SpikingNet, SpikingParameters

__all__ = [
    "LowRankAdaptedConnectomeParameters",
    "LowRankAdaptedConnectomeRNN",
    "CircuitNet",
    "CircuitConnectivity",
    "ClosedFormNet",
    "ClosedFormParameters",
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "CoupledOscillatorNet",
    "CoupledOscillatorParameters",
    "FullRankParameters",
    "FullRankRNN",
    "GRUNet",
    "GatedNet",
    "GatedParameters",
    "LSTMNet",
    "LeakyRNN",
    "LiquidNet",
    "LiquidParameters",
    "LowRankParameters",
    "LowRankRNN",
    "RecurrentNet",
    "ReducedNet",
    "SpikingNet",
    "SpikingParameters",
    "default_policy_connectivity",
    "full_connectivity",
    "is_reducible",
    "policy_connectivity",
    "reduce_low_rank",
    "connectome_connectivity",
]
