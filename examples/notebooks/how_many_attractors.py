# %% [markdown]
# # How many attractors?
#
# For readers who ask how many fixed points and cycles a network has. For small networks of ±1
# neurons the answer is exact; for the worm and for networks with continuous states it is a survey,
# with a bound on what was missed. This notebook does both.

# %%
import matplotlib.pyplot as plt
import numpy as np

from isochron import analysis, connectome
from isochron.analysis import sign_networks
from isochron.analysis.sign_networks import plotting
from isochron.connectome.statistics import NullComparison

BLUE, ORANGE, GRAY = "#1b5e9b", "#c1440e", "#9a9a9a"

# %% [markdown]
# ## All attractors of a small network
#
# All neurons are updated at once: the new state of neuron i is the sign of Σ J_ij s_j. Ten neurons
# have 1024 states, and every state leads to a fixed point or a cycle. `random_couplings` draws J
# with a symmetry degree η: 1 is symmetric, 0 independent, −1 antisymmetric.

# %%
J = sign_networks.random_couplings(
    10, 0.5, np.random.default_rng(1)
)  # [post, pre]
found = sign_networks.enumerate_attractors(J)
print("number of attractors by length:", found.cycles_by_length)
for one in found.attractors[:4]:
    print(
        f"length {one.length}, basin {one.basin} states, longest way {one.max_transient} steps"
    )

# %%
order = np.argsort(-found.basins)
kinds = np.where(found.lengths == 1, BLUE, ORANGE)
figure, ax = plt.subplots(figsize=(5, 2.8))
bars = ax.bar(
    range(found.n_attractors), found.basins[order] / 1024, color=kinds[order]
)
ax.bar_label(
    bars, [f"L = {length}" for length in found.lengths[order]], fontsize=8
)
ax.set(xlabel="attractor", ylabel="basin (fraction of states)", ylim=(0, 0.62))
plt.show()

# %% [markdown]
# *Fixed points are blue, cycles orange, with their length L. Attractors come in pairs s and −s with
# equal basins, or are symmetric themselves.*
#
# ## Many networks, and theory
#
# A single network is an accident. `count_attractors` enumerates many, and theory gives the mean
# number of fixed points exactly.

# %%
axis, rng = np.linspace(-1, 1, 9), np.random.default_rng(0)
ensembles = [sign_networks.count_attractors(12, eta, 100, rng) for eta in axis]
fine = np.linspace(-0.6, 1, 50)
exact = {
    1: (
        fine,
        np.array([sign_networks.mean_fixed_points(12, eta) for eta in fine]),
    )
}

# %%
figure, ax = plt.subplots(figsize=(5.5, 3.8))
plotting.plot_mean_numbers(ensembles, lengths=(1, 2, 4), exact=exact, ax=ax)
plt.show()

# %% [markdown]
# *Numbers of cycles of length L per network, with standard errors; the line is the exact mean of
# the fixed points. Symmetric networks have fixed points and cycles of length 2, antisymmetric ones
# cycles of length 4; in between there are fewest.* The mean is carried by a few networks with many
# attractors; `one.log_total` is closer to what a typical network has.
#
# ## The worm: a sample
#
# 2²⁷⁹ states cannot be enumerated. We start from random states, and estimate from the hits
# how much was missed. Chemical synapses carry the sign of their presynaptic neuron.


# %%
def couplings(graph):
    signed = graph.chemical * graph.signs.astype(float)
    np.fill_diagonal(signed, 0)
    return signed


worm = connectome.load("varshney2011").with_signs(connectome.gaba_inhibitory)
sample = sign_networks.sample_attractors(
    couplings(worm), n_starts=1000, rng=rng
)
print(
    f"{len(sample.attractors)} attractors found, by length {sample.found_by_length}"
)
print(f"estimated number: at least {sample.n_attractors_at_least:.0f} (Chao1)")
print(f"states that lead elsewhere: {sample.unseen_mass:.0%} (Good-Turing)")

# %%
figure, ax = plt.subplots(figsize=(5.5, 3))
ranks = np.arange(1, len(sample.attractors) + 1)
low, high = np.transpose(
    [(one.basin_low, one.basin_high) for one in sample.attractors]
)
ax.fill_between(
    ranks, low, high, color=BLUE, alpha=0.25, lw=0, label="95 % interval"
)
ax.plot(ranks, sample.hits / sample.n_starts, color=BLUE, label="starts")
ax.set(
    xscale="log",
    yscale="log",
    xlabel="rank of the attractor",
    ylabel="basin (fraction)",
)
ax.legend()
plt.show()

# %% [markdown]
# *Basins from the largest to the smallest found. The flat end consists of attractors with a single
# hit; the more of them there are, the more were not found.*
#
# ## Compared with rewired worms
#
# `rewire` preserves the number of partners of every neuron; weights and signs stay with the
# presynaptic neuron. We compare the number of attractors found from the same number of starts.

# %%
counts = []
for _ in range(39):
    null = sign_networks.sample_attractors(
        couplings(connectome.rewire(worm, rng)), n_starts=200, rng=rng
    )
    counts.append(len(null.attractors))
own = sign_networks.sample_attractors(couplings(worm), n_starts=200, rng=rng)
compared = NullComparison(
    np.array(float(len(own.attractors))), np.array(counts, dtype=float)
)
print(
    f"worm {compared.observed:.0f}, rewired {compared.mean:.1f} on average, p = {compared.p:.2f}"
)

# %%
figure, ax = plt.subplots(figsize=(5.5, 2.8))
edges = np.geomspace(0.9, 100, 16)
ax.hist(counts, edges, color=GRAY, label="39 rewired connectomes")
ax.axvline(compared.observed, color=BLUE, lw=2, label="connectome")
ax.set(
    xscale="log", xlabel="attractors found in 200 starts", ylabel="connectomes"
)
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
plt.show()

# %% [markdown]
# *The worm has many more attractors than any rewiring.* p is the smallest possible with 39
# rewirings. Rewiring also makes the network less symmetric, so the comparison does not separate
# symmetry from finer structure.
#
# **The tie rule decides the count.** Neurons without input have a field of exactly 0. With `plus`
# they become +1; with `keep` they do not change, and every such neuron doubles the number of
# attractors. State the rule with the number:

# %%
for tie in sign_networks.TIE_RULES:
    one = sign_networks.sample_attractors(
        couplings(worm), tie=tie, n_starts=200, rng=rng
    )
    print(f"{tie:5} {len(one.attractors):4} attractors in 200 starts")

# %% [markdown]
# ## The same couplings with graded neurons
#
# Do attractors of the ±1 network survive in dx/dt = −x + W tanh(x)? `find_all_attractors` draws
# random states, simulates them, and proves what is periodic by Newton's method.

# %%
W = 3 * J / np.sqrt(10)
field = analysis.Flow(
    lambda t, x: -x + np.tanh(x) @ W.T,
    lambda t, x: -np.eye(10) + W * (1 - np.tanh(x) ** 2)[..., None, :],
)
survey = analysis.find_all_attractors(
    field,
    analysis.uniform_box([-3] * 10, [3] * 10),
    np.random.default_rng(0),
    n_starts=100,
    transient=100,
    observation=100,
)
for one in survey.attractors:
    basin = one.basin
    print(
        f"{one.kind}: basin {basin.value:.2f}, 95 % from {basin.low:.2f} to {basin.high:.2f}"
    )
print("cannot exclude:", survey.cannot_exclude)

# %%
states = np.concatenate(
    [np.atleast_2d(one.states) for one in survey.attractors]
)
plane = analysis.principal_components(states)[1][:2]
figure, ax = plt.subplots(figsize=(4.2, 4))
for start in np.random.default_rng(2).uniform(-3, 3, (6, 10)):
    way = analysis.flow(field, start, 30, times=np.linspace(0, 30, 300))
    ax.plot(*(plane @ way.T), color=GRAY, lw=0.7)
for one in survey.attractors:
    x, y = plane @ np.atleast_2d(one.states).T
    if one.kind == "limit cycle":
        ax.plot(
            x,
            y,
            color=ORANGE,
            lw=2,
            label=f"limit cycle, period {one.solution.period:.2f}",
        )
    else:
        fixed = ax.plot(x, y, "o", color=BLUE)[0]
fixed.set_label("fixed points")
ax.set(
    xlabel="first principal component",
    ylabel="second principal component",
    aspect="equal",
)
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
plt.show()

# %% [markdown]
# *Six trajectories (gray) lead to the limit cycle or to one of the two fixed points, which are
# mirror images. These graded neurons have three attractors, the ±1 neurons with the same couplings
# eight.*
#
# A basin is a fraction of what the sampler draws, so state the sampler with it.
# `cannot_exclude` belongs into every report: with n starts an attractor whose basin is smaller than
# about 3/n may be missed.
#
# Next: definitions, exact methods and the worm with gap junctions in
# [the guide](../guide/attractors.md); stable and unstable cycles of forced maps in
# [Rhythms](../guide/rhythms.md).
