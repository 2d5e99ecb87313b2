"""The conditions of the reproduction by name: network, readout, initialization.

A name is the kind of network and what differs from its default: ``rank-2-tanh-oscillatory``,
``full-rank-linear``, ``gru``, ``rank-2-linear-four``. A kind of the
registry of networks is one here if the configuration has a section with its name.
"""

import re
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from isochron import ann_bridge
from isochron.ann_bridge import RecurrentNet
from isochron.ann_bridge.registry import NETWORKS, network_parameters
from isochron.ann_bridge.tasks import PhaseMemory, even_offsets
from isochron.runs.datasets import open_connectome
from isochron.runs.training_budget import TrainingBudget
from isochron.studies.pals2024.configuration import (
    CircuitSection,
    ConnectomeSection,
    LowRankSection,
    Pals2024Config,
)

CONNECTIVITIES = {
    "policy": ann_bridge.default_policy_connectivity,
    "full": ann_bridge.full_connectivity,
}
READOUTS = {"linear": "states", "tanh": "rates"}


@dataclass(frozen=True)
class Condition:
    """One row of the table.

    Attributes
    ----------
    name : str
    kind : str
        A key of `condition_kinds`.
    network : str
        A name in `isochron.ann_bridge.registry.NETWORKS`.
    rank : int
        0 for a network without a rank.
    readout : str
        linear or tanh: what the output is a weighted sum of.
    oscillatory : bool
        Whether the loadings start as those of an oscillator.
    long : bool
        Whether it is trained long after it has learned; of low rank only.
    n_stimuli : int
    """

    name: str
    kind: str
    network: str
    rank: int = 0
    readout: str = "linear"
    oscillatory: bool = False
    long: bool = False
    n_stimuli: int = 2


@dataclass(frozen=True)
class NetSpec:
    """One network: its condition and its number."""

    condition: Condition
    number: int

    @property
    def name(self) -> str:
        """Name of the network and of its files."""
        return f"{self.condition.name}-{self.number}"


RANKED = "rank"  # what conditions call networks of kind low-rank


def condition_kinds() -> dict[str, str]:
    """Kinds of conditions, and the kinds of networks with a section in the configuration."""
    sections = {field.name for field in fields(Pals2024Config)}
    return {
        RANKED if network == "low-rank" else network: network
        for network in NETWORKS
        if section_name(network) in sections
    }


def section_name(network: str) -> str:
    """Section of the configuration with the size and training of a kind of network."""
    return network.replace("-", "_")


def parse_condition(name: str) -> Condition:
    """A condition from its name.

    Raises
    ------
    ValueError
        If the kind is not known, or does not have this readout, start or training.
    """
    kinds = condition_kinds()
    longest_first = "|".join(sorted(kinds, key=len, reverse=True))
    found = re.fullmatch(
        rf"({longest_first})(?:-(\d+))?(?:-(linear|tanh))?(-oscillatory)?(-long)?(-four)?",
        name,
    )
    if found is None or (found[1] == RANKED) != bool(found[2]):
        raise ValueError(
            f"No condition {name!r}. A name is rank-1, rank-2, ... or one of "
            f"{', '.join(kind for kind in kinds if kind != RANKED)}, then -linear or -tanh, "
            "-oscillatory, -long, -four."
        )
    kind, rank, readout, oscillatory, long, four = found.groups()
    condition = Condition(
        name=name,
        kind=kind,
        network=kinds[kind],
        rank=int(rank or 0),
        readout=readout or "linear",
        oscillatory=bool(oscillatory),
        long=bool(long),
        n_stimuli=4 if four else 2,
    )
    if condition.oscillatory and condition.rank < 2:
        raise ValueError(f"{name}: an oscillator needs two loadings: rank 2 or more.")
    if condition.long and (condition.kind != RANKED or condition.n_stimuli == 4):
        raise ValueError(f"{name}: -long is for low-rank networks and two stimuli.")
    if condition.readout == "tanh" and not _has_readouts(condition):
        raise ValueError(f"{name}: the readout of {condition.kind} is linear.")
    return condition


def build_task(config: Pals2024Config, condition: Condition) -> PhaseMemory:
    """The task of the paper, with the reference of the configuration."""
    return PhaseMemory(
        offsets=even_offsets(condition.n_stimuli), reference=config.task.load_reference()
    )


def build_net(
    config: Pals2024Config, condition: Condition, generator: torch.Generator
) -> RecurrentNet:
    """A network before training."""
    task, section = build_task(config, condition), section_of(config, condition)
    network, readout = NETWORKS.load(condition.network), READOUTS[condition.readout]
    if isinstance(section, CircuitSection):
        return _build_circuit(network, section, task, generator)
    changed = {"readout": readout} if _has_readouts(condition) else {}
    if isinstance(section, ConnectomeSection):
        connectome = open_connectome(section.dataset)
        return network.for_task(task, connectome=connectome, generator=generator, **changed)
    if isinstance(section, LowRankSection):
        changed |= {"rank": condition.rank} | _start(section, condition)
    return network.for_task(task, n_units=section.n_units, generator=generator, **changed)


def _has_readouts(condition: Condition) -> bool:
    """Whether the network can be read through tanh."""
    return any(field.name == "readout" for field in fields(network_parameters(condition.network)))


def _start(section: LowRankSection, condition: Condition) -> dict[str, float]:
    """Settings of the loadings before training."""
    if condition.oscillatory:
        return {"oscillation_Hz": section.oscillation_Hz, "growth": section.growth}
    return {"loading_covariance": section.loading_covariance}


def _build_circuit(
    network: Any,
    section: CircuitSection,
    task: PhaseMemory,
    generator: torch.Generator,
) -> RecurrentNet:
    """A network on a circuit that is drawn with the number of motor neurons of the section."""
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    draw = CONNECTIVITIES[section.connectivity]
    drawn = draw(section.n_units, task.n_inputs, n_motor=section.n_motor, rng=rng)
    settings = network.parameters_for(task, n_units=section.n_units)
    return network(drawn, settings, generator=generator)


def budget_of(config: Pals2024Config, condition: Condition) -> TrainingBudget:
    """Training of the networks of a condition."""
    return config.four_stimuli if condition.n_stimuli == 4 else section_of(config, condition)


def section_of(config: Pals2024Config, condition: Condition) -> Any:
    """Section of the configuration with the size of the networks of a condition."""
    return config.long if condition.long else getattr(config, section_name(condition.network))
