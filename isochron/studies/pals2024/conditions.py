"""The conditions of the reproduction, by name: which network, which readout, how it starts.

A name is the kind of network and what differs from its default: ``rank-2-tanh-oscillatory``,
``full-rank-linear``, ``gru``, ``rank-2-linear-four``. A new kind is one entry of `KINDS`: a name
in the registry of networks, and the section of the configuration that trains it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from isochron import ann_bridge
from isochron.ann_bridge import RecurrentNet
from isochron.ann_bridge.registry import NETWORKS
from isochron.ann_bridge.tasks import PhaseMemory, even_offsets
from isochron.runs.datasets import open_connectome
from isochron.studies.pals2024.configuration import (
    Budget,
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
        A key of `KINDS`.
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
    rank: int = 0
    readout: str = "linear"
    oscillatory: bool = False
    long: bool = False
    n_stimuli: int = 2


@dataclass(frozen=True)
class Kind:
    """How the networks of one kind are made.

    Attributes
    ----------
    network : str
        A name in `isochron.ann_bridge.registry.NETWORKS`.
    section : str
        Of the configuration, with their size and training.
    has_readouts : bool
        Whether the readout may be tanh.
    fields : mapping
        Settings that differ from the defaults of the network.
    """

    network: str
    section: str
    has_readouts: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)


SHORT = {"time_step": 0.03, "unfolds": 1}  # than its units remember: see docs/nets.md
KINDS: dict[str, Kind] = {
    "rank": Kind("low-rank", "low_rank"),
    "full-rank": Kind("full-rank", "full_rank"),
    "gru": Kind("gru", "gated", has_readouts=False),
    "lstm": Kind("lstm", "gated", has_readouts=False),
    # Time constants shorter than its units remember: see docs/nets.md.
    "liquid": Kind(
        "liquid", "liquid", has_readouts=False, fields={"time_step": 0.03, "unfolds": 1}
    ),
    "closed-form": Kind("closed-form", "closed_form", has_readouts=False),
    "coupled-oscillators": Kind("coupled-oscillators", "oscillators", has_readouts=False),
    "spiking": Kind("spiking", "spiking", has_readouts=False),
    "connectome": Kind("connectome", "connectome"),
}


def parse_condition(name: str) -> Condition:
    """A condition from its name.

    Raises
    ------
    ValueError
        If the kind is not known, or does not have this readout, start or training.
    """
    kinds = "|".join(sorted(KINDS, key=len, reverse=True))
    found = re.fullmatch(
        rf"(?P<kind>{kinds})(?:-(?P<rank>\d+))?(?:-(?P<readout>linear|tanh))?"
        r"(?P<oscillatory>-oscillatory)?(?P<long>-long)?(?P<four>-four)?",
        name,
    )
    if found is None or (found["kind"] == "rank") != bool(found["rank"]):
        raise ValueError(
            f"No condition {name!r}. A name is rank-1, rank-2, ... or one of "
            f"{', '.join(kind for kind in KINDS if kind != 'rank')}, then -linear or -tanh, "
            "-oscillatory, -long, -four."
        )
    condition = Condition(
        name=name,
        kind=found["kind"],
        rank=int(found["rank"] or 0),
        readout=found["readout"] or "linear",
        oscillatory=bool(found["oscillatory"]),
        long=bool(found["long"]),
        n_stimuli=4 if found["four"] else 2,
    )
    if condition.oscillatory and condition.rank < 2:
        raise ValueError(f"{name}: an oscillator needs two loadings: rank 2 or more.")
    if condition.long and (condition.kind != "rank" or condition.n_stimuli == 4):
        raise ValueError(f"{name}: -long is for nets of low rank and two stimuli.")
    if condition.readout == "tanh" and not KINDS[condition.kind].has_readouts:
        raise ValueError(f"{name}: the readout of {condition.kind} is linear.")
    return condition


def build_task(condition: Condition) -> PhaseMemory:
    """The task of the paper, with pure sines as the reference."""
    return PhaseMemory(offsets=even_offsets(condition.n_stimuli))


def build_net(
    config: Pals2024Config, condition: Condition, generator: torch.Generator
) -> RecurrentNet:
    """A network before training."""
    task, kind = build_task(condition), KINDS[condition.kind]
    section, network = _section_of(config, condition), NETWORKS.load(kind.network)
    fields = dict(kind.fields)
    if isinstance(section, CircuitSection):
        return _build_circuit(network, section, task, generator, fields)
    if kind.has_readouts:
        fields["readout"] = READOUTS[condition.readout]
    if isinstance(section, ConnectomeSection):
        connectome = open_connectome(section.dataset)
        return network.for_task(task, connectome=connectome, generator=generator, **fields)
    fields["n_units"] = section.n_units
    if isinstance(section, LowRankSection):
        fields |= {"rank": condition.rank} | _start(section, condition)
    return network.for_task(task, generator=generator, **fields)


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
    fields: dict[str, Any],
) -> RecurrentNet:
    """A network on a circuit that is drawn with the number of motor neurons of the section."""
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    draw = CONNECTIVITIES[section.connectivity]
    drawn = draw(section.n_units, task.n_inputs, n_motor=section.n_motor, rng=rng)
    settings = network.parameters_for(task, n_units=section.n_units, **fields)
    return network(drawn, settings, generator=generator)


def budget_of(config: Pals2024Config, condition: Condition) -> Budget:
    """How the networks of a condition are trained."""
    return config.four_stimuli if condition.n_stimuli == 4 else _section_of(config, condition)


def _section_of(config: Pals2024Config, condition: Condition) -> Any:
    """Section of the configuration with the size of the networks of a condition."""
    return config.long if condition.long else getattr(config, KINDS[condition.kind].section)
