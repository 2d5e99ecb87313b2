"""The networks of a study: every substrate on every task, in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isochron.runs.provenance import derive_seed
from isochron.runs.training_configuration import TrainConfig
from isochron.studies.entries import Substrate, Task, place_of_network, training_of


@dataclass(frozen=True)
class PairedNet:
    """A network of a study; those of one pair share their random numbers."""

    substrate: Substrate
    task: Task
    pair: int

    @property
    def name(self) -> str:
        """Name of the network, also of its files."""
        return f"{self.substrate.name}-{self.task.name}-{self.pair}"

    @property
    def place(self) -> str:
        """Its sections of the configuration, as `in_section` takes them."""
        return place_of_network(self.substrate, self.task)

    def configure(self, budget: Mapping[str, Any]) -> TrainConfig:
        """The configuration of its training, with the settings of ``[training]``."""
        return training_of(self.substrate, self.task, self.pair, budget)

    def seed(self, seed: int, purpose: str) -> int:
        """The seed of a purpose, from that of the study."""
        return derive_seed(seed, "pair", self.pair, purpose)


def first_pair(substrates: Sequence[Substrate], tasks: Sequence[Task]) -> list[PairedNet]:
    """The networks of the first pair, on which a configuration is checked."""
    return paired_nets(1, substrates, tasks)


def paired_nets(
    pairs: int, substrates: Sequence[Substrate], tasks: Sequence[Task]
) -> list[PairedNet]:
    """All networks, pair by pair."""
    return [
        PairedNet(substrate, task, pair)
        for pair in range(pairs)
        for task in tasks
        for substrate in substrates
    ]
