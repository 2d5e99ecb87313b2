"""`isochron study worm-twin`: the plan of steps, and the results from theirs."""

from collections.abc import Mapping, Sequence

from isochron.memory import TooLargeError, require_memory
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import find_provenance
from isochron.runs.results import SCHEMA, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.sims import step_current
from isochron.sims.step_choice import LARGEST_STEPS
from isochron.studies.study import Study
from isochron.studies.worm_twin.configuration import WormSection, WormTwinConfig
from isochron.studies.worm_twin.contrasts import contrasts
from isochron.studies.worm_twin.emulation import (
    WORM,
    build_loop,
    learn,
    measure_worm,
    net_specs,
    predict,
    simulate_pair,
)
from isochron.studies.worm_twin.loops import LinearLoop
from isochron.studies.worm_twin.report import build_report, format_results
from isochron.studies.worm_twin.results import (
    LINEAR,
    PERSISTENT,
    LearnerRow,
    WormRow,
    WormTwinResults,
)
from isochron.studies.worm_twin.target import open_worm

EXPERIMENT = "worm-twin"
QUESTION = "Can a trained network emulate the rhythm of the whole worm?"
PREDICTORS = (LINEAR, PERSISTENT)


def inputs(config: WormTwinConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    names = [config.worm.dataset, *(it.dataset for it in config.substrates if it.dataset)]
    found: dict[str, str] = {}
    for name in names:
        found |= dataset_inputs(name)
    return found


def check(config: WormTwinConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    with in_section("[worm]"):
        _check_worm(config.worm)
    with in_section("[learning]"):
        _check_learning(config)
    with in_section("[loop]"):
        n_steps = 1e3 * config.loop.settle_s / config.worm.step_ms
        if n_steps > LARGEST_STEPS:
            raise TooLargeError(
                f"settle_s={config.loop.settle_s:g} is {n_steps:.3g} steps; at most "
                f"{LARGEST_STEPS:.0e} are allowed. Lower it."
            )
    p = config.worm
    for spec in net_specs(config, 0)[: len(config.substrates)]:
        with in_section(f"[[substrates]] {spec.substrate.name}:"):
            build_loop(p, spec, LinearLoop.persistent(p.n_modes, len(p.perturbed) + 2), 0)


def _check_worm(p: WormSection) -> None:
    """Check that the trials fit into the memory, and the neurons that are named."""
    graph = open_worm(p.dataset).connectome
    n_trials = max(p.n_trials, p.n_held_out)
    require_memory(
        3 * 8.0 * n_trials * p.n_steps * len(graph.neurons),  # potentials, and copies of them
        f"{n_trials} trials of {p.n_steps:.3g} steps",
        "Lower n_trials, n_held_out or duration_ms, or raise step_ms.",
    )
    for names in (p.stimulated, p.perturbed):
        step_current(names, amplitude_pA=1.0).constant(graph)
    if p.n_modes > len(graph.neurons):
        raise ValueError(
            f"n_modes must be at most {len(graph.neurons)}, the number of neurons of "
            f"{p.dataset}, got {p.n_modes!r}."
        )


def _check_learning(config: WormTwinConfig) -> None:
    """Check that the linear predictor, and a step of the training, fit into the memory."""
    p, given = config.worm, config.learning
    if given.lags > p.n_steps:
        raise ValueError(
            f"lags must be at most {p.n_steps}, the number of steps of a trial, got {given.lags}."
        )
    n_known = given.lags * p.n_modes + len(p.perturbed) + 2
    require_memory(
        3 * 8.0 * p.n_trials * p.n_steps * n_known,
        f"A linear predictor of {given.lags} steps",
        "Lower lags.",
    )
    n_units = max(it.settings.get("n_units") or 0 for it in config.substrates)
    n_steps = round((given.forced_ms + given.free_ms) / p.step_ms)
    require_memory(
        4 * 4.0 * given.batch_size * n_steps * (n_units + n_known),
        f"{given.batch_size} pieces of {n_steps:.3g} steps",
        "Lower batch_size.",
    )


def plan(config: WormTwinConfig, folder: RunFolder) -> list[Step]:
    """The worm, then trials, networks and predictors, pair by pair."""
    paths, steps = RunPaths(folder.path), [Step(WORM, measure_worm, (config,))]
    for pair in range(config.learning.pairs):
        trials = f"trials-{pair}"
        steps.append(Step(trials, simulate_pair, (config, paths, pair)))
        after = (WORM, trials)
        for spec in net_specs(config, pair):
            steps.append(Step(f"learn-{spec.name}", learn, (config, paths, spec), after=after))
        for name in PREDICTORS:
            steps.append(Step(_fit(name, pair), predict, (config, paths, name, pair), after=after))
    return steps


def _fit(name: str, pair: int) -> str:
    return f"fit-{name.replace(' ', '-')}-{pair}"


def assemble(config: WormTwinConfig, folder: RunFolder, steps: Sequence[Step]) -> WormTwinResults:
    """The content of ``results.json`` from the results of the steps."""
    rows = tuple(
        from_json_values(folder.result(step.name), LearnerRow)
        for step in steps
        if step.name.startswith(("learn-", "fit-"))
    )
    return WormTwinResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(open_connectome(config.worm.dataset)),
        config=config,
        worm=from_json_values(folder.result(WORM), WormRow),
        learners=rows,
        contrasts=contrasts(config, rows),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=WormTwinResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
