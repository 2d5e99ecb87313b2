"""Null model of the signs: connections and weights stay."""

from typing import Literal, get_args

import numpy as np

from isochron.arguments import require_rng
from isochron.connectome.model import Connectome, check_connectome
from isochron.connectome.signs import signed

Among = Literal["auto", "neurons", "connections"]


def shuffle_signs(
    connectome: Connectome, rng: np.random.Generator, *, among: Among = "auto"
) -> Connectome:
    """Signs in random order on the same connections with the same weights.

    If all signed connections of each neuron have one sign, the signs are permuted among the
    neurons: each neuron remains excitatory or inhibitory as a whole, and the number of
    inhibitory neurons stays; that of inhibitory connections does not, because neurons differ in
    their number of connections. If some neurons both excite and inhibit, the signs are permuted
    among the connections, and the number of inhibitory connections stays.

    Parameters
    ----------
    connectome : Connectome
        Connectome with signs, or one that `connectome.gaba_inhibitory` is applied to first, as
        the models do.
    rng : numpy.random.Generator
        Source of randomness. The same seed gives the same connectome.
    among : {"auto", "neurons", "connections"}
        What the signs are permuted among: neurons with a signed connection, or signed
        connections, self-connections included. Auto: neurons if each has one sign, otherwise
        connections.

    Returns
    -------
    Connectome
        The connectome with other signs; connections without a sign stay without one.

    Raises
    ------
    ValueError
        If no two signs differ, so that all orders are the same; if `among` is unknown; or if it
        is ``"neurons"`` and a neuron both excites and inhibits.

    Examples
    --------
    >>> worm = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
    >>> random = connectome.null_models.shuffle_signs(worm, np.random.default_rng(0))
    >>> for one in (worm, random):  # inhibitory neurons that send, inhibitory connections
    ...     print(int((one.signs < 0).any(axis=0).sum()), int((one.signs < 0).sum()))
    18 76
    18 109
    """
    check_connectome(connectome)
    require_rng(rng)
    if among not in get_args(Among):
        raise ValueError(f"among must be one of {', '.join(get_args(Among))}, got {among!r}.")
    connectome = signed(connectome)
    signs = connectome.signs
    assert signs is not None
    present = np.unique(signs[signs != 0])
    if present.size < 2:
        raise ValueError(
            f"{connectome.name} has {'no signs' if not present.size else 'signs of one kind'}, so "
            "there is nothing to permute. Sign its connections by a rule that has inhibitory "
            "ones: connectome.with_signs(...)."
        )
    mixed = (signs > 0).any(axis=0) & (signs < 0).any(axis=0)
    if among == "neurons" and mixed.any():
        raise ValueError(
            f"{connectome.neurons[int(np.argmax(mixed))]} of {connectome.name} both excites and "
            'inhibits, so it does not have one sign to permute. Give among="connections".'
        )
    by_connection = among == "connections" or mixed.any()
    shuffled = (_among_connections if by_connection else _among_neurons)(signs, rng)
    return connectome.changed(
        f"signs permuted among {'connections' if by_connection else 'neurons'}, weights unchanged",
        name=f"{connectome.name} signs shuffled",
        signs=shuffled,
    )


def _among_neurons(signs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    of_neuron = np.sign(signs.sum(axis=0, dtype=np.int64))
    sends = np.flatnonzero(of_neuron)
    of_neuron[sends] = rng.permutation(of_neuron[sends])
    return np.where(signs != 0, of_neuron, 0).astype(np.int8)


def _among_connections(signs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shuffled = signs.copy()
    shuffled[signs != 0] = rng.permutation(signs[signs != 0])
    return shuffled
