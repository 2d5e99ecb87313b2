"""One training step: the written-out recurrence against autograd through the loop.

python benchmarks/training_speed.py

Same equations, trials, noise and optimiser; two threads; forward and backward.
"""

import math
import time

import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge.tasks import PhaseMemory


def plain_outputs(net, inputs, generator):
    """The net's forward pass as a loop of time steps for autograd."""
    n_steps, batch, _ = inputs.shape
    x = net.initial_states(batch, generator)
    left, right = net.connectivity()
    weights, leak = net.input_matrix(), net.leak
    std = math.sqrt(2 * leak) * net.settings.noise_std
    outputs = []
    for u in inputs.unbind(0):
        rate = torch.tanh(x)
        sent = rate if right is None else rate @ right
        noise = std * torch.randn(x.shape, generator=generator)
        x = (1 - leak) * x + leak * (sent @ left.T + u @ weights.T) + noise
        outputs.append(x @ net.output_weights)
    return net.output_scale * torch.stack(outputs)


def step_time(forward, net, batch, repeats=5):
    """Median seconds of a training step."""
    task, generator = PhaseMemory(), torch.Generator().manual_seed(0)
    times = []
    for _ in range(repeats + 1):
        trials = task.sample(batch, generator)
        began = time.perf_counter()
        error = forward(trials.inputs, generator) - trials.targets
        loss = (trials.mask * error**2).sum() / trials.mask.sum()
        loss.backward()
        times.append(time.perf_counter() - began)
        net.zero_grad()
    return sorted(times[1:])[repeats // 2]


def main():
    """Print the table."""
    torch.set_num_threads(2)
    masks = ann_bridge.wiring_masks(connectome.load("varshney2011"))
    nets = {
        "rank 2, 512 units": ann_bridge.LowRankRNN(n_units=512, rank=2),
        "worm's wiring, 279 units": ann_bridge.ConnectomeRNN(masks),
    }
    print(f"{'one training step, 400 time steps':<36}{'ours s':>8}{'loop s':>8}{'ratio':>7}")
    for name, net in nets.items():
        for batch in (32, 128):
            ours = step_time(net, net, batch)
            loop = step_time(lambda u, g, net=net: plain_outputs(net, u, g), net, batch)
            label = f"{name}, batch {batch}"
            print(f"{label:<36}{ours:>8.3f}{loop:>8.3f}{loop / ours:>7.1f}")


if __name__ == "__main__":
    main()
