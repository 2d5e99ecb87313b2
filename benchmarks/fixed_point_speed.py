"""Fixed points of a recurrent network from the same starts: Newton's method against Adam.

python benchmarks/fixed_point_speed.py [--starts 32]

The peer is the method of FixedPointFinder (Golub and Sussillo, 2018, JOSS 3:1003) written with
torch.optim: all starts jointly, q = |F(x) - x|² / 2 minimized by Adam in float32 (learning rate
0.05, times 0.7 every 500 steps) until every q < 1e-12 or changes by less than 1e-20, at most
5000 steps, points within 1e-3 merged, Jacobians and their eigenvalues: the defaults of its
PyTorch version. The network is a leaky tanh network that stores three random patterns and their
mirror images, with noise on its weights. Seconds are CPU time of one thread.
"""

import argparse
import time

import numpy as np
import torch

from isochron import analysis

LEAK = 0.1


def make_net(n_units):
    """Weights of a network with several stable states, and saddles between them."""
    noise = np.random.default_rng(1).normal(size=(n_units, n_units)) / np.sqrt(n_units)
    patterns = make_patterns(n_units)
    return 1.6 * patterns.T @ patterns / n_units + 0.3 * noise


def make_patterns(n_units):
    """The stored patterns, shape (3, n_units)."""
    return np.random.default_rng(n_units).choice([-1.0, 1.0], (3, n_units))


def make_starts(n_units, n_starts):
    """Random mixtures of the patterns with noise, similar to states of an active network."""
    rng = np.random.default_rng(2)
    mixtures = rng.normal(size=(n_starts, 3)) @ make_patterns(n_units)
    return mixtures + 0.1 * rng.normal(size=mixtures.shape)


def as_map(weights):
    """The network as a map for the analysis."""

    def tangent(k, x, v):
        slope = 1 - np.tanh(x) ** 2
        return (1 - LEAK) * v + LEAK * (weights @ (slope[:, None] * v))

    return analysis.SteppedMap(
        lambda k, x: (1 - LEAK) * x + LEAK * np.tanh(x) @ weights.T, tangent, len(weights)
    )


def adam(weights, starts):
    """Distinct points with q < 1e-12, the eigenvalues of their Jacobians, steps, part of starts."""
    w = torch.tensor(weights, dtype=torch.float32)
    x = torch.tensor(starts, dtype=torch.float32, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.05)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=500, gamma=0.7)
    last = torch.full((len(starts),), torch.nan)
    q, steps = last, 0
    while steps < 5000:
        steps += 1
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
    points = []
    for point in good:
        if all(torch.abs(point - other).max() > 1e-3 for other in points):
            points.append(point)
    eigenvalues = []
    for point in points:
        slope = 1 - torch.tanh(point) ** 2
        jacobian = LEAK * w * slope + (1 - LEAK) * torch.eye(len(w))
        eigenvalues.append(torch.linalg.eigvals(jacobian))
    return points, eigenvalues, steps, len(good) / len(starts)


def timed(function):
    """CPU seconds and the result."""
    began = time.process_time()
    found = function()
    return time.process_time() - began, found


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=32)
    n_starts = parser.parse_args().starts
    torch.set_num_threads(1)
    print(
        f"{'N':>4}{'method':>8}{'CPU s':>8}{'ratio':>7}{'points':>8}{'starts':>8}{'residual':>10}"
    )
    for n_units in (64, 256):
        weights = make_net(n_units)
        system = as_map(weights)
        starts = make_starts(n_units, n_starts)
        runs = [timed(lambda m=system, x=starts: analysis.find_fixed_points(m, x)) for _ in "12"]
        seconds, found = min(runs, key=lambda run: run[0])
        used = 1 - len(found.failures) / n_starts
        worst = max(point.residual for point in found)
        print(f"{n_units:>4}{'Newton':>8}{seconds:>8.2f}{len(found):>15}{used:>8.2f}{worst:>10.1e}")
        slow, (points, _, steps, used) = timed(lambda w=weights, x=starts: adam(w, x))
        states = [point.double().numpy() for point in points]
        gaps = [np.linalg.norm(system.advance(x, 1) - x) for x in states]
        print(
            f"{n_units:>4}{'Adam':>8}{slow:>8.2f}{slow / seconds:>7.1f}{len(points):>8}{used:>8.2f}"
            f"{max(gaps, default=np.nan):>10.1e}  {steps} steps"
        )


if __name__ == "__main__":
    main()
