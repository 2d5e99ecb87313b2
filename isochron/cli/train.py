"""isochron train."""

import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isochron.cli.common import debug_option, force_option, json_option, print_json, say
from isochron.cli.options import PATH, NearestChoice, given_sections, make_option, write_options
from isochron.wording import command

if TYPE_CHECKING:
    from isochron.registry import Registry
    from isochron.runs.training_configuration import TrainConfig
    from isochron.workflows.train import TrainingSummary

KINDS = "isochron.cli.train.kinds"
NOUNS = ("task", "network")
SECTIONS = ("training", "connectome", *NOUNS)  # in the order of the help


class TrainCommand(click.Command):
    """A command with the options of the task and of the network that its arguments name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does; the error for an unknown option lists the known ones."""
        ctx.meta[KINDS] = _kinds(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            defaults = _defaults(ctx.meta[KINDS])
            lists = [
                f"The {noun} {getattr(defaults, noun).kind} has "
                f"{', '.join(it.opts[0] for it in options) or 'none'}."
                for noun, options in _options(defaults).items()
                if noun in NOUNS
            ]
            near = get_close_matches(error.option_name, error.possibilities or (), n=1, cutoff=0.75)
            hint = f" Did you mean {near[0]}?" if near else ""
            message = f"Unknown option {error.option_name}.{hint} {' '.join(lists)}"
            raise click.UsageError(message, ctx) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """General options, those of the task and those of the network."""
        options = _options(_defaults(ctx.meta.get(KINDS, {})))
        return [*self._general(ctx), *(it for some in options.values() for it in some)]

    def _general(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of every training; those of the kinds list what the registries have now."""
        from isochron.ann_bridge.registry import NETWORKS, TASKS
        from isochron.runs.training_configuration import DEFAULT_NETWORK, DEFAULT_TASK

        return [
            _kind_option("task", TASKS, DEFAULT_TASK, "Task"),
            _kind_option("network", NETWORKS, DEFAULT_NETWORK, "Kind of network"),
            *super().get_params(ctx),
        ]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Kinds, general options, and those of kinds that are named."""
        from isochron.ann_bridge.registry import NETWORKS, TASKS

        for title, registry in (("Tasks", TASKS), ("Networks", NETWORKS)):
            with formatter.section(title):
                formatter.write_dl([(kind, entry.summary) for kind, entry in registry.items()])
        write_options(formatter, ctx, "Options", self._general(ctx))
        named = ctx.meta.get(KINDS, {})
        defaults = _defaults(named)
        for section, options in _options(defaults).items():
            if section in named:
                kind = getattr(defaults, section).kind
                write_options(formatter, ctx, f"Options of the {section} {kind}", options)
            elif section not in NOUNS:
                write_options(formatter, ctx, f"Options of the {section}", options)
        if len(named) < len(NOUNS):
            formatter.write_paragraph()
            formatter.write_text(
                "Each task and each network has further options: isochron train --task flip-flop "
                "--network gru --help"
            )


def _defaults(named: dict[str, str]) -> "TrainConfig":
    """The default configuration of some kinds, with a connectome whatever they are."""
    from isochron.ann_bridge.registry import NETWORKS, TASKS
    from isochron.runs.training_configuration import ConnectomeSettings, train_config

    known = {"task": TASKS, "network": NETWORKS}
    kinds = {noun: {"kind": kind} for noun, kind in named.items() if kind in known[noun]}
    config = train_config(kinds)  # a kind that is not known is left to its option
    return replace(config, connectome=config.connectome or ConnectomeSettings())


def _options(config: "TrainConfig") -> dict[str, list[click.Option]]:
    """The options of each section, which show these defaults."""
    from isochron.runs.configuration import KindSection, writable_fields

    options = {}
    for name in SECTIONS:
        section = getattr(config, name)
        if isinstance(section, KindSection):
            rows = [(field, section.settings[field.name]) for field in section.fields()]
        else:
            rows = [(it, getattr(section, it.name)) for it in writable_fields(type(section))]
        options[name] = [make_option(field, name, default) for field, default in rows]
    return options


def _kind_option(noun: str, registry: "Registry", default: str, what: str) -> click.Option:
    return click.Option(
        [f"--{noun}", f"{noun}__kind"],
        metavar="KIND",
        type=NearestChoice(tuple(registry)),
        help=f"{what}, one of those above.  [default: {default}]",
    )


def _kinds(args: list[str]) -> dict[str, str]:
    """The kinds that arguments name, or the file that they name with ``--config``."""
    named = {noun: kind for noun in NOUNS if (kind := _value(args, f"--{noun}"))}
    path = _value(args, "--config")
    if path is None:
        return named
    from isochron.runs.configuration import read_toml

    try:
        sections = read_toml(Path(path))
    except ValueError:  # the command states it
        return named
    for noun in NOUNS:
        section = sections.get(noun)
        if noun not in named and isinstance(section, dict) and "kind" in section:
            named[noun] = str(section["kind"])
    return named


def _value(args: list[str], option: str) -> str | None:
    """The value of an option among arguments that are not parsed yet."""
    for number, argument in enumerate(args):
        if argument == option and number + 1 < len(args):
            return args[number + 1]
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None


@click.command(cls=TrainCommand)
@click.option(
    "--config", type=PATH, help="Configuration file (TOML); options override its settings."
)
@click.option("--print-config", is_flag=True, help="Print the configuration as commented TOML.")
@click.option(
    "--out", type=PATH, help="Folder for the networks; required unless --print-config is given."
)
@force_option
@json_option
@debug_option
def train(
    config: Path | None, print_config: bool, out: Path | None, force: bool, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Train networks on a task. The same command resumes a training that was interrupted."""
    from isochron.runs.configuration import to_toml
    from isochron.runs.training_configuration import merge_sections, read_train_config, train_config

    sections = {} if config is None else read_train_config(config)
    made = train_config(merge_sections(sections, given_sections(options)))
    if print_config:
        click.echo(to_toml(made, "isochron train: every setting of this task and this network"))
        return
    if out is None:
        raise click.UsageError("Missing option '--out': a folder for the networks.")
    from isochron.cli.progress import show_progress
    from isochron.cli.signals import resumable
    from isochron.runs.results import to_json_values
    from isochron.workflows.train import train_replicates

    with resumable(force=force), show_progress(sys.stderr) as progress:
        summary = train_replicates(made, out, force=force, progress=progress)
    if as_json:
        print_json(to_json_values(summary))
        return
    _print_summary(summary)
    say(f"Networks in {out / 'nets'}. Next: {command('evaluate', out)}")


def _print_summary(summary: "TrainingSummary") -> None:
    from isochron.workflows.train import describe_loss, describe_stretches

    say(f"{summary.network} on {summary.task}, {summary.device}; chance {summary.chance:g}")
    if summary.reference_usable_share is not None and summary.reference_usable_share < 1:
        say(
            f"{100 * summary.reference_usable_share:.3g} % of the reference recording oscillate "
            f"and were used; not {describe_stretches(summary.reference_unusable_s or ())}"
        )
    for row in summary.replicates:
        say(
            f"{row.name}: {describe_loss(row)} after {row.steps} steps, "
            f"{1e3 * row.seconds_per_step:.3g} ms each"
        )
