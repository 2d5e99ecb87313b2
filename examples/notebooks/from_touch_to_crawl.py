# %% [markdown]
# # From touch to crawl
#
# After this notebook you can connect the graded network of *C. elegans* to muscles and a body,
# measure a gait, find the gain at which a crawl starts, solve for the crawl as a limit cycle, and
# let it swim. You can also state what such a crawl does not show. It is for readers of
# [The worm in ten minutes](worm_in_ten_minutes.ipynb).

# %%
from dataclasses import asdict, replace

import matplotlib.pyplot as plt
import numpy as np

from isochron import analysis, connectome, sims

worm = sims.GradedNetwork(connectome.load("varshney2011"))

# %% [markdown]
# ## Touch without feedback
#
# A strong, constant current into the touch neurons PLM makes the network oscillate. Its motor
# neurons activate the muscles, and the muscles bend the body. Neurons do not feel the body: the
# gain of proprioception is 0.

# %%
deaf = sims.Proprioception(gain=0.0)
touch = sims.step_current(["PLM"], amplitude_pA=2000)
touched = sims.simulate_worm(
    worm,
    touch,
    proprioception=deaf,
    duration_s=40,
    rng=np.random.default_rng(0),
)
gait = sims.describe_gait(touched)
print(f"{gait.frequency_Hz:.2f} Hz, {gait.direction}")
print(
    f"speed {gait.speed:.4f} mm/s, rms curvature {gait.rms_curvature:.2f} / mm"
)

# %% [markdown]
# The rhythm of the network is not a crawl. It bends mainly the tail, in a wave that travels to the
# head, and the worm creeps backward; an animal that is touched there moves forward.
#
# ## Closing the loop
#
# With proprioception, B motor neurons and motor neurons of the head are excited where the body
# is stretched on their side. Nothing else is needed; there is no stimulus.

# %%
crawling = sims.simulate_worm(worm, duration_s=40)
gait = sims.describe_gait(crawling)
animal = sims.ANIMAL_GAITS.load("agar")
names = ["frequency_Hz", "wavelength", "speed", "rms_curvature"]
print(f"{'':14s} {'worm':>6s} {'animal':>6s}")
for name in names:
    print(f"{name:14s} {getattr(gait, name):6.2f} {getattr(animal, name):6.2f}")
print(gait.direction)


# %%
def draw_kymograph(run, ax, title):
    run = run.sel(time=slice(25_000, 35_000))
    largest = float(abs(run.curvature).max())
    mesh = ax.pcolormesh(
        run.time / 1e3,
        run.joint,
        run.curvature.T,
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
        rasterized=True,
    )
    ax.figure.colorbar(mesh, ax=ax, label="curvature (1/mm)")
    ax.set(title=title, xlabel="time (s)", ylim=(1, 0))


figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
draw_kymograph(touched, axes[0], "touch, no proprioception")
draw_kymograph(crawling, axes[1], "proprioception, no stimulus")
axes[0].set_ylabel("position (0: head)")
plt.show()

# %% [markdown]
# *Red: bent to the dorsal side. Left: the tail bends to one side and to the other. Right: bends
# travel from head to tail.*

# %%
figure, ax = plt.subplots(figsize=(9, 2), layout="constrained")
center = crawling[["x", "y"]].mean("node")
ax.plot(center.x, center.y, color="0.6", lw=1, label="path of the center")
for time in range(0, 40_001, 8_000):
    body = crawling.sel(time=time, method="nearest")
    ax.plot(body.x, body.y, color=str(0.7 - time / 60_000), lw=2.5)
    ax.plot(body.x[0], body.y[0], "o", color="C3", ms=4)
ax.set(xlabel="x (mm)", ylabel="y (mm)", aspect="equal")
ax.legend(loc="upper center")
plt.show()

# %% [markdown]
# *The body every 8 s, later ones darker, with its head as a dot.*
#
# ## Traveling or standing?
#
# The power of the curvature over frequency and wave number separates waves from head to tail
# and waves from tail to head. The traveling index is their difference divided by their sum.

# %%
figure, axes = plt.subplots(
    1, 2, figsize=(8, 3), sharey=True, layout="constrained"
)
for ax, run in zip(axes, (touched, crawling), strict=True):
    late = run.curvature.sel(time=slice(20_000, None)).values
    late = (late - late.mean(axis=0)) * np.hanning(len(late))[:, None]
    power = np.abs(np.fft.fft2(late, s=(1024, 512))) ** 2
    frequency = np.fft.fftfreq(1024, 0.04)
    number = np.fft.fftshift(np.fft.fftfreq(512, 1 / 48))
    kept = (frequency >= 0) & (frequency < 1.2)
    shown = np.fft.fftshift(power[kept], axes=1)
    ax.pcolormesh(-number, frequency[kept], shown / shown.max(), cmap="Greys")
    index = sims.describe_gait(run).traveling_index
    ax.set(xlim=(-5, 5), title=f"traveling index {index:.2f}")
    ax.set_xlabel("waves per body length\n← to head      to tail →")
    ax.axvline(0, color="C0", lw=0.8)
axes[0].set_ylabel("frequency (Hz)")
plt.show()

# %% [markdown]
# *Left: touch without proprioception. Right: the crawl.*
#
# ## The onset
#
# At a low gain the worm is straight. `find_crawl_onset` predicts the gain at which it starts to
# bend from the linear response, without a simulation. Here we use the constants `STIFF_CRAWL`:
# the bending stiffness of the animal as measured, and a faster gait.

# %%
stiff = sims.STIFF_CRAWL
modes = sims.find_crawl_onset(worm, stiff)
for mode in modes[:3]:
    print(
        f"{mode.loop_gain:5.0f} pA: {mode.frequency_Hz:.2f} Hz, {mode.direction}"
    )


def with_gain(loop_gain):
    gain = loop_gain / stiff.body.curvature_gain
    return replace(
        stiff, proprioception=replace(stiff.proprioception, gain=gain)
    )


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
places = np.arange(1, 24) / 24
for factor in (0.9, 0.98, 1.02, 1.1):
    crawl = sims.CrawlMap(
        worm, sims.Stimulus(), with_gain(factor * modes[0].loop_gain)
    )
    states, _ = crawl.run(crawl.bent_state(1e-3), 5000)
    bend = states[:, -23:]
    time = 8e-3 * np.arange(len(bend))
    size = np.sqrt((bend**2).reshape(-1, 23)).max(axis=1)
    left.semilogy(time, size, lw=1, label=f"{factor} of the onset")
    if factor == 1.02:
        late = bend[-500:] / np.abs(bend[-500:]).max()
        right.pcolormesh(time[-500:], places, late.T, cmap="RdBu_r")
left.set(xlabel="time (s)", ylabel="largest curvature (1/mm)")
left.legend(fontsize=8)
right.set(xlabel="time (s)", ylabel="position (0: head)", ylim=(1, 0))
right.set_title("the mode that grows")
plt.show()

# %% [markdown]
# *A small bend decays below the predicted onset and grows above it. Right: the curvature that grows
# 2 % above the onset, relative to its maximum.*
#
# ## A crawl is a limit cycle
#
# Nothing depends on the position and the direction of the worm. `CrawlMap` does not contain them,
# so a crawl is a limit cycle *relative* to displacement and rotation, with Floquet multipliers.

# %%
crawl = sims.CrawlMap(worm, sims.Stimulus(), stiff)
start = crawl.advance(crawl.bent_state(), 4000)
cycle = analysis.find_limit_cycle(
    crawl, start, max_period=3000, n_multipliers=6
)
print(f"{1e3 / cycle.period:.3f} Hz, stable: {cycle.stable}")
print("moduli of the multipliers:", abs(cycle.multipliers).round(3))
n_steps = round(cycle.period / crawl.step_ms)
_, poses = crawl.run(cycle.point, n_steps, every=n_steps)
moved, turned = np.hypot(*poses[-1, :2]), np.degrees(poses[-1, 2])
print(f"in one period: {moved:.2f} mm, turned by {turned:.1f} degrees")

# %% [markdown]
# One multiplier is 1, along the cycle; the others are smaller, so the crawl is stable. The phase
# response tells which neurons advance the crawl, and when.

# %%
response = analysis.find_phase_response(crawl, cycle, n_nodes=64)
kinds = ["DB", "VB", "AVB", "AVA", "PLM"]
effects = {}
for kind in kinds:
    columns = [
        crawl.anatomy.neurons.index(name)
        for name in worm.connectome.select(kind)
    ]
    effects[kind] = response.response[:, columns].sum(axis=1) / (2 * np.pi)
figure, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
for kind, effect in effects.items():
    ax.plot(response.phases / (2 * np.pi), 1e3 * effect, label=kind)
ax.axhline(0, color="0.7", lw=0.8)
ax.set(xlabel="phase (cycles)", ylabel="shift (thousandths\nof a cycle per mV)")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
print(
    {kind: round(float(1e3 * abs(e).max()), 2) for kind, e in effects.items()}
)

# %% [markdown]
# *All neurons of a class are depolarized by 1 mV at once. The touch neurons PLM hardly shift the
# crawl: in this model a touch neither starts nor reverses it.*
#
# ## From crawling to swimming
#
# In a medium with less drag the animal undulates faster, with a longer wave. `K` is the ratio of
# normal to tangential drag; it falls with the drag.

# %%
media = [(128, 40), (60, 40), (30, 20), (12.8, 10), (1.28, 4)]
gaits = []
for normal_drag, drag_ratio in media:
    medium = sims.Medium(normal_drag=normal_drag, drag_ratio=drag_ratio)
    run = sims.simulate_worm(
        worm, body=sims.BodyParameters(medium=medium), duration_s=40
    )
    gaits.append(asdict(sims.describe_gait(run)))
water = sims.ANIMAL_GAITS.load("water")
figure, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
labels = ["frequency (Hz)", "wavelength (L)", "speed (mm/s)", "traveling index"]
shown = ["frequency_Hz", "wavelength", "speed", "traveling_index"]
for ax, name, label in zip(axes, shown, labels, strict=True):
    ax.semilogx([one for one, _ in media], [g[name] for g in gaits], "o-")
    for drag, its in ((128, animal), (5.2e-3, water)):
        if getattr(its, name, None) is not None:
            ax.plot(drag, getattr(its, name), "*", color="C3", ms=10)
    ax.set(xlabel="normal drag (µN s/mm²)", ylabel=label, xlim=(1e-3, 1e3))
plt.show()

# %% [markdown]
# *Dots: the model; stars: the animal, on agar and in water. As in the animal, the frequency rises
# when the drag falls, but the wave nearly stands then, and the speed is lost: this model does not
# swim.*
#
# ## What this does not show
#
# The same loop without any connection between neurons:

# %%
graph = worm.connectome
bare = graph.changed(
    "no connections", chemical=0 * graph.chemical, gap=0 * graph.gap, signs=None
)
unconnected = sims.GradedNetwork(bare)
standard = sims.STANDARD_CRAWL
onsets = [
    sims.find_crawl_onset(network, standard)[0].loop_gain
    for network in (worm, unconnected)
]
weaker = replace(
    standard.proprioception,
    gain=standard.proprioception.gain * onsets[1] / onsets[0],
)
run = sims.simulate_worm(
    unconnected,
    body=standard.body,
    muscles=standard.muscles,
    proprioception=weaker,
    duration_s=40,
)
gait = sims.describe_gait(run)
print(f"{gait.direction}: {gait.frequency_Hz:.2f} Hz, {gait.wavelength:.2f} L")
print(f"{gait.speed:.2f} mm/s, rms curvature {gait.rms_curvature:.1f} / mm")
print(f"onset: {onsets[1]:.1f} pA instead of {onsets[0]:.0f} pA")

# %% [markdown]
# It crawls, too. Proprioception and neuromuscular anatomy make this crawl; it is not evidence that
# the connectome generates locomotion.
#
# Next: [the limits of the crawling worm](../guide/crawling-limits.md), and on the command line
# `isochron crawl --plot`.
