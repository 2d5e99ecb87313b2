# %% [markdown]
# # The worm in ten minutes
#
# After this notebook you can load the connectome of *C. elegans*, plot it, simulate it, find its
# limit cycle, ablate neurons, and activate muscles. It is for readers who know Python and NumPy.
# Nothing is downloaded.

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
n_chemical = int((graph.chemical > 0).sum())
n_gap = int(np.triu(graph.gap > 0, k=1).sum())
print(len(graph.neurons), "neurons")
print(n_chemical, "chemical connections")
print(n_gap, "pairs with gap junctions")
print(graph.source.paper)

# %% [markdown]
# Matrices are `[postsynaptic, presynaptic]`. Neurons are selected by name, class, type or pattern:

# %%
touch = graph.select("PLM")
print("class PLM:", touch)
column = graph.neurons.index("PLMR")
targets = np.flatnonzero(graph.chemical[:, column])
print("PLMR has synapses onto:", *(graph.neurons[k] for k in targets))
partners = np.flatnonzero(graph.gap[:, column])
print("and gap junctions with:", *(graph.neurons[k] for k in partners))

# %% [markdown]
# Sorted by type, the matrix shows which types of neurons are connected:

# %%
types = ["sensory", "inter", "motor"]
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
ax.tick_params(top=False, labeltop=False, labelbottom=True, length=0)
ax.set(xlabel="presynaptic neuron", ylabel="postsynaptic neuron")
plt.show()

# %% [markdown]
# *Each point is a chemical connection. Signals enter at sensory neurons and leave at motor neurons:
# the upper right square, from motor to sensory neurons, has the fewest points.*
#
# ## A simulation
#
# In the graded model each neuron has a potential and a synaptic activation. A constant current of
# 2000 pA flows into the touch neurons PLML and PLMR. This rhythm exists only above 1245 pA, far more
# than an experiment can inject: see [the limits of the model](../guide/the-worm.md).

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
# *The last 5 s of 30 s. The network oscillates with a period of 1.8 s, although the current is
# constant. AVAL and VA6 (backward locomotion) are in antiphase to AVBL, DB2 and VB2 (forward
# locomotion).*
#
# ## Its limit cycle
#
# A simulation only approaches the periodic orbit. Newton's method solves for it, starting from the
# last state of the simulation. The Floquet multipliers are the factors by which perturbations grow
# in one period. One is 1, along the orbit; all others are smaller in modulus, so the limit cycle is
# stable.

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
# Which neurons does the rhythm need? `simulate_many` simulates many models at once; in each of
# these, all connections of one class of neurons are removed.

# %%
classes = ["AVA", "AVB", "AVD", "AVE", "PVC", "DVA", "RIM", "LUA"]
many = sims.simulate_many(
    [worm, *(worm.disconnect(name) for name in classes)],
    current,
    duration_s=30,
    step_ms=8,
    record_every_ms=40,
    rng=np.random.default_rng(0),
)
late = many.V.sel(neuron="DB2").isel(time=slice(500, None))
amplitudes = (late.max("time") - late.min("time")) / 2
figure, ax = plt.subplots(figsize=(6.4, 2.8))
colors = ["C1"] + ["C0"] * len(classes)
ax.bar(["intact", *classes], amplitudes, color=colors)
ax.set(xlabel="removed class", ylabel="amplitude of DB2 (mV)")
plt.show()

# %% [markdown]
# *Amplitude of the motor neuron DB2 in the last 10 s. Without PVC or DVA the oscillation is lost;
# without AVA it is three times as large; the other five classes increase it by less than 40 %.*
#
# A simulation shows what one initial state leads to. A survey of many initial states also states
# how large the basin of a missed attractor may be: see [how many
# attractors](how_many_attractors.ipynb). Which neurons shift the rhythm is a different question,
# answered by the [phase response](../guide/worm-rhythm.md).
#
# ## Muscles
#
# `simulate_muscles` computes the activation of body-wall muscles from that of motor neurons.
# `varshney2011` does not contain muscles; `cook2019-hermaphrodite` does.

# %%
cook = connectome.load("cook2019-hermaphrodite")
n_junctions = int((cook.neuromuscular > 0).sum())
print(len(cook.muscles), "muscles,", n_junctions, "connections onto them")

# %% [markdown]
# Each of the motor neurons VB1 to VB11 (ventral) and DB1 to DB7 (dorsal) receives a sine of 0.5 Hz.
# The phase lags by one period from the first neuron to the last, and the two sides are in
# antiphase.

# %%
wave = sims.Stimulus()
for kind, side in ("VB", 0.0), ("DB", np.pi):
    names = sorted(cook.select(f"{kind}*"), key=lambda name: int(name[2:]))
    for k, name in enumerate(names):
        wave += sims.sinusoidal_current(
            [name],
            amplitude_pA=20,
            frequency_Hz=0.5,
            phase_rad=side - 2 * np.pi * k / len(names),
        )
driven = sims.simulate(
    sims.GradedNetwork(cook),
    wave,
    duration_s=8,
    step_ms=4,
    record=["s"],
    record_every_ms=20,
    rng=np.random.default_rng(0),
)
bending = sims.compute_bending(sims.simulate_muscles(driven.s, cook))
figure, ax = plt.subplots(figsize=(6.4, 3))
sims.plot_kymograph(bending - bending.mean("time"), ax=ax)
plt.show()

# %% [markdown]
# *Dorsal minus ventral activation of the muscles, minus its mean over time. Red is bending to the
# dorsal side. The oblique stripes are a wave that travels from head to tail within 2 s. It follows
# the phases of the stimulus: with this model the connectome does not generate a wave of locomotion
# by itself.*
#
# Next: [what the model can and cannot show](../guide/the-worm.md), and
# [the rhythm of your own trained network](your_trained_network.ipynb).
