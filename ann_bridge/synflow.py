"""Pruning by synaptic flow (SynFlow): before training and without data.

The network is replaced by a linear one with the sizes of its weights, |W|, |B| and |C|, that runs
for some steps from a state of zero with constant inputs of one::

    h[t] = (1-a) h[t-1] + a (|W| h[t-1] + |B| 1),  R = sum over t = 1 ... T of |C| h[t]

The score of a weight is w dR/dw: the part of R that flows through it, over all steps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from isochron.ann_bridge.kernels.threads import threads_for_tiles
from isochron.ann_bridge.nets import ConnectomeRNN, FullRankRNN
from isochron.ann_bridge.pruning import existing_weights, largest, round_sizes, with_mask
from isochron.wording import shown


@dataclass(frozen=True, kw_only=True, eq=False)
class SynapticFlow:
    """Scores of all weights of a network, in float64.

    Attributes
    ----------
    recurrent : Tensor, shape (n_units, n_units)
        Scores of the recurrent weights, ``[post, pre]``.
    inputs : Tensor, shape (n_units, n_inputs)
        Scores of the input weights.
    outputs : Tensor, shape (n_units,)
        Scores of the output weights of a unit, summed over the outputs.

    Examples
    --------
    All that flows into the unit in the middle flows out of it:

    >>> net = ann_bridge.FullRankRNN.from_weights(
    ...     [[0, 0, 0], [-2, 0, 0], [0, 3, 0]],
    ...     input_weights=[[1], [0], [0]], output_weights=[0, 0, 1],
    ... )
    >>> flow = ann_bridge.synaptic_flow(net, n_steps=10)
    >>> bool(flow.recurrent[1, 0] > 0), bool(flow.imbalance.max() < 1e-12)
    (True, True)
    """

    recurrent: Tensor
    inputs: Tensor
    outputs: Tensor

    @property
    def imbalance(self) -> Tensor:
        """Difference of the scores into and out of each unit, relative to the larger sum.

        It is 0 but for round-off, whatever the network: a law of conservation. The leak from a
        step to the next, which is not a weight, enters and leaves every unit alike.
        """
        into = self.recurrent.sum(dim=1) + self.inputs.sum(dim=1)
        out = self.recurrent.sum(dim=0) + self.outputs
        larger = torch.maximum(into, out)
        return torch.where(larger > 0, (into - out).abs() / larger, 0.0)


def synaptic_flow(
    net: FullRankRNN | ConnectomeRNN, *, n_steps: int, gain: float = 0.9
) -> SynapticFlow:
    """Scores of synaptic flow through a recurrent network.

    Powers of |W| diverge if its spectral radius is above 1, which it usually is, so |W| is divided
    by its spectral radius and multiplied by `gain`. Without loops the radius is 0; |W| stays.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        Network, trained or not.
    n_steps : int
        Number of steps, at least 1: the length of a trial, ``task.n_steps``.
    gain : float
        Spectral radius of |W|, above 0 and up to 1.

    Returns
    -------
    SynapticFlow
        Scores, all >= 0, and 0 exactly where no path of at most `n_steps` steps from input to
        output has the weight.

    Raises
    ------
    ValueError
        If `n_steps` or `gain` is out of range.

    References
    ----------
    Tanaka, Kunin, Yamins and Ganguli (2020), NeurIPS 33, arXiv:2006.05467, for layers.

    Examples
    --------
    Only the weight from unit 0, which receives the input, to unit 1, which is read, has a flow:

    >>> net = ann_bridge.FullRankRNN.from_weights(
    ...     [[0, -3], [0.5, 0]], input_weights=[[1], [0]], output_weights=[0, 1]
    ... )
    >>> (ann_bridge.synaptic_flow(net, n_steps=2).recurrent > 0).tolist()
    [[False, False], [True, False]]
    """
    _check(n_steps, gain)
    with torch.no_grad(), threads_for_tiles():
        return _flow(net, net.connectivity()[0].double().cpu(), n_steps, gain)


def prune_by_flow(
    net: FullRankRNN | ConnectomeRNN,
    n_weights: int,
    *,
    n_steps: int,
    rounds: int = 100,
    gain: float = 0.9,
) -> ConnectomeRNN:
    """The network with only the recurrent weights of the largest synaptic flow.

    The number of weights falls by the same factor in each round, after which the scores are
    computed again. In one round whole parts of the network can be cut off; in many, what remains
    of a cut carries more and more of the flow, so that it stays.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        Network as `prune` takes it, before training; it is not changed.
    n_weights : int
        Number of recurrent weights that stay, from 1 to that of the network.
    n_steps, gain
        As `synaptic_flow` takes them.
    rounds : int
        Number of rounds, at least 1.

    Returns
    -------
    ConnectomeRNN
        A new network on the CPU, with the weights that it had.

    Raises
    ------
    ValueError
        If a number is out of range, no input reaches an output, or a loop outdoes the last path
        from an input to an output, as can happen if few weights stay; and as `prune`.

    References
    ----------
    Tanaka, Kunin, Yamins and Ganguli (2020), NeurIPS 33, arXiv:2006.05467.

    Examples
    --------
    Two weights are enough for a path from the input to the output; the largest are elsewhere:

    >>> net = ann_bridge.FullRankRNN.from_weights(
    ...     [[0.9, 0.9, 0.1], [0.2, 0.9, 0.1], [0.0, 0.3, 0.9]],
    ...     input_weights=[[1], [0], [0]], output_weights=[0, 0, 1],
    ... )
    >>> pruned = ann_bridge.prune_by_flow(net, 2, n_steps=10, gain=0.1)
    >>> ann_bridge.weights_on_paths(pruned).int().tolist()
    [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    """
    _check(n_steps, gain)
    with torch.no_grad(), threads_for_tiles():
        weights = net.connectivity()[0].double().cpu()
        exists = existing_weights(net)
        for count in round_sizes(int(exists.sum()), n_weights, rounds)[1:]:
            flow = _flow(net, weights * exists, n_steps, gain).recurrent
            if not (flow > 0).any():
                raise ValueError(_why_nothing_flows(net, int(exists.sum()), gain))
            exists = largest(flow, exists, count)
    return with_mask(net, exists)


def _why_nothing_flows(net: FullRankRNN | ConnectomeRNN, left: int, gain: float) -> str:
    if not weights_on_paths(net).any():
        return "No recurrent weight is on a path from an input to an output."
    return (
        f"The recurrent layer collapsed with {left} weights left: loops outdid the last path from "
        f"an input to an output. Take a gain below {gain:g}, or more weights."
    )


def weights_on_paths(net: FullRankRNN | ConnectomeRNN) -> Tensor:
    """Recurrent weights on a path from an input to an output; no others can matter.

    If there are none, the recurrent layer has collapsed: no input reaches an output through it.

    Parameters
    ----------
    net : FullRankRNN or ConnectomeRNN
        Network, trained or not.

    Returns
    -------
    Tensor of bool, shape (n_units, n_units)
        Mask ``[post, pre]`` of weights that are not 0, start at a unit that an input reaches, and
        end at a unit from which an output is reached.

    Examples
    --------
    The input enters unit 0 and unit 1 is read. Unit 2 is read nowhere:

    >>> net = ann_bridge.FullRankRNN.from_weights(
    ...     [[0, 0, 0], [2, 0, 0], [1, 0, 0]],
    ...     input_weights=[[1], [0], [0]], output_weights=[0, 1, 0],
    ... )
    >>> ann_bridge.weights_on_paths(net).int().tolist()
    [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    """
    with torch.no_grad():
        exists = net.connectivity()[0].cpu() != 0
        entered = (net.input_matrix().cpu() != 0).any(dim=1)
        read = _readout(net) > 0
    from_input = _reached(exists, entered)
    to_output = _reached(exists.T, read)
    return exists & to_output[:, None] & from_input[None, :]


def _reached(exists: Tensor, units: Tensor) -> Tensor:
    """Units that can be reached from some units, these included, along ``[post, pre]``."""
    while True:
        further = units | (exists & units).any(dim=1)
        if torch.equal(further, units):
            return units
        units = further


def _readout(net: FullRankRNN | ConnectomeRNN) -> Tensor:
    """Sizes of the output weights of the units, summed over the outputs, in float64."""
    sizes = net.output_weights.detach().double().abs().cpu()
    return sizes if sizes.ndim == 1 else sizes.sum(dim=1)


def _flow(
    net: FullRankRNN | ConnectomeRNN, weights: Tensor, n_steps: int, gain: float
) -> SynapticFlow:
    alphas = net.unit_alphas()
    alpha = torch.full_like(weights[0], net.alpha) if alphas is None else alphas.double().cpu()
    recurrent, radius = weights.abs(), _spectral_radius(weights.abs())
    if radius > 0:
        recurrent = recurrent * (gain / radius)
    recurrent = alpha[:, None] * recurrent
    inputs = alpha[:, None] * net.input_matrix().double().abs().cpu()
    readout = _readout(net)
    states = _run(recurrent, inputs.sum(dim=1), 1 - alpha, n_steps)  # h[0] ... h[T]
    # dR/dh[T] ... dR/dh[1]: the same recurrence, backwards in time and along the connections.
    backward = _run(recurrent.T, readout, 1 - alpha, n_steps)[1:]
    gradients = backward.flip(0)
    return SynapticFlow(
        recurrent=recurrent * (gradients.T @ states[:-1]),
        inputs=inputs * gradients.sum(dim=0)[:, None],
        outputs=readout * states.sum(dim=0),
    )


def _run(weights: Tensor, drive: Tensor, decay: Tensor, n_steps: int) -> Tensor:
    """States of h[t] = decay h[t-1] + weights h[t-1] + drive from 0, shape (n_steps + 1, n)."""
    states = torch.zeros(n_steps + 1, len(weights), dtype=weights.dtype)
    for t in range(n_steps):
        states[t + 1] = decay * states[t] + weights @ states[t] + drive
    return states


def _spectral_radius(matrix: Tensor) -> float:
    return float(torch.linalg.eigvals(matrix).abs().max())


def _check(n_steps: int, gain: float) -> None:
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1, got {shown(n_steps)}.")
    if not 0 < gain <= 1:
        raise ValueError(
            f"gain must be above 0 and at most 1, above which the flow diverges; got {shown(gain)}."
        )
