# %% [markdown]
# # Your own task and network
#
# Write a working-memory task and a network class, train both of two architectures on it with
# paired seeds, compare how well they learn, and look at the dynamics that each has found.

# %%
from dataclasses import dataclass
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
import torch

from isochron import analysis, ann_bridge
from isochron.ann_bridge.draws import normal
from isochron.ann_bridge.nets.autograd_loop import SteppedNet
from isochron.ann_bridge.nets.stepped_parameters import SteppedParameters
from isochron.ann_bridge.tasks import Trials, plot_trial

# %% [markdown]
# ## The task
#
# A pulse of either sign arrives; after a delay, the output must report its sign. A task is a
# frozen dataclass with sizes, a chance level (the loss of the best constant output), and `sample`,
# which draws trials. Time is the first axis. All randomness comes from the generator.


# %%
@dataclass(frozen=True, kw_only=True)
class SignMemory:
    delay_steps: int = 15
    step_ms: float = 20.0
    n_inputs: int = 2  # pulse, go signal
    n_outputs: int = 1
    chance: float = 1.0

    @property
    def n_steps(self):
        return self.delay_steps + 20

    def sample(self, batch_size, generator):
        sign = 2.0 * torch.randint(0, 2, (batch_size,), generator=generator) - 1
        go = 10 + self.delay_steps
        inputs = torch.zeros(self.n_steps, batch_size, 2)
        inputs[2:7, :, 0] = sign
        inputs[go:, :, 1] = 1
        targets, mask = torch.zeros(2, self.n_steps, batch_size)
        targets[go:], mask[go + 2 :] = (
            sign,
            1,
        )  # the loss counts two steps after the go signal
        return Trials(inputs, targets, mask)


task = SignMemory()
figure, ax = plt.subplots(figsize=(6, 3))
plot_trial(
    task.sample(1, torch.Generator().manual_seed(1)),
    step_ms=task.step_ms,
    ax=ax,
)
plt.show()

# %% [markdown]
# *One trial: a pulse, a delay, the go signal, and the target. The loss counts only where the output
# is asked for.*
#
# ## The network
#
# `SteppedNet` trains any step function. This one is a ring: each unit receives input only from its
# two neighbors.


# %%
class RingNet(SteppedNet):
    kind: ClassVar[str] = "ring"
    parameters_type = SteppedParameters

    def __init__(self, parameters, *, generator):
        super().__init__()
        self.settings = p = parameters
        self.left = torch.nn.Parameter(
            1 + 0.1 * normal(p.n_units, generator=generator)
        )
        self.right = torch.nn.Parameter(
            1 + 0.1 * normal(p.n_units, generator=generator)
        )
        self.input_weights = torch.nn.Parameter(
            normal(p.n_units, p.n_inputs, generator=generator)
        )
        self.output_weights = self.draw_readout(generator)

    def drive(self, inputs):
        return inputs @ self.input_weights.T

    def stepper(self):
        def step(state, drive):
            rates = torch.tanh(state)
            around = self.left * rates.roll(1, -1) + self.right * rates.roll(
                -1, -1
            )
            return 0.8 * state + 0.2 * (around + drive)

        return step


# %% [markdown]
# ## Training, with paired seeds
#
# The same seed gives the same trials to both architectures, so the losses are compared in pairs.

# %%
budget = ann_bridge.TrainingParameters(
    steps=60, batch_size=32, learning_rate=0.01
)
kinds = {"ring": (RingNet, 16), "GRU": (ann_bridge.GRUNet, 8)}
losses, final, nets = {}, {}, {}
for kind, (network, n_units) in kinds.items():
    for seed in range(4):
        generator = torch.Generator().manual_seed(seed)
        net = network.for_task(task, n_units=n_units, generator=generator)
        losses[kind, seed] = ann_bridge.train(
            net, task, budget, seed=seed
        ).losses
        final[kind, seed] = ann_bridge.evaluate(net, task, seed=100 + seed)
        nets[kind, seed] = net

figure, ax = plt.subplots(figsize=(6, 3))
for color, kind in zip(("C0", "C1"), kinds, strict=True):
    for seed in range(4):
        ax.semilogy(
            losses[kind, seed],
            color=color,
            lw=1,
            label=kind if seed == 0 else None,
        )
ax.axhline(task.chance, color="black", ls=":", label="chance")
ax.set(xlabel="training step", ylabel="loss")
ax.legend()
plt.show()

# %% [markdown]
# *Loss of each training. With few seeds the curves themselves are the honest summary. A comparison
# at one budget says nothing about a different one: repeat it with more steps and other learning
# rates before you report it.*

# %%
for kind, (_, n_units) in kinds.items():
    weights = sum(weight.numel() for weight in nets[kind, 0].parameters())
    values = [final[kind, seed] for seed in range(4)]
    print(
        f"{kind}: {n_units} units, {weights} weights, final loss {np.round(values, 3)}"
    )
pairs = np.array(
    [final["ring", seed] - final["GRU", seed] for seed in range(4)]
)
print("ring minus GRU, by seed:", pairs.round(3))

# %% [markdown]
# ## What they learned
#
# A memory that lasts needs a cause: two stable states, a slow direction, or a rhythm.
# The same search answers for both: fixed points of the trained map without input, as during the
# delay.

# %%
rng = np.random.default_rng(0)
for kind in kinds:
    system = ann_bridge.TrainedMap(nets[kind, 0])
    starts = system.initial_states(64, rng)
    points = analysis.find_fixed_points(system, starts)
    stable = [point for point in points if point.stable]
    print(
        f"{kind}: {len(stable)} stable and {len(points) - len(stable)} unstable fixed points"
    )
    for point in stable:
        largest = abs(point.eigenvalues).max()
        print(
            f"   largest |eigenvalue| {largest:.3f}, from {point.n_starts} starts"
        )

# %% [markdown]
# Two stable fixed points, one for each sign, are a memory without a time limit. Where only one is
# found, look at its largest eigenvalue: close to 1, the memory decays slowly, which is enough for
# the delay that was trained.
#
# To use a task or network on the command line, or to add it to isochron, see
# [your own task](../how-to/own-task.md) and [your own architecture](../how-to/own-architecture.md).
