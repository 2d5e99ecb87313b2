"""Connectivity of circuits of sigmoidal synapses: policies, full, that of a connectome."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from isochron.ann_bridge.masks import connectome_masks
from isochron.arguments import require_instance
from isochron.connectome import Connectome
from isochron.connectome.signs import SignRule
from isochron.memory import require_memory
from isochron.settings import check_type
from isochron.wording import counted, shown

FEWEST_UNITS = 4  # two interneurons, a command neuron, a motor neuron


class CircuitConnectivity(NamedTuple):
    """Synapses of a circuit, from inputs to units and between units.

    Attributes
    ----------
    synapses : Tensor of int, shape (3, n_synapses)
        Presynaptic unit, postsynaptic unit, and +1 for excitation or -1 for inhibition, in the
        order of postsynaptic units.
    input_synapses : Tensor of int, shape (3, n_input_synapses)
        The same, from inputs to units.
    layers : Tensor of int, shape (n_units,)
        Layer of each unit, from 0 on, in rising order; one layer updates after the other.
    motor : Tensor of bool, shape (n_units,)
        Units that the output reads.

    Examples
    --------
    A chain: the input excites unit 0, which inhibits unit 1, which is read.

    >>> import torch
    >>> chain = ann_bridge.CircuitConnectivity(
    ...     synapses=torch.tensor([[0], [1], [-1]]),
    ...     input_synapses=torch.tensor([[0], [0], [1]]),
    ...     layers=torch.tensor([0, 1]),
    ...     motor=torch.tensor([False, True]),
    ... )
    >>> chain.n_units, chain.n_inputs
    (2, 1)
    """

    synapses: Tensor
    input_synapses: Tensor
    layers: Tensor
    motor: Tensor

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.layers)

    @property
    def n_inputs(self) -> int:
        """Least number of inputs: up to the last one with a synapse; 0 without input synapses."""
        return count_senders(self.input_synapses)

    def check_fit(self, n_units: int, n_inputs: int) -> None:
        """Check that a network has all units and inputs of the synapses, and the order of layers.

        Parameters
        ----------
        n_units : int
            Number of units of the network, that of the connectivity.
        n_inputs : int
            Number of inputs of the network, at least that of the connectivity.

        Raises
        ------
        ValueError
            If a unit or an input is missing, or the layers are not in rising order.
        """
        if n_units != self.n_units or n_inputs < self.n_inputs:
            raise ValueError(
                f"n_units={n_units} and n_inputs={n_inputs}, but the connectivity has "
                f"{counted(self.n_units, 'unit')} and {counted(self.n_inputs, 'input')} "
                "(further inputs may be without synapses)."
            )
        for edges, n_senders in ((self.synapses, n_units), (self.input_synapses, n_inputs)):
            sender, receiver, _ = edges
            known = (sender >= 0) & (sender < n_senders) & (receiver >= 0) & (receiver < n_units)
            if not known.all():
                raise ValueError("The connectivity has synapses of units that do not exist.")
        ordered = self.layers[0] >= 0 and (self.layers.diff() >= 0).all()
        if not ordered or self.layers[-1] >= n_units:
            raise ValueError(
                "The layers of a connectivity must be in rising order, from 0 on, below the number "
                "of units."
            )


def check_connectivity(connectivity: object) -> None:
    """Check that an object is the connectivity of a circuit.

    Raises
    ------
    TypeError
        If it is something else.
    """
    example = "ann_bridge.full_connectivity(19, 2, rng=np.random.default_rng(0))"
    require_instance("connectivity", connectivity, CircuitConnectivity, example)


def _check_sizes(**sizes: int) -> None:
    """Check the numbers of units and inputs, and that their matrices fit into the memory."""
    for name, size in sizes.items():
        check_type(name, size, int)
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {shown(size)}.")
    n_units = sum(size for name, size in sizes.items() if name != "n_inputs")
    needed = 32.0 * n_units * (n_units + sizes["n_inputs"])
    require_memory(needed, f"A circuit of {n_units} units", "Lower n_units.")


def count_senders(edges: Tensor) -> int:
    """Number of presynaptic units, up to the last one that has a synapse; 0 without synapses."""
    return int(edges[0].max()) + 1 if edges.shape[1] else 0


def policy_connectivity(
    n_inputs: int,
    *,
    n_inter: int,
    n_command: int,
    n_motor: int,
    sensory_fanout: int,
    inter_fanout: int,
    command_synapses: int,
    motor_fanin: int,
    rng: np.random.Generator,
) -> CircuitConnectivity:
    """A neural circuit policy: inputs to interneurons to command neurons to motor neurons.

    Every presynaptic neuron has the same number of targets, drawn at random, and every motor neuron
    the same number of command neurons; a neuron that was not drawn gets as many partners as the
    others have on average. Command neurons are connected to each other at random. Half of the
    synapses excite.

    Parameters
    ----------
    n_inputs : int
        Number of inputs, at least 1.
    n_inter : int
        Number of interneurons, at least 1; the first units.
    n_command : int
        Number of command neurons, at least 1; the next units.
    n_motor : int
        Number of motor neurons, at least 1; the last units, which the output reads.
    sensory_fanout : int
        Number of interneurons that an input reaches.
    inter_fanout : int
        Number of command neurons that an interneuron reaches.
    command_synapses : int
        Number of synapses drawn between command neurons; some of them may coincide.
    motor_fanin : int
        Number of command neurons that reach a motor neuron.
    rng : numpy.random.Generator
        Source of the synapses and their signs.

    Returns
    -------
    CircuitConnectivity
        The circuit, in three layers.

    Raises
    ------
    ValueError
        If a number is below 1, or there are fewer neurons than partners to be found.

    References
    ----------
    Lechner et al. (2020), Nature Machine Intelligence 2:642.

    Examples
    --------
    >>> circuit = ann_bridge.policy_connectivity(
    ...     2, n_inter=4, n_command=3, n_motor=1, sensory_fanout=2, inter_fanout=2,
    ...     command_synapses=2, motor_fanin=3, rng=np.random.default_rng(0),
    ... )
    >>> circuit.layers.tolist()
    [0, 0, 0, 0, 1, 1, 1, 2]
    >>> pre, post, _ = circuit.synapses
    >>> pre[post == 7].tolist()  # of the motor neuron: the command neurons
    [4, 5, 6]
    """
    _check_sizes(n_inputs=n_inputs, n_inter=n_inter, n_command=n_command, n_motor=n_motor)
    for name, partners, among, most in (
        ("sensory_fanout", sensory_fanout, "n_inter", n_inter),
        ("inter_fanout", inter_fanout, "n_command", n_command),
        ("motor_fanin", motor_fanin, "n_command", n_command),
    ):
        if not 1 <= partners <= most:
            raise ValueError(f"{name} must lie between 1 and {among}={most}, got {partners!r}.")
    if command_synapses < 0:
        raise ValueError(f"command_synapses must be >= 0, got {command_synapses!r}.")
    to_inter = _fan_out(n_inputs, n_inter, sensory_fanout, rng)
    to_command = _fan_out(n_inter, n_command, inter_fanout, rng)
    to_motor = _fan_out(n_motor, n_command, motor_fanin, rng).T
    among = np.zeros((n_command, n_command), dtype=bool)
    among[tuple(rng.integers(n_command, size=(2, command_synapses)))] = True
    inter, command = slice(n_inter), slice(n_inter, n_inter + n_command)
    n_units = n_inter + n_command + n_motor
    matrix = np.zeros((n_units, n_units), dtype=bool)  # sender, receiver
    matrix[inter, command], matrix[command, command] = to_command, among
    matrix[command, n_inter + n_command :] = to_motor
    inputs = np.zeros((n_inputs, n_units), dtype=bool)
    inputs[:, inter] = to_inter
    layers = torch.repeat_interleave(torch.tensor([n_inter, n_command, n_motor]))
    return CircuitConnectivity(
        synapses=_edges(_draw_signs(matrix, 0.5, rng)),
        input_synapses=_edges(_draw_signs(inputs, 0.5, rng)),
        layers=layers,
        motor=layers == 2,
    )


def default_policy_connectivity(
    n_units: int, n_inputs: int, *, n_motor: int, density: float = 0.5, rng: np.random.Generator
) -> CircuitConnectivity:
    """A neural circuit policy of a given size: 4 command neurons to 6 interneurons.

    Parameters
    ----------
    n_units : int
        Number of units in all three layers.
    n_inputs : int
        Number of inputs, at least 1.
    n_motor : int
        Number of motor neurons among the units, from 1 to ``n_units - 3``.
    density : float
        Fan-outs and fan-ins, as a fraction of the neurons in the next layer, in (0, 1].
    rng : numpy.random.Generator
        Source of the synapses and their signs.

    Returns
    -------
    CircuitConnectivity
        The circuit, in three layers.

    Raises
    ------
    ValueError
        If no units are left for the other layers, or density is not in (0, 1].

    Examples
    --------
    Interneurons, command neurons and motor neurons:

    >>> circuit = ann_bridge.default_policy_connectivity(
    ...     19, 2, n_motor=3, rng=np.random.default_rng(0)
    ... )
    >>> circuit.layers.bincount().tolist()
    [10, 6, 3]
    """
    check_type("n_units", n_units, int)
    check_type("n_motor", n_motor, int)
    check_type("density", density, float)
    if n_units < FEWEST_UNITS:
        raise ValueError(f"n_units must be at least {FEWEST_UNITS}, got {n_units!r}.")
    if not 1 <= n_motor <= n_units - 3:
        raise ValueError(
            f"n_motor must lie between 1 and n_units - 3 = {n_units - 3}, got {n_motor!r}."
        )
    if not 0 < density <= 1:
        raise ValueError(f"density must lie in (0, 1], got {density!r}.")
    n_command = max(1, int(0.4 * (n_units - n_motor)))
    n_inter = n_units - n_motor - n_command
    return policy_connectivity(
        n_inputs,
        n_inter=n_inter,
        n_command=n_command,
        n_motor=n_motor,
        sensory_fanout=max(1, int(density * n_inter)),
        inter_fanout=max(1, int(density * n_command)),
        command_synapses=max(1, int(2 * density * n_command)),
        motor_fanin=max(1, int(density * n_command)),
        rng=rng,
    )


def full_connectivity(
    n_units: int, n_inputs: int, *, n_motor: int | None = None, rng: np.random.Generator
) -> CircuitConnectivity:
    """Every unit to every unit, including itself; two of three synapses excite.

    Parameters
    ----------
    n_units : int
        Number of units, at least 1.
    n_inputs : int
        Number of inputs, at least 1; each reaches all units.
    n_motor : int, optional
        Number of motor neurons: the last units, which the output reads; all by default.
    rng : numpy.random.Generator
        Source of the signs.

    Returns
    -------
    CircuitConnectivity
        The circuit, in one layer.

    Raises
    ------
    ValueError
        If a number is below 1, or there are more motor neurons than units.

    Examples
    --------
    >>> circuit = ann_bridge.full_connectivity(10, 2, rng=np.random.default_rng(0))
    >>> circuit.synapses.shape[1], circuit.input_synapses.shape[1]
    (100, 20)
    """
    n_motor = n_units if n_motor is None else n_motor
    _check_sizes(n_units=n_units, n_inputs=n_inputs)
    check_type("n_motor", n_motor, int)
    if not 1 <= n_motor <= n_units:
        raise ValueError(f"n_motor must lie between 1 and n_units={n_units}, got {shown(n_motor)}.")
    return CircuitConnectivity(
        synapses=_edges(_draw_signs(np.ones((n_units, n_units), dtype=bool), 2 / 3, rng)),
        input_synapses=_edges(_draw_signs(np.ones((n_inputs, n_units), dtype=bool), 2 / 3, rng)),
        layers=torch.zeros(n_units, dtype=torch.long),
        motor=torch.arange(n_units) >= n_units - n_motor,
    )


def connectome_connectivity(
    connectivity: Connectome,
    n_inputs: int,
    *,
    rng: np.random.Generator,
    signs: SignRule | None = None,
) -> CircuitConnectivity:
    """A connectome: inputs reach all sensory neurons, motor neurons are read.

    A gap junction is a pair of excitatory synapses, unless a chemical one exists already.

    Parameters
    ----------
    connectivity : Connectome
        Connectome with sensory and motor neurons.
    n_inputs : int
        Number of inputs; each reaches all sensory neurons.
    signs : callable, optional
        A sign rule, such as `isochron.connectome.gaba_inhibitory`, which returns signs of shape
        (n, n); by default the signs of the connectome.
    rng : numpy.random.Generator
        Source of the signs of input synapses, half of which excite.

    Returns
    -------
    CircuitConnectivity
        The circuit, in one layer, in the order of the neurons of the connectome.

    Raises
    ------
    ValueError
        If signs, sensory neurons or motor neurons are missing.

    Examples
    --------
    >>> graph = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
    >>> circuit = ann_bridge.connectome_connectivity(graph, 2, rng=np.random.default_rng(0))
    >>> circuit.n_units, circuit.synapses.shape[1], circuit.motor.sum().item()
    (279, 2990, 115)
    """
    masks = connectome_masks(connectivity, signs=signs)
    if masks.signs is None:
        raise ValueError(f"{connectivity.name} does not have signs; pass signs, a sign rule.")
    chemical = torch.where(masks.chemical, masks.signs, 0.0)
    matrix = torch.where(masks.gap & (chemical == 0), 1.0, chemical).T
    inputs = masks.sensory.numpy()[None] & np.ones((n_inputs, 1), dtype=bool)
    return CircuitConnectivity(
        synapses=_edges(matrix.numpy().astype(int)),
        input_synapses=_edges(_draw_signs(inputs, 0.5, rng)),
        layers=torch.zeros(len(matrix), dtype=torch.long),
        motor=masks.motor,
    )


def add_recurrence(connectivity: CircuitConnectivity, among: str) -> CircuitConnectivity:
    """Add excitatory synapses: "layers" among all units of a layer, "self" of each unit to itself.

    Existing synapses stay; "none" adds nothing.

    Raises
    ------
    ValueError
        If `among` is a different text.
    """
    check_connectivity(connectivity)
    same = connectivity.layers[:, None] == connectivity.layers
    added = {"none": same & False, "self": torch.eye(len(same), dtype=torch.bool), "layers": same}
    if among not in added:
        raise ValueError(f"recurrence must be one of {', '.join(added)}, got {among!r}.")
    matrix = added[among].long()
    sender, receiver, sign = connectivity.synapses
    matrix[sender, receiver] = sign
    return connectivity._replace(synapses=_edges(matrix.numpy()))


def _fan_out(
    n_senders: int, n_receivers: int, fan_out: int, rng: np.random.Generator
) -> np.ndarray:
    """Mask of the targets of each presynaptic unit, bool, shape (n_senders, n_receivers)."""
    reached = np.zeros((n_senders, n_receivers), dtype=bool)
    for row in reached:
        row[rng.choice(n_receivers, fan_out, replace=False)] = True
    fan_in = min(n_senders, max(1, n_senders * fan_out // n_receivers))
    for receiver in np.flatnonzero(~reached.any(axis=0)):
        reached[rng.choice(n_senders, fan_in, replace=False), receiver] = True
    return reached


def _draw_signs(matrix: np.ndarray, excitatory: float, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(matrix.shape) < excitatory, 1, -1) * matrix


def _edges(matrix: np.ndarray) -> Tensor:
    """Sender, receiver and sign of nonzero entries of a matrix [sender, receiver], by receiver."""
    receiver, sender = np.nonzero(matrix.T)
    return torch.from_numpy(np.stack([sender, receiver, matrix[sender, receiver]])).long()
