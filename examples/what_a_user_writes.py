"""The worm's limit cycle and a trained network, in a few lines each.

python examples/what_a_user_writes.py [--steps 400]
"""

import argparse

import numpy as np

from isochron import analysis, ann_bridge, connectome, sims

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--steps", type=int, default=400, help="training steps")
steps = parser.parse_args().steps

worm = sims.GradedNetwork(connectome.load("varshney2011"))
stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
run = sims.simulate(worm, stimulus, duration_s=60, step_ms=2, rng=np.random.default_rng(0))
start = sims.state_vector(run.isel(time=-1))
system = analysis.ExtrapolatedMap(sims.GradedMap(worm, stimulus, step_ms=8))
cycle = analysis.find_limit_cycle(system, start, max_period=5000)
print(f"worm: period {cycle.period:.3f} ms, stable: {cycle.stable}")
print("leading multipliers:", np.round(cycle.multipliers[:3], 4))

task = ann_bridge.tasks.PhaseMemory()
net = ann_bridge.LowRankRNN(n_units=512, rank=2)
budget = ann_bridge.TrainingParameters(steps=steps, batch_size=32, learning_rate=0.02)
ann_bridge.train(net, task, budget, device="auto", seed=0)
print(f"network: loss {ann_bridge.evaluate(net, task, seed=1):.3f}, chance {task.chance}")

system = ann_bridge.TrainedMap(net, frequency_Hz=8.4)
starts = system.initial_states(32, np.random.default_rng(0))  # where the network moves
survey = analysis.find_entrained_cycles(system, starts)
for locked in survey.stable:
    outputs = system.outputs(locked.states[1:])
    phase, _ = analysis.harmonic_phase(outputs, system.reference_phase())
    print(
        f"entrained cycle: output phase {phase:.3f}, |multiplier| {locked.largest_multiplier:.3f}"
    )
