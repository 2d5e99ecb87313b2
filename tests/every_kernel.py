"""Results of every compiled kernel, as digests: python tests/every_kernel.py [reversed]

Small problems, long enough for a difference in the last bit to show itself.
"""

import hashlib
import json
import sys
from typing import Any

import numpy as np
import torch

from isochron import ann_bridge, connectome, sims
from isochron.analysis.sign_networks import enumerate_attractors, random_couplings
from isochron.connectome.null_models import rewire_reciprocal
from isochron.connectome.null_models.layers import rewire_directed, rewire_undirected

WORM = connectome.load("varshney2011")


def draw(seed):
    return torch.Generator().manual_seed(seed)


def gradients_of(net):
    """Outputs and gradients of a network on random inputs."""
    outputs = net(torch.randn(60, 20, 3, generator=draw(1)), draw(2))
    outputs.square().sum().backward()
    trained = [part.grad for part in net.parameters() if part.grad is not None]
    return [part.detach().numpy() for part in (outputs, *trained)]


def low_rank(readout="states"):
    return ann_bridge.LowRankRNN(n_units=70, rank=3, readout=readout, generator=draw(0))


def on_the_connectome():
    masks = getattr(ann_bridge, "connectome_masks", None) or ann_bridge.connectome_masks
    return ann_bridge.ConnectomeRNN(masks(WORM), generator=draw(0))


def few_variables():
    step: Any = ann_bridge.reduce_low_rank(low_rank()).float64_step()
    generator = np.random.default_rng(0)
    start, drives = generator.normal(size=step.dimension), generator.normal(size=(200, 6))
    end, moved = step.run_tangents(start, drives, np.eye(step.dimension))
    return step.orbit(start, drives), end, moved


def few_connections():
    step: Any = on_the_connectome().float64_step()
    generator = np.random.default_rng(0)
    starts, drives = generator.normal(size=(5, 279)), generator.normal(size=(50, 279))
    end, moved = step.run_tangents(starts[0], drives, np.eye(279))
    alone = step.run_tangents(starts[0], drives, np.eye(279)[:, :1])[1]
    return step.orbit(starts[0], drives), step.run(starts, drives), end, moved, alone


def worm_steps():
    network = sims.GradedNetwork(WORM)
    stepped = sims.GradedMap(network, sims.step_current(["PLML", "PLMR"], amplitude_pA=2000))
    start = network.random_state(
        sims.step_current(["PLML"], amplitude_pA=1), np.random.default_rng(0)
    )
    return stepped.advance(start, 100, tangents=np.eye(stepped.dimension)[:, :3])


def multistep_worm():
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    network, rng = sims.GradedNetwork(WORM), np.random.default_rng(0)
    options = {"method": "multistep", "step_ms": 16, "duration_s": 2}
    run = sims.simulate(network, stimulus, rng=rng, **options)
    return run["V"].values, run["s"].values


def multistep_worms():
    networks = [sims.GradedNetwork(WORM).with_parameters(leak_conductance=g) for g in (0.01, 0.02)]
    stimulus = sims.step_current(["PLML", "PLMR"], amplitude_pA=2000)
    options = {"method": "multistep", "step_ms": 16, "duration_s": 2}
    for dtype in ("float64", "float32"):
        rng = np.random.default_rng(0)
        yield sims.simulate_many(networks, stimulus, rng=rng, dtype=dtype, **options)["V"].values


def crawling_worm():
    crawl = sims.CrawlMap(sims.GradedNetwork(WORM), sims.Stimulus())
    return crawl.advance(crawl.bent_state(), 100, tangents=np.eye(crawl.dimension)[:, :3])


def bistable_worm():
    crawl = sims.BistableMap(WORM)
    end, moved = crawl.advance(crawl.bent_state(), 100, tangents=np.eye(crawl.dimension)[:, :3])
    return *crawl.run(crawl.bent_state(), 100), end, moved


def many_worms():
    network = sims.GradedNetwork(WORM)
    found = sims.simulate_many(
        [network] * 3,
        sims.step_current(["PLML", "PLMR"], amplitude_pA=2000),
        duration_s=0.2,
        step_ms=0.5,
        rng=np.random.default_rng(0),
    )
    return [found["final_state"].values]


def attractors(symmetry, thresholds=0.0):
    couplings = random_couplings(12, symmetry, np.random.default_rng(0))
    found = enumerate_attractors(couplings, thresholds)
    return [np.array([[a.length, a.basin] for a in found.attractors]), found.transients]


def rewired():
    generator = np.random.default_rng(0)
    weights = (generator.random((40, 40)) < 0.2).astype(float)
    both_ways = np.triu(weights, 1) + np.triu(weights, 1).T
    layers = rewire_directed(weights, generator), rewire_undirected(both_ways, generator)
    return *layers, rewire_reciprocal(WORM, generator).chemical


KERNELS = {
    "low rank": lambda: gradients_of(low_rank()),
    "low rank, rates are read": lambda: gradients_of(low_rank("rates")),
    "full rank": lambda: gradients_of(ann_bridge.FullRankRNN(n_units=50, generator=draw(0))),
    "gru": lambda: gradients_of(ann_bridge.GRUNet(n_units=20, n_inputs=3, generator=draw(0))),
    "lstm": lambda: gradients_of(ann_bridge.LSTMNet(n_units=20, n_inputs=3, generator=draw(0))),
    "connectome": lambda: gradients_of(on_the_connectome()),
    "few variables": few_variables,
    "few connections": few_connections,
    "one worm": worm_steps,
    "one worm, multistep": multistep_worm,
    "crawling worm": crawling_worm,
    "bistable worm": bistable_worm,
    "many worms": many_worms,
    "many worms, multistep": multistep_worms,
    "attractors": lambda: attractors(0.5),
    "attractors with thresholds": lambda: attractors(0.0, 0.3),
    "null models": rewired,
}


def digest(arrays):
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    torch.set_num_threads(1)
    order = reversed(KERNELS) if "reversed" in sys.argv else KERNELS
    json.dump({name: digest(KERNELS[name]()) for name in order}, sys.stdout)
