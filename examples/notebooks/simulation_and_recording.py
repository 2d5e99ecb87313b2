# %% [markdown]
# # A simulation and a recording
#
# For readers who have a whole-brain recording and want to know whether a simulation of the
# connectome resembles it. You compare periods, phases between neurons, dimensionality and shape,
# each with an interval or a control. The recording here is **synthetic**, written by this notebook;
# with your file, only the cell that writes it changes.

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter1d

from isochron import analysis, connectome, sims
from isochron.analysis import plotting
from isochron.connectome.recordings import load_recording

BLUE, ORANGE, GRAY = "#1b5e9b", "#c1440e", "#9a9a9a"
rng = np.random.default_rng(0)

# %% [markdown]
# ## A synthetic recording
#
# Two groups of neurons alternate with an irregular rhythm of about 20 s, as in many recordings of
# the animal; noise, a slow drift and a neuron without a rhythm (ASEL) are added. All values are
# invented. The file has the format of WormWideWeb; `load_recording` also reads NWB and MATLAB 7.3.

# %%
backward = ["AVAL", "AVAR", "AVEL", "AVER", "RIML", "RIMR", "VA1", "DA1"]
forward = ["AVBL", "AVBR", "RIBL", "RIBR", "RID", "VB1", "DB1"]
names = [*backward, *forward, "ASEL"]
seconds = np.arange(0, 900, 0.6)
turns = np.cumsum(0.6 / 20 * (1 + 0.5 * rng.normal(size=seconds.size)))
lags = np.r_[np.zeros(8), np.full(7, np.pi)] + rng.normal(0, 0.3, 15)
waves = np.tanh(1.5 * np.cos(2 * np.pi * turns[:, None] - lags))
drift = np.cumsum(rng.normal(0, 0.02, (seconds.size, 16)), axis=0)
traces = (
    np.c_[waves, np.zeros(seconds.size)]
    + drift
    + 0.4 * rng.normal(size=(seconds.size, 16))
)

content = {
    "gcamp": {"trace_array": traces.T.tolist()},
    "timing": {"timestamp_confocal": seconds.tolist()},
    "label": {
        str(k + 1): {"label": name, "confidence": 4}
        for k, name in enumerate(names)
    },
    "metadata": {"uid": "synthetic"},
}
Path("synthetic.json").write_text(json.dumps(content))
recording = load_recording("synthetic.json")
print(dict(recording.sizes), recording.neuron.values[:4])

# %% [markdown]
# ## The simulation
#
# In the graded model a current into two touch neurons starts a rhythm (see
# [the worm in ten minutes](worm_in_ten_minutes.ipynb), and
# [the limits of the model](../guide/the-worm.md)). We select the neurons that both contain.

# %%
worm = sims.GradedNetwork(connectome.load("varshney2011"))
touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
run = sims.simulate(
    worm, touch, duration_s=60, step_ms=8, record_every_ms=40, rng=rng
)
shared = [name for name in recording.neuron.values if name in run.neuron]
model = run.V.sel(neuron=shared, time=slice(20_000, None))
animal = recording.activity.sel(neuron=shared)

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
for ax, data, title, length in zip(
    axes,
    (model, animal),
    ("simulation", "synthetic recording"),
    (8, 160),
    strict=True,
):
    z = (data - data.mean("time")) / data.std("time")
    t = (z.time - z.time[0]).values / 1e3
    part = t < length
    plotting.plot_heat_map(
        t[part],
        z.values[part],
        names=shared,
        label="standard deviations",
        signed=True,
        ax=ax,
    )
    ax.set_title(title)
plt.show()

# %% [markdown]
# *Rows are neurons. In both panels AVA and AVB alternate, but the time axes differ by a factor of
# 20: the simulated rhythm is much faster.*
#
# ## Which neurons oscillate?
#
# Noise has peaks too. `oscillation_test` bounds the probability that noise has as clear a rhythm.

# %%
for what, data in (("simulation", model), ("recording", animal)):
    tests = [analysis.oscillation_test(data.sel(neuron=n)) for n in shared]
    without = [
        n for n, t in zip(shared, tests, strict=True) if t.p_value > 0.01
    ]
    print(f"{what}, no evidence of an oscillation:", *without)
shared.remove("ASEL")

# %% [markdown]
# ## Periods and spectra
#
# `compute_phase` gives the phase of each neuron. It raises an error if a signal does not oscillate,
# also in a part of it. The recording is smoothed over 2 s first. The mean phase advance per
# sample gives the period, a bootstrap over blocks of the recording its interval.

# %%
signals = {
    "simulation": model.sel(neuron=shared).values,
    "recording": gaussian_filter1d(
        animal.sel(neuron=shared).values, 2 / 0.6, axis=0
    ),
}
inner = slice(50, -50)  # the ends of an analytic signal are not reliable
phases = {}
for what, step_s in (("simulation", 0.04), ("recording", 0.6)):
    phases[what] = analysis.compute_phase(signals[what].T)[:, inner].T
    frequency = np.diff(np.unwrap(phases[what][:, 0])) / (2 * np.pi * step_s)
    period = analysis.block_bootstrap(
        frequency, lambda x: 1 / x.mean(), block_length=100, rng=rng
    )
    print(
        f"{what}: period {period.value:.2f} s, 95 % {period.low:.2f} to {period.high:.2f} s"
    )

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for ax, data, rate, title, top in (
    (axes[0], model, 25, "simulation", 2.5),
    (axes[1], animal, 1 / 0.6, "synthetic recording", 0.25),
):
    found = analysis.multitaper_spectrum(
        data.sel(neuron="AVAL").values, rate_Hz=rate
    )
    label = "power (mV²/Hz)" if data is model else "power (1/Hz)"
    plotting.plot_spectrum(
        found.frequencies,
        found.density,
        low=found.low,
        high=found.high,
        label=label,
        ax=ax,
    )
    ax.set(xlim=(0, top), title=f"AVAL, {title}")
plt.show()

# %% [markdown]
# *Left, peaks at the multiples of 0.55 Hz, as wide as the resolution of the spectrum: a periodic
# signal. Right, one peak near 0.05 Hz above a broad background. Bands are 95 % intervals.* The
# periods differ by a factor of
# about 11. This is a result; do not rescale it away.
#
# ## Phases between neurons
#
# What can agree in spite of different periods is the order of the neurons within a cycle. For each
# neuron: its lag behind AVAL, with an interval from blocks of time.


# %%
def mean_lag(pairs):
    return np.angle((pairs[:, 0] + 1j * pairs[:, 1]).mean())


lag = {}
for what, phase in phases.items():
    turned = np.exp(1j * (phase[:, :1] - phase))
    centers = np.angle(turned.mean(axis=0))
    lag[what] = []
    for one, center in zip(turned.T, centers, strict=True):
        # around 0, so that the interval does not wrap
        around = one * np.exp(-1j * center)
        pairs = np.c_[around.real, around.imag]
        found = analysis.block_bootstrap(
            pairs, mean_lag, block_length=100, n_resamples=199, rng=rng
        )
        lag[what].append((center, center + found.low, center + found.high))
    lag[what] = np.array(lag[what])

# %%
figure, ax = plt.subplots(figsize=(6, 4))
rows = np.arange(len(shared))
for what, color, shift in (
    ("simulation", BLUE, -0.15),
    ("recording", ORANGE, 0.15),
):
    middle, low, high = lag[what].T
    turn = np.where(middle < -2, 2 * np.pi, 0)  # -pi and pi are the same lag
    ax.hlines(rows + shift, low + turn, high + turn, color=color, lw=2)
    ax.plot(middle + turn, rows + shift, "o", color=color, label=what)
ax.set_yticks(rows, shared)
ax.set_xticks(
    [-np.pi / 2, 0, np.pi / 2, np.pi, 3 * np.pi / 2],
    ["-π/2", "0", "π/2", "π", "3π/2"],
)
ax.set(xlabel="lag behind AVAL (rad)", ylim=(len(shared) - 0.5, -0.5))
ax.legend()
plt.show()

# %% [markdown]
# *Both have two groups. The forward neurons (from AVBL down) follow AVAL by half a cycle in the
# recording, by about two thirds of a cycle in the simulation, where AVE and RIM do not move with
# AVA.* The intervals are mostly shorter than the dots: they contain the noise of this recording,
# not the variation between animals.
#
# Is the coupling of two neurons real? `cyclic_shift` moves one of them in time. The control is
# valid only for an irregular rhythm, as here: two periodic signals are locked at every shift, so
# do not use it for the simulation.

# %%
other = phases["recording"][:, shared.index("AVBL")]
test = analysis.surrogate_test(
    lambda phase: analysis.phase_locking_value(phase, other),
    phases["recording"][:, 0],
    analysis.cyclic_shift,
    rng=rng,
)
print(f"locking of AVAL and AVBL {test.statistic:.2f}, p = {test.p_value:.3f}")

# %% [markdown]
# ## Dimensionality
#
# Each neuron is divided by its standard deviation; else the largest neuron decides. Noise adds
# dimensions, so the recording is compared as it is and smoothed.

# %%
cases = {
    "simulation": signals["simulation"],
    "recording, smoothed": signals["recording"],
    "recording": animal.sel(neuron=shared).values,
}
figure, ax = plt.subplots(figsize=(5.5, 3))
for (what, states), marker in zip(cases.items(), "osv", strict=True):
    scaled = states / states.std(axis=0)
    share, _ = analysis.principal_components(scaled)
    ratio = analysis.participation_ratio(scaled)
    ax.plot(
        np.arange(1, 16),
        np.cumsum(share),
        marker + "-",
        label=f"{what}: {ratio:.1f}",
    )
ax.set(
    xlabel="number of components",
    ylabel="fraction of the variance",
    ylim=(0, 1.02),
)
ax.legend(title="participation ratio")
plt.show()

# %% [markdown]
# *Two components contain nearly all of the simulation: it is a limit cycle close to a plane. The
# curve of the recording rises more slowly; smoothing moves it up, so most of the difference is
# noise.*
#
# ## Shape of the cycle
#
# Average each over its cycles, as a function of the phase of AVAL. `compare_cycles` then gives the
# distance of the two closed curves after the best shift and rotation: 0 is the same shape, π/2 the
# largest distance. The distance between two halves of the recording states how small it can be.


# %%
def mean_cycle(states, phase, n_bins=24):
    bins = np.floor((phase % (2 * np.pi)) / (2 * np.pi) * n_bins).astype(int)
    cycle = np.array([states[bins == k].mean(axis=0) for k in range(n_bins)])
    return (cycle - cycle.mean(axis=0)) / cycle.std(axis=0)


cycles = {
    what: mean_cycle(signals[what][inner], phases[what][:, 0])
    for what in ("simulation", "recording")
}
half = len(phases["recording"]) // 2
halves = [
    mean_cycle(signals["recording"][inner][part], phases["recording"][part, 0])
    for part in (slice(None, half), slice(half, None))
]
found = analysis.compare_cycles(cycles["simulation"], cycles["recording"])
within = analysis.compare_cycles(*halves)
print(f"simulation and recording: {found.distance:.2f} rad")
print(f"two halves of the recording: {within.distance:.2f} rad")

# %% [markdown]
# The best rotation mixes neurons, so this distance ignores their names. Do the *same* neurons have
# the same time course? Correlate neuron by neuron at the best shift, and permute the neurons of one
# of them. The neurons of a pair, such as AVBL and AVBR, are not independent; so average them first.

# %%
classes = sorted({name[:3] for name in shared})
members = [
    [k for k, name in enumerate(shared) if name[:3] == one] for one in classes
]
first, second = (
    np.array([cycle[:, columns].mean(axis=1) for columns in members])
    for cycle in cycles.values()
)


def similarity(neurons):
    shifted = (np.roll(second, k, axis=1) for k in range(24))
    return max(
        np.corrcoef(neurons.ravel(), one.ravel())[0, 1] for one in shifted
    )


test = analysis.surrogate_test(
    similarity, first, analysis.permuted, n_surrogates=499, rng=rng
)
print(
    f"{len(classes)} classes, correlation {test.statistic:.2f}, p = {test.p_value:.3f}"
)

# %%
figure, axes = plt.subplots(
    1, 2, figsize=(9, 3.4), layout="constrained", sharey=True
)
for ax, values, title in zip(
    axes, (first, second), ("simulation", "recording"), strict=True
):
    image = ax.imshow(
        values,
        aspect="auto",
        cmap="RdBu_r",
        vmin=-2,
        vmax=2,
        extent=(0, 1, 9.5, -0.5),
    )
    ax.set(xlabel="phase of AVAL (cycles)", title=title)
axes[0].set_yticks(range(len(classes)), classes)
figure.colorbar(image, ax=axes, label="standard deviations")
plt.show()

# %% [markdown]
# *Mean cycle of each class. Most rows agree after a shift: AVA, DA1 and VA1 against AVB, DB1, RIB,
# RID and VB1. AVE and RIM disagree.*
#
# So, for this synthetic recording: the period is wrong by a factor of 11, the two groups are
# right, their lag is off by about 1 rad, and two classes are in the wrong group. One number for
# "similarity" would have hidden this.
#
# ## What can go wrong
#
# - **A signal without a rhythm.** `compute_phase` raises `ValueError: The signal … does not
#   oscillate`, and names the part of the signal. A filter that creates a rhythm out of noise is
#   not a solution: test the signal before you filter it.
# - **Missing samples** are NaN after `load_recording`; interpolate short gaps, or choose a part
#   without gaps.
# - **Few shared neurons.** With fewer conditions than neurons everything is similar: always compare
#   with a permutation, and with two halves of the recording.
#
# Next: formats of recordings in [Recordings](../how-to/recordings.md); fit the model to a
# recording in [Fitting](../guide/fitting.md).
