"""A connectome as masks for a net."""

from typing import NamedTuple

import torch

from isochron.connectome import Connectome


class WiringMasks(NamedTuple):
    """Which weights of a net exist.

    Attributes
    ----------
    chemical : Tensor of bool, shape (n, n)
        ``[post, pre]``.
    gap : Tensor of bool, shape (n, n)
        Symmetric.
    sensory : Tensor of bool, shape (n,)
        Neurons that receive the input.
    motor : Tensor of bool, shape (n,)
        Neurons that the output reads.
    """

    chemical: torch.Tensor
    gap: torch.Tensor
    sensory: torch.Tensor
    motor: torch.Tensor


def wiring_masks(wiring: Connectome) -> WiringMasks:
    """Masks of a connectome: its synapses and gap junctions, sensory and motor neurons.

    Self gap junctions carry no current and are left out.
    """

    def chosen(kind: str) -> torch.Tensor:
        mask = torch.zeros(len(wiring.neurons), dtype=torch.bool)
        mask[torch.from_numpy(wiring.index(wiring.select(kind)))] = True
        return mask

    gap = torch.from_numpy(wiring.gap > 0)
    return WiringMasks(
        chemical=torch.from_numpy(wiring.chemical > 0),
        gap=gap & ~torch.eye(len(gap), dtype=torch.bool),
        sensory=chosen("sensory"),
        motor=chosen("motor"),
    )
