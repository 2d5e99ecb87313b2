"""Liquid and closed-form networks on the worm's connectome: isochron and ncps in one run.

python benchmarks/circuit_policy_speed.py [--quick] [--threads 1]

The same synapses and the same equations. ncps stores a full matrix of weights and a mask,
isochron the weights of existing synapses only. A step is forward and backward over a sequence;
the two alternate, and the medians are reported. ncps must be installed: pip install ncps==1.0.1
"""

import argparse
import importlib
import statistics
import time

import numpy as np
import torch

from isochron import ann_bridge, connectome

N_INPUTS = 3


def worm_circuit():
    """The connectome of the worm as a circuit."""
    return ann_bridge.connectome_connectivity(
        connectome.load("varshney2011"), N_INPUTS, signs=connectome.gaba_inhibitory,
        rng=np.random.default_rng(0),
    )  # fmt: skip


def matrix(edges, n_senders, n_receivers):
    """Signs of synapses as a matrix [sender, receiver]."""
    sender, receiver, sign = edges.numpy()
    signs = np.zeros((n_senders, n_receivers), dtype=np.int32)
    signs[sender, receiver] = sign
    return signs


def liquid_pair():
    """The liquid network of isochron, and the cell of ncps."""
    circuit = worm_circuit()
    worm = importlib.import_module("ncps.wirings").Wiring(circuit.n_units)
    worm.set_input_dim(N_INPUTS)
    worm.set_output_dim(circuit.n_units)
    worm.adjacency_matrix = matrix(circuit.synapses, circuit.n_units, circuit.n_units)
    worm.sensory_adjacency_matrix = matrix(circuit.input_synapses, N_INPUTS, circuit.n_units)
    cells = importlib.import_module("ncps.torch")
    return ann_bridge.LiquidNet(circuit), cells.LTCCell(
        worm, N_INPUTS, implicit_param_constraints=True
    )


def closed_form_pair():
    """The closed-form network of isochron, and the cell of ncps."""
    net = ann_bridge.ClosedFormNet(worm_circuit(), recurrence="self")
    n, state = net.settings.n_units, net.state_dict()
    mask = np.concatenate(
        [matrix(state["input_synapses"], N_INPUTS, n), matrix(state["synapses"], n, n)]
    )
    cells = importlib.import_module("ncps.torch")
    cell = cells.CfCCell(
        N_INPUTS, n, backbone_layers=0, backbone_units=0, sparsity_mask=np.abs(mask)
    )
    return net, cell


def run_peer(cell, inputs, n_units):
    """Their states in a loop of time steps."""
    state, states = torch.zeros(inputs.shape[1], n_units), []
    for given in inputs.unbind(0):
        _, state = cell(given, state, 1.0)
        states.append(state)
    return torch.stack(states)


def seconds(forward):
    """Time of a forward and a backward pass."""
    began = time.perf_counter()
    forward().square().mean().backward()
    return time.perf_counter() - began


def compare(name, pair, n_steps, batch, repeats):
    """Print the medians and their ratio."""
    net, cell = pair
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(n_steps, batch, N_INPUTS, generator=generator)
    works = (
        lambda: net.run(inputs, generator)[1],
        lambda: run_peer(cell, inputs, net.settings.n_units),
    )
    times = [[seconds(work) for work in works] for _ in range(repeats + 1)][1:]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    print(
        f"{name}: {n_steps} steps, batch {batch}: ours {1e3 * ours:.1f} ms, "
        f"ncps {1e3 * theirs:.1f} ms, ratio {theirs / ours:.1f}"
    )


def main():
    """Measure."""
    parser = argparse.ArgumentParser(description="Speed of circuit networks of isochron and ncps.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    repeats = 3 if arguments.quick else 7
    compare("liquid", liquid_pair(), 4, 32, repeats)
    compare("closed-form", closed_form_pair(), 30, 32, repeats)


if __name__ == "__main__":
    main()
