"""A trained network in the space of its 512 units and in its 5 reduced variables."""

import matplotlib.pyplot as plt
import numpy as np

from isochron import analysis, ann_bridge
from isochron.analysis import continue_cycles, find_limit_cycle, find_tongue
from isochron.analysis.plotting import plot_bifurcation_diagram, plot_phase_portrait
from isochron.ann_bridge.trained_map import FixedRadiusMap, TrainedMap

net = ann_bridge.LowRankRNN(n_units=512, rank=2)
budget = ann_bridge.TrainingParameters(batch_size=16, learning_rate=0.03, stop_below=0.05)
losses = ann_bridge.train(net, ann_bridge.tasks.PhaseMemory(), budget, seed=0).losses
print(f"loss {losses[-1]:.3f} after {len(losses)} steps of training")
small, f = ann_bridge.reduce_low_rank(net), 25 / 3  # Hz: 60 steps of 2 ms
reduced, full = (TrainedMap(space, frequency_Hz=f) for space in (small, net))

starts = reduced.initial_states(32, np.random.default_rng(0))
memories = analysis.find_entrained_cycles(reduced, starts, periods=()).stable
radius = np.linalg.norm(memories[0].states[:, :2], axis=1).mean()
polar, ring = FixedRadiusMap(reduced, radius=radius), np.linspace(0, 2 * np.pi, 16)
near = [find_limit_cycle(reduced, polar.lift([psi]) * [0.7, 0.7, 1, 1, 1]) for psi in ring]
saddles = list({round(c.largest_multiplier, 6): c for c in near if c.index == 1}.values())
for c in (*memories, *saddles):
    twin = find_limit_cycle(full, small.expand(c.point))
    apart = abs(small.reduce(twin.states) - c.states).max()
    off = abs(twin.multipliers[:2] - c.multipliers[:2]).max()
    print(f"|multiplier| {c.largest_multiplier:.3f}; 512 units: {apart:.0e} apart, {off:.0e} off")
angles = [find_limit_cycle(polar, [psi]) for psi in ring]
print("angle alone:", *sorted({f"{c.multipliers[0].real:.1f}" for c in angles if c.found}))

figure, axes = plt.subplots(1, 3, figsize=(8.5, 3.8), layout="constrained")
stable, unstable = ([c.states[:, :2] for c in kind] for kind in (memories, saddles))
plot_phase_portrait(stable_cycles=stable, unstable_cycles=unstable, ax=axes[0])
axes[0].plot(*np.transpose([c.point[:2] for c in memories]), "ko", label="phase 0")
pulsed = lambda height: TrainedMap(small, frequency_Hz=f, pulse={1: height})  # noqa: E731
branches = [continue_cycles(pulsed, c, 0.0, limits=(0.0, 0.5), scale=1.0) for c in memories]
drawn = [(b.parameters, b.states[:, 1], np.array([p.stable for p in b.points])) for b in branches]
ends = [(s.kind, s.parameter, s.state[1]) for b in branches for s in b.special]
plot_bifurcation_diagram(drawn, special_points=ends, ax=axes[1])
print("stimulus 1 ends the other memory at", *(round(end[1], 3) for end in ends))
strengths = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.12, 0.1]
for c, style in zip(memories, ("k-", "k--"), strict=True):
    hz, state, low, high = f, c.point, [], []
    for a in strengths:  # each walk starts inside the range before it
        fine = {"amplitude": a, "max_steps": 300 if a > 0.4 else 1000}
        at = lambda hz, fine=fine: TrainedMap(small, frequency_Hz=hz, **fine)  # noqa: E731
        tongue = find_tongue(at, state, frequency=hz, limits=(6, 12), step=0.05, resolution=0.01)
        low, high = [*low, tongue.low], [*high, tongue.high]
        state = find_limit_cycle(at(hz := 0.7 * tongue.low + 0.3 * tongue.high), state).point
    print(f"locked from {low[0]:.2f} to {high[0]:.2f} Hz at amplitude 1; tip near {low[-1]:.2f} Hz")
    axes[2].plot(low + high[::-1], strengths + strengths[::-1], style, label=f"{c.point[1]:.1f}")
axes[2].legend(title="κ₂ at phase 0", loc="lower right")
axes[0].set(xlabel="κ₁", ylabel="κ₂", title="a  cycles")
axes[1].set(xlabel="height of stimulus 1", ylabel="κ₂ at phase 0", title="b  stimulus")
axes[2].set(xlabel="frequency (Hz)", ylabel="amplitude", title="c  tongues", ylim=(0, 1))
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=3)
[ax.get_legend().remove() for ax in axes[:2]]
figure.savefig("net-rhythm.png", dpi=150)
