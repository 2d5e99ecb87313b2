"""Studies: each a folder with configuration, plan, claims, report and figures.

A study is a module ``study`` in its folder; its path is an entry of `STUDIES`, which the command
line, the report and the documentation read.
"""

from pathlib import Path

from isochron.registry import Entry, Registry

STUDIES = Registry(
    "study",
    {
        "compare": Entry(
            "isochron.studies.compare.study",
            "Do trained networks develop the phase-locked limit cycles of the worm's connectome?",
            settings="isochron.studies.compare.configuration:CompareConfig",
        ),
        "pals2024": Entry(
            "isochron.studies.pals2024.study",
            "Which claims of Pals, Macke and Barak (2024) hold in networks trained here?",
            settings="isochron.studies.pals2024.configuration:Pals2024Config",
        ),
    },
)


def build_report(run: Path) -> str:
    """The report of a finished run of any study, as HTML.

    Raises
    ------
    ValueError
        If the folder does not contain a finished run, or its results are incomplete.
    """
    from isochron.report import load_results

    study = str(load_results(run).get("experiment", "compare"))
    return STUDIES.load(study).build_report(run)
