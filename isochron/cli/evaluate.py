"""isochron evaluate."""

from pathlib import Path

import click

from isochron.cli.common import debug_option, json_option, print_json, say
from isochron.cli.options import PATH, NearestChoice
from isochron.wording import command


@click.command()
@click.argument("folder", type=PATH)
@click.option("--trials", default=256, show_default=True, help="Number of fresh trials.")
@click.option("--seed", default=1, show_default=True, help="Seed of the trials.")
@click.option(
    "--device", type=NearestChoice(["cpu", "cuda", "auto"]), default="cpu", show_default=True,
    help="Device of the evaluation.",
)  # fmt: skip
@json_option
@debug_option
def evaluate(folder: Path, trials: int, seed: int, device: str, as_json: bool) -> None:
    """Loss of the trained networks in FOLDER on fresh trials, with the chance level."""
    from isochron.runs.results import to_json_values
    from isochron.workflows.train import describe_loss, evaluate_nets

    summary = evaluate_nets(folder, n_trials=trials, seed=seed, device=device)
    if as_json:
        print_json(to_json_values(summary))
        return
    say(f"{summary.network} on {summary.task}; chance {summary.chance:g}")
    for row in summary.replicates:
        say(f"{row.name}: {describe_loss(row)}")
    if summary.missing:
        say(
            f"Not trained yet: {summary.missing}. The command that started the training "
            f"continues it: {command('train --out', folder)} and the same options."
        )
