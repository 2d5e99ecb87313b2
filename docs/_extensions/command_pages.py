"""Write reference/command-line.md: the help of every command, from the commands themselves."""

from pathlib import Path

import click

from isochron.cli import app as commands

HEAD = """# Command line

`isochron COMMAND --help` prints what stands here. Exit codes, environment variables and files
are in the [contracts](contracts.md).
"""


def sections(command: click.Command, words: tuple[str, ...]) -> list[str]:
    """The help of a command and of those below it."""
    context = click.Context(command, info_name=" ".join(words), terminal_width=92)
    found = [f"{'#' * min(len(words), 3)} isochron {' '.join(words[1:])}".rstrip(),
             f"```text\n{command.get_help(context)}\n```"] if len(words) > 1 else []  # fmt: skip
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                found += sections(below, (*words, name))
    return found


def write(app, config) -> None:
    """Write the page."""
    file = Path(app.srcdir) / "reference" / "command-line.md"
    text = HEAD + "\n" + "\n\n".join(sections(commands, ("isochron",))) + "\n"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def setup(app):
    """Connect to Sphinx."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True}
