"""Studies: each is a folder with configuration, plan, claims, report and figures.

A study is a `Study` in the module ``study`` of its folder; its path is an entry of `STUDIES`,
which the command line and the report read.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isochron.files import DataFileError
from isochron.registry import Entry, Registry


@dataclass(frozen=True, slots=True)
class StudyEntry(Entry):
    """One study, not imported yet.

    Attributes
    ----------
    command : str
        The command that runs it, without ``isochron``.
    paper : str
        The paper that it reproduces, or empty.
    """

    command: str = ""
    paper: str = ""


STUDIES = Registry(
    "study",
    {
        "compare": StudyEntry(
            "isochron.studies.compare.study:STUDY",
            "Do trained networks develop the phase-locked limit cycles of the worm's connectome?",
            settings="isochron.studies.compare.configuration:CompareConfig",
            command="compare",
        ),
        "adaptation": StudyEntry(
            "isochron.studies.adaptation.study:STUDY",
            "What happens to the cycles of a task when a network is adapted to a second one?",
            settings="isochron.studies.adaptation.configuration:AdaptationConfig",
            command="study adaptation",
        ),
        "attention": StudyEntry(
            "isochron.studies.attention.study:STUDY",
            "What remains of memory and rhythm in a network that is not recurrent, a transformer?",
            settings="isochron.studies.attention.configuration:AttentionConfig",
            command="study attention",
        ),
        "energy": StudyEntry(
            "isochron.studies.energy.study:STUDY",
            "What is lost of an energy, and what is gained, when connections are not symmetric?",
            settings="isochron.studies.energy.configuration:EnergyConfig",
            command="study energy",
        ),
        "features": StudyEntry(
            "isochron.studies.features.study:STUDY",
            "Which sparse features do hidden states have, and do they tell more than a loop does?",
            settings="isochron.studies.features.configuration:FeaturesConfig",
            command="study features",
        ),
        "pruning": StudyEntry(
            "isochron.studies.pruning.study:STUDY",
            "Which weights should stay, and do the graphs of those resemble the connectome?",
            settings="isochron.studies.pruning.configuration:PruningConfig",
            command="study pruning",
        ),
        "twin": StudyEntry(
            "isochron.studies.twin.study:STUDY",
            "How many artificial units emulate one neuron of the worm?",
            settings="isochron.studies.twin.configuration:TwinConfig",
            command="study twin",
        ),
        "worm-twin": StudyEntry(
            "isochron.studies.worm_twin.study:STUDY",
            "Can a trained network emulate the rhythm of the whole worm?",
            settings="isochron.studies.worm_twin.configuration:WormTwinConfig",
            command="study worm-twin",
        ),
        "pals2024": StudyEntry(
            "isochron.studies.pals2024.study:STUDY",
            "Which claims of Pals, Macke and Barak (2024) hold in networks trained here?",
            settings="isochron.studies.pals2024.configuration:Pals2024Config",
            command="reproduce pals2024",
            paper="phase-locked limit cycles in a working-memory task "
            "(Pals, Macke and Barak, 2024)",
        ),
    },
)
PAPERS = {name: entry.paper for name, entry in STUDIES.items() if entry.paper}
FURTHER = {
    name: entry.summary for name, entry in STUDIES.items() if entry.command.startswith("study ")
}


def read_results(run: str | os.PathLike) -> Any:
    """Results of a finished run of any study.

    Parameters
    ----------
    run : path
        Run folder, such as the one that ``isochron compare --out runs/mine`` writes.

    Returns
    -------
    CompareResults or Pals2024Results
        Frozen dataclass of everything in ``results.json``.

    Raises
    ------
    ValueError
        If the folder does not contain a finished run of this version, or it is incomplete.

    Examples
    --------
    A run takes minutes; ``read_results("runs/demo").systems`` are its systems. A folder without
    results is an error:

    >>> from isochron.studies import read_results
    >>> read_results(".")
    Traceback (most recent call last):
    isochron.files.MissingDataFileError: . does not contain a finished run: results.json is missing.
    """
    return _study_of(Path(run)).read(Path(run))


def build_report(run: str | os.PathLike) -> str:
    """Report of a finished run of any study.

    Parameters
    ----------
    run : path
        Run folder.

    Returns
    -------
    str
        One HTML page with embedded figures.

    Raises
    ------
    ValueError
        As `read_results`.
    """
    return _study_of(Path(run)).report(Path(run))


def build_pages(run: str | os.PathLike) -> dict[str, str]:
    """Pages of a finished run of any study.

    Parameters
    ----------
    run : path
        Run folder.

    Returns
    -------
    dict of str to str
        HTML by file name: ``report.html`` and, of a comparison, ``view.html``, which plays its
        rhythms.

    Raises
    ------
    ValueError
        As `read_results`.

    Examples
    --------
    >>> from isochron.studies import build_pages
    >>> build_pages(".")
    Traceback (most recent call last):
    isochron.files.MissingDataFileError: . does not contain a finished run: results.json is missing.
    """
    return _study_of(Path(run)).pages(Path(run))


def _study_of(run: Path) -> Any:
    from isochron.report import load_results

    name = str(load_results(run).get("experiment", "compare"))
    if name not in STUDIES:
        raise DataFileError(
            f"{run / 'results.json'} is the result of {name!r}, which is not a study of this "
            f"version: {', '.join(STUDIES)}."
        )
    return STUDIES.load(name)
