"""The backend of `enumerate_attractors` on a device of PyTorch.

The same steps as on the CPU, as whole-array operations: successors from split tables of
64-bit integers, hits by bincount, layers of leaves removed until a permutation remains, cycles by
doubling of steps. The quotient by s, -s is not used, so that it is a second, independent method.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from isochron.analysis.sign_networks.enumeration import check_memory
from isochron.analysis.sign_networks.network import SignNetwork, rounded_rows, unpack

LOW_BITS = 12
FIELD_BITS = 63
BYTES_PER_STATE = 48  # successors, hits, and what peeling needs, as 64-bit integers
Report = Callable[[float, str], None]


def warm_up() -> None:
    """Nothing to compile."""


def find_cycles(
    network: SignNetwork, symmetric: bool, allowed: int, report: Report, *, device: str
) -> dict[str, np.ndarray]:
    """Columns of an `Enumeration`.

    Raises
    ------
    MemoryError
        If the states do not fit.
    """
    import torch

    place = torch.device(device)
    if place.type == "cuda":
        allowed = torch.cuda.mem_get_info(place)[0]
    check_memory(
        BYTES_PER_STATE << network.n, allowed, f"Enumerating 2**{network.n} states on {device}"
    )
    following = _successors(network, place, report)
    report(0.5, "counting images")
    weights = torch.bincount(following, minlength=following.numel())
    return _follow(following, weights, report)


def _successors(network: SignNetwork, place: Any, report: Report) -> Any:
    """Successor of every state, shape (2**n,), exact."""
    import torch

    values, slack = rounded_rows(network.rows, FIELD_BITS)
    n, low = network.n, min(LOW_BITS, network.n)
    rows = torch.tensor(values, device=place)
    near = _fields(rows[:, :low])
    far = _fields(rows[:, low:n]) + rows[:, n:]
    following = torch.empty(1 << n, dtype=torch.int64, device=place)
    doubtful = []
    for high in range(far.shape[1]):
        if high % 256 == 0:
            report(0.5 * high / far.shape[1], "successors")
        word = torch.zeros(1 << low, dtype=torch.int64, device=place)
        doubt = torch.zeros(1 << low, dtype=torch.bool, device=place)
        for i in range(n):
            field = near[i] + far[i, high]
            word |= (field > 0).to(torch.int64) << i
            if slack:
                doubt |= field.abs() <= slack
        following[high << low : (high + 1) << low] = word
        if slack:
            doubtful.append(torch.nonzero(doubt).flatten() + (high << low))
    states = torch.cat(doubtful).cpu().numpy() if doubtful else np.empty(0, np.int64)
    if states.size:
        exact = network.step(unpack(states, n)) > 0
        words = exact.astype(np.int64) @ (1 << np.arange(n, dtype=np.int64))
        following[torch.tensor(states, device=place)] = torch.tensor(words, device=place)
    return following


def _fields(columns: Any) -> Any:
    """Fields from a few neurons in each of their states, shape (n, 2**n_few)."""
    import torch

    fields = torch.zeros((columns.shape[0], 1), dtype=torch.int64, device=columns.device)
    for column in columns.T:
        fields = torch.cat([fields - column[:, None], fields + column[:, None]], dim=1)
    return fields


def _follow(following: Any, weights: Any, report: Report) -> dict[str, np.ndarray]:
    """Remove layers of images until a permutation remains, then label them in reverse order."""
    import torch

    layers, alive = [], torch.nonzero(weights).flatten()
    while True:
        report(0.6, "peeling transients")
        hit = torch.zeros_like(weights, dtype=torch.bool)
        hit[following[alive]] = True
        stays = hit[alive]
        if bool(stays.all()):
            break
        layers.append(alive[~stays])
        alive = alive[stays]
    first, length = _cycles(following, alive)
    report(0.8, "measuring basins")
    label = torch.zeros_like(following)
    distance = torch.zeros_like(following)
    label[alive] = first
    for layer in reversed(layers):
        label[layer] = label[following[layer]]
        distance[layer] = distance[following[layer]] + 1
    images = torch.cat([alive, *layers])
    representatives, place = torch.unique(label[images], return_inverse=True)
    basins = torch.zeros_like(representatives).index_add_(0, place, weights[images])
    on_cycle = torch.zeros_like(images, dtype=torch.int64)
    on_cycle[: alive.numel()] = 1
    beyond = weights[images] - on_cycle
    reach = torch.where(beyond > 0, distance[images] + 1, 0)
    longest = torch.zeros_like(representatives).scatter_reduce_(0, place, reach, "amax")
    histogram = torch.zeros(int(reach.max()) + 1, dtype=torch.int64, device=images.device)
    histogram[0] = alive.numel()
    some = beyond > 0
    histogram.index_add_(0, reach[some], beyond[some])
    lengths = torch.zeros_like(representatives)
    lengths[place[: alive.numel()]] = length
    columns = {
        "lengths": lengths,
        "basins": basins,
        "representatives": representatives,
        "max_transients": longest,
        "transients": histogram,
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}


def _cycles(following: Any, alive: Any) -> tuple[Any, Any]:
    """Smallest state and length of the cycle of every state of a permutation.

    With smallest[x] the minimum over 2^k steps from x and jump[x] the state after them, one
    more doubling is a minimum over two of these. States of a cycle are those with the same
    minimum.
    """
    import torch

    position = torch.searchsorted(alive, following[alive])
    smallest, jump = alive.clone(), position
    for _ in range(max(1, alive.numel().bit_length())):
        smallest = torch.minimum(smallest, smallest[jump])
        jump = jump[jump]
    _, place, count = torch.unique(smallest, return_inverse=True, return_counts=True)
    return smallest, count[place]
