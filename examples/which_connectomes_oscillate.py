"""Which connectomes oscillate in the graded model? All counts of docs/guide/the-worm.md.

A constant current enters two neurons (PLM, if not stated). A network counts as oscillating
if a potential ranges over more than 0.5 mV in the last 20 of 90 s, and over more than 80 % of
its range in the 20 s before. Runs start within about 1 mV of the equilibrium.
python examples/which_connectomes_oscillate.py [--draws 8] [--currents 2000 5000] [--out FILE]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from isochron import connectome, sims
from isochron.connectome.null_models import NULL_MODELS

parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
parser.add_argument("--draws", type=int, default=8, help="draws of each null model")
parser.add_argument("--currents", nargs="+", type=float, default=[2000, 3000, 5000], help="pA")
parser.add_argument("--connectomes", nargs="+", default=["varshney2011"], help="IDs of data sets")
parser.add_argument("--nulls", nargs="+", default=["rewire", "rewire-by-group", "erdos-renyi"])
parser.add_argument("--leaks", nargs="*", type=float, default=[0.03, 0.1, 0.25], help="nS")
parser.add_argument("--out", type=Path, default=Path("oscillate.json"))
options = parser.parse_args()
rows = []


def count(what, networks, stimuli, pA):
    """Simulate; store how many networks oscillate, which, and the largest potential."""
    settings = {"duration_s": 90, "step_ms": 8, "record": ["V"], "record_every_ms": 40}
    run = sims.simulate_many(networks, stimuli, rng=np.random.default_rng(0), **settings)
    before, late = (run.V.sel(time=slice(1e3 * a, 1e3 * (a + 20))).values for a in (50, 70))
    size = np.ptp(late, axis=1).max(axis=1)
    found = np.flatnonzero((size > 0.5) & (size > 0.8 * np.ptp(before, axis=1).max(axis=1)))
    volts = float(np.abs(late).max()) / 1e3
    print(f"{what:<32}{pA:8g} pA: {len(found):2d} of {len(size)}, {volts:.3g} V", flush=True)
    rows.append({"what": what, "current_pA": pA, "n": len(size), "n_oscillating": len(found)})
    rows[-1] |= {"which": found.tolist(), "largest_potential_V": volts}
    options.out.write_text(json.dumps({"command": " ".join(sys.argv), "rows": rows}) + "\n")


graph = connectome.load("varshney2011")
worm, cases = sims.GradedNetwork(graph), {}
for name in options.connectomes:
    cases[name] = [sims.GradedNetwork(connectome.load(name))]
for leak in options.leaks:
    cases[f"leak {leak} nS"] = [worm.with_parameters(leak_conductance=leak)]
for name in options.nulls if options.draws else ():
    draw, rngs = NULL_MODELS.load(name), np.random.default_rng(1).spawn(options.draws)
    cases[name] = [sims.GradedNetwork(draw(graph, rng)) for rng in rngs]
for pA in options.currents:
    for what, networks in cases.items():
        count(what, networks, sims.step_current(["PLM"], amplitude_pA=pA), pA)
sensory = graph.select("sensory")
pairs = [(one, one[:-1] + "R") for one in sensory if one[-1] == "L" and one[:-1] + "R" in sensory]
count("each sensory pair", worm, [sims.step_current(p, amplitude_pA=2000) for p in pairs], 2000)
print(*(pairs[k][0][:-1] for k in rows[-1]["which"]))
