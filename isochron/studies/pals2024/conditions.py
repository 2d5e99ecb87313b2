"""The conditions of the reproduction, by name: which net, which readout, how it begins.

A name is the kind of net and what differs from its default: ``rank-2-tanh-oscillatory``,
``full-rank-linear``, ``gru``, ``rank-2-linear-four``. A new kind of net is one entry of
`KINDS`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from isochron import ann_bridge
from isochron.ann_bridge import RecurrentNet
from isochron.ann_bridge.tasks import PhaseMemory, even_offsets
from isochron.runs.datasets import open_connectome
from isochron.studies.pals2024.configuration import Budget, Pals2024Config

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
        0 for a net without a rank.
    readout : str
        linear or tanh: what the output is a weighted sum of.
    oscillatory : bool
        Whether the loadings begin as those of an oscillator.
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
    """How the nets of one kind are made.

    Attributes
    ----------
    section : str
        Of the configuration, with their size and training.
    build : callable
        ``build(config, condition, sizes, generator)``; `sizes` are what every net is told of
        its task.
    has_readouts : bool
        Whether the readout may be tanh.
    """

    section: str
    build: Callable[..., RecurrentNet]
    has_readouts: bool = True


def _low_rank(
    config: Pals2024Config, condition: Condition, sizes: dict[str, Any], generator: torch.Generator
) -> RecurrentNet:
    section = config.long if condition.long else config.low_rank
    start: dict[str, Any] = {"loading_covariance": section.loading_covariance}
    if condition.oscillatory:
        start = {"oscillation_Hz": section.oscillation_Hz, "growth": section.growth}
    return ann_bridge.LowRankRNN(
        n_units=section.n_units,
        rank=condition.rank,
        readout=READOUTS[condition.readout],
        generator=generator,
        **start,
        **sizes,
    )


def _full_rank(
    config: Pals2024Config, condition: Condition, sizes: dict[str, Any], generator: torch.Generator
) -> RecurrentNet:
    return ann_bridge.FullRankRNN(
        n_units=config.full_rank.n_units,
        readout=READOUTS[condition.readout],
        generator=generator,
        **sizes,
    )


def _gated(
    net: Callable[..., RecurrentNet],
    config: Pals2024Config,
    condition: Condition,
    sizes: dict[str, Any],
    generator: torch.Generator,
) -> RecurrentNet:
    return net(n_units=config.gated.n_units, generator=generator, **sizes)


def _circuit(
    net: Callable[..., RecurrentNet],
    config: Pals2024Config,
    condition: Condition,
    sizes: dict[str, Any],
    generator: torch.Generator,
) -> RecurrentNet:
    section = getattr(config, KINDS[condition.kind].section)
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    draw = CONNECTIVITIES[section.connectivity]
    connectome = draw(section.n_units, sizes["n_inputs"], n_motor=section.n_motor, rng=rng)
    return net(connectome, n_units=section.n_units, generator=generator, **sizes)


def _coupled_oscillators(
    config: Pals2024Config, condition: Condition, sizes: dict[str, Any], generator: torch.Generator
) -> RecurrentNet:
    units = config.oscillators.n_units
    return ann_bridge.CoupledOscillatorNet(n_units=units, generator=generator, **sizes)


def _spiking(
    config: Pals2024Config, condition: Condition, sizes: dict[str, Any], generator: torch.Generator
) -> RecurrentNet:
    return ann_bridge.SpikingNet(n_units=config.spiking.n_units, generator=generator, **sizes)


def _connectome(
    config: Pals2024Config, condition: Condition, sizes: dict[str, Any], generator: torch.Generator
) -> RecurrentNet:
    masks = ann_bridge.connectome_masks(open_connectome(config.connectome.dataset))
    parameters = ann_bridge.ConnectomeRNNParameters(
        n_units=len(masks.chemical), readout=READOUTS[condition.readout], **sizes
    )
    return ann_bridge.ConnectomeRNN(masks, parameters, generator=generator)


# Shorter than its units remember: see docs/nets.md.
_liquid = partial(ann_bridge.LiquidNet, time_step=0.03, unfolds=1)

KINDS: dict[str, Kind] = {
    "rank": Kind("low_rank", _low_rank),
    "full-rank": Kind("full_rank", _full_rank),
    "gru": Kind("gated", partial(_gated, ann_bridge.GRUNet), has_readouts=False),
    "lstm": Kind("gated", partial(_gated, ann_bridge.LSTMNet), has_readouts=False),
    "liquid": Kind("liquid", partial(_circuit, _liquid), has_readouts=False),
    "closed-form": Kind(
        "closed_form", partial(_circuit, ann_bridge.ClosedFormNet), has_readouts=False
    ),
    "coupled-oscillators": Kind("oscillators", _coupled_oscillators, has_readouts=False),
    "spiking": Kind("spiking", _spiking, has_readouts=False),
    "connectome": Kind("connectome", _connectome),
}


def parse_condition(name: str) -> Condition:
    """A condition from its name.

    Raises
    ------
    ValueError
        If there is no such kind of net, or it cannot be had in this way.
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
    """A net before training."""
    task = build_task(condition)
    sizes = {"n_inputs": task.n_inputs, "step_ms": task.step_ms}
    return KINDS[condition.kind].build(config, condition, sizes, generator)


def budget_of(config: Pals2024Config, condition: Condition) -> Budget:
    """How the nets of a condition are trained."""
    if condition.n_stimuli == 4:
        return config.four_stimuli
    if condition.long:
        return config.long
    return getattr(config, KINDS[condition.kind].section)
