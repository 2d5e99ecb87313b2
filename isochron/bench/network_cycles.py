"""All entrained cycles of a network of rank 2: survey, and simulation from the same starts.

The usual method simulates the starts for 100 periods of the reference in torch, takes the final
states as cycles, and multiplies the Jacobians of one period. It finds stable cycles only.
"""

from typing import Any

import numpy as np
import torch

from isochron import analysis, ann_bridge
from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Stopwatch

FREQUENCY_HZ = 25 / 3  # 60 steps
N_STARTS, N_PERIODS = 6, 100


def measure_survey(watch: Stopwatch, *, n_units: int = 512, train_steps: int = 100) -> Measurement:
    """Both on a network that is trained here."""
    net = trained_net(n_units, train_steps)
    states = net.initial_states(N_STARTS, torch.Generator().manual_seed(0)).detach()

    def ours() -> Any:
        reduced = ann_bridge.reduce_low_rank(net)
        system = ann_bridge.TrainedMap(reduced, frequency_Hz=FREQUENCY_HZ)
        starts = reduced.reduce(states.double().numpy())
        newton = analysis.NewtonStarts(periods=(), n_boundary_pairs=4)
        return analysis.find_entrained_cycles(system, starts, newton=newton)

    system = ann_bridge.TrainedMap(ann_bridge.reduce_low_rank(net), frequency_Hz=FREQUENCY_HZ)
    plain = PlainMap(net, system)
    with torch.no_grad():
        seconds, peer = watch.take_turns(ours, lambda: usual_way(plain, states), turns=3)
        n_stable = len(usual_way(plain, states))
    survey = ours()
    worst = max(cycle.residual for cycle in survey.cycles)
    saddles = len(survey.cycles) - len(survey.stable)
    return Measurement(
        seconds=seconds,
        peers=(
            Peer(
                name=f"{N_STARTS} starts × {N_PERIODS} periods in torch", seconds=peer,
                note=f"{n_stable} stable, no saddles",
            ),
        ),
        note=f"{len(survey.stable)} stable, {saddles} not, return error {worst:.0e}, "
        f"sum of indices {survey.index_sum}",
    )  # fmt: skip


def measure_flow(watch: Stopwatch, *, n_units: int = 512, train_steps: int = 100) -> Measurement:
    """The cycle that a run of the differential equation leads to, with multipliers.

    Next to SciPy's solver for the same equation, whose right side is written in NumPy, and to the
    trained map, which is Euler's method for it.
    """
    reduced = ann_bridge.reduce_low_rank(trained_net(n_units, train_steps))
    flow = ann_bridge.TrainedFlow(reduced, frequency_Hz=FREQUENCY_HZ)
    trained = ann_bridge.TrainedMap(reduced, frequency_Hz=FREQUENCY_HZ)
    start = flow.advance(np.zeros(flow.dimension), N_PERIODS * flow.n_steps)
    plain = analysis.Flow(*plain_field(reduced))
    cycle = analysis.find_limit_cycle(flow, start)
    exact = analysis.find_limit_cycle(plain, start, period=cycle.period)
    apart = np.linalg.norm(cycle.states[0] - exact.states[0]) / np.linalg.norm(exact.states[0])
    ours, theirs, by_map = watch.take_turns(
        lambda: analysis.find_limit_cycle(flow, start),
        lambda: analysis.find_limit_cycle(plain, start, period=cycle.period),
        lambda: analysis.find_limit_cycle(trained, start),
    )
    peers = (
        Peer(name="isochron with SciPy's solver", seconds=theirs),
        Peer(name="the trained map", seconds=by_map, note="Euler's method"),
    )
    return Measurement(seconds=ours, peers=peers, note=f"{apart:.0e} from SciPy's")


def trained_net(n_units: int, train_steps: int) -> Any:
    """A network of rank 2 after some training on the phase memory."""
    net = ann_bridge.LowRankRNN(n_units=n_units, rank=2, generator=torch.Generator().manual_seed(0))
    budget = ann_bridge.TrainingParameters(steps=train_steps, batch_size=32, learning_rate=0.01)
    ann_bridge.train(net, ann_bridge.tasks.PhaseMemory(), budget, seed=0)
    return net


def plain_field(reduced: Any) -> tuple[Any, Any]:
    """dz/dt of a reduced network and its Jacobian, as a user writes them."""
    step, tau = reduced.step, reduced.settings.time_constant_ms
    embedding, left, right = step.embedding, step.left, step.right

    def field(t: float, z: np.ndarray) -> np.ndarray:
        reference = np.sin(2e-3 * np.pi * FREQUENCY_HZ * t)
        sent = left @ (right.T @ np.tanh(embedding @ z))
        return (sent - z + step.input_matrix[:, 0] * reference) / tau

    def jacobian(_: float, z: np.ndarray) -> np.ndarray:
        slope = 1 - np.tanh(embedding @ z) ** 2
        return (left @ (right.T @ (slope[:, None] * embedding)) - np.eye(len(z))) / tau

    return field, jacobian


class PlainMap:
    """The network's step in torch in float32, and the product of its Jacobians."""

    def __init__(self, net: Any, system: Any) -> None:
        left, right = net.connectivity()
        self.left, self.right = left.detach(), right.detach()
        self.alpha = net.alpha
        inputs = torch.zeros(system.n_steps, net.settings.n_inputs)
        inputs[:, 0] = torch.sin(torch.tensor(system.reference_phase(), dtype=torch.float32))
        self.drive = net.alpha * inputs @ net.input_matrix().detach().T

    def step(self, x: torch.Tensor, drive: torch.Tensor) -> torch.Tensor:
        """States one step later."""
        change = torch.tanh(x) @ self.right @ self.left.T
        return (1 - self.alpha) * x + self.alpha * change + drive

    def period(self, x: torch.Tensor) -> torch.Tensor:
        """States one period later."""
        for drive in self.drive:
            x = self.step(x, drive)
        return x

    def multipliers(self, x: torch.Tensor) -> torch.Tensor:
        """Eigenvalues of the product of the Jacobians, each a low-rank update."""
        product = torch.eye(x.numel(), dtype=x.dtype)
        for drive in self.drive:
            slope = 1 - torch.tanh(x) ** 2
            change = self.left @ (self.right.T @ (slope[:, None] * product))
            product = (1 - self.alpha) * product + self.alpha * change
            x = self.step(x, drive)
        return torch.linalg.eigvals(product)


def usual_way(plain: PlainMap, starts: torch.Tensor) -> list[np.ndarray]:
    """Multipliers of the states that starts converge to."""
    x = starts
    for _ in range(N_PERIODS):
        x = plain.period(x)
    places: list[torch.Tensor] = []
    for state in x:
        if all(torch.linalg.norm(state - other) > 1e-2 * state.norm() for other in places):
            places.append(state)
    return [plain.multipliers(place).numpy() for place in places]
