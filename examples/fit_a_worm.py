"""Fit the period of the worm's rhythm, and check the result with a second engine.

python examples/fit_a_worm.py [--period 1500]
"""

import argparse

import numpy as np

from isochron import ann_bridge, connectome, sims

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--period", type=float, default=1500.0, help="wanted period (ms)")
wanted = parser.parse_args().period

worm = sims.GradedNetwork(connectome.load("varshney2011"))
touch = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
choices = [
    ann_bridge.Constant("decay_rate", low=1e-3, high=1e-2),
    ann_bridge.ConnectionScale(layer="gap", low=0.2, high=5.0),
    ann_bridge.ConnectionScale(senders=("DD", "VD"), low=0.2, high=5.0),
]
fit = ann_bridge.fit_rhythm(
    worm,
    touch,
    ann_bridge.RhythmTarget(period_ms=wanted),
    choices,
    ann_bridge.RhythmFitParameters(n_steps=150, tolerance=1e-3),
    rng=np.random.default_rng(0),
)
print(f"converged: {fit.converged} ({fit.message}), {fit.seconds:.0f} s")
for name, value in fit.values.items():
    print(f"  {name:<22} {value:.5g}")

# The compiled engine, at a step ten times as short, tells the period.
run = sims.simulate(
    fit.network, fit.stimulus, duration_s=4 * wanted / 1e3, step_ms=1, record=["V"],
    record_every_ms=1, initial_state=fit.state,
)  # fmt: skip
v = run.V.values[:, run.V.values.std(axis=0).argmax()]
v = v - v.mean()
k = np.flatnonzero((v[:-1] < 0) & (v[1:] >= 0))
crossings = k - v[k] / (v[k + 1] - v[k])
print(f"period: {np.diff(crossings).mean():.1f} ms, wanted {wanted:g}")
