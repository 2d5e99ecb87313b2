"""Pruned nets, and the controls that a net on a connectome is compared with.

All are `ConnectomeRNN`: their masks are part of the net, stay through training (a weight that
does not exist has no gradient) and are saved with it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.masks import ConnectomeMasks, connectome_masks
from isochron.ann_bridge.nets import ConnectomeRNN, ConnectomeRNNParameters, FullRankRNN
from isochron.ann_bridge.nets.leaky_parameters import LeakyParameters
from isochron.ann_bridge.tasks import Task
from isochron.ann_bridge.training import TrainingParameters, train
from isochron.connectome import Connectome
from isochron.connectome.null_models import erdos_renyi, rewire
from isochron.connectome.signs import SignRule


def count_weights(net: ConnectomeRNN) -> int:
    """Recurrent weights that exist; a gap junction has one."""
    return int(net.chemical_mask.sum() + net.gap_mask.sum())


def with_mask(net: FullRankRNN | ConnectomeRNN, mask: Tensor) -> ConnectomeRNN:
    """The same net with only the recurrent weights in a mask.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        A connectome net without gap junctions.
    mask : Tensor of bool, shape (n_units, n_units)
        ``[post, pre]``.

    Raises
    ------
    ValueError
        If the net has what a masked net cannot: biases, time constants or a readout that are
        trained, or gap junctions; or the mask does not fit.
    """
    p: Any = net.settings
    if isinstance(net, ConnectomeRNN):
        if net.gap_mask.any():
            raise ValueError("A net with gap junctions has symmetric weights; prune one without.")
        sensory, weights, signs = net.sensory_mask, net.chemical, net.signs
        q = p
    else:
        names = ("biased", "learns_time_constants", "learns_readout")
        if extra := [name for name in names if getattr(p, name)]:
            raise ValueError(f"A masked net has no {', '.join(extra)}: train without.")
        sensory, weights = torch.ones(p.n_units, dtype=torch.bool), net.weights
        dale = p.excitatory_fraction is not None
        signs = net.signs.expand(p.n_units, -1) if dale else None
        shared = {it.name: getattr(p, it.name) for it in fields(LeakyParameters)}
        q = ConnectomeRNNParameters(**shared, gain=p.gain, initial_std=p.initial_std)
    if mask.shape != weights.shape or mask.dtype != torch.bool:
        raise ValueError(f"mask must be of bool and the shape {tuple(weights.shape)}.")
    mask = mask.to("cpu")
    kept = None if signs is None else signs.cpu() * mask
    masks = ConnectomeMasks(mask, torch.zeros_like(mask), sensory.cpu(), sensory.cpu(), kept)
    masked = ConnectomeRNN(masks, q)
    with torch.no_grad():
        masked.chemical.copy_(weights.cpu() * mask)
        for name in ("input_weights", "output_scale", "output_weights"):
            getattr(masked, name).copy_(getattr(net, name))
    return masked


def prune(net: FullRankRNN | ConnectomeRNN, n_weights: int) -> ConnectomeRNN:
    """The net with only its largest recurrent weights; of equal ones the first.

    Raises
    ------
    ValueError
        If it has fewer weights, or none are to stay; and as `with_mask`.

    References
    ----------
    Han, Pool, Tran and Dally (2015), NeurIPS 28.
    """
    with torch.no_grad():
        size = net.connectivity()[0].abs()
    exists = net.chemical_mask if isinstance(net, ConnectomeRNN) else torch.ones_like(size).bool()
    if not 1 <= n_weights <= int(exists.sum()):
        raise ValueError(
            f"n_weights must lie in [1, {int(exists.sum())}], the weights there are, "
            f"got {n_weights!r}."
        )
    order = torch.where(exists, size, -1.0).flatten().argsort(descending=True, stable=True)
    mask = torch.zeros_like(exists).flatten()
    mask[order[:n_weights]] = True
    return with_mask(net, mask.reshape(exists.shape))


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """A net pruned in rounds.

    Attributes
    ----------
    net : ConnectomeRNN
        After the last training.
    n_weights : list of int
        Recurrent weights in each training, the first dense.
    losses : list of list of float
        Of each training.
    """

    net: ConnectomeRNN
    n_weights: list[int] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)


def train_and_prune(
    net: FullRankRNN | ConnectomeRNN,
    task: Task,
    n_weights: int,
    parameters: TrainingParameters | None = None,
    *,
    seed: int,
    rounds: int = 1,
    rewind: bool = False,
    device: str = "cpu",
    progress: Callable[[int, float], None] | None = None,
) -> Pruning:
    """Train, keep the largest weights, train again; one round or several.

    The number of weights falls by the same factor in each round. With `rewind`, what stays goes
    back to its value before any training, input weights and output scale too: the lottery
    ticket of Frankle and Carbin (2019). One round is one-shot pruning.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        As initialised; it is left as it is.
    task : Task
    n_weights : int
        Recurrent weights in the end: ``count_weights`` of a net on a connectome.
    parameters : TrainingParameters, optional
        Of each of the ``rounds + 1`` trainings.
    seed : int
        Of the first training; each of the next has one more.
    rounds : int
    rewind : bool
    device : str
    progress : callable, optional
        As in `train`.

    Raises
    ------
    ValueError
        If there is nothing to prune; and as `prune` and `train`.

    References
    ----------
    Frankle and Carbin (2019), ICLR, arXiv:1803.03635.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds!r}.")
    dense = net.chemical_mask if isinstance(net, ConnectomeRNN) else torch.ones_like(net.weights)
    initial = with_mask(net, dense > 0)
    there = count_weights(initial)
    if not 1 <= n_weights <= there:
        raise ValueError(f"n_weights must lie in [1, {there}], got {n_weights!r}.")
    counts = [round(there * (n_weights / there) ** (k / rounds)) for k in range(rounds + 1)]
    current, losses = with_mask(initial, initial.chemical_mask), []
    for k, count in enumerate(counts):
        if k:
            current = prune(current, count)
            if rewind:
                current = with_mask(initial, current.chemical_mask)
        record = train(current, task, parameters, seed=seed + k, device=device, progress=progress)
        losses.append(record.losses)
    return Pruning(net=current, n_weights=counts, losses=losses)


def control_nets(
    connectome: Connectome,
    parameters: ConnectomeRNNParameters,
    rng: np.random.Generator,
    *,
    signs: SignRule | None = None,
) -> dict[str, ConnectomeRNN]:
    """Untrained nets with exactly as many recurrent weights as a connectome has connections.

    ``connectome``
        On the connectome.
    ``rewired``
        Every neuron keeps its number of partners (`isochron.connectome.null_models.rewire`).
    ``random``
        As many connections anywhere (Erdős and Rényi).
    ``dense``
        As few units as can hold so many weights: the smallest square, of which a few random
        weights are left out to make the number equal. The shares of units that receive the
        input and are read are those of the connectome.

    Parameters
    ----------
    connectome : Connectome
    parameters : ConnectomeRNNParameters
        Of all but the number of units of ``dense``.
    rng : numpy.random.Generator
        Of connectomes and weights.
    signs : callable, optional
        A sign rule, for all but ``dense``, whose weights then have free signs.
    """
    masks = {
        "connectome": connectome_masks(connectome, signs=signs),
        "rewired": connectome_masks(rewire(connectome, rng), signs=signs),
        "random": connectome_masks(erdos_renyi(connectome, rng), signs=signs),
    }
    worm = masks["connectome"]
    budget = int(worm.chemical.sum() + torch.triu(worm.gap, 1).sum())
    masks["dense"] = _dense_masks(budget, worm, rng)
    return {
        name: ConnectomeRNN(
            found,
            replace(parameters, n_units=len(found.chemical)),
            generator=torch.Generator().manual_seed(int(rng.integers(2**31))),
        )
        for name, found in masks.items()
    }


def _dense_masks(budget: int, worm: ConnectomeMasks, rng: np.random.Generator) -> ConnectomeMasks:
    n = math.isqrt(budget - 1) + 1
    exists = np.ones(n * n, dtype=bool)
    exists[rng.choice(n * n, n * n - budget, replace=False)] = False

    def share(mask: Tensor) -> int:
        return max(1, round(n * float(mask.float().mean())))

    unit = torch.arange(n)
    return ConnectomeMasks(
        chemical=torch.from_numpy(exists.reshape(n, n)),
        gap=torch.zeros(n, n, dtype=torch.bool),
        sensory=unit < share(worm.sensory),
        motor=unit >= n - share(worm.motor),
    )
