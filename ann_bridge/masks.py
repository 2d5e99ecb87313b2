"""A connectome as masks for a net."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from isochron.connectome import Connectome

SignRule = Callable[[Connectome], np.ndarray]


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
    signs : Tensor, shape (n, n), or None
        +1 or -1 for each chemical connection, 0 for none; None if weights may have any sign.
    classes : Tensor of int, shape (n,), or None
        Number of each neuron's cell class, from 0 on; None if no classes are known.
    """

    chemical: torch.Tensor
    gap: torch.Tensor
    sensory: torch.Tensor
    motor: torch.Tensor
    signs: torch.Tensor | None = None
    classes: torch.Tensor | None = None


def wiring_masks(wiring: Connectome, *, signs: SignRule | None = None) -> WiringMasks:
    """Masks of a connectome: its synapses and gap junctions, sensory and motor neurons.

    Self gap junctions carry no current and are left out.

    Parameters
    ----------
    wiring : Connectome
    signs : callable, optional
        A sign rule, such as `isochron.connectome.gaba_inhibitory`.
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
        signs=None if signs is None else torch.from_numpy(np.array(signs(wiring))).float(),
        classes=_number_classes(wiring),
    )


def _number_classes(wiring: Connectome) -> torch.Tensor | None:
    if not wiring.cells:
        return None
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(c.cell_class, len(numbers)) for c in wiring.cells])


def wiring_weights(wiring: Connectome, *, signs: SignRule) -> torch.Tensor:
    """Signed synapse counts plus gap-junction counts, over the spectral radius, ``[post, pre]``.

    Times a gain g they have the spectral radius g.

    Raises
    ------
    ValueError
        If the wiring has no loops, so that the spectral radius is 0.
    """
    gap = np.array(wiring.gap, dtype=float)
    np.fill_diagonal(gap, 0)
    weights = wiring.chemical * signs(wiring) + gap
    radius = np.abs(np.linalg.eigvals(weights)).max()
    if not radius > 1e-9 * np.abs(weights).max():
        raise ValueError("The wiring has no loops: its weights cannot be scaled to a gain.")
    return torch.from_numpy(weights / radius).float()
