"""Onset of instability in connectomes and null models: the arm of a comparison without training."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from isochron import sims
from isochron.analysis import holm, permutation_p
from isochron.connectome import Connectome
from isochron.files import sha256
from isochron.runs.datasets import open_connectome
from isochron.runs.measures import Report
from isochron.runs.null_models import NO_NULL, draw_connectome
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.studies.compare.configuration import CompareConfig
from isochron.wording import counted

DRAWS_PER_STEP = 20
PLAIN = re.compile("[A-Za-z0-9-]{1,60}")  # as IDs of data sets
IN_CONTACTS = "varshney2011"  # whose weights are numbers of contacts


@dataclass(frozen=True, kw_only=True)
class OnsetFound:
    """The first instability of one connectome.

    Attributes
    ----------
    kind : {"oscillatory", "steady", "none"}
        As of `isochron.sims.Onset`.
    current_pA, period_ms : float or None
        None without an instability, or without a rhythm.
    supercritical : bool or None
        Whether a stable small cycle starts there; None without a rhythm.
    """

    kind: str
    current_pA: float | None
    period_ms: float | None
    supercritical: bool | None

    @property
    def of_rhythm_pA(self) -> float:
        """Current at which a rhythm starts; infinity if the first instability is none."""
        return math.inf if self.current_pA is None or not self.oscillates else self.current_pA

    @property
    def of_any_pA(self) -> float:
        """Current of the first instability, infinity without one."""
        return math.inf if self.current_pA is None else self.current_pA

    @property
    def oscillates(self) -> bool:
        """Whether a rhythm starts at the first instability."""
        return self.kind == "oscillatory"

    @property
    def subcritical(self) -> bool:
        """Whether a rhythm starts without a small stable cycle."""
        return self.oscillates and self.supercritical is False

    def __str__(self) -> str:
        """The type: ``rhythm, supercritical``, ``steady``, ``none``."""
        if not self.oscillates:
            return self.kind
        return f"rhythm, {'subcritical' if self.subcritical else 'supercritical'}"


@dataclass(frozen=True, kw_only=True)
class OnsetGroup:
    """Onsets of the draws from one null model, or of the connectome itself.

    Attributes
    ----------
    dataset, null_model : str
        ``none`` for the connectome itself.
    leak_nS : float
    onsets : tuple of OnsetFound
    """

    dataset: str
    null_model: str
    leak_nS: float
    onsets: tuple[OnsetFound, ...]

    @property
    def n(self) -> int:
        """Number of draws."""
        return len(self.onsets)

    @property
    def n_oscillatory(self) -> int:
        """Number of draws in which a rhythm starts at the first instability."""
        return sum(onset.oscillates for onset in self.onsets)

    def currents(self, *, rhythm: bool) -> np.ndarray:
        """Onsets of the rhythm, or of any instability, in pA; infinity where there is none."""
        return np.array([it.of_rhythm_pA if rhythm else it.of_any_pA for it in self.onsets])


@dataclass(frozen=True, kw_only=True)
class OnsetTest:
    """A connectome against the draws from one null model.

    Attributes
    ----------
    dataset, null_model : str
    leak_nS : float
    worm : OnsetFound
    n, n_oscillatory : int
        Number of draws, and of those in which a rhythm starts at the first instability.
    median_pA : float or None
        Median onset of any kind of the draws; None if most are stable.
    p_rhythm, p_any : float
        (1 + number of draws with an onset at most as large) / (1 + n), of the rhythm (draws
        without one rank last) and of any instability.
    p_rhythm_holm : float
        Corrected for the null models of one connectome and leak.
    n_subcritical : int or None
        Number of the draws whose rhythm starts in a subcritical Hopf bifurcation.
    """

    dataset: str
    null_model: str
    leak_nS: float
    worm: OnsetFound
    n: int
    n_oscillatory: int
    median_pA: float | None
    p_rhythm: float
    p_any: float
    p_rhythm_holm: float
    n_subcritical: int | None = None


@dataclass(frozen=True)
class OnsetSpec:
    """Some draws of one group."""

    dataset: str
    null_model: str
    leak_nS: float
    first: int
    count: int

    @property
    def name(self) -> str:
        """Name of the step."""
        dataset = re.sub("[^A-Za-z0-9]", "-", self.dataset)[-60:]
        if PLAIN.fullmatch(self.dataset) is None:  # paths of two files may look the same
            dataset += f"-{sha256(self.dataset.encode())[:8]}"
        leak = f"{self.leak_nS!r}".removesuffix(".0")
        return f"onset-{dataset}-{self.null_model}-{leak}nS-{self.first}"


def short_names(datasets: Iterable[str]) -> dict[str, str]:
    """Names for tables and figures: of a file, as many of the last parts as make it different."""
    paths = {name: Path(name).parts for name in datasets}
    for depth in range(1, max(map(len, paths.values()), default=0) + 1):
        found = {name: "/".join(parts[-depth:]) for name, parts in paths.items()}
        if len(set(found.values())) == len(found):
            return found
    return {name: name for name in paths}


def onset_specs(config: CompareConfig) -> list[OnsetSpec]:
    """The steps of this arm: connectomes first, then the draws in parts."""
    section = config.onset
    groups = [(dataset, leak) for dataset in section.datasets for leak in section.leaks_nS]
    specs = [OnsetSpec(dataset, NO_NULL, leak, 0, 1) for dataset, leak in groups]
    for first in range(0, section.draws, DRAWS_PER_STEP):
        count = min(DRAWS_PER_STEP, section.draws - first)
        specs += [
            OnsetSpec(dataset, null, leak, config.seed + first, count)
            for dataset, leak in groups
            for null in section.null_models
        ]
    return specs


@dataclass(frozen=True, kw_only=True)
class InputGroup:
    """From how many left-right pairs of sensory neurons a current starts a rhythm.

    Attributes
    ----------
    dataset, null_model : str
        ``none`` for the connectome itself.
    leak_nS : float
    n_pairs : int
        Number of pairs.
    rhythmic : tuple of tuple of str
        For each draw, the pairs (names without L and R) whose first instability is a rhythm.
    """

    dataset: str
    null_model: str
    leak_nS: float
    n_pairs: int
    rhythmic: tuple[tuple[str, ...], ...]

    @property
    def counts(self) -> list[int]:
        """Number of such pairs in each draw."""
        return [len(names) for names in self.rhythmic]


def input_specs(config: CompareConfig) -> list[OnsetSpec]:
    """The steps that stimulate each pair of sensory neurons: connectomes, then draws of each."""
    section = config.onset
    if not section.input_draws or not section.null_models or not section.leaks_nS:
        return []
    leak, null = section.leaks_nS[0], section.null_models[0]
    numbers = range(config.seed, config.seed + section.input_draws)
    specs = [OnsetSpec(dataset, NO_NULL, leak, 0, 1) for dataset in section.datasets]
    return specs + [
        OnsetSpec(dataset, null, leak, number, 1)
        for number in numbers
        for dataset in section.datasets
    ]


def input_step(spec: OnsetSpec) -> str:
    """Name of the step that stimulates each pair of sensory neurons of a draw."""
    return f"inputs-{spec.name.removeprefix('onset-')}"


def find_rhythmic_inputs(config: CompareConfig, spec: OnsetSpec, report: Report) -> Any:
    """Pairs of sensory neurons of a draw from which a current starts a rhythm, and all pairs."""
    network = network_of(config, spec, 0)
    pairs = sensory_pairs(network.connectome)
    found = []
    for k, pair in enumerate(pairs):
        report(k / len(pairs), f"pair {k + 1} of {len(pairs)}")
        onset = sims.find_onset(network, pair, largest_pA=config.onset.largest_pA)
        found += [pair[0][:-1]] if onset.kind == "oscillatory" else []
    return {"n_pairs": len(pairs), "rhythmic": found}


def sensory_pairs(connectome: Connectome) -> list[tuple[str, str]]:
    """Left and right neuron of each pair of sensory neurons; none where types are not known."""
    sensory = [cell.name for cell in connectome.cells if cell.type == "sensory"]
    return [
        (name, f"{name[:-1]}R")
        for name in sensory
        if name.endswith("L") and f"{name[:-1]}R" in sensory
    ]


def read_inputs(config: CompareConfig, folder: RunPaths) -> tuple[InputGroup, ...]:
    """The groups from the results of the steps."""
    found: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for spec in input_specs(config):
        key = (spec.dataset, spec.null_model, spec.leak_nS)
        found.setdefault(key, []).append(folder.result(input_step(spec)))
    return tuple(
        InputGroup(
            dataset=dataset,
            null_model=null,
            leak_nS=leak,
            n_pairs=draws[0]["n_pairs"],
            rhythmic=tuple(tuple(draw["rhythmic"]) for draw in draws),
        )
        for (dataset, null, leak), draws in found.items()
    )


def find_onsets(config: CompareConfig, spec: OnsetSpec, report: Report) -> Any:
    """Onsets of some draws; a list of `OnsetFound` as JSON values."""
    found = []
    for k in range(spec.count):
        report(k / spec.count, f"{spec.null_model} {k + 1} of {spec.count}")
        network = network_of(config, spec, k)
        onset = sims.find_onset(network, config.worm.stimulated, largest_pA=config.onset.largest_pA)
        found.append(to_json_values(_describe(onset)))
    return found


def network_of(config: CompareConfig, spec: OnsetSpec, k: int) -> sims.GradedNetwork:
    """The model of the k-th draw of a step."""
    connectome = draw_connectome(spec.dataset, spec.null_model, spec.first + k)
    return sims.GradedNetwork(connectome).with_parameters(
        leak_conductance=spec.leak_nS, **in_contacts(config, spec.dataset)
    )


def _describe(onset: sims.Onset) -> OnsetFound:
    rhythm = onset.kind == "oscillatory"
    return OnsetFound(
        kind=onset.kind,
        current_pA=onset.current_pA if math.isfinite(onset.current_pA) else None,
        period_ms=onset.period_ms if rhythm else None,
        supercritical=onset.criticality < 0 if rhythm else None,
    )


def in_contacts(config: CompareConfig, dataset: str) -> dict[str, float]:
    """Conductances for each unit of weight, if weights are EM sections and are to be contacts."""
    connectome = open_connectome(dataset)
    if not config.onset.in_contacts or connectome.source.weight_unit != "EM sections":
        return {}
    chemical, gap = contacts_per_section(dataset)
    usual = sims.GRADED_INTERACTOME
    return {
        "synaptic_conductance": usual.synaptic_conductance * chemical,
        "gap_conductance": usual.gap_conductance * gap,
    }


@lru_cache
def contacts_per_section(dataset: str) -> tuple[float, float]:
    """Contacts for each EM section, of synapses and of gap junctions.

    Sums of the weights between the neurons that a data set shares with varshney2011, of which
    the weights are contacts, divided by each other; 1 for a layer that the data set does not have.

    Raises
    ------
    ValueError
        If a layer does not have connections between these neurons.
    """
    one, other = open_connectome(IN_CONTACTS), open_connectome(dataset)
    shared = [name for name in one.neurons if name in set(other.neurons)]

    def total(connectome: Connectome, layer: str) -> float:
        rows = connectome.index(shared)
        return float(getattr(connectome, layer)[np.ix_(rows, rows)].sum())

    def factor(layer: str) -> float:
        if not getattr(other, layer).any():
            return 1.0
        contacts, sections = total(one, layer), total(other, layer)
        if not contacts or not sections:
            raise ValueError(
                f"{dataset} and {IN_CONTACTS} have {counted(len(shared), 'neuron')} in common, "
                f"without {layer} connections between them, so that EM sections cannot be "
                "converted to contacts. in_contacts = false in [onset] uses sections."
            )
        return contacts / sections

    return factor("chemical"), factor("gap")


def read_onsets(config: CompareConfig, folder: RunPaths) -> tuple[OnsetGroup, ...]:
    """The groups from the results of the steps."""
    found: dict[tuple[str, str, float], list[OnsetFound]] = {}
    for spec in onset_specs(config):
        key = (spec.dataset, spec.null_model, spec.leak_nS)
        found.setdefault(key, []).extend(
            from_json_values(values, OnsetFound) for values in folder.result(spec.name)
        )
    return tuple(
        OnsetGroup(dataset=dataset, null_model=null, leak_nS=leak, onsets=tuple(onsets))
        for (dataset, null, leak), onsets in found.items()
    )


def compare_onsets(groups: Sequence[OnsetGroup]) -> tuple[OnsetTest, ...]:
    """Each connectome against each of its null models."""
    tests = []
    worms = {(it.dataset, it.leak_nS): it for it in groups if it.null_model == NO_NULL}
    for (dataset, leak), worm in worms.items():
        nulls = [
            it for it in groups
            if (it.dataset, it.leak_nS) == (dataset, leak) and it is not worm and it.n
        ]  # fmt: skip
        tests += _tests_of(worm.onsets[0], nulls)
    return tuple(tests)


def _tests_of(worm: OnsetFound, nulls: Sequence[OnsetGroup]) -> list[OnsetTest]:
    of_rhythm = [
        permutation_p(worm.of_rhythm_pA, null.currents(rhythm=True)).p_value for null in nulls
    ]
    of_any = [permutation_p(worm.of_any_pA, it.currents(rhythm=False)).p_value for it in nulls]
    corrected = holm(of_rhythm) if nulls else []
    return [
        OnsetTest(
            dataset=null.dataset,
            null_model=null.null_model,
            leak_nS=null.leak_nS,
            worm=worm,
            n=null.n,
            n_oscillatory=null.n_oscillatory,
            median_pA=_finite(float(np.median(null.currents(rhythm=False)))),
            p_rhythm=rhythm,
            p_any=any_,
            p_rhythm_holm=float(holm_),
            n_subcritical=sum(onset.subcritical for onset in null.onsets),
        )
        for null, rhythm, any_, holm_ in zip(nulls, of_rhythm, of_any, corrected, strict=True)
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
