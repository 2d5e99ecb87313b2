"""Training: compiled recurrence and autograd through a Python loop, for two batch sizes.

python benchmarks/training_speed.py [--quick] [--device cuda] [--threads 2]

Same equations, trials and size of noise, same threads; a step is forward and backward, without
drawing the trials. The two alternate, and the medians are reported. The limits are the times that
the matrix products of a step, or its tanh, take alone.
"""

import argparse
import statistics
import time

import torch

from isochron import ann_bridge, connectome
from isochron.ann_bridge.tasks import PhaseMemory, masked_loss
from isochron.bench.training import plain_outputs

TASK = PhaseMemory()


def seconds(work, device):
    """Time of a piece of work."""
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def step_times(net, batch, device, repeats):
    """Median seconds of a step, ours and the loop's, taking turns after one step each."""
    generator = torch.Generator(device).manual_seed(0)

    def step(forward):
        trials = TASK.sample(batch, generator)
        net.zero_grad()
        return seconds(
            lambda: masked_loss(forward(trials.inputs, generator), trials).backward(), device
        )

    def loop(inputs, generator):
        return plain_outputs(net, inputs, generator)

    turns = [(step(net), step(loop)) for _ in range(repeats + 1)][1:]
    return tuple(statistics.median(times) for times in zip(*turns, strict=True))


def limits(net, batch, device):
    """Seconds that the products, and the tanh, of a step take by themselves."""
    n, n_steps = net.settings.n_units, TASK.n_steps
    left, right = net.connectivity()
    x, out = torch.randn(batch, n, device=device), torch.empty(batch, n, device=device)
    products = 0.0  # thin factors cost next to nothing
    if right is None:
        once = min(seconds(lambda: torch.mm(x, left.detach(), out=out), device) for _ in range(50))
        products = 3 * n_steps * once
    if device == "cuda":
        once = min(seconds(lambda: torch.tanh(x, out=out), device) for _ in range(50))
        return products, n_steps * once
    from isochron.ann_bridge.kernels.elementwise import fill_tanh

    flat, into = x.flatten().numpy(), out.flatten().numpy()
    once = min(seconds(lambda: fill_tanh(flat, into), device) for _ in range(50))
    return products, n_steps * once / torch.get_num_threads()


def print_steps(nets, device, batches, repeats):
    """One line for each network and batch."""
    print(
        f"{'one training step, 400 time steps':<34}{'ours s':>8}{'loop s':>8}{'ratio':>7}", end=""
    )
    print(f"{'products':>10}{'tanh':>7}   (share of ours)")
    for name, net in nets.items():
        net.to(device)
        for batch in batches:
            ours, loop = step_times(net, batch, device, repeats)
            products, tanh = (limit / ours for limit in limits(net, batch, device))
            label = f"{name}, batch {batch}"
            print(f"{label:<34}{ours:>8.3f}{loop:>8.3f}{loop / ours:>7.1f}", end="")
            print(f"{products:>10.0%}{tanh:>7.0%}", flush=True)


def print_learning(device, n_units):
    """Time until the loss on two stimuli is below 0.05."""
    net = ann_bridge.LowRankRNN(n_units=n_units)
    budget = ann_bridge.TrainingParameters(steps=1000, stop_below=0.05)
    record = ann_bridge.train(net, TASK, budget, seed=0, device=device)
    loss = ann_bridge.evaluate(net, TASK, seed=1)
    print(f"two stimuli, rank 2, {n_units} units, batch 128: loss {loss:.3f} after ", end="")
    print(f"{len(record.losses)} steps, {record.seconds:.0f} s", flush=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, nothing learned")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    masks = ann_bridge.connectome_masks(connectome.load("varshney2011"))
    nets = {
        "rank 2, 512 units, no noise": ann_bridge.LowRankRNN(n_units=512, noise_std=0.0),
        "rank 2, 512 units, noise": ann_bridge.LowRankRNN(n_units=512),
        "full rank, 100 units": ann_bridge.FullRankRNN(n_units=100),
        "worm's connectome, 279 units": ann_bridge.ConnectomeRNN(masks),
        "full rank, 512 units": ann_bridge.FullRankRNN(n_units=512),
    }
    batches, repeats = ((32,), 2) if given.quick else ((32, 128), 5)
    print(f"device {given.device}, {given.threads} threads")
    print_steps(nets, given.device, batches, repeats)
    if not given.quick:
        print_learning(given.device, n_units=512)


if __name__ == "__main__":
    main()
