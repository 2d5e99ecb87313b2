"""Which neurons set the worm's rhythm? All numbers and the figure of docs/guide/worm-rhythm.md."""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from isochron import analysis, connectome, sims
from isochron.analysis import plotting
from isochron.runs.simulation_spec import SimulationSpec
from isochron.workflows.continuation import continue_equilibrium

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("figures"))
out = parser.parse_args().out

worm = sims.GradedNetwork(connectome.load("varshney2011"))
touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
steps = sims.GradedMap(worm, touch, step_ms=8)
settled = steps.advance(worm.random_state(touch, np.random.default_rng(0)), 2500)
system = analysis.ExtrapolatedMap(steps)

cycle = analysis.find_limit_cycle(system, settled, max_period=5000)
end = analysis.flow(worm.field_under(touch), cycle.point, cycle.period)
off = np.abs(end - cycle.point).max()
print(f"period {cycle.period:.4f} ms; by the stiff equations it closes to {off:.0e} mV")
print("multipliers", np.array2string(cycle.multipliers[:4], precision=4))

response = analysis.find_phase_response(system, cycle, n_nodes=64)
per_charge = 1e3 * response.response[:, : worm.n_neurons] / worm.parameters.capacitance
of_class = np.array([connectome.cells()[name].cell_class for name in worm.connectome.neurons])
classes = np.unique(of_class)
curves = np.stack([per_charge[:, of_class == one].mean(axis=1) for one in classes], axis=1)
strongest = np.argsort(-np.abs(curves).max(axis=0))[:24]
print("class, neurons, largest |Z| and mean Z of one neuron (mrad per pA ms):")
means, largest = curves[:-1].mean(axis=0)[strongest], np.abs(curves).max(axis=0)[strongest]
for one, most, mean in list(zip(classes[strongest], largest, means, strict=True))[:12]:
    print(f"{one:>5}{np.sum(of_class == one):4d}{most:9.3f}{mean:9.3f}")

spec = SimulationSpec(dataset="varshney2011", currents=(("PLML", 1000.0), ("PLMR", 1000.0)))
for point in continue_equilibrium(spec, "current", 1000, 1500).special:
    print(f"{point.kind} at {point.parameter:.2f} pA, period {point.period_ms:.1f} ms")

names = [f"{one}  {value:.2f}" for one, value in zip(classes[strongest], largest, strict=True)]
label = "Z over largest |Z|: delay (blue), advance (red)"
plt.rcParams["font.size"] = 12
figure, ax = plt.subplots(figsize=(8, 7.5), layout="constrained")
shown = curves[:, strongest] / largest
plotting.plot_heat_map(response.phases, shown, names=names, label=label, signed=True, ax=ax)
ax.set(xlabel="phase of the push (rad)", ylabel="class, largest |Z| (mrad per pA ms)")
ax.set_xticks(np.pi * np.arange(0, 2.1, 0.5), ["0", "π/2", "π", "3π/2", "2π"])
out.mkdir(parents=True, exist_ok=True)
figure.savefig(out / "worm-rhythm.png", dpi=130)
print(f"{time.process_time():.0f} s of one core; figure in {out / 'worm-rhythm.png'}")
