"""isochron train."""

import sys
from pathlib import Path
from typing import Any

import click

from isochron.cli.common import DATASET_HELP, debug_option, force_option, json_option, print_json
from isochron.wording import command


@click.command()
@click.option(
    "--task",
    help="phase-memory (default), match-to-sample, comparison, parametric-memory, sternberg, "
    "flip-flop or ready-set-go.",
)
@click.option(
    "--net",
    help="low-rank (default), full-rank, connectome, connectome-low-rank, gru, lstm, liquid, "
    "closed-form, coupled-oscillators or spiking.",
)
@click.option("--stimuli", type=int, help="Of phase-memory and match-to-sample: 2 (default), 4 ...")
@click.option("--reference", help="Of phase-memory: sines (default), theta or a .npy file.")
@click.option("--sampling", "sampling_Hz", type=float, help="Hz, of the reference file.")
@click.option("--channel", type=int, help="Column of the reference file, if it has several.")
@click.option("--units", type=int, help="By default 48 to 512, as suits the net.")
@click.option("--rank", type=int, help="Of low-rank and connectome-low-rank: 2 (default).")
@click.option("--readout", help="states (default) or rates, of nets of leaky units.")
@click.option("--oscillation", "oscillation_Hz", type=float, help="Hz, before training (low-rank).")
@click.option(
    "--connectivity", help="Of liquid and closed-form: policy (default), full or connectome."
)
@click.option("--dataset", help=f"The connectome: {DATASET_HELP}  [default: varshney2011]")
@click.option("--signs", help="Of connections of the connectome: gaba, transmitter, fenyves2020.")
@click.option(
    "--class-parameters",
    is_flag=True,
    default=None,
    help="Of connectome: learn a time constant, bias and gain for each cell class.",
)
@click.option(
    "--time-constant",
    "time_constant_ms",
    type=float,
    help="ms, of leaky and spiking units: 20, or 100 and more where steps are long.",
)
@click.option("--steps", type=int, help="At most: 400 (default).")
@click.option("--batch-size", type=int, help="Trials a step: 128 (default).")
@click.option("--learning-rate", type=float, help="By default 0.001 to 0.02, as suits the net.")
@click.option("--warmup", "warmup_steps", type=int, help="Steps in which it rises: 0 (default).")
@click.option("--decay", help="none (default) or cosine: how it falls.")
@click.option("--weight-penalty", type=float, help="Times the sum of the squares of the weights.")
@click.option("--rate-penalty", type=float, help="Times the mean square of what units send.")
@click.option("--stop-below", type=float, help="Stop when the mean loss of 20 steps is below.")
@click.option("--seed", type=int, help="Of everything random: 0 (default).")
@click.option("--replicates", type=int, help="Nets with seeds of their own: 1 (default).")
@click.option("--device", help="cpu, cuda or auto (default).")
@click.option("--precision", help="float32 (default), or bfloat16 of nets with a full matrix.")
@click.option("--out", type=Path, required=True, help="Folder for the nets.")
@force_option
@json_option
@debug_option
def train(out: Path, force: bool, as_json: bool, **options: Any) -> None:
    """Train nets on a task. The same command goes on where it was interrupted."""
    from isochron.cli.progress import show_progress, terminate_cleanly
    from isochron.workflows.train import (
        describe_loss,
        describe_stretches,
        train_config,
        train_replicates,
    )

    config = train_config(**{name: it for name, it in options.items() if it is not None})
    with terminate_cleanly(), show_progress(sys.stderr) as progress:
        summary = train_replicates(config, out, force=force, progress=progress)
    if as_json:
        print_json(summary)
        return
    click.echo(f"{config.net} on {config.task}, {summary['device']}; chance {summary['chance']:g}")
    if summary.get("reference_usable_share", 1) < 1:
        click.echo(
            f"{100 * summary['reference_usable_share']:.3g} % of the reference recording oscillate "
            f"and were used; not {describe_stretches(summary['reference_unusable_s'])}"
        )
    for row in summary["replicates"]:
        click.echo(
            f"{row['name']}: {describe_loss(row)} after {row['steps']} steps, "
            f"{1e3 * row['seconds_per_step']:.3g} ms each"
        )
    click.echo(f"Nets in {out / 'nets'}. Next: {command('evaluate', out)}")
