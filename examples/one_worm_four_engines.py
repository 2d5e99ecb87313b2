"""One worm, several engines: the same network by every means, against an adaptive reference.

python examples/one_worm_four_engines.py [--engines numba jneuroml] [--milliseconds 300]
"""

import argparse
import time

import matplotlib.pyplot as plt
import numpy as np

from isochron import connectome, sims

STEPS_MS = {"numba": 0.5, "torch": 0.5, "brian2": 0.05, "jneuroml": 0.05, "neuron": 0.005}
SHOWN = ("PLMR", "LUAR", "DVA")
STYLES = ("black", "-"), ("#e69f00", "--"), ("#0072b2", "-."), ("#009e73", ":"), ("#cc79a7", "-")


def neighborhood(graph, name, size):
    """The neurons of a class and those with most contacts to them."""
    core = graph.index(graph.select(name))
    contacts = (graph.chemical + graph.chemical.T + graph.gap)[core].sum(axis=0)
    contacts[core] = contacts.max() + 1
    return graph.subset(*np.array(graph.neurons)[np.argsort(-contacts, kind="stable")[:size]])


def draw(times, runs, reference, path):
    """Potentials of a few neurons, and how far each engine is from the reference."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    for (engine, run), (color, line) in zip(runs.items(), STYLES, strict=False):
        left.plot(times, (run.V - reference.threshold).sel(neuron=list(SHOWN)), line, color=color)
        error = np.abs(run.V - reference.V).max("neuron")[1:]
        right.semilogy(times[1:], error, line, color=color, label=engine)
    for neuron in SHOWN:
        place = times[-1], (reference.V - reference.threshold).sel(neuron=neuron)[-1]
        left.annotate(neuron, place, (4, 0), textcoords="offset points", va="center")
    left.set(xlabel="time (ms)", ylabel="V − Vth (mV)", title="a  potentials", xmargin=0.2)
    right.set(xlabel="time (ms)", ylabel="largest error (mV)", title="b  errors")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.savefig(path, dpi=150)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--engines", nargs="+", default=list(STEPS_MS), choices=STEPS_MS)
parser.add_argument("--milliseconds", type=float, default=300.0)
options = parser.parse_args()

worm = sims.GradedNetwork(neighborhood(connectome.load("varshney2011"), "PLM", 20))
stimulus = sims.step_current(["PLM"], amplitude_pA=2000)
start = worm.random_state(stimulus, np.random.default_rng(0), spread_mV=5)
common = {"duration_s": 1e-3 * options.milliseconds, "record_every_ms": 1, "initial_state": start}
truth = sims.simulate(worm, stimulus, engine="scipy", step_ms=0.5, **common)
found = {}
for name in options.engines:
    step, began = STEPS_MS[name], time.perf_counter()
    found[name] = run = sims.simulate(worm, stimulus, engine=name, step_ms=step, **common)
    took, error = time.perf_counter() - began, float(np.abs(run.V - truth.V).max())
    print(f"{name:9} {run.method:18} {step:5} ms {took:6.1f} s  error {error:.1e} mV")
draw(truth.time, found, truth, "engines.png")
