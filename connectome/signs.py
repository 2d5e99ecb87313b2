"""Sign rules: which presynaptic neurons excite and which inhibit.

A transmitter is not a sign, so the rule is an explicit argument wherever it matters.
"""

import numpy as np

from isochron.connectome.model import Connectome

GABAERGIC = (
    *("RMED", "RMEL", "RMER", "RMEV", "AVL", "RIS", "DVB"),
    *(f"DD{i}" for i in range(1, 7)),
    *(f"VD{i}" for i in range(1, 14)),
)


def gaba_inhibitory(wiring: Connectome) -> np.ndarray:
    """The 26 GABAergic neurons inhibit, all others excite.

    Returns
    -------
    ndarray of int, shape (n_neurons,)
        +1 or -1 for each presynaptic neuron.

    References
    ----------
    Kunert, Shlizerman and Kutz (2014), Physical Review E 89:052805.
    """
    return np.where(np.isin(wiring.neurons, GABAERGIC), -1, 1)
