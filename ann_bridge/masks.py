"""Connectomes as masks of networks."""

from typing import Literal, NamedTuple

import numpy as np
import torch

from isochron.connectome import Connectome
from isochron.connectome.model import check_connectome
from isochron.connectome.signs import SignRule


class ConnectomeMasks(NamedTuple):
    """Masks that state which weights of a network exist.

    Attributes
    ----------
    chemical : Tensor of bool, shape (n, n)
        Chemical connections, ``[post, pre]``.
    gap : Tensor of bool, shape (n, n)
        Gap junctions; symmetric.
    sensory : Tensor of bool, shape (n,)
        Neurons that receive the input.
    motor : Tensor of bool, shape (n,)
        Neurons that the output reads.
    signs : Tensor, shape (n, n), or None
        +1 or -1 for each chemical connection, 0 for none; None if weights may have any sign.
    classes : Tensor of int, shape (n,), or None
        Number of each neuron's cell class, from 0 on; None if no classes are known.

    Examples
    --------
    Three neurons in a chain, the first sensory and the last motor:

    >>> import torch
    >>> masks = ann_bridge.ConnectomeMasks(
    ...     chemical=torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 0]]).bool(),
    ...     gap=torch.zeros(3, 3).bool(),
    ...     sensory=torch.tensor([True, False, False]),
    ...     motor=torch.tensor([False, False, True]),
    ... )
    >>> ann_bridge.count_weights(ann_bridge.ConnectomeRNN(masks))
    2
    """

    chemical: torch.Tensor
    gap: torch.Tensor
    sensory: torch.Tensor
    motor: torch.Tensor
    signs: torch.Tensor | None = None
    classes: torch.Tensor | None = None


def connectome_masks(
    connectome: Connectome, *, signs: SignRule | Literal["any"] | None = None
) -> ConnectomeMasks:
    """Masks of a connectome: its synapses and gap junctions, sensory and motor neurons.

    Gap junctions of a neuron with itself carry no current and are omitted.

    Parameters
    ----------
    connectome : Connectome
        Connectome with sensory and motor neurons.
    signs : callable or "any", optional
        A sign rule, such as `isochron.connectome.gaba_inhibitory`; it returns signs of shape
        (n, n). By default the signs of the connectome, if it has some (`Connectome.with_signs`); a
        connection without a sign is then inactive. "any": weights of any sign in every case.

    Returns
    -------
    ConnectomeMasks
        The masks, in the order of ``connectome.neurons``.

    Raises
    ------
    ValueError
        If the connectome does not have sensory and motor neurons, or `signs` is a different
        text.

    Examples
    --------
    Varshney et al. (2011) count 2194 chemical connections and 514 gap junctions:

    >>> masks = ann_bridge.connectome_masks(connectome.load("varshney2011"))
    >>> masks.chemical.sum().item(), masks.gap.triu().sum().item()
    (2194, 514)
    """

    def chosen(kind: str) -> torch.Tensor:
        mask = torch.zeros(len(connectome.neurons), dtype=torch.bool)
        mask[torch.from_numpy(connectome.index(connectome.select(kind)))] = True
        return mask

    gap = torch.from_numpy(connectome.gap > 0)
    return ConnectomeMasks(
        chemical=torch.from_numpy(connectome.chemical > 0),
        gap=gap & ~torch.eye(len(gap), dtype=torch.bool),
        sensory=chosen("sensory"),
        motor=chosen("motor"),
        signs=_signs(connectome, signs),
        classes=_number_classes(connectome),
    )


def _signs(connectome: Connectome, rule: SignRule | Literal["any"] | None) -> torch.Tensor | None:
    if isinstance(rule, str):
        if rule != "any":
            raise ValueError(f"signs must be a sign rule, 'any' or None, got {rule!r}.")
        return None
    signs = connectome.signs if rule is None else rule(connectome)
    return None if signs is None else torch.from_numpy(np.array(signs)).float()


def _number_classes(connectome: Connectome) -> torch.Tensor | None:
    if not connectome.cells:
        return None
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(c.cell_class, len(numbers)) for c in connectome.cells])


def connectome_weights(connectome: Connectome, *, signs: SignRule | None = None) -> torch.Tensor:
    """Signed synapse counts plus gap-junction counts, divided by the spectral radius.

    Multiplied by a gain g they have the spectral radius g.

    Parameters
    ----------
    connectome : Connectome
        Connectome with loops.
    signs : callable, optional
        A sign rule, which returns signs of shape (n, n); by default the signs of the connectome.

    Returns
    -------
    Tensor, shape (n, n)
        Weights ``[post, pre]`` in float32, without unit.

    Raises
    ------
    ValueError
        If the connectome does not have loops, so that the spectral radius is 0, or signs.

    Examples
    --------
    >>> graph = connectome.load("varshney2011")
    >>> weights = ann_bridge.connectome_weights(graph, signs=connectome.gaba_inhibitory)
    >>> print(round(abs(np.linalg.eigvals(weights)).max(), 4))
    1.0
    """
    matrix = connectome.signs if signs is None else signs(connectome)
    if matrix is None:
        raise ValueError(f"{connectome.name} does not have signs; pass signs, a sign rule.")
    gap = np.array(connectome.gap, dtype=float)
    np.fill_diagonal(gap, 0)
    weights = connectome.chemical * matrix + gap
    radius = np.abs(np.linalg.eigvals(weights)).max()
    if not radius > 1e-9 * np.abs(weights).max():
        raise ValueError(
            "The connectome does not have loops: its weights cannot be scaled to a gain."
        )
    return torch.from_numpy(weights / radius).float()


def require_connectome(kind: str, connectome: Connectome | None) -> Connectome:
    """The connectome of a network that needs one.

    Raises
    ------
    ValueError
        If there is none.
    TypeError
        If it is something else.
    """
    if connectome is None:
        raise ValueError(
            f"A network of kind {kind} needs a connectome, such as "
            "connectome=isochron.connectome.load('varshney2011')."
        )
    check_connectome(connectome)
    return connectome


def endpoints(tensors: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Sensory and motor neurons of a saved network, from its tensors."""
    motor = tensors["output_weights"] != 0
    return tensors["sensory_mask"], motor if motor.ndim == 1 else motor.any(dim=1)


def check_masks(masks: object) -> None:
    """Check that masks are those of a network.

    Raises
    ------
    TypeError
        If they are something else.
    """
    if not isinstance(masks, ConnectomeMasks):
        raise TypeError(
            f"masks must be ConnectomeMasks, got {type(masks).__name__}. To make them from "
            "a connectome: ann_bridge.connectome_masks(connectome)."
        )
