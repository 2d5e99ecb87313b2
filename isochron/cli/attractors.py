"""isochron attractors."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import DATASET_HELP, debug_option, json_option, open_connectome, print_json

if TYPE_CHECKING:
    from isochron.workflows.attractor_results import Enumerated, SampledNetwork

STEP = "attractors"


@click.command()
@click.argument("couplings", metavar="[J.npy]", type=Path, required=False)
@click.option("--theta", type=Path, help="Thresholds (.npy).")
@click.option(
    "--tie", default="plus", show_default=True,
    help="A field of exactly 0: plus, minus, keep or flip.",
)  # fmt: skip
@click.option("--starts", type=int, help="Sample from so many random states instead.")
@click.option("--random", "n_random", type=int, help="Random networks of so many neurons.")
@click.option("--symmetry", type=float, default=0.0, show_default=True, help="Of those, -1 to 1.")
@click.option("--networks", type=int, default=100, show_default=True, help="How many of those.")
@click.option("--dataset", help=f"A connectome: {DATASET_HELP}")
@click.option(
    "--layers", default="chemical,gap", show_default=True, help="Of the connectome: chemical, gap."
)
@click.option(
    "--signs", type=click.Choice(["own", "gaba", "none"], case_sensitive=False),
    help="Signs of the chemical connections: those of the connectome, the 26 GABAergic neurons "
    "inhibit, or all excite.  [default: own if the connectome has signs, else gaba]",
)  # fmt: skip
@click.option("--nulls", type=int, default=0, show_default=True, help="Rewirings to compare with.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.option("--threads", type=int, help="All cores by default.")
@json_option
@debug_option
def attractors(
    couplings: Path | None,
    theta: Path | None,
    tie: str,
    starts: int | None,
    n_random: int | None,
    symmetry: float,
    networks: int,
    dataset: str | None,
    layers: str,
    signs: str | None,
    nulls: int,
    seed: int,
    threads: int | None,
    as_json: bool,
) -> None:
    """Count the fixed points and limit cycles of a network of +-1 neurons.

    Give couplings J[post, pre] as a .npy file, --random N, or --dataset ID. Up to 30 neurons
    are enumerated; larger networks need --starts.
    """
    if sum(source is not None for source in (couplings, n_random, dataset)) != 1:
        raise click.UsageError("Give one of J.npy, --random and --dataset.")
    if theta is not None and couplings is None:
        raise click.UsageError("--theta goes with J.npy.")
    if seed < 0:
        raise ValueError(f"The seed must not be negative, got {seed}.")
    with _reporting() as report:
        if couplings is not None:
            result = _of_file(couplings, theta, tie, starts, seed, threads, report)
        elif n_random is not None:
            from isochron.workflows.attractors import count_in_ensemble

            result = count_in_ensemble(
                n_random, symmetry, networks, tie=tie, seed=seed, n_threads=threads,
                progress=report,
            )  # fmt: skip
        else:
            from isochron.workflows.attractors import place_on_axis

            result = place_on_axis(
                open_connectome(str(dataset)), layers=_layers(layers), signs=signs, tie=tie,
                n_nulls=nulls, n_starts=2000 if starts is None else starts, seed=seed,
                progress=report,
            )  # fmt: skip
    values = asdict(result)
    if as_json:
        print_json(values)
    else:
        click.echo(_text(values))


def _reporting() -> Any:
    """A progress callback on stderr."""
    import time
    from contextlib import contextmanager

    from isochron.cli.progress import show_progress, terminate_cleanly

    @contextmanager
    def reporting():
        began = time.perf_counter()
        with terminate_cleanly(), show_progress(sys.stderr) as progress:
            progress.begin(STEP)
            yield lambda fraction, text: progress.update(STEP, fraction, text)
            progress.end(STEP, time.perf_counter() - began)

    return reporting()


def _layers(text: str) -> list[str]:
    """Layers by the words that files use: electrical is gap. Other words are left as they are."""
    from isochron.connectome.importers.vocabulary import read_layer

    def read(word: str) -> str:
        try:
            layer = read_layer(word, extrasynaptic=(), where="--layers")
        except ValueError:
            return word
        return layer if layer in ("chemical", "gap") else word

    return list(dict.fromkeys(map(read, text.split(","))))


def _of_file(
    path: Path, theta: Path | None, tie: str, starts: int | None, seed: int,
    threads: int | None, report: Any,
) -> "Enumerated | SampledNetwork":  # fmt: skip
    import numpy as np

    from isochron.analysis.sign_networks import enumerate_attractors, sample_attractors
    from isochron.connectome.arrays import load_finite_npy
    from isochron.workflows.attractor_results import Enumerated, SampledNetwork

    J, thresholds = load_finite_npy(path), 0 if theta is None else load_finite_npy(theta)
    if starts is not None:
        rng = np.random.default_rng(seed)
        sample = sample_attractors(
            J, thresholds, tie, n_starts=starts, rng=rng, progress=report
        )  # fmt: skip
        return SampledNetwork.of(sample, n=sample.n, tie_rule=tie)
    if J.ndim == 2 and len(J) > 30:
        raise ValueError(
            f"{len(J)} neurons cannot be enumerated; 30 can. Sample them: --starts 1000."
        )
    return Enumerated.of(
        enumerate_attractors(J, thresholds, tie, n_threads=threads, progress=report)
    )


def _text(result: dict[str, Any]) -> str:
    """The main numbers, one a line."""
    lines = []
    for name, value in result.items():
        if isinstance(value, list | tuple):
            value = f"{len(value)} (--json lists them)" if value else "none"
        elif isinstance(value, dict):
            value = ", ".join(f"{k}: {_short(v)}" for k, v in value.items() if k != "attractors")
        lines.append(f"{name.replace('_', ' ')}: {_short(value)}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, dict):
        return " ".join(f"{k} {_short(v)}" for k, v in value.items() if k != "attractors")
    return str(value)
