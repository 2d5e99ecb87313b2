"""Checks of a configuration before any work is done, other than those of its sections."""

from collections.abc import Iterable

from isochron.runs.null_models import draw_connectome
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.onsets import in_contacts
from isochron.studies.compare.worm import check_worm


def check_onsets(config: CompareConfig) -> None:
    """Check that each connectome has the stimulated neurons, and a draw from each null model.

    Raises
    ------
    ValueError
        If one does not, or its EM sections cannot be converted to contacts.
    """
    section = config.onset
    drawn = section.null_models if section.draws else ()
    if section.input_draws or section.tongue_draws:
        drawn = drawn or section.null_models[:1]
    for dataset in section.datasets:
        check_worm(config.worm, dataset)
        in_contacts(config, dataset)
        for null in drawn:
            try:
                draw_connectome(dataset, null, config.seed)
            except ValueError as error:
                raise ValueError(
                    f"[onset] null_models: {null}: {error} Or leave {null} out of null_models."
                ) from error


def check_file_names(names: Iterable[str]) -> None:
    """Check that no two networks have files of one name, on any file system.

    Raises
    ------
    ValueError
        If two have.
    """
    found: set[str] = set()
    for name in names:
        if name.lower() in found:
            raise ValueError(
                f"The files of two networks would both be called {name}. Give the substrate or the "
                "task a different name, or the folder in runs."
            )
        found.add(name.lower())
