"""The first call of compiled code: on a new machine, and with the cache of the compiler."""

import os
import subprocess
import sys
import tempfile

from isochron.bench.results import Measurement
from isochron.bench.timing import Stopwatch

HEAD = "import numpy as np; from isochron import analysis, ann_bridge, connectome, sims\n"
WORM = (
    "worm = sims.GradedNetwork(connectome.load('varshney2011'))\n"
    "touch, rng = sims.step_current(['PLM'], amplitude_pA=2000), np.random.default_rng(0)\n"
)
TRAIN = (
    "ann_bridge.train(net, ann_bridge.tasks.PhaseMemory(), "
    "ann_bridge.TrainingParameters(steps=1, batch_size=2), seed=0)"
)
KERNELS = {
    "one worm": WORM + "sims.simulate(worm, touch, duration_s=0.01, rng=rng)",
    "many worms": WORM + "sims.simulate_many([worm] * 2, touch, duration_s=0.01, rng=rng)",
    "low rank": f"net = ann_bridge.LowRankRNN(n_units=16)\n{TRAIN}",
    "full rank": f"net = ann_bridge.FullRankRNN(n_units=16)\n{TRAIN}",
    "connectome": (
        "masks = ann_bridge.connectome_masks(connectome.load('varshney2011'))\n"
        f"net = ann_bridge.ConnectomeRNN(masks)\n{TRAIN}"
    ),
    "cycles": (
        "net = ann_bridge.reduce_low_rank(ann_bridge.LowRankRNN(n_units=16))\n"
        "system = ann_bridge.TrainedMap(net, frequency_Hz=25 / 3)\n"
        "starts = system.initial_states(2, np.random.default_rng(0))\n"
        "analysis.find_entrained_cycles(system, starts)"
    ),
    "attractors": "analysis.sign_networks.enumerate_attractors(np.eye(4))",
}
CACHES = ("NUMBA_CACHE_DIR", "TRITON_CACHE_DIR")


def measure_first_call(watch: Stopwatch, *, kernel: str) -> Measurement:
    """A fresh process that uses a kernel, with an empty cache and with a full one."""
    code = HEAD + KERNELS[kernel]
    with tempfile.TemporaryDirectory() as folder:
        place = {**os.environ, **dict.fromkeys(CACHES, folder)}

        def run() -> None:
            done = subprocess.run(
                [sys.executable, "-c", code], env=place, stderr=subprocess.PIPE, text=True
            )
            if done.returncode:
                raise RuntimeError(done.stderr.strip().splitlines()[-1])

        first = watch.take_turns(run, turns=1, warm=0)[0]
        again = watch.take_turns(run, turns=1, warm=0)[0]
    return Measurement(seconds=again, first_s=first, note="fresh process, imports included")
