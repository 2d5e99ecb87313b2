"""Networks of a comparison that were trained elsewhere: which they are, and their analysis."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from isochron import ann_bridge
from isochron.ann_bridge.tasks import ReferenceInput, Task
from isochron.files import DataFileError, MissingDataFileError, read_json, sha256
from isochron.runs.analysed_network import AnalysedNetwork
from isochron.runs.measures import Report
from isochron.runs.results import to_json_values
from isochron.runs.run_folder import RunPaths
from isochron.runs.saved_network import FEWEST_STEPS, SUFFIXES, SavedNet, list_nets
from isochron.runs.saved_task import read_task
from isochron.studies.compare.configuration import CompareConfig, ReferenceSection
from isochron.studies.compare.network_analysis import analyse_subject
from isochron.studies.compare.results import NetLabel, NetOutcome
from isochron.studies.compare.similarity import WORM
from isochron.studies.compare.subject import Subject, pair_seed
from isochron.studies.entries import UNKNOWN_TASK

NUMBERED = re.compile(r"(?P<group>.+)-(?P<number>\d{1,9})(-untrained)?")
LONGEST_NAME = 120
NEAR_NYQUIST = 0.98  # highest frequency of a tongue, relative to half of the sampling frequency


@dataclass(frozen=True)
class SavedSpec:
    """A network that was trained elsewhere.

    Attributes
    ----------
    label : NetLabel
    sha256 : str
        Digest of its two files.
    """

    label: NetLabel
    sha256: str

    @property
    def name(self) -> str:
        """Name of the system, also of its files."""
        return self.label.name


def saved_specs(config: CompareConfig) -> list[SavedSpec]:
    """The networks of the runs of a configuration, run by run and number by number.

    Raises
    ------
    DataFileError
        If a run does not contain a network, or a file cannot be read.
    """
    return [
        SavedSpec(label, _digest(Path(label.source or "")))
        for run, name in zip(config.runs, _names(config), strict=True)
        for label in _labels(_files(run), name)
    ]


def check_saved(config: CompareConfig) -> None:
    """Check that every network can be read and analyzed, before any work is done.

    Raises
    ------
    DataFileError
        If a run does not contain a network, a file is damaged, or a network cannot be analyzed.
    ValueError
        If two runs contain the same network.
    """
    found: dict[Path, str] = {}
    for run in config.runs:
        for path in _files(run):
            other = found.setdefault(path.resolve(), run)
            if other != run:
                raise ValueError(f"runs: {other} and {run} contain the same network, {path}.")
            _check(path, config.reference)


def _check(path: Path, usual: ReferenceSection) -> None:
    saved = SavedNet.load(path)
    if not saved.map_under(None).smooth:
        raise DataFileError(
            f"{path} is a spiking network; its map does not have a Jacobian, which the analysis of "
            "isochron compare needs."
        )
    try:
        reference, channel, _ = reference_of(saved, usual)
        network = AnalysedNetwork.of(saved.net)
        for hertz in (reference.frequency_Hz, *reference.tongue_limits_Hz):
            network.map_at(hertz, reference.amplitude, channel=channel)
    except ValueError as error:
        raise DataFileError(f"{path} cannot be analyzed under its reference: {error}") from error


def _files(run: str) -> list[Path]:
    found = list_nets(Path(run))
    if not found:
        lacks = "does not contain a network" if Path(run).exists() else "does not exist"
        raise MissingDataFileError(
            f"runs: {run} {lacks}. A run is a folder of "
            "isochron train, compare or reproduce, a folder of saved networks, or one network "
            "(.safetensors, with its .json)."
        )
    return found


def _names(config: CompareConfig) -> list[str]:
    """Names of the runs: the last parts of their paths, as many as make them different."""
    names: list[str] = []
    taken = {WORM, *(it.name.lower() for it in config.substrates)}
    for run in config.runs:
        name = next(it for it in _possible_names(Path(run)) if it.lower() not in taken)
        taken.add(name.lower())
        names.append(name)
    return names


def _possible_names(path: Path) -> Iterator[str]:
    bare = path.with_suffix("") if path.suffix in SUFFIXES else path
    parts = [re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in bare.parts]
    parts = [part for part in parts if part] or ["run"]
    parts = parts[:-1] if parts[-1] == "nets" and len(parts) > 1 else parts
    yield from ("-".join(parts[-k:]) for k in range(1, len(parts) + 1))
    yield from (f"{'-'.join(parts)}-{k}" for k in count(2))


def _labels(files: Sequence[Path], run: str) -> list[NetLabel]:
    """Labels of the networks of a run.

    The number of a network is that at the end of its name. Where two networks would be the same,
    or a name has no number, it is the position in the list. Networks whose names differ before
    the number are different substrates, ``RUN-NAME``.
    """
    facts = [(file, *_facts(file)) for file in files]
    parts = [NUMBERED.fullmatch(file.name) for file in files]
    groups = [it.group("group").removesuffix(f"-{fact[1]}") if it else ""
              for it, fact in zip(parts, facts, strict=True)]  # fmt: skip
    numbers = [int(it.group("number")) if it else -1 for it in parts]
    keys = [(g, n, *fact[1:]) for g, n, fact in zip(groups, numbers, facts, strict=True)]
    if -1 in numbers or len(set(keys)) < len(keys):
        groups, numbers = [""] * len(files), list(range(len(files)))
    several = len(set(groups)) > 1
    labels = [
        _label(f"{run}-{group}" if several else run, *fact, number)
        for fact, group, number in zip(facts, groups, numbers, strict=True)
    ]
    return sorted(labels, key=lambda it: (it.substrate, it.task, not it.trained, it.pair))


def _label(substrate: str, file: Path, task: str, trained: bool, number: int) -> NetLabel:
    parts = [substrate, *([task] if task else []), str(number), *([] if trained else ["untrained"])]
    name = re.sub(r"[^A-Za-z0-9_-]", "-", "-".join(parts))
    if len(name) > LONGEST_NAME:  # of a file
        name = f"{name[:LONGEST_NAME]}-{sha256(name.encode())[:8]}"
    return NetLabel(
        name=name,
        substrate=substrate,
        task=task or UNKNOWN_TASK,
        pair=number,
        trained=trained,
        dataset=None,
        source=str(file),
    )


def _facts(file: Path) -> tuple[str, bool]:
    """Kind of the task, and whether the network was trained, from the notes of its file."""
    described = read_json(file.with_name(f"{file.name}.json"))
    notes: Any = described.get("notes") if isinstance(described, dict) else None
    if not isinstance(notes, dict):
        raise DataFileError(f"{file}.json does not describe a network.")
    return read_task(str(notes.get("task", ""))).kind, notes.get("steps") != 0


def _digest(file: Path) -> str:
    return sha256(b"".join(file.with_name(file.name + it).read_bytes() for it in SUFFIXES))


def analyse_saved_net(
    config: CompareConfig, folder: RunPaths, spec: SavedSpec, report: Report
) -> Any:
    """Find the rhythms of a network that was trained elsewhere; `NetAnalysis` as JSON values."""
    label, path = spec.label, Path(spec.label.source or "")
    if _digest(path) != spec.sha256:
        raise DataFileError(f"{path} was altered after this run was started.")
    saved = SavedNet.load(path)
    task = read_task(saved.task_text, saved.net).task
    reference, channel, remark = reference_of(saved, config.reference)
    subject = Subject(
        label=label,
        outcome=_outcome(saved, task, label.pair),
        network=AnalysedNetwork.of(saved.net),
        task=task,
        reference=reference,
        channel=channel,
        seed=pair_seed(label.pair, "states"),
        notes=(remark, *saved.training.notes),
    )
    return to_json_values(analyse_subject(subject, folder, report))


def _outcome(saved: SavedNet, task: Task | None, pair: int) -> NetOutcome:
    """Loss on the trials of its number if the task is known; as the file records it otherwise."""
    if task is not None:
        seed = pair_seed(pair, "evaluation")
        found: Any = ann_bridge.evaluate_trials(saved.net, task, seed=seed)
    else:
        found = saved.training
    return NetOutcome(
        loss=found.loss,
        standard_error=found.standard_error,
        chance=found.chance,
        learned=None if found.learned is None else found.learned == "yes",
        learned_in_part=None if found.learned is None else found.learned != "no",
        reached_loss=None,
    )


def reference_of(saved: SavedNet, usual: ReferenceSection) -> tuple[ReferenceSection, int, str]:
    """Reference of a network, its input, and a sentence that states where both are from.

    It is that of the task of the network, with the tongue at the same frequencies and amplitudes
    relative to the reference; that of the configuration if the file does not record one.

    Raises
    ------
    ValueError
        If the network cannot be analyzed under it.
    """
    own, step_ms = saved.reference, saved.net.settings.step_ms
    slow = 1e3 / (FEWEST_STEPS * step_ms)
    given = own or ReferenceInput(0, min(usual.frequency_Hz, slow), usual.amplitude)
    faster, stronger = given.frequency_Hz / usual.frequency_Hz, given.amplitude / usual.amplitude
    low, high = (faster * limit for limit in usual.tongue_limits_Hz)
    found = replace(
        usual,
        frequency_Hz=given.frequency_Hz,
        amplitude=given.amplitude,
        tongue_amplitudes=tuple(stronger * it for it in usual.tongue_amplitudes),
        tongue_limits_Hz=(low, min(high, NEAR_NYQUIST * 500 / step_ms)),
    )
    where = f"{given.frequency_Hz:.4g} Hz, amplitude {given.amplitude:g}, on input {given.channel}"
    if own is not None:
        return found, given.channel, f"Analyzed under the reference of its task: {where}."
    why = "Its task does not have" if saved.task else "Its file does not record"
    return found, given.channel, f"{why} a reference; that of the configuration is used: {where}."
