"""Results of the part of a comparison that has finished, while the rest runs or waits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from isochron.files import DataFileError, write_bytes, write_json
from isochron.runs.configuration import overlay, read_toml
from isochron.runs.results import from_json_values, to_json_values
from isochron.runs.run_folder import MARKER, RunPaths
from isochron.studies.compare.animals import animal_step, recordings_of
from isochron.studies.compare.configuration import CompareConfig
from isochron.studies.compare.onsets import DRAWS_PER_STEP, input_specs, input_step, onset_specs
from isochron.studies.compare.report import build_report
from isochron.studies.compare.results import CompareResults, InterimSizes
from isochron.studies.compare.saved_networks import saved_specs
from isochron.studies.compare.similarity import WORM
from isochron.studies.compare.study import assemble, corner_names, net_specs, plan
from isochron.studies.compare.tongue_widths import tongue_specs, tongue_step
from isochron.studies.compare.triangle import compare_corners
from isochron.studies.compare.triangle_results import Triangle

NAME = "interim"


def write_interim(run: Path) -> CompareResults:
    """Write ``interim.json`` and ``interim.html`` of an unfinished run.

    Its sizes are those of the finished part: the first pairs of which every network is analyzed,
    and as many draws as every null model has.

    Raises
    ------
    ValueError
        If the folder is not a run of a comparison, or nothing can be reported yet.
    """
    results = read_interim(run)
    write_json(run / f"{NAME}.json", to_json_values(results))
    write_bytes(run / f"{NAME}.html", build_report(run, results).encode())
    return results


def read_interim(run: Path) -> CompareResults:
    """The results of the finished part of a run."""
    config, folder = _read_config(run), RunPaths(run)
    needed = [WORM, *(animal_step(k) for k in range(len(recordings_of(config))))]
    if not all(map(folder.finished, needed)):
        raise ValueError(
            f"The worm and the recordings of {run} are not analyzed yet, with which everything is "
            "compared. The command that made the run resumes it."
        )
    part = finished_part(config, folder)
    corners = compare_corners(part, folder, corner_names(part), lambda fraction, text: None)
    return replace(
        assemble(part, folder, plan(part, folder)),
        triangle=from_json_values(corners, Triangle),
        interim=InterimSizes(
            pairs=part.training.pairs,
            planned_pairs=config.training.pairs,
            untrained_pairs=part.training.untrained_pairs,
            draws=part.onset.draws,
            planned_draws=config.onset.draws,
            input_draws=part.onset.input_draws,
            planned_input_draws=config.onset.input_draws,
            tongue_draws=part.onset.tongue_draws,
            planned_tongue_draws=config.onset.tongue_draws,
            omitted=(
                *(it for it in config.onset.datasets if it not in part.onset.datasets),
                *(it for it in config.runs if it not in part.runs),
            ),
        ),
    )


def _read_config(run: Path) -> CompareConfig:
    for name in ("config.toml", MARKER):
        if not (run / name).is_file():
            raise ValueError(f"{run} is not the folder of a run: {name} is missing.")
    try:
        return overlay(CompareConfig(), read_toml(run / "config.toml"))
    except ValueError as error:
        raise DataFileError(f"{run} is not a run of isochron compare: {error}") from error


def finished_part(config: CompareConfig, folder: RunPaths) -> CompareConfig:
    """The configuration with the sizes of what has finished."""
    config = _without_unfinished_inputs(config, folder)
    onset, training = config.onset, config.training
    parts = {0, *range(0, onset.draws, DRAWS_PER_STEP), onset.draws} if onset.datasets else {0}

    def networks(pairs: int, untrained: int = 0) -> list[str]:
        part = _sized(config, pairs=pairs, untrained_pairs=untrained)
        return [f"analyze-{spec.name}" for spec in net_specs(part)]

    draws = _most(parts, lambda n: [it.name for it in onset_specs(_sized(config, draws=n))], folder)
    inputs = _most(
        range(onset.input_draws + 1 if onset.datasets else 1),
        lambda n: [input_step(it) for it in input_specs(_sized(config, input_draws=n))],
        folder,
    )
    tongues = _most(
        range(onset.tongue_draws + 1 if onset.datasets else 1),
        lambda n: [tongue_step(it) for it in tongue_specs(_sized(config, tongue_draws=n))],
        folder,
    )
    pairs = _most(range(training.pairs + 1), networks, folder)
    untrained = _most(
        range(min(pairs, training.untrained_pairs) + 1), lambda n: networks(pairs, n), folder
    )
    return _sized(
        config,
        draws=draws,
        input_draws=inputs,
        tongue_draws=tongues,
        pairs=pairs,
        untrained_pairs=untrained,
    )


def _sized(
    config: CompareConfig,
    *,
    draws: int = 0,
    input_draws: int = 0,
    tongue_draws: int = 0,
    pairs: int = 0,
    untrained_pairs: int = 0,
) -> CompareConfig:
    """The configuration with different sizes."""
    return replace(
        config,
        onset=replace(
            config.onset, draws=draws, input_draws=input_draws, tongue_draws=tongue_draws
        ),
        training=replace(config.training, pairs=pairs, untrained_pairs=untrained_pairs),
    )


def _without_unfinished_inputs(config: CompareConfig, folder: RunPaths) -> CompareConfig:
    """The configuration with the connectomes and runs of others that are analyzed."""

    def finished(dataset: str) -> bool:
        alone = replace(config.onset, datasets=(dataset,), draws=0)
        return all(folder.finished(it.name) for it in onset_specs(replace(config, onset=alone)))

    datasets = tuple(filter(finished, config.onset.datasets))
    saved = all(folder.finished(f"analyze-{spec.name}") for spec in saved_specs(config))
    return replace(
        config,
        onset=replace(config.onset, datasets=datasets),
        runs=config.runs if saved else (),
    )


def _most(sizes: Iterable[int], steps: Callable[[int], Sequence[str]], folder: RunPaths) -> int:
    """The largest size of which all steps have finished."""
    for size in sorted(sizes, reverse=True):
        if all(map(folder.finished, steps(size))):
            return size
    return 0
