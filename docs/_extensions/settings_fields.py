"""Docstrings as Sphinx needs them: fields of settings as parameters, |x| as it is written."""

import dataclasses
import re

from isochron.settings import choices_of, describe


def add(app, what, name, value, options, lines) -> None:
    """Add them to the section Parameters of the docstring, or make one."""
    if what != "class" or not dataclasses.is_dataclass(value):
        return
    entries = [line for field in dataclasses.fields(value) for line in entry(field)]
    if not entries:
        return
    heads = [k for k in range(len(lines) - 1) if lines[k + 1].startswith("---")]
    if heads and lines[heads[0]] == "Parameters":
        lines[heads[0] + 2 : heads[0] + 2] = entries
    else:
        at = heads[0] if heads else len(lines)
        lines[at:at] = ["", "Parameters", "----------", *entries, ""]


def entry(field: dataclasses.Field) -> list[str]:
    """Lines of one field."""
    if not field.metadata.get("description"):
        return []
    kind = (
        field.type if isinstance(field.type, str) else getattr(field.type, "__name__", field.type)
    )
    values = choices_of(field)
    text = describe(field) + (f": {', '.join(values)}" if values else "") + "."
    return [f"{field.name} : {kind}, default {field.default!r}", f"    {text}"]


def escape_bars(app, what, name, value, options, lines) -> None:
    """A modulus is not a substitution of reStructuredText."""
    for k, line in enumerate(lines):
        if "|" in line and not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(``.*?``|`.*?`)", line)
            lines[k] = "".join(
                part if part.startswith("`") else part.replace("|", r"\|") for part in parts
            )


def setup(app):
    """Connect to autodoc, before numpydoc reads the docstring."""
    app.connect("autodoc-process-docstring", add, priority=100)
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
    return {"parallel_read_safe": True}
