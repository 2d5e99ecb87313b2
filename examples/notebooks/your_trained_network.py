# %% [markdown]
# # The rhythm of your own trained network
#
# You trained a recurrent network and want to know its dynamics: where it rests, how it
# oscillates, how stable the oscillation is, and how an input shifts it. This notebook does that
# for an `nn.GRU`, an `nn.RNN` and a plain step function.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from isochron import analysis, ann_bridge

# %% [markdown]
# ## A trained GRU
#
# As an example, a GRU with 16 units learns to produce a sine with a period of 24.3 steps, from a
# trained initial state and without any input. In your work, load your weights instead:
# `gru.load_state_dict(torch.load(path, weights_only=True))`.

# %%
torch.manual_seed(0)
gru, readout = torch.nn.GRU(1, 16), torch.nn.Linear(16, 1)
initial = torch.nn.Parameter(0.1 * torch.randn(1, 1, 16))
target = torch.sin(2 * np.pi * torch.arange(100) / 24.3)
optimizer = torch.optim.Adam(
    [*gru.parameters(), *readout.parameters(), initial], lr=0.01
)
for _ in range(250):
    states, _ = gru(torch.zeros(100, 1, 1), initial)
    loss = ((readout(states)[:, 0, 0] - target) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.4f}")

# %% [markdown]
# `ModuleMap` turns the layer into a map of its state under a constant input.

# %%
system = ann_bridge.ModuleMap(gru, inputs=[0.0])
start = initial.detach().numpy().ravel().astype(float)

# %% [markdown]
# ## Fixed points
#
# Newton's method from 32 random states. The only fixed point has two unstable directions, so the
# network does not rest: it spirals away from this point.

# %%
points = analysis.find_fixed_points(
    system, np.random.default_rng(0).uniform(-1, 1, (32, 16))
)
for point in points:
    print(
        f"{point.index} unstable directions, leading eigenvalues {point.eigenvalues[:2].round(3)}"
    )

# %% [markdown]
# ## The oscillation
#
# The period is not a whole number of steps, so the states never repeat: they fill an *invariant
# circle*. `find_invariant_circle` fits it and measures the rotation number, the number of turns
# per step.

# %%
circle = analysis.find_invariant_circle(system, start)
period = 1 / circle.rotation.value
print(
    f"period {period:.3f} steps; residual of the curve below 1e-8: {circle.residual < 1e-8}"
)

# %%
orbit = system.orbit(start, 2000)[1000:]
axes = analysis.principal_components(orbit)[1][:2]
curve = circle(np.linspace(0, 2 * np.pi, 200))
figure, ax = plt.subplots(figsize=(4.2, 4))
ax.plot(*(axes @ curve.T), label="invariant circle")
ax.plot(*(axes @ orbit[:25].T), "o", ms=4, label="25 steps of the network")
ax.plot(*(axes @ points[0].point), "kx", label="unstable fixed point")
ax.set(
    xlabel="first principal component",
    ylabel="second principal component",
    aspect="equal",
)
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
plt.show()

# %% [markdown]
# *The states of the network (dots) jump along a closed curve; 25 steps are slightly more than one
# turn. The fixed point lies inside.*
#
# ## Stability
#
# An orbit that never closes does not have Floquet multipliers. Their counterpart is the Lyapunov
# spectrum: one exponent is 0, along the circle; `exp(exponent × period)` of the others is the
# factor by which a perturbation shrinks in one turn.

# %%
spectrum = analysis.compute_lyapunov_spectrum(
    system, start, block=250, n_blocks=8, transient=500, n_exponents=3
)
factors = np.exp(spectrum.exponents * period)
print("factors per turn:", factors.round(2))

# %% [markdown]
# ## Phase response
#
# A push moves the state off the circle. It returns, but ahead of or behind the unperturbed state.
# We push one unit at each phase, let the network settle for 20 turns, and read the phase on the
# circle.

# %%
turns, fine = 20, np.linspace(0, 2 * np.pi, 20000, endpoint=False)
n_steps = round(turns * period)
curve = circle(fine)


def phase_on_circle(states):
    distances = np.linalg.norm(states[:, None] - curve[None], axis=2)
    return fine[distances.argmin(axis=1)]


phases = np.linspace(0, 2 * np.pi, 40, endpoint=False)
expected = phases + 2 * np.pi * circle.rotation.value * n_steps
figure, ax = plt.subplots(figsize=(6, 3))
for unit in range(3):
    pushed = circle(phases) + 0.05 * np.eye(16)[unit]
    ended = system.advance(pushed, n_steps)
    shift = np.angle(np.exp(1j * (phase_on_circle(ended) - expected)))
    ax.plot(phases, shift / 0.05, label=f"unit {unit}")
ax.axhline(0, color="black", lw=0.5)
ax.set(xlabel="phase of the push (rad)", ylabel="phase shift per push (rad)")
ax.legend()
plt.show()

# %% [markdown]
# *Above 0 a push advances the rhythm, below 0 it delays it. Each unit has a different best time.*
#
# ## An RNN under a reference: Floquet multipliers
#
# With a periodic input, orbits that repeat with the input are closed, and have Floquet
# multipliers. An `nn.RNN` learns to follow a reference with a delay of a quarter period;
# `find_entrained_cycles` then finds the cycles of the trained map, stable and unstable, and
# states what the search may have missed.

# %%
rnn, output = torch.nn.RNN(1, 12), torch.nn.Linear(12, 1)
wave = torch.sin(2 * np.pi * torch.arange(120) / 20)[:, None, None]
shifted = torch.cos(2 * np.pi * torch.arange(120) / 20)
optimizer = torch.optim.Adam([*rnn.parameters(), *output.parameters()], lr=0.01)
for _ in range(150):
    loss = ((output(rnn(wave)[0])[20:, 0, 0] - shifted[20:]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

driven = ann_bridge.ModuleMap(rnn, inputs=wave[:20, 0].numpy())  # one period
survey = analysis.find_entrained_cycles(
    driven, np.random.default_rng(1).uniform(-1, 1, (24, 12))
)
for cycle in survey.cycles:
    kind, moduli = (
        "stable" if cycle.stable else "unstable",
        abs(cycle.multipliers[:3]),
    )
    print(
        f"{kind}, period {cycle.period:g} steps, moduli of multipliers {moduli.round(4)}"
    )
print(survey.cannot_exclude)

# %% [markdown]
# ## Any step function
#
# A network in continuous time, or in any other framework, is a function of the state. Here, two
# populations of Wilson and Cowan; `find_limit_cycle` returns the period and the multipliers,
# `find_phase_response` the phase response.

# %%
weights, inputs = np.array([[10.0, -10.0], [10.0, 2.0]]), np.array([-2.0, -8.0])
populations = analysis.Flow(
    lambda t, x: -x + 1 / (1 + np.exp(-(weights @ x + inputs)))
)
cycle = analysis.find_limit_cycle(populations, [0.1, 0.2], max_period=50)
print(
    f"period {cycle.period:.4f}, multipliers {cycle.multipliers.real.round(4)}"
)

response = analysis.find_phase_response(populations, cycle)
figure, ax = plt.subplots(figsize=(6, 3))
ax.plot(response.phases, response.response)
ax.axhline(0, color="black", lw=0.5)
ax.set(xlabel="phase (rad)", ylabel="phase response (rad per unit)")
ax.legend(["excitatory population", "inhibitory population"])
plt.show()

# %% [markdown]
# *A push of either population advances the rhythm at some phases and delays it at others.*
#
# Next: tongues and continuation in [Rhythms](../guide/rhythms.md), and networks trained with
# isochron in [your own task and network](own_task_and_network.ipynb).
