"""Couplings of a connectome as a network of sign neurons."""

from collections.abc import Sequence

import numpy as np

from isochron.connectome import Connectome, gaba_inhibitory

LAYERS = ("chemical", "gap")
SIGNS = ("own", "gaba", "none")


def connectome_couplings(
    connectome: Connectome, layers: Sequence[str], signs: str | None = None
) -> np.ndarray:
    """Couplings of a connectome: signed chemical synapses, and gap junctions with a plus sign.

    Self-connections are omitted, as in the model.

    Parameters
    ----------
    connectome : Connectome
        Connectome whose weights become couplings.
    layers : sequence of {"chemical", "gap"}
        Layers that are added up.
    signs : {"own", "gaba", "none"}, optional
        The signs of the connectome (a connection without a sign is omitted); the 26 GABAergic
        neurons inhibit; or all excite. By default "own" if the connectome has signs, else
        "gaba".

    Returns
    -------
    ndarray, shape (n, n)
        Couplings ``[post, pre]``, in the unit of the weights, 0 on the diagonal.

    Raises
    ------
    ValueError
        If a layer or a sign rule is not known, or `signs` is "own" and the connectome does not
        have signs.

    Examples
    --------
    >>> from isochron.runs.sign_couplings import connectome_couplings
    >>> couplings = connectome_couplings(connectome.load("varshney2011"), ["chemical"])
    >>> np.count_nonzero(couplings), np.count_nonzero(couplings < 0)
    (2194, 76)
    """
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown or not layers:
        raise ValueError(
            f"No layer {', '.join(map(repr, unknown)) or 'given'}. Known: {', '.join(LAYERS)}."
        )
    which = which_signs(connectome, signs)
    couplings = np.zeros(connectome.chemical.shape, dtype=float)
    if "chemical" in layers:
        couplings += connectome.chemical * signs_of(connectome, which)
    if "gap" in layers:
        couplings += connectome.gap
    np.fill_diagonal(couplings, 0)
    return couplings


def which_signs(connectome: Connectome, signs: str | None) -> str:
    """The choice of signs, one of `SIGNS`; by default those of the connectome, if it has some.

    Raises
    ------
    ValueError
        If the choice is not known, or the connectome does not have signs.
    """
    if signs is None:
        return "gaba" if connectome.signs is None else "own"
    if signs not in SIGNS:
        raise ValueError(f"No sign rule {signs!r}. Known: {', '.join(SIGNS)}.")
    if signs == "own" and connectome.signs is None:
        raise ValueError(f"{connectome.name} does not have signs; choose gaba or none.")
    return signs


def signs_of(connectome: Connectome, which: str) -> np.ndarray | int:
    """Signs of the connections by one of `SIGNS`."""
    if which == "own" and connectome.signs is not None:
        return connectome.signs
    return gaba_inhibitory(connectome) if which == "gaba" else 1
