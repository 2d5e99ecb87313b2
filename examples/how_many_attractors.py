"""How many limit cycles does a connectome have? All figures of docs/guide/attractors.md.

python examples/how_many_attractors.py [--out figures] [--n 14] [--networks 300] [--nulls 20]
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from isochron import connectome
from isochron.analysis import sign_networks as attractors
from isochron.analysis.sign_networks import plotting
from isochron.workflows.attractors import NullModels, place_on_axis

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("figures"))
parser.add_argument("--n", type=int, default=14, help="number of neurons of the random networks")
parser.add_argument("--networks", type=int, default=300, help="random networks per symmetry")
parser.add_argument("--nulls", type=int, default=20, help="number of rewired connectomes")
parser.add_argument("--starts", type=int, default=2000, help="initial states per connectome")
options = parser.parse_args()
n = options.n

axis = np.array([-1, -0.8, -0.5, -0.2, 0, 0.2, 0.5, 0.8, 1])
rng = np.random.default_rng(0)
ensembles = [attractors.count_attractors(n, eta, options.networks, rng) for eta in axis]
fine = np.linspace(-0.6, 1, 60)
exact = {1: (fine, np.array([attractors.mean_fixed_points(n, eta) for eta in fine]))}
curves = {
    length: [attractors.complexity(length, round(eta, 6)) for eta in np.linspace(-0.3, 0.3, 13)]
    for length in (1, 2, 3, 4)
}
graph, nulls = connectome.load("varshney2011"), NullModels(n=options.nulls)
worms = {
    layers: place_on_axis(graph, layers=layers.split(" + "), nulls=nulls, n_starts=options.starts)
    for layers in ("chemical", "chemical + gap")
}

plt.rcParams["font.size"] = 11
figure, axes = plt.subplots(2, 2, figsize=(9, 10), layout="constrained")
plotting.plot_mean_numbers(ensembles, exact=exact, ax=axes[0, 0])
plotting.plot_complexity(curves, ax=axes[0, 1])
plotting.plot_basins([one for one in ensembles if one.symmetry in (-1, 0, 0.5, 1)], ax=axes[1, 0])
signed = {f"{k}\nη = {w.symmetry_degree:.3f}": w for k, w in worms.items()}
plotting.plot_against_nulls(
    {k: w.sampled.n_attractors_at_least for k, w in signed.items()},
    {k: [null.n_attractors_at_least for null in w.nulls] for k, w in signed.items()},
    name=graph.name,
    ax=axes[1, 1],
)
for title, ax in zip(("a  random", "b  theory", "c  basins", "d  worm"), axes.flat, strict=True):
    ax.set_title(title, loc="left")
options.out.mkdir(parents=True, exist_ok=True)
figure.savefig(options.out / "attractors.png", dpi=130)
for name, worm in worms.items():
    print(name, "fixed points:", worm.fixed_points)
print(f"figures in {options.out / 'attractors.png'}")
