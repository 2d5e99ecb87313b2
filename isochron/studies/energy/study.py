"""`isochron study energy`: the plan of steps, and the results from theirs."""

import math
from collections.abc import Mapping, Sequence

from isochron.memory import require_memory
from isochron.runs.configuration import in_section
from isochron.runs.datasets import dataset_inputs, open_connectome
from isochron.runs.provenance import derive_seed, find_provenance
from isochron.runs.results import SCHEMA, from_json_values
from isochron.runs.run_folder import RunFolder, RunPaths
from isochron.runs.steps import Step
from isochron.runs.training import check_training
from isochron.studies.energy.configuration import EnergyConfig
from isochron.studies.energy.ensembles import count_ensemble, mix_memories
from isochron.studies.energy.networks import (
    measure_net,
    net_specs,
    read_row,
    train_net,
)
from isochron.studies.energy.recall import fit_transition, recall_memories
from isochron.studies.energy.report import build_report, format_results
from isochron.studies.energy.results import EnergyResults, Ensemble, Mixture, Recall, WormRow
from isochron.studies.energy.worm import BLOCK, measure_worm
from isochron.studies.paired_networks import first_pair
from isochron.studies.study import Study

EXPERIMENT = "energy"
BYTES_PER_STATE = 48.0  # of an enumeration
QUESTION = "What is lost of an energy, and what is gained, when connections are not symmetric?"


def _datasets(config: EnergyConfig) -> dict[str, str]:
    named = {f"dataset of {it.name}": it.dataset for it in config.substrates if it.dataset}
    return {"dataset": config.worm.dataset, **named}


def inputs(config: EnergyConfig) -> Mapping[str, str]:
    """Files of the user that the results depend on."""
    found: dict[str, str] = {}
    for name in _datasets(config).values():
        found |= dataset_inputs(name)
    return found


def check(config: EnergyConfig) -> None:
    """Reject what cannot be run, before any work is done."""
    for name in _datasets(config).values():
        open_connectome(name)
    for spec in first_pair(config.substrates, config.tasks):
        with in_section(spec.place):
            n_units = check_training(spec.configure(config.training.budget)).settings.n_units
        with in_section("[networks]"):
            require_memory(
                3 * 8.0 * config.networks.n_starts * (n_units + config.networks.n_steps),
                f"{config.networks.n_steps} steps from {config.networks.n_starts} starts",
                "Lower n_starts or n_steps.",
            )
    with in_section("[ensemble]"):
        _require_enumeration(config.ensemble.n_neurons)
    with in_section("[mixture]"):
        _require_enumeration(config.mixture.n_neurons)
    with in_section("[memories]"):
        require_memory(
            4 * 8.0 * max(config.memories.sizes) ** 2,
            f"Couplings between {max(config.memories.sizes)} neurons",
            "Lower sizes.",
        )


def _require_enumeration(n_neurons: int) -> None:
    """Check that all states of a sign network fit into the memory."""
    require_memory(
        BYTES_PER_STATE * 2**n_neurons, f"All states of {n_neurons} neurons", "Lower n_neurons."
    )


def plan(config: EnergyConfig, folder: RunFolder) -> list[Step]:
    """Training first, as it takes longest; then everything else."""
    paths, steps = RunPaths(folder.path), []
    for spec in net_specs(config):
        train = f"train-{spec.name}"
        steps.append(Step(train, train_net, (config, paths, spec)))
        steps.append(
            Step(f"measure-{spec.name}", measure_net, (config, paths, spec), after=(train,))
        )
    for size in sorted(config.memories.sizes, reverse=True):
        steps.append(Step(f"recall-{size}", recall_memories, (config, size)))
    for k, symmetry in enumerate(config.ensemble.symmetries):
        steps.append(Step(f"ensemble-{k}", count_ensemble, (config, symmetry)))
    for k, asymmetry in enumerate(config.mixture.asymmetries):
        steps.append(Step(f"mixture-{k}", mix_memories, (config, asymmetry)))
    for block in range(-1, math.ceil(config.worm.draws / BLOCK)):
        steps.append(Step(f"worm-{block + 1}", measure_worm, (config, block)))
    return steps


def assemble(config: EnergyConfig, folder: RunFolder, steps: Sequence[Step]) -> EnergyResults:
    """The content of ``results.json`` from the results of the steps."""
    sizes, blocks = sorted(config.memories.sizes), math.ceil(config.worm.draws / BLOCK)
    recalls = tuple(
        from_json_values(row, Recall) for size in sizes for row in folder.result(f"recall-{size}")
    )
    return EnergyResults(
        schema=SCHEMA,
        experiment=EXPERIMENT,
        question=QUESTION,
        provenance=find_provenance(open_connectome(config.worm.dataset)),
        config=config,
        ensembles=tuple(
            from_json_values(folder.result(f"ensemble-{k}"), Ensemble)
            for k in range(len(config.ensemble.symmetries))
        ),
        recalls=recalls,
        transition=fit_transition(recalls, seed=derive_seed(config.seed, "bootstrap")),
        mixtures=tuple(
            from_json_values(folder.result(f"mixture-{k}"), Mixture)
            for k in range(len(config.mixture.asymmetries))
        ),
        networks=tuple(
            read_row(folder.result(f"measure-{spec.name}"), folder.result(f"train-{spec.name}"))
            for spec in net_specs(config)
        ),
        worms=tuple(
            from_json_values(row, WormRow)
            for block in range(blocks + 1)
            for row in folder.result(f"worm-{block}")
        ),
        seconds={step.name: folder.seconds(step.name) for step in steps},
    )


STUDY = Study(
    command=f"isochron study {EXPERIMENT}",
    results=EnergyResults,
    check=check,
    inputs=inputs,
    plan=plan,
    assemble=assemble,
    build_report=build_report,
    format_results=format_results,
)
