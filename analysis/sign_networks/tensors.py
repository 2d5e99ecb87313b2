"""The backend of `enumerate_attractors` on a device of PyTorch.

The same steps as on the CPU, as whole-array operations: successors, counts of hits, the map among
the states that are images, leaves removed in layers until a permutation remains, cycles by
doubling of steps. The quotient by s, -s is not used, so that it is a second, independent method.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from isochron.analysis.sign_networks.enumeration import check_memory
from isochron.analysis.sign_networks.network import SignNetwork
from isochron.analysis.sign_networks.tensor_successors import MIDDLE_BITS, WORD, find_successors

CHUNK = 1 << 26  # states of one operation, as 64-bit integers
BYTES_PER_STATE = 8  # successors, and hits or ranks, as 32-bit integers
BYTES_PER_CHUNK = 4 * 8
BYTES_PER_LINK = 24  # of an image, next to successors and hits
BYTES_PER_IMAGE = 80  # when those are gone
Report = Callable[[float, str], None]


def warm_up() -> None:
    """Nothing to compile."""


def needed_memory(n: int) -> int:
    """Bytes that n neurons need before the number of images is known."""
    chunks = BYTES_PER_CHUNK * min(CHUNK, 1 << n)
    tables = 3 * 8 * n << min(MIDDLE_BITS, n)
    return (BYTES_PER_STATE << n) + chunks + tables


def find_cycles(
    network: SignNetwork, symmetric: bool, allowed: int, report: Report, *, device: Any
) -> dict[str, np.ndarray]:
    """Columns of an `Enumeration`.

    Raises
    ------
    MemoryError
        If the states do not fit, or their images.
    """
    if device.type == "cuda":
        allowed = torch.cuda.mem_get_info(device)[0]
    needed, work = needed_memory(network.n), f"Enumerating 2**{network.n} states on {device}"
    check_memory(needed, allowed, work)
    following = find_successors(network, device, report)
    report(0.4, "counting images")

    def check(n_images: int) -> None:
        total = max(needed + BYTES_PER_LINK * n_images, BYTES_PER_IMAGE * n_images)
        check_memory(total, allowed, f"{work}, {n_images:,} of them images,")

    states, weights, links = _map_among_images(following, check)
    del following
    return _follow(states, weights, links, report)


def unsigned(words: Any) -> Any:
    """32-bit words as 64-bit integers from 0."""
    return words.long() & WORD


def _map_among_images(following: Any, check: Callable[[int], None]) -> tuple[Any, Any, Any]:
    """Images in order, their numbers of predecessors, and the place of each one's successor."""
    n_states, device = following.numel(), following.device
    hits = torch.zeros(n_states, dtype=torch.int32, device=device)
    for part in following.split(CHUNK):
        hits.index_add_(0, unsigned(part), torch.ones_like(part))
    firsts = range(0, n_states, CHUNK)
    places = [torch.nonzero(hits[k : k + CHUNK]).flatten() + k for k in firsts]
    n_images = sum(map(len, places))
    if n_images == 0:  # 2**32 hits of one state do not fit in its word
        only = unsigned(following[:1])
        return only, torch.full_like(only, n_states), torch.zeros_like(only)
    check(n_images)
    states = torch.cat(places)
    del places
    weights = torch.empty_like(states)
    for part, into in zip(states.split(CHUNK), weights.split(CHUNK), strict=True):
        into.copy_(unsigned(hits[part]))
    ranks = hits  # overwritten: its numbers are saved in `weights`
    for k in range(0, n_images, CHUNK):
        part = states[k : k + CHUNK]
        ranks[part] = torch.arange(k, k + len(part), device=device).to(torch.int32)
    links = torch.empty_like(states)
    for part, into in zip(states.split(CHUNK), links.split(CHUNK), strict=True):
        into.copy_(unsigned(ranks[unsigned(following[part])]))
    return states, weights, links


def _follow(states: Any, weights: Any, links: Any, report: Report) -> dict[str, np.ndarray]:
    """Remove leaves in layers until a permutation remains, then label them in reverse order."""
    report(0.5, "peeling transients")
    layers, alive = _peel(links)
    label, distance = torch.zeros_like(links), torch.zeros_like(links)
    label[alive], length = _cycles(links, alive)
    report(0.8, "measuring basins")
    for layer in reversed(layers):
        label[layer] = label[links[layer]]
        distance[layer] = distance[links[layer]] + 1
    firsts = torch.unique(label[alive])
    n_cycles = len(firsts)
    number = torch.zeros_like(links)
    number[firsts] = torch.arange(n_cycles, device=links.device)
    cycle = number[label]
    basins = torch.zeros_like(firsts).index_add_(0, cycle, weights)
    weights[alive] -= 1  # the predecessor on the cycle
    reach = torch.where(weights > 0, distance + 1, 0)
    longest = torch.zeros_like(firsts).scatter_reduce_(0, cycle, reach, "amax")
    histogram = torch.zeros(int(reach.max()) + 1, dtype=torch.int64, device=links.device)
    histogram.index_add_(0, reach, weights)
    histogram[0] = alive.numel()
    lengths = torch.zeros_like(firsts)
    lengths[cycle[alive]] = length
    columns = {
        "lengths": lengths,
        "basins": basins,
        "representatives": states[firsts],
        "max_transients": longest,
        "transients": histogram,
    }
    return {name: column.cpu().numpy() for name, column in columns.items()}


def _peel(links: Any) -> tuple[list[Any], Any]:
    """Layers of places without a predecessor that is left, and the places on cycles in order."""
    left = torch.zeros(links.numel(), dtype=torch.int32, device=links.device)
    for part in links.split(CHUNK):
        left.index_add_(0, part, torch.ones_like(part, dtype=torch.int32))
    layers, layer = [], _nonzero(left == 0)
    while layer.numel():
        layers.append(layer)
        targets = links[layer]
        left.index_add_(0, targets, torch.full_like(targets, -1, dtype=torch.int32))
        layer = torch.unique(targets[left[targets] == 0])
    return layers, _nonzero(left)


def _nonzero(values: Any) -> Any:
    """Places of a long tensor that are not 0."""
    parts = [torch.nonzero(part).flatten() for part in values.split(CHUNK)]
    return torch.cat([part + k * CHUNK for k, part in enumerate(parts)])


def _cycles(links: Any, alive: Any) -> tuple[Any, Any]:
    """Smallest place and length of the cycle of every place of a permutation.

    With smallest[x] the minimum over 2^k steps from x and jump[x] the place after them, one
    more doubling is a minimum over two of these. Places of a cycle are those with the same
    minimum.
    """
    position = torch.searchsorted(alive, links[alive])
    smallest, jump = alive.clone(), position
    for _ in range(max(1, alive.numel().bit_length())):
        smallest = torch.minimum(smallest, smallest[jump])
        jump = jump[jump]
    _, place, count = torch.unique(smallest, return_inverse=True, return_counts=True)
    return smallest, count[place]
