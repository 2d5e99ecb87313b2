# %% [markdown]
# # The worm in ten minutes
#
# Load the connectome of *C. elegans*, look at it, simulate it, ablate neurons, move muscles, and
# find its rhythm. Nothing is downloaded.

# %%
import matplotlib.pyplot as plt
import numpy as np

from isochron import analysis, connectome, sims

# %% [markdown]
# ## A connectome
#
# 21 published datasets are in the package. `varshney2011` has the 279 neurons of the
# hermaphrodite that have synapses outside the pharynx.

# %%
graph = connectome.load("varshney2011")
print(
    len(graph.neurons),
    "neurons,",
    int((graph.chemical > 0).sum()),
    "chemical connections,",
    int(np.triu(graph.gap > 0).sum()),
    "gap-junction pairs",
)
print(graph.source.paper)

# %% [markdown]
# Matrices are `[postsynaptic, presynaptic]`. Neurons are selected by name, class, type or pattern:

# %%
print("class AVA:", graph.select("AVA"))
touch = graph.select("PLM")
onto = [
    graph.neurons[k]
    for k in np.flatnonzero(graph.chemical[:, graph.neurons.index("PLML")])
]
print("PLML is presynaptic to:", ", ".join(onto))

# %% [markdown]
# Sorted by type, the matrix shows who talks to whom:

# %%
types = {
    "sensory": "sensory neuron",
    "inter": "interneuron",
    "motor": "motor neuron",
}
order, edges = [], [0]
for kind in types:
    order += list(graph.select(kind))
    edges.append(len(order))
places = [graph.neurons.index(name) for name in order]
figure, ax = plt.subplots(figsize=(4.6, 4.4))
ax.spy(graph.chemical[np.ix_(places, places)] > 0, markersize=1, color="black")
for edge in edges[1:-1]:
    ax.axhline(edge, color="C0", lw=1)
    ax.axvline(edge, color="C0", lw=1)
middles = [(a + b) / 2 for a, b in zip(edges[:-1], edges[1:], strict=True)]
ax.set_xticks(middles, types)
ax.set_yticks(middles, types, rotation=90, va="center")
ax.set(xlabel="presynaptic", ylabel="postsynaptic")
plt.show()

# %% [markdown]
# *A point is a chemical connection. Few connections lead back from motor to sensory neurons (upper
# right).*
#
# ## A simulation
#
# The graded model gives each neuron a potential and a synaptic activation. A constant current of
# 2000 pA flows into the touch neurons PLM. The first 20 s are a transient.

# %%
worm = sims.GradedNetwork(graph)
current = sims.step_current(touch, amplitude_pA=2000)
run = sims.simulate(
    worm,
    current,
    duration_s=30,
    step_ms=4,
    record_every_ms=20,
    rng=np.random.default_rng(0),
)
shown = ["AVBL", "AVAL", "DB2", "VB2", "VA6"]
figure, ax = plt.subplots(figsize=(7, 3))
end = run.V.isel(time=slice(1250, None))
for name in shown:
    trace = end.sel(neuron=name)
    ax.plot(end.time / 1e3, trace - trace.mean(), label=name)
ax.set(xlabel="time (s)", ylabel="potential minus mean (mV)")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# *The network oscillates with a period of 1.8 s, although the current is constant. Neurons differ
# in phase and amplitude.*
#
# ## Its limit cycle
#
# Newton's method finds the periodic orbit itself, from the end of the simulation. Its Floquet
# multipliers are the factors by which perturbations grow in one period: one is 1, along the orbit;
# all others are smaller, so the rhythm is stable.

# %%
system = analysis.ExtrapolatedMap(sims.GradedMap(worm, current, step_ms=8))
cycle = analysis.find_limit_cycle(
    system, sims.state_vector(run.isel(time=-1)), max_period=5000
)
print(f"period {cycle.period:.1f} ms, stable: {cycle.stable}")
print("leading multipliers:", abs(cycle.multipliers[:3]).round(3))

# %% [markdown]
# ## Ablations
#
# Which neurons does the rhythm need? `simulate_many` simulates many worms at once, here with one
# class disconnected in each.

# %%
classes = ["AVA", "AVB", "AVD", "AVE", "PVC", "DVA", "RIM", "LUA"]
ablated = [worm, *(worm.disconnect(name) for name in classes)]
many = sims.simulate_many(
    ablated,
    current,
    duration_s=30,
    step_ms=8,
    record_every_ms=40,
    rng=np.random.default_rng(0),
)
late = many.V.isel(time=slice(500, None))
sizes = (late.max("time") - late.min("time")).max("neuron") / 2
figure, ax = plt.subplots(figsize=(6.4, 2.8))
ax.bar(["intact", *classes], sizes, color=["C1", *["C0"] * len(classes)])
ax.set(ylabel="largest amplitude (mV)")
plt.show()

# %% [markdown]
# *Amplitude of the neuron that moves most, at the end of 30 s. Where a bar is near 0 the rhythm is
# lost without that class. A single run cannot tell a lost rhythm from a slow one:
# [which neurons set the rhythm](../guide/worm-rhythm.md) measures it properly.*
#
# ## Muscles
#
# Motor neurons drive 95 body-wall muscles. `varshney2011` does not name muscles;
# `cook2019-hermaphrodite` does.

# %%
cook = connectome.load("cook2019-hermaphrodite")
print(
    len(cook.muscles),
    "muscles;",
    int((cook.neuromuscular > 0).sum()),
    "connections onto them",
)

# %%
model = sims.GradedNetwork(cook)
wave = sims.sinusoidal_current(["VB*"], amplitude_pA=20, frequency_Hz=0.5)
wave += sims.sinusoidal_current(
    ["DB*"], amplitude_pA=20, frequency_Hz=0.5, phase_rad=np.pi
)
driven = sims.simulate(
    model, wave, duration_s=8, step_ms=4, record=["s"], record_every_ms=20,
    rng=np.random.default_rng(0),
)  # fmt: skip
moved = sims.simulate_muscles(driven.s, cook)
bending = sims.compute_bending(moved)
figure, ax = plt.subplots(figsize=(6.4, 3))
sims.plot_kymograph(bending, ax=ax)
plt.show()

# %% [markdown]
# *Bending by position along the body and time: blue and red are opposite sides. Here the wave is
# put in by hand: sines into ventral (VB) and dorsal (DB) motor neurons, in antiphase. This
# connectome with this model does not produce it by itself.*
#
# Next: [what the model can and cannot show](../guide/the-worm.md), and
# [the rhythm of your own trained network](your_trained_network.ipynb).
