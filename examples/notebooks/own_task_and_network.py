# %% [markdown]
# # Your own task and network
#
# After this notebook you can write a working-memory task and a network class, train two
# architectures with paired seeds, and compare what they learned: their loss, and the dynamics that
# store the memory. It is for readers who know PyTorch.

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
# The input is a pulse of either sign. After a delay, a go signal asks for the sign. A task is a
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
        targets[go:] = sign
        mask[go + 2 :] = 1  # the loss counts from the third step after go
        return Trials(inputs, targets, mask)


task = SignMemory()
figure, ax = plt.subplots(figsize=(6, 3))
plot_trial(
    task.sample(1, torch.Generator().manual_seed(0)),
    step_ms=task.step_ms,
    ax=ax,
)
ax.set(ylabel="input, target")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# *One trial: pulse (input 0), delay, go signal (input 1) and target. The loss does not count in the
# gray part.*
#
# ## The network
#
# A subclass of `SteppedNet` defines one time step; PyTorch computes the gradient. In this network
# the units form a ring: each receives input only from its two neighbors.


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
# With the same seed both architectures are trained on the same trials, so their losses are
# compared in pairs. The best learning rate differs between architectures, so a comparison at a
# single one is not fair. Each architecture is trained with three.

# %%
kinds = {"ring": (RingNet, 16), "GRU": (ann_bridge.GRUNet, 8)}
rates, seeds = (0.01, 0.03, 0.1), range(4)
nets, losses, final = {}, {}, {}
for kind, (network, n_units) in kinds.items():
    for rate in rates:
        budget = ann_bridge.TrainingParameters(
            steps=80, batch_size=32, learning_rate=rate
        )
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            net = network.for_task(task, n_units=n_units, generator=generator)
            record = ann_bridge.train(net, task, budget, seed=seed)
            key = kind, rate, seed
            nets[key], losses[key] = net, record.losses
            final[key] = ann_bridge.evaluate(net, task, seed=100 + seed)

figure, axes = plt.subplots(1, 3, figsize=(8, 2.8), sharey=True)
colors = dict(zip(kinds, ("C0", "C1"), strict=True))
for ax, rate in zip(axes, rates, strict=True):
    for kind in kinds:
        for seed in seeds:
            label = kind if seed == 0 else None
            values = losses[kind, rate, seed]
            ax.semilogy(values, color=colors[kind], lw=1, label=label)
    ax.axhline(task.chance, color="black", ls=":", label="chance")
    ax.set(title=f"learning rate {rate}", xlabel="training step")
axes[0].set(ylabel="loss")
axes[0].legend()
plt.show()

# %% [markdown]
# *Loss of each training. At a rate of 0.01 the GRU stays near chance, at 0.1 it learns with every
# seed. The left plot alone would suggest that a GRU cannot learn the task in 80 steps.*
#
# Now the best rate of each architecture, and the loss on trials that were not used to choose it:


# %%
def mean_loss(kind, rate):
    return np.mean([final[kind, rate, seed] for seed in seeds])


best, test = {}, {}
for kind, (_, n_units) in kinds.items():
    losses_by_rate = {rate: mean_loss(kind, rate) for rate in rates}
    best[kind] = min(losses_by_rate, key=losses_by_rate.get)
    chosen = [nets[kind, best[kind], seed] for seed in seeds]
    weights = sum(weight.numel() for weight in chosen[0].parameters())
    test[kind] = np.array(
        [
            ann_bridge.evaluate(net, task, seed=200 + seed)
            for seed, net in enumerate(chosen)
        ]
    )
    print(f"{kind}: {n_units} units, {weights} weights, rate {best[kind]}")
    print("   loss by seed:", test[kind].round(4))
print("ring minus GRU, by seed:", (test["ring"] - test["GRU"]).round(4))

# %% [markdown]
# All losses are far below chance (1): both architectures solve the task.
#
# ## How long the memory lasts
#
# The same loss can come from different dynamics. A task with a longer delay, on which the networks
# were not trained, separates them:

# %%
delays = [15, 30, 60, 120, 240, 480]
figure, ax = plt.subplots(figsize=(6, 3))
for kind in kinds:
    for seed in seeds:
        net = nets[kind, best[kind], seed]
        values = [
            ann_bridge.evaluate(net, SignMemory(delay_steps=delay), seed=300)
            for delay in delays
        ]
        label = kind if seed == 0 else None
        ax.loglog(delays, values, "o-", color=colors[kind], lw=1, label=label)
ax.axhline(task.chance, color="black", ls=":", label="chance")
ax.set_xticks(delays, delays)
ax.minorticks_off()
ax.set(xlabel="delay (steps; trained: 15)", ylabel="loss")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# *Loss against the delay, one line for each network. The loss of the rings does not increase after
# the first delays; that of the GRUs does.*
#
# ## The dynamics that store it
#
# `TrainedMap` is one step of the network without input, as during the delay. `respond` gives the
# states after a pulse of either sign. `advance` continues without input, here until the states do
# not move, or for 8000 steps. Newton's method finds the fixed points next to the last states.

# %%
pulse = np.zeros((7, 2, 2))  # step, trial, input
pulse[2:, :, 0] = [1, -1]


def wait(system, states):
    n_steps, speed = 0, 1.0
    while n_steps < 8000 and speed > 1e-8:
        states, n_steps = system.advance(states, 500), n_steps + 500
        speed = abs(system.advance(states, 1) - states).max()
    return states, n_steps


for kind in kinds:
    for seed in seeds:
        system = ann_bridge.TrainedMap(nets[kind, best[kind], seed])
        states = system.respond(np.zeros((2, system.dimension)), pulse)
        states, n_steps = wait(system, states)
        points = analysis.find_fixed_points(system, states)
        largest = [abs(it.eigenvalues).max() for it in points if it.stable]
        print(f"{kind}, seed {seed}:")
        outputs = system.outputs(states).round(2)
        print(f"   outputs after {n_steps} steps:", outputs)
        print("   stable fixed points, |eigenvalue|:", np.round(largest, 4))

# %% [markdown]
# The states of each ring reach two stable fixed points, one for each sign, with outputs near 1 and
# −1. The modulus of the largest eigenvalue is the factor by which a perturbation shrinks in one
# step. It is below 1, so the memory lasts without a limit.
#
# In this training, three of the GRUs give outputs of the same sign after both pulses: the memory is
# a slow transient. It is much longer than the delay that was trained, but it ends. The fourth has
# two stable fixed points, one of them with an eigenvalue close to 1: it is close to a bifurcation.
# The losses at the trained delay do not show any of this.
#
# Four networks of each kind show what is possible, not what is typical. Before you report such a
# difference, train more seeds, and search from many initial states, as for
# [your own trained network](your_trained_network.ipynb).
#
# To use a task or network on the command line, or to add it to isochron, see
# [your own task](../how-to/own-task.md) and [your own architecture](../how-to/own-architecture.md).
