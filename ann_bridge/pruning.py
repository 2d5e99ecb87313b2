"""Pruned networks, and controls for a network on a connectome.

All are `ConnectomeRNN`: their masks are part of the network, do not change in training (a weight
that does not exist does not have a gradient) and are saved with it.
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
    """Number of recurrent weights that exist; a gap junction has one.

    Parameters
    ----------
    net : ConnectomeRNN
        Network on a connectome, or a pruned one.

    Returns
    -------
    int
        Chemical connections plus gap junctions.

    Examples
    --------
    Varshney et al. (2011): 2194 chemical connections and 514 gap junctions.

    >>> graph = connectome.load("varshney2011")
    >>> ann_bridge.count_weights(ann_bridge.ConnectomeRNN(ann_bridge.connectome_masks(graph)))
    2708
    """
    return int(net.chemical_mask.sum() + net.gap_mask.sum())


def with_mask(net: FullRankRNN | ConnectomeRNN, mask: Tensor) -> ConnectomeRNN:
    """The same network with only the recurrent weights in a mask.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        A connectome network without gap junctions.
    mask : Tensor of bool, shape (n_units, n_units)
        Weights that stay, ``[post, pre]``.

    Returns
    -------
    ConnectomeRNN
        A new network on the CPU.

    Raises
    ------
    ValueError
        If biases, time constants or the readout are trained, which a masked network does not
        support, or there are gap junctions; or the mask does not fit.
    """
    p: Any = net.settings
    if isinstance(net, ConnectomeRNN):
        if net.gap_mask.any():
            raise ValueError(
                "Networks with gap junctions cannot be pruned: their weights are symmetric."
            )
        sensory, weights, signs = net.sensory_mask, net.chemical, net.signs
        q = p
    else:
        names = ("biased", "learns_time_constants", "learns_readout")
        if extra := [name for name in names if getattr(p, name)]:
            raise ValueError(
                f"A masked network does not support {', '.join(extra)}: train without."
            )
        sensory, weights = torch.ones(p.n_units, dtype=torch.bool), net.weights
        dale = p.excitatory_fraction is not None
        signs = net.signs.expand(p.n_units, -1) if dale else None
        shared = {it.name: getattr(p, it.name) for it in fields(LeakyParameters)}
        q = ConnectomeRNNParameters(**shared, gain=p.gain, initial_std=p.initial_std)
    if mask.shape != weights.shape or mask.dtype != torch.bool:
        raise ValueError(f"mask must be of type bool and shape {tuple(weights.shape)}.")
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
    """The network with only its largest recurrent weights; of equal ones the first.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        Network without gap junctions, and without trained biases, time constants and readout; it
        is not changed.
    n_weights : int
        Number of recurrent weights that stay, from 1 to that of the network.

    Returns
    -------
    ConnectomeRNN
        A new network on the CPU.

    Raises
    ------
    ValueError
        If `n_weights` is out of range; or the network has gap junctions, or trained biases, time
        constants or readout.

    References
    ----------
    Han, Pool, Tran and Dally (2015), NeurIPS 28.

    Examples
    --------
    >>> net = ann_bridge.FullRankRNN.from_weights(
    ...     [[0.1, -0.9], [0.4, 0.2]], input_weights=[[1.0], [0.0]], output_weights=[0.0, 1.0]
    ... )
    >>> weights, _ = ann_bridge.prune(net, 2).connectivity()
    >>> print(weights.detach().numpy().round(2))
    [[ 0.  -0.9]
     [ 0.4  0. ]]
    """
    exists = existing_weights(net)
    _check_number(n_weights, int(exists.sum()))
    with torch.no_grad():
        size = net.connectivity()[0].abs()
    return with_mask(net, largest(size, exists, n_weights))


def existing_weights(net: FullRankRNN | ConnectomeRNN) -> Tensor:
    """Mask of the recurrent weights that exist without gap junctions, on the CPU."""
    if isinstance(net, ConnectomeRNN):
        return net.chemical_mask.cpu()
    return torch.ones(net.weights.shape, dtype=torch.bool)


def largest(sizes: Tensor, exists: Tensor, n_weights: int) -> Tensor:
    """Mask of the `n_weights` weights with the largest sizes, of those that exist.

    If several are equal, the first of them.
    """
    order = torch.where(exists, sizes.cpu(), -1.0).flatten().argsort(descending=True, stable=True)
    mask = torch.zeros_like(exists).flatten()
    mask[order[:n_weights]] = True
    return mask.reshape(exists.shape)


def round_sizes(there: int, n_weights: int, rounds: int) -> list[int]:
    """Numbers of weights before the first round and after each; they fall by the same factor.

    Raises
    ------
    ValueError
        If `n_weights` does not lie between 1 and the number of weights, or `rounds` is below 1.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds!r}.")
    _check_number(n_weights, there)
    return [round(there * (n_weights / there) ** (k / rounds)) for k in range(rounds + 1)]


def _check_number(n_weights: int, there: int) -> None:
    if not 1 <= n_weights <= there:
        raise ValueError(
            f"n_weights must lie in [1, {there}], the number of weights, got {n_weights!r}."
        )


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """Result of pruning in rounds.

    Attributes
    ----------
    net : ConnectomeRNN
        Network after the last training.
    n_weights : list of int
        Number of recurrent weights in each training, the first dense.
    losses : list of list of float
        Losses of each training, one for each step.

    Examples
    --------
    Three trainings, with all 16 weights, with 8 and with 4:

    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=400)
    >>> settings = ann_bridge.TrainingParameters(steps=1, batch_size=4)
    >>> dense = ann_bridge.FullRankRNN.for_task(task, n_units=4, form="rate")
    >>> result = ann_bridge.train_and_prune(dense, task, 4, settings, seed=0, rounds=2)
    >>> result.n_weights, [len(losses) for losses in result.losses]
    ([16, 8, 4], [1, 1, 1])
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
    """Train, prune to the largest weights, train again; one round or several.

    The number of weights falls by the same factor in each round. With `rewind`, the remaining
    weights return to their values before any training, input weights and output scale too: the
    lottery ticket of Frankle and Carbin (2019). One round is one-shot pruning.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        Network before training; it is not changed.
    task : Task
        Task with the inputs, outputs and time step of the network.
    n_weights : int
        Final number of recurrent weights: ``count_weights`` of a network on a connectome.
    parameters : TrainingParameters, optional
        Settings of each of the ``rounds + 1`` trainings.
    seed : int
        Seed of the first training; each of the next has one more.
    rounds : int
        Number of prunings, at least 1, each followed by a training.
    rewind : bool
        Whether each training after the first starts from the initial weights.
    device : str
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one.
    progress : callable, optional
        As in `train`.

    Returns
    -------
    Pruning
        The network after the last training, and what each round had.

    Raises
    ------
    TypeError
        If `net` is not a network, or `task` is not a task.
    ValueError
        If `rounds` or `n_weights` is out of range; and as `prune` and `train`.
    ArithmeticError
        If the loss is no longer finite.

    References
    ----------
    Frankle and Carbin (2019), ICLR, arXiv:1803.03635.

    Examples
    --------
    >>> task = ann_bridge.tasks.FlipFlop(n_bits=1, duration_ms=400)
    >>> settings = ann_bridge.TrainingParameters(steps=1, batch_size=4)
    >>> dense = ann_bridge.FullRankRNN.for_task(task, n_units=4, form="rate")
    >>> result = ann_bridge.train_and_prune(dense, task, 3, settings, seed=0)
    >>> ann_bridge.count_weights(result.net)
    3
    """
    initial = with_mask(net, existing_weights(net))
    counts = round_sizes(count_weights(initial), n_weights, rounds)
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
    """Untrained networks with exactly as many recurrent weights as a connectome has connections.

    ``connectome``
        The connectome itself.
    ``rewired``
        The number of partners of every neuron stays (`isochron.connectome.null_models.rewire`).
    ``random``
        As many connections anywhere (Erdős and Rényi).
    ``dense``
        The smallest square matrix with room for this many weights; a few random weights are omitted
        to make the number equal. The fractions of units that receive the input and are read are
        those of the connectome.

    Parameters
    ----------
    connectome : Connectome
        Connectome with sensory and motor neurons.
    parameters : ConnectomeRNNParameters
        Settings of all networks; the number of units is replaced by that of each.
    rng : numpy.random.Generator
        Source of random connectomes and weights.
    signs : callable, optional
        A sign rule, which returns signs of shape (n, n), for all but ``dense``, whose weights have
        free signs.

    Returns
    -------
    dict of str to ConnectomeRNN
        The networks by name, before training.

    Raises
    ------
    ValueError
        If the connectome does not have sensory and motor neurons.

    Examples
    --------
    A circuit of the worm; rewiring is quick on it:

    >>> graph = connectome.load("varshney2011").subset("PLM", "AVB", "PVC", "DB*")
    >>> settings = ann_bridge.ConnectomeRNNParameters()
    >>> nets = ann_bridge.control_nets(graph, settings, np.random.default_rng(0))
    >>> for name, net in nets.items():
    ...     print(name, net.settings.n_units, "units,", ann_bridge.count_weights(net), "weights")
    connectome 13 units, 41 weights
    rewired 13 units, 41 weights
    random 13 units, 41 weights
    dense 7 units, 41 weights
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
