"""All attractors of a small network, by visiting every state."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isochron.analysis.sign_networks.network import SignNetwork
from isochron.analysis.sign_networks.results import Enumeration
from isochron.devices import require_device
from isochron.memory import spare_memory

MAX_NEURONS = 30
MAX_ON_GPU = 32
SLAB = 1 << 22  # states, or images, between two reports of progress
PROBES = 64
Report = Callable[[float, str], None]


def enumerate_attractors(
    J: ArrayLike,
    theta: ArrayLike = 0,
    tie: str = "plus",
    *,
    device: str = "cpu",
    n_threads: int | None = None,
    max_memory: int | None = None,
    progress: Report | None = None,
) -> Enumeration:
    """Find every attractor of a network of +-1 neurons, with its basin and its transients.

    All neurons are updated at once, s_i(t+1) = sgn(sum_j J_ij s_j(t) - theta_i). The sign is
    that of the exact sum of the given numbers, whatever their size: nothing is rounded. Note
    that 0.1 + 0.2 - 0.3 is not 0 in floats; if ties matter, give integers.

    Parameters
    ----------
    J : array_like, shape (n, n)
        Couplings ``[post, pre]``, n up to 30, on a GPU up to 32. The diagonal is used as given.
    theta : array_like, shape (n,) or ()
        Thresholds.
    tie : {"plus", "minus", "keep", "flip"}
        The next state of a neuron whose field is exactly 0.
    device : str
        ``cpu`` for compiled code; ``cuda`` for a GPU, where 8 bytes a state and 80 bytes an image
        must fit.
    n_threads : int, optional
        Number of threads of the compiled code, at least 1; all cores by default. Results do not
        depend on it.
    max_memory : int, optional
        Largest memory in bytes; by default the free memory of the machine.
    progress : callable, optional
        Called as ``progress(fraction, text)`` a few times a second. Raise from it, or press
        Ctrl-C, to stop.

    Returns
    -------
    Enumeration
        All attractors, and the distribution of the transients.

    Raises
    ------
    ValueError
        If the network is not valid or has more than 30 neurons (32 on a GPU), `n_threads` is below
        1, or the device is not supported.
    MemoryError
        If more memory is needed than allowed; the message names both numbers of bytes.

    References
    ----------
    Hwang, Folli, Lanza, Parisi, Ruocco and Zamponi (2019), arXiv:1810.09325, for the question.

    Examples
    --------
    A ring of three neurons with one inhibitory connection: 6 of the 8 states are on one cycle,
    the other 2 on a second one.

    >>> from isochron.analysis import sign_networks
    >>> ring = [[0, 0, -1], [1, 0, 0], [0, 1, 0]]  # 0 excites 1, 1 excites 2, 2 inhibits 0
    >>> found = sign_networks.enumerate_attractors(ring)
    >>> found.cycles_by_length
    {2: 1, 6: 1}
    >>> sign_networks.unpack(found.representatives, 3)
    array([[-1, -1, -1],
           [-1,  1, -1]], dtype=int8)
    """
    network = SignNetwork.of(J, theta, tie)
    place = None if device == "cpu" else require_device(device)
    largest = MAX_ON_GPU if place is not None and place.type == "cuda" else MAX_NEURONS
    if network.n > largest:
        raise ValueError(
            f"{network.n} neurons have 2**{network.n} states; at most {largest} neurons can be "
            f"enumerated on {device}. Use sample_attractors."
        )
    if n_threads is not None and n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, got {n_threads!r}.")
    allowed = spare_memory() if max_memory is None else max_memory
    report = progress or (lambda fraction, text: None)
    if place is None:
        backend: Any = import_module("isochron.analysis.sign_networks.compiled")
        options: dict[str, Any] = {"n_threads": n_threads}
    else:
        backend = import_module("isochron.analysis.sign_networks.tensors")
        options = {"device": place}
    backend.warm_up()
    started = time.perf_counter()
    symmetric = is_odd(network)
    columns = backend.find_cycles(network, symmetric, allowed, report, **options)
    if columns is None:  # a tie, found only now, breaks the symmetry
        symmetric = False
        columns = backend.find_cycles(network, symmetric, allowed, report, **options)
    order = np.argsort(columns["representatives"])
    for name in ("lengths", "basins", "representatives", "max_transients"):
        columns[name] = columns[name][order]
    return Enumeration(
        n=network.n,
        tie_rule=tie,
        symmetric=symmetric,
        seconds=time.perf_counter() - started,
        **columns,
    )


def is_odd(network: SignNetwork) -> bool:
    """Whether F(-s) = -F(s), as far as can be decided without visiting every state.

    It is true without thresholds if no state has a tie, or if the tie rule is odd itself. If
    the rule prefers a sign, a few random states are checked; a tie found later still counts.
    """
    if not network.without_thresholds or network.n < 2:
        return False
    if not network.breaks_symmetry:
        return True
    if cannot_tie(network):
        return True
    states = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (PROBES, network.n))
    return bool((network.step(states) == -network.step(-states)).all())


def cannot_tie(network: SignNetwork) -> bool:
    """Whether parity alone excludes ties: a sum of signed odd numbers of odd count is odd."""
    return all(sum(row) // 2 % 2 for row in network.plain_rows)


def check_memory(needed: int, allowed: int, why: str) -> None:
    """Raise if work needs more memory than allowed.

    Raises
    ------
    MemoryError
        If it does; the message states both numbers of bytes.
    """
    if needed > allowed:
        raise MemoryError(
            f"{why} needs {needed:,} bytes, but {allowed:,} may be used. Use fewer neurons, "
            "sample_attractors, or raise max_memory."
        )


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Let numba use this many threads for a while."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(min(count, before))
    try:
        yield
    finally:
        numba.set_num_threads(before)
