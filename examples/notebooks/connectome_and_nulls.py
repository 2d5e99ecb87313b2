# %% [markdown]
# # A connectome and its null models
#
# For readers who want to know which properties of a connectome follow from simpler ones. You
# compute statistics, compare them with random connectomes that share some properties with the
# real one, and read intervals and p-values correctly.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import false_discovery_control

from isochron import connectome
from isochron.connectome import plotting, statistics
from isochron.connectome.null_models import NULL_MODELS, rewire_undirected

BLUE, ORANGE, GRAY = "#1b5e9b", "#c1440e", "#9a9a9a"
rng = np.random.default_rng(0)
worm = connectome.load("varshney2011")
print(worm)

# %%
figure, ax = plt.subplots(figsize=(5, 5))
plotting.plot_adjacency(worm, ax=ax)
plt.show()

# %% [markdown]
# *Each dot is a chemical connection from the neuron of its column to the neuron of its row;
# larger dots are connections with more synapses. Vertical and horizontal lines of dots are
# neurons with many partners. Neurons are sorted by type.*
#
# ## One statistic, one null model
#
# Reciprocity is the fraction of connections whose reverse connection exists. `rewire` exchanges
# partners at random and does not change the number of inputs and outputs of any neuron. So we
# ask: is the reciprocity larger than the numbers of partners imply?

# %%
found = statistics.compare_with_null(
    statistics.reciprocity,
    worm.chemical,
    (connectome.rewire(worm, rng).chemical for _ in range(199)),
)
low, high = np.quantile(found.samples, [0.025, 0.975])
print(
    f"connectome {found.observed:.3f}; rewired {found.mean:.3f}, 95 % from {low:.3f} to {high:.3f}"
)
print(f"ratio {found.ratio:.1f}, p = {found.p:.3f} (two-sided)")

# %%
figure, ax = plt.subplots(figsize=(5.5, 2.8))
ax.hist(found.samples, bins=20, color=GRAY, label="199 rewired connectomes")
ax.axvline(found.observed, color=BLUE, lw=2, label="connectome")
ax.set(xlabel="reciprocity", ylabel="number of connectomes", xlim=(0, 0.25))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
plt.show()

# %% [markdown]
# *The connectome lies far to the right of all rewired ones.* The p-value counts samples: with
# n random connectomes it is never below 2 / (n + 1), here 0.01. A smaller one needs more samples.
# The ratio states how large the effect is; the p-value does not.
#
# ## Which null model?
#
# A null model is a hypothesis about what explains the statistic. `erdos-renyi` preserves the
# number of connections only; `rewire` the partners of each neuron, too; the other two also
# preserve the connections from type to type (sensory, inter-, motor neurons), or the lengths
# of the connections.


# %%
def three_numbers(weights):
    giant = statistics.giant_component(weights)
    return (
        statistics.reciprocity(weights),
        statistics.clustering(weights),
        statistics.mean_path_length(weights[np.ix_(giant, giant)]),
    )


models = ("erdos-renyi", "rewire", "rewire-by-group", "rewire-by-distance")
compared = {}
for name in models:
    draw = NULL_MODELS.load(name)
    layers = (draw(worm, rng).chemical for _ in range(59))
    compared[name] = statistics.compare_with_null(
        three_numbers, worm.chemical, layers
    )

# %%
figure, axes = plt.subplots(
    1, 3, figsize=(9, 2.6), sharey=True, layout="constrained"
)
for k, label in enumerate(("reciprocity", "clustering", "path length (steps)")):
    ax = axes[k]
    for row, name in enumerate(models):
        low, middle, high = np.quantile(
            compared[name].samples[:, k], [0.025, 0.5, 0.975]
        )
        ax.plot(
            [low, high], [row, row], color=ORANGE, lw=4, solid_capstyle="butt"
        )
        ax.plot(middle, row, "|", color="black", ms=10)
    ax.axvline(compared["rewire"].observed[k], color=BLUE, lw=2)
    ax.set(xlabel=label)
axes[0].set_yticks(range(4), models)
axes[0].set_ylim(3.5, -0.5)
plt.show()

# %% [markdown]
# *Blue: the connectome. Orange: 95 % of the random connectomes of each null model, with the
# median. The numbers of partners explain a part of the clustering (compare the first two rows),
# but types and lengths add little: the connectome is more reciprocal, more clustered, and has
# longer paths than any of them.*
#
# ## Many statistics: triads
#
# Three neurons can be connected in 13 ways. With 13 tests some p-values are small by chance, so
# they are corrected: here by the false discovery rate, 5 %.

# %%
triads = statistics.compare_with_null(
    statistics.triad_counts,
    worm.chemical,
    (connectome.rewire(worm, rng).chemical for _ in range(199)),
)
corrected = false_discovery_control(triads.p)

# %%
figure, ax = plt.subplots(figsize=(6.5, 3))
places, ratios, clear = np.arange(13), triads.ratio, corrected < 0.05
low, high = np.quantile(triads.samples / triads.mean, [0.025, 0.975], axis=0)
ax.vlines(
    places,
    np.maximum(low, 0.1),
    high,
    color=ORANGE,
    lw=4,
    label="95 % of rewired",
)
ax.plot(places[clear], ratios[clear], "o", color=BLUE, label="significant")
ax.plot(
    places[~clear],
    ratios[~clear],
    "o",
    color=BLUE,
    mfc="white",
    label="not significant",
)
ax.axhline(1, color="black", lw=0.5)
ax.set(
    yscale="log",
    ylim=(0.1, 60),
    xlabel="class of triad",
    ylabel="number / mean of rewired",
)
ax.set_xticks(places, statistics.TRIADS, rotation=60)
ax.legend()
plt.show()

# %% [markdown]
# *Dots above 1: classes that are more frequent in the connectome than in its rewirings, on average.
# The first digit of a class counts its reciprocal pairs. Triads with reciprocal pairs are in
# excess, the directed cycle (030C) is rare.* Since the connectome has
# more reciprocal pairs than its rewirings, classes with such pairs have to be more frequent: an
# excess of a triad is not independent evidence.
#
# ## Rich club
#
# Are neurons with many partners connected to each other more often than their numbers of partners
# imply? The coefficient is that of an undirected network, so the null model rewires the
# undirected network.

# %%
weights = worm.chemical + worm.chemical.T + worm.gap
club = statistics.rich_club(
    weights, (rewire_undirected(weights, rng) for _ in range(199))
)
partners = np.arange(61)
low, high = np.quantile(club.samples[:, :61], [0.025, 0.975], axis=0)

# %%
figure, ax = plt.subplots(figsize=(5.5, 3.2))
ax.fill_between(
    partners,
    low,
    high,
    color=GRAY,
    alpha=0.5,
    label="95 % of the rewired networks",
)
ax.plot(partners, club.observed[:61], color=BLUE, label="connectome")
ax.set(xlabel="more than k partners, k", ylabel="connected pairs (fraction)")
ax.legend()
plt.show()
members = np.array(worm.neurons)[np.count_nonzero(weights, axis=0) > 45]
print("more than 45 partners:", *members)

# %% [markdown]
# *Around k = 40 to 50 the connectome lies above the band: its best connected neurons, mostly
# command interneurons, form a rich club. Above 55 only a few neurons are left and the band is
# wide: there the data do not decide.*
#
# ## A different animal
#
# The p-values above are about *one* connectome: how it differs from random ones with the same
# numbers of partners. They do not state whether a second animal would agree. For that, compare
# reconstructions.

# %%
datasets = (
    "varshney2011",
    "white1986-n2u",
    "cook2019-hermaphrodite",
    "cook2019-male",
    "witvliet2021-7",
    "witvliet2021-8",
)
figure, ax = plt.subplots(figsize=(5.5, 2.8))
for row, name in enumerate(datasets):
    graph = connectome.load(name)
    layers = (connectome.rewire(graph, rng).chemical for _ in range(59))
    one = statistics.compare_with_null(
        statistics.reciprocity, graph.chemical, layers
    )
    ratio = one.observed / np.quantile(one.samples, [0.975, 0.5, 0.025])
    ax.plot(ratio[::2], [row, row], color=GRAY, lw=4, solid_capstyle="butt")
    ax.plot(ratio[1], row, "o", color=BLUE)
ax.axvline(1, color="black", lw=0.5)
ax.set_yticks(range(len(datasets)), datasets)
ax.set(
    xlabel="reciprocity, connectome / rewired", ylim=(5.5, -0.5), xlim=(0, None)
)
plt.show()

# %% [markdown]
# *In all reconstructions reciprocity is several times that of rewired connectomes. The size of
# the effect differs: the datasets count weak connections differently and cover different parts
# of the animal (their [pages](../reference/datasets/README.md) state what a weight means).*
#
# ## What can go wrong
#
# - **A null model that preserves too little.** Compared with `erdos-renyi` almost every statistic
#   of a connectome is significant, since its neurons differ in their numbers of partners.
# - **Too few samples.** With 19 random connectomes no p-value is below 0.1.
# - **A null model that hardly changes the connectome.** Rewiring with many constraints may leave
#   most connections where they are; compare the overlap with the original for several values of
#   `swaps_per_edge`.
#
# Next: all null models and statistics in [Connectomes](../guide/connectome.md); rewirings as
# controls of dynamics in [How many attractors?](how_many_attractors.ipynb).
