"""Command-line options made from the fields of settings dataclasses.

Name, type, unit, choices, default and help of an option are those of the field: ``step_ms`` is
``--step`` (ms), ``n_units`` is ``--units``. An option that is not given is None, so that the
dataclass, or the default for the task, decides.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Container, Mapping, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from isochron.settings import check_choice, check_listed, choices_of, describe

GIVEN = "isochron.cli.options.given"
UNIT = re.compile(r"_(ms|s|Hz|mV|pA|nS|pF)$")


class PathType(click.ParamType):
    """A path; an empty one, which would be the current folder, is an error."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path of a text."""
        if value == "":
            self.fail("the path is empty; the current folder is '.'", param, ctx)
        return Path(value)


PATH = PathType()
TYPES: dict[Any, Any] = {Path: PATH}


def option_name(field: dataclasses.Field) -> str:
    """Name of the option of a field."""
    return "--" + UNIT.sub("", field.name.removeprefix("n_")).replace("_", "-")


def make_option(field: dataclasses.Field, section: str = "", default: Any = None) -> click.Option:
    """The option of a field.

    Parameters
    ----------
    field : dataclasses.Field
        Field made by `isochron.settings.setting`.
    section : str
        Prefix of the name of the value that the command receives: ``network__n_units``.
    default : any
        Default that the help shows; that of the field if it is None.
    """
    name = f"{section}__{field.name}" if section else field.name
    flag, kind = option_name(field), _plain_type(field.type)
    text = describe(field).rstrip(".")
    default = field.default if default is None else default
    help_text = f"{text[:1].upper()}{text[1:]}.{'' if kind is bool else _shown(default)}"
    if kind is bool:
        flag += f"/--no-{flag[2:]}" if field.default else ""
        return click.Option([flag, name], is_flag=True, default=None, help=help_text)
    origin = typing.get_origin(kind)
    several = origin in (tuple, Sequence)
    parts = typing.get_args(kind) if several else (kind,)
    repeated = origin is Sequence or parts[-1] is Ellipsis
    # Click takes a default of None for a value of a required option.
    needed: dict[str, Any] = {"required": True} if field.default is MISSING else {"default": None}
    return click.Option(
        [flag, name],
        type=ListedChoice(field) if choices_of(field) else TYPES.get(parts[0], parts[0]),
        metavar=field.metadata.get("form") or None,
        nargs=len(parts) if several and not repeated else 1,
        multiple=repeated,
        **needed,
        help=help_text,
    )


class NearestGroup(click.Group):
    """A group of commands; a name that is not one of them is an error with the nearest one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that arguments name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near or "Did you mean" in error.message:
                raise
            text = f"{error.message.rstrip('.')}. Did you mean {near[0]}?"
            raise click.UsageError(text, ctx) from error


class NearestChoice(click.Choice):
    """Choices; a value that is not one of them is an error that states the nearest one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert and check a value."""
        try:
            check_listed(str(value) if self.case_sensitive else str(value).lower(), self.choices)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class ListedChoice(click.Choice):
    """The choices of a field; a value that is not one of them is an error with a hint."""

    def __init__(self, field: dataclasses.Field) -> None:
        super().__init__(choices_of(field))
        self._field = field

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert and check a value."""
        try:
            check_choice(self._field, str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        several = self._field.metadata.get("several")
        return str(value) if several else super().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Choices that continue a value; after a comma, those that are not given yet."""
        if not self._field.metadata.get("several"):
            return super().shell_complete(ctx, param, incomplete)
        before, comma, last = incomplete.rpartition(",")
        free = [name for name in self.choices if name not in before.split(",")]
        names = [f"{before}{comma}{name}" for name in free if name.startswith(last)]
        return [CompletionItem(name) for name in names]


def _plain_type(kind: Any) -> Any:
    """Type X of an annotation X | None."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next(part for part in typing.get_args(kind) if part is not type(None))
    return kind


def _shown(default: Any) -> str:
    """Text of a default in the help; empty without a default."""
    if default in (None, "", ()) or default is MISSING:
        return ""
    values = default if isinstance(default, tuple) else (default,)
    text = " ".join(f"{it:g}" if isinstance(it, float) else str(it) for it in values)
    return f"  [default: {text}]"


class SettingsCommand(click.Command):
    """A command that receives settings dataclasses, made from their options.

    Parameters
    ----------
    settings : mapping of str to type
        Dataclasses by the name of the parameter of the command's function.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import click
    >>> from click.testing import CliRunner
    >>> from isochron.cli.options import SettingsCommand
    >>> from isochron.settings import setting
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Pulse:
    ...     amplitude_pA: float = setting(10.0, "Amplitude of the pulse", unit="pA")
    >>> @click.command(cls=SettingsCommand, settings={"pulse": Pulse})
    ... def stimulate(pulse):
    ...     click.echo(pulse)
    >>> print(CliRunner().invoke(stimulate, ["--amplitude", "5"]).output)
    Pulse(amplitude_pA=5.0)
    """

    def __init__(self, *args: Any, settings: Mapping[str, type], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings = settings

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Arguments, options of the settings, other options."""
        made = [
            make_option(field, section)
            for section, settings in self._settings.items()
            for field in dataclasses.fields(settings)
        ]
        params = super().get_params(ctx)
        return [*(it for it in params if isinstance(it, click.Argument)), *made,
                *(it for it in params if not isinstance(it, click.Argument))]  # fmt: skip

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command with the dataclasses instead of their options."""
        options = {name: ctx.params.pop(name) for name in list(ctx.params) if "__" in name}
        given = given_sections(options)
        ctx.meta[GIVEN] = given
        for section, settings in self._settings.items():
            ctx.params[section] = settings(**given.get(section, {}))
        return super().invoke(ctx)


def given_sections(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Values that were given, by section: ``network__n_units`` is n_units of network.

    A repeated option that was not given is an empty tuple.
    """
    sections: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        section, _, setting = name.partition("__")
        if value is not None and value != ():
            sections.setdefault(section, {})[setting] = value
    return sections


def settings_given(section: str) -> Mapping[str, Any]:
    """The settings of a section of a `SettingsCommand` that the command line states."""
    return click.get_current_context().meta[GIVEN].get(section, {})


def reject_given(section: str, names: Container[str], why: str) -> None:
    """Raise if options were given that do not apply.

    Parameters
    ----------
    section : str
        The settings of a `SettingsCommand`.
    names : container of str
        The settings that do not apply.
    why : str
        Second part of the message, after the names of the options.

    Raises
    ------
    click.UsageError
        If one was given.
    """
    context = click.get_current_context()
    vain = {f"{section}__{name}" for name in settings_given(section) if name in names}
    flags = [it.opts[0] for it in context.command.get_params(context) if it.name in vain]
    if flags:
        raise click.UsageError(f"{', '.join(flags)} {why}", context)


def write_options(
    formatter: click.HelpFormatter,
    ctx: click.Context,
    title: str,
    options: Sequence[click.Parameter],
) -> None:
    """A section of the help with some options."""
    rows = [record for option in options if (record := option.get_help_record(ctx)) is not None]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)
