"""Recurrent networks, each a small frozen configuration and a module with the same interface."""

from typing import TYPE_CHECKING

from isochron.lazy import lazy_names

if TYPE_CHECKING:
    from isochron.ann_bridge.nets.attention import AttentionNet
    from isochron.ann_bridge.nets.attention_parameters import AttentionParameters
    from isochron.ann_bridge.nets.circuit import CircuitNet
    from isochron.ann_bridge.nets.circuit_connectivity import (
        CircuitConnectivity,
        connectome_connectivity,
        default_policy_connectivity,
        full_connectivity,
        policy_connectivity,
    )
    from isochron.ann_bridge.nets.closed_form import ClosedFormNet
    from isochron.ann_bridge.nets.connectome import ConnectomeRNN
    from isochron.ann_bridge.nets.convolution import ConvolutionNet
    from isochron.ann_bridge.nets.convolution_parameters import ConvolutionParameters
    from isochron.ann_bridge.nets.coupled_oscillators import CoupledOscillatorNet
    from isochron.ann_bridge.nets.full_rank import FullRankRNN
    from isochron.ann_bridge.nets.gated import GatedNet, GRUNet, LSTMNet
    from isochron.ann_bridge.nets.leaky import LeakyRNN
    from isochron.ann_bridge.nets.leaky_parameters import (
        ConnectomeRNNParameters,
        FullRankParameters,
        LowRankAdaptedConnectomeParameters,
        LowRankParameters,
    )
    from isochron.ann_bridge.nets.liquid import LiquidNet
    from isochron.ann_bridge.nets.low_rank import LowRankRNN
    from isochron.ann_bridge.nets.low_rank_adapted import LowRankAdaptedConnectomeRNN
    from isochron.ann_bridge.nets.low_rank_reduction import (
        ReducedNet,
        is_reducible,
        reduce_low_rank,
    )
    from isochron.ann_bridge.nets.net import RecurrentNet
    from isochron.ann_bridge.nets.parameters import NetworkParameters
    from isochron.ann_bridge.nets.spiking import SpikingNet
    from isochron.ann_bridge.nets.stepped_parameters import (
        ClosedFormParameters,
        CoupledOscillatorParameters,
        GatedParameters,
        LiquidParameters,
        SpikingParameters,
    )

__getattr__, __dir__ = lazy_names(__name__)
__all__ = [
    "AttentionNet",
    "AttentionParameters",
    "LowRankAdaptedConnectomeParameters",
    "LowRankAdaptedConnectomeRNN",
    "CircuitNet",
    "CircuitConnectivity",
    "ClosedFormNet",
    "ClosedFormParameters",
    "ConnectomeRNN",
    "ConnectomeRNNParameters",
    "ConvolutionNet",
    "ConvolutionParameters",
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
    "NetworkParameters",
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
