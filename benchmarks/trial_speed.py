"""Trials of delayed match-to-sample per second: isochron and NeuroGym.

python benchmarks/trial_speed.py

The same trial in one run: 32 steps of 100 ms (300 fixation, 500 sample, 1000 delay, 500 test,
900 decision), two stimuli, no noise, one thread. NeuroGym is measured in two ways: trials
alone (`new_trial`), a lower limit, and batches through the adapter.
"""

import time
import warnings

import torch

from isochron.ann_bridge.tasks import DelayedMatchToSample, NeuroGymTask

BATCH = 128


def rate(make, n_trials):
    """Median trials per second of five calls that make `n_trials` each."""
    make()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        make()
        times.append(time.perf_counter() - began)
    return n_trials / sorted(times)[2]


def main():
    """Print the table."""
    warnings.filterwarnings("ignore", message=".*render_modes")
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    ours = DelayedMatchToSample(
        lead_ms=300, sample_ms=500, delay_ms=(1000, 1000), test_ms=500, response_ms=900, step_ms=100
    )
    peer = NeuroGymTask(name="DelayMatchSample-v0", options={"sigma": 0.0}, periods=("decision",))
    assert ours.n_steps == peer.n_steps == 32
    environment = peer._environment

    def only_made():
        for _ in range(BATCH):
            environment.new_trial()

    rates = {
        "NeuroGym, trials only made": rate(only_made, BATCH),
        "NeuroGym, batches of 128": rate(lambda: peer.sample(BATCH, generator), BATCH),
        "ours, batches of 128": rate(lambda: ours.sample(BATCH, generator), BATCH),
    }
    slowest = rates["NeuroGym, trials only made"]
    for name, found in rates.items():
        print(f"{name:<28}{found:>12,.0f} trials/s{found / slowest:>9.1f}x")


if __name__ == "__main__":
    main()
