"""All cycles of a trained rank-2 network under a reference: survey and simulation.

python benchmarks/survey_speed.py [NET]

`NET` is a low-rank network that `save_net` wrote; without it one is trained (400 steps). The usual
method simulates 6 starts for 100 periods of the reference in torch, takes the final states as
cycles, and multiplies the Jacobians of one period. Seconds are CPU time of one thread, least of
three; ratios are to the whole survey, and to that of stable cycles alone, which the usual method
can find. The indices of all cycles of such a network add up to 1: see
`EntrainedCycleSurvey.index_sum`.
"""

import sys
import time

import numpy as np
import torch

from isochron import analysis, ann_bridge

FREQUENCY_HZ = 25 / 3  # 60 steps
N_STARTS, N_PERIODS = 6, 100


def trained_net(path):
    """The network of the benchmark."""
    if path:
        net = ann_bridge.load_net(path)[0]
        if not isinstance(net, ann_bridge.LowRankRNN):
            raise ValueError(f"{path} is a {net.kind} network; a low-rank one is needed.")
        return net
    net = ann_bridge.LowRankRNN(n_units=512, rank=2)
    budget = ann_bridge.TrainingParameters(steps=400, batch_size=32)
    ann_bridge.train(net, ann_bridge.tasks.PhaseMemory(), budget, seed=0)
    return net


class PlainMap:
    """The network's step in torch, and the product of its Jacobians."""

    def __init__(self, net, system, dtype):
        left, right = net.connectivity()
        self.left, self.right = left.detach().to(dtype), right.detach().to(dtype)
        self.alpha = net.alpha
        inputs = torch.zeros(system.n_steps, net.settings.n_inputs, dtype=dtype)
        inputs[:, 0] = torch.sin(torch.tensor(system.reference_phase(), dtype=dtype))
        self.drive = net.alpha * inputs @ net.input_matrix().detach().to(dtype).T

    def step(self, x, drive):
        """States one step later."""
        return (
            (1 - self.alpha) * x + self.alpha * (torch.tanh(x) @ self.right @ self.left.T) + drive
        )

    def period(self, x):
        """States one period later."""
        for drive in self.drive:
            x = self.step(x, drive)
        return x

    def multipliers(self, x, *, dense):
        """Eigenvalues of the product, each Jacobian dense or as a low-rank update."""
        product = torch.eye(x.numel(), dtype=x.dtype)
        weights = self.left @ self.right.T
        for drive in self.drive:
            slope = 1 - torch.tanh(x) ** 2
            if dense:
                jacobian = self.alpha * weights * slope
                jacobian.diagonal().add_(1 - self.alpha)
                product = jacobian @ product
            else:
                sent = self.left @ (self.right.T @ (slope[:, None] * product))
                product = (1 - self.alpha) * product + self.alpha * sent
            x = self.step(x, drive)
        return torch.linalg.eigvals(product)


def usual_way(plain, starts, *, dense):
    """States that starts converge to, their multipliers, and the largest relative return error."""
    x = starts
    for _ in range(N_PERIODS):
        x = plain.period(x)
    places = []
    for state in x:
        if all(torch.linalg.norm(state - other) > 1e-2 * state.norm() for other in places):
            places.append(state)
    multipliers = [plain.multipliers(place, dense=dense) for place in places]
    gaps = [float((plain.period(p[None])[0] - p).norm() / p.norm()) for p in places]
    return places, multipliers, max(gaps)


def least_time(function, repeats=3):
    """Least CPU seconds, and the last result."""
    runs = []
    for _ in range(repeats):
        began = time.process_time()
        found = function()
        runs.append((time.process_time() - began, found))
    return min(runs, key=lambda run: run[0])


@torch.no_grad()
def main():
    """Print the table."""
    torch.set_num_threads(1)
    with torch.enable_grad():
        net = trained_net(sys.argv[1] if len(sys.argv) > 1 else None)
    states = net.initial_states(N_STARTS, torch.Generator().manual_seed(0))
    began = time.process_time()
    reduced = ann_bridge.reduce_low_rank(net)
    system = ann_bridge.TrainedMap(reduced, frequency_Hz=FREQUENCY_HZ)
    reducing = time.process_time() - began
    starts = reduced.reduce(states.double().numpy())

    def ours(n_boundary_pairs):
        return analysis.find_entrained_cycles(
            system,
            starts,
            newton=analysis.NewtonStarts(periods=(), n_boundary_pairs=n_boundary_pairs),
        )

    print(f"{'':<39}{'CPU s':>7}{'ratios':>14}{'stable':>8}{'saddles':>8}{'closure':>10}")
    whole, survey = least_time(lambda: ours(4))
    whole += reducing
    fast = least_time(lambda: ours(0))[0] + reducing
    worst = max(cycle.residual for cycle in survey.stable)
    counts = len(survey.stable), len(survey.cycles) - len(survey.stable)
    print(f"{'ours, verified':<39}{whole:>7.3f}{'':>14}{counts[0]:>8}{counts[1]:>8}{worst:>10.1e}")
    print(f"{'  their indices add up to':<39}{survey.index_sum}")
    print(f"{'ours, stable cycles only, verified':<39}{fast:>7.3f}")
    for dtype in (torch.float32, torch.float64):
        plain = PlainMap(net, system, dtype)
        for dense in (True, False):
            seconds, (places, multipliers, gap) = least_time(
                lambda p=plain, d=dtype, k=dense: usual_way(p, states.to(d), dense=k)
            )
            name = f"usual, {str(dtype)[6:]}, {'dense' if dense else 'low-rank'} Jacobians"
            ratios = f"{seconds / whole:>7.1f}{seconds / fast:>7.1f}"
            print(f"{name:<39}{seconds:>7.3f}{ratios}{len(places):>8}{0:>8}{gap:>10.1e}")
            mine = sorted(abs(cycle.multipliers[0]) for cycle in survey.stable)
            theirs = sorted(float(values.abs().max()) for values in multipliers)
            if len(mine) == len(theirs):
                apart = np.max(np.abs(np.subtract(mine, theirs)))
                print(f"{'  leading multipliers differ by':<39}{apart:.1e}")


if __name__ == "__main__":
    main()
