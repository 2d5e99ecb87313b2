"""Fixed points of a recurrent network from the same starts: Newton's method against Adam.

The peer is the method of FixedPointFinder (Golub and Sussillo, 2018, JOSS 3:1003) written with
torch.optim: all starts jointly, q = |F(x) - x|² / 2 minimized by Adam in float32 (learning rate
0.05, times 0.7 every 500 steps) until every q < 1e-12 or changes by less than 1e-20, at most
5000 steps, points within 1e-3 merged, Jacobians and their eigenvalues: the defaults of its
PyTorch version. The network is a leaky tanh network that stores three random patterns and their
mirror images, with noise on its weights.
"""

from typing import Any

import numpy as np

from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Stopwatch

LEAK = 0.1


def measure_fixed_points(
    watch: Stopwatch, *, n_units: int = 64, n_starts: int = 32, max_steps: int = 5000
) -> Measurement:
    """Both methods from the same starts."""
    from isochron import analysis

    weights, starts = make_weights(n_units), make_starts(n_units, n_starts)
    system = make_map(weights)
    ours, peer = watch.take_turns(
        lambda: analysis.find_fixed_points(system, starts),
        lambda: adam(weights, starts, max_steps),
        turns=1,
        warm=1,
    )
    found = analysis.find_fixed_points(system, starts)
    others, reached = adam(weights, starts, max_steps)
    worst = max(point.residual for point in found)
    return Measurement(
        seconds=ours,
        peers=(
            Peer(
                name="Adam on the speed (FixedPointFinder's method)", seconds=peer,
                note=f"{len(others)} points from {reached:.0%} of the starts",
            ),
        ),
        note=f"{len(found)} points, residual {worst:.0e}",
    )  # fmt: skip


def make_patterns(n_units: int) -> np.ndarray:
    """The stored patterns, shape (3, n_units)."""
    return np.random.default_rng(n_units).choice([-1.0, 1.0], (3, n_units))


def make_weights(n_units: int) -> np.ndarray:
    """Weights of a network with several stable states, and saddles between them."""
    noise = np.random.default_rng(1).normal(size=(n_units, n_units)) / np.sqrt(n_units)
    patterns = make_patterns(n_units)
    return 1.6 * patterns.T @ patterns / n_units + 0.3 * noise


def make_starts(n_units: int, n_starts: int) -> np.ndarray:
    """Random mixtures of the patterns with noise, similar to states of an active network."""
    rng = np.random.default_rng(2)
    mixtures = rng.normal(size=(n_starts, 3)) @ make_patterns(n_units)
    return mixtures + 0.1 * rng.normal(size=mixtures.shape)


def make_map(weights: np.ndarray) -> Any:
    """The network as a map for the analysis."""
    from isochron import analysis

    def tangent(k: int, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        slope = 1 - np.tanh(x) ** 2
        return (1 - LEAK) * v + LEAK * (weights @ (slope[:, None] * v))

    return analysis.SteppedMap(
        lambda k, x: (1 - LEAK) * x + LEAK * np.tanh(x) @ weights.T, tangent, len(weights)
    )


def adam(weights: np.ndarray, starts: np.ndarray, max_steps: int) -> tuple[list[Any], float]:
    """Distinct points with q < 1e-12, after their eigenvalues, and the share of starts."""
    import torch

    w = torch.tensor(weights, dtype=torch.float32)
    x = torch.tensor(starts, dtype=torch.float32, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.05)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=500, gamma=0.7)
    q = last = torch.full((len(starts),), torch.nan)
    for _ in range(max_steps):
        optimizer.zero_grad()
        moved = (1 - LEAK) * x + LEAK * torch.tanh(x) @ w.T
        q = 0.5 * (moved - x).square().sum(dim=1)
        q.mean().backward()
        optimizer.step()
        schedule.step()
        q = q.detach()
        if torch.all(((q - last).abs() < 1e-20) | (q < 1e-12)):
            break
        last = q
    good = x.detach()[q < 1e-12]
    points: list[Any] = []
    for point in good:
        if all(torch.abs(point - other).max() > 1e-3 for other in points):
            points.append(point)
    for point in points:
        slope = 1 - torch.tanh(point) ** 2
        torch.linalg.eigvals(LEAK * w * slope + (1 - LEAK) * torch.eye(len(w)))
    return points, len(good) / len(starts)
