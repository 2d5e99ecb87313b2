"""isochron connectome: description, comparison and conversion of connectomes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from isochron.cli.common import (
    add_row,
    debug_option,
    force_option,
    json_option,
    open_connectome,
    print_json,
    print_table,
    refuse_to_replace,
    report_file,
    say,
    sign_rule,
)
from isochron.cli.options import PATH, NearestGroup, SettingsCommand
from isochron.settings import setting
from isochron.wording import counted


@click.group(cls=NearestGroup)
def connectome() -> None:
    """Show, compare and convert published or user-supplied connectomes.

    A file takes the place of an ID: a table of connections (.csv, .tsv, .tab, .txt), GraphML,
    NeuroML (.nml, .xml), labeled matrices (.nc), or a .toml file that names one of these, or
    matrices (.npy), with the options of its reader.
    """


@connectome.command("list")
@json_option
@debug_option
def list_(as_json: bool) -> None:
    """List the data sets."""
    from dataclasses import asdict, astuple

    from isochron.connectome import available, load
    from isochron.workflows.connectome_description import describe_connectome

    rows = [describe_connectome(load(name)).overview for name in available()]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    from rich.table import Table

    table = Table("id", "neurons", "chemical", "gap pairs", "onto muscle", "other", "weights")
    for row in rows:
        add_row(table, *(str(value or "") for value in astuple(row)))
    print_table(table)


@connectome.command()
@click.argument("identifier", metavar="ID")
@json_option
@debug_option
def show(identifier: str, as_json: bool) -> None:
    """Show the contents of a data set, the unit of its weights and its provenance."""
    connectome = open_connectome(identifier)
    if as_json:
        from dataclasses import asdict

        from isochron.workflows.connectome_description import describe_connectome

        print_json(asdict(describe_connectome(connectome)))
        return
    source = connectome.source
    say(repr(connectome))
    for label, text in (
        ("Title", source.title),
        ("Paper", f"{source.paper} {source.doi}"),
        ("Notes", source.notes),
        ("Omitted", source.left_out),
        ("File", f"{source.file}, by way of {source.via}" if source.via else source.file),
        ("SHA-256", source.file_sha256),
        ("License", source.license),
    ):
        if text.strip():
            say(f"{label}: {text}")


@connectome.command()
@click.argument("identifier", metavar="ID")
@json_option
@debug_option
def cells(identifier: str, as_json: bool) -> None:
    """List the neurons: class, type, sex, transmitters, position, lineage."""
    from dataclasses import asdict

    connectome = open_connectome(identifier)
    if as_json:
        print_json([asdict(cell) for cell in connectome.cells])
        return
    from rich.table import Table

    table = Table("name", "class", "type", "sex", "transmitters", "position (µm)", "lineage")
    for cell in connectome.cells:
        place = " ".join(f"{x:.1f}" for x in cell.position) if cell.position else ""
        transmitters = ", ".join(cell.transmitters)
        add_row(
            table,
            cell.name,
            cell.cell_class,
            cell.type,
            cell.sex,
            transmitters,
            place,
            cell.lineage,
        )
    print_table(table)


@connectome.command()
@click.argument("identifier", metavar="ID")
@json_option
@debug_option
def stats(identifier: str, as_json: bool) -> None:
    """Compute components, paths, clustering, reciprocity, symmetry and degrees."""
    from isochron.connectome.statistics import summary

    found = summary(open_connectome(identifier))
    if as_json:
        print_json(found)
        return
    from rich.table import Table

    table = Table("", *found)
    for row in _flat(next(iter(found.values()))):
        add_row(table, " ".join(row), *(_short(_at(layer, row)) for layer in found.values()))
    print_table(table)


@connectome.command()
@click.argument("first", metavar="ID")
@click.argument("second", metavar="ID")
@json_option
@debug_option
def compare(first: str, second: str, as_json: bool) -> None:
    """Compare two data sets: shared neurons and connections, and differences."""
    from dataclasses import asdict

    from isochron.connectome import compare as compare_connectomes

    one, other = open_connectome(first), open_connectome(second)
    found = compare_connectomes(one, other)
    if as_json:
        print_json(asdict(found))
        return
    from rich.table import Table

    say(
        f"{counted(len(found.shared_neurons), 'neuron')} in both, {len(found.only_first)} only in "
        f"{one.name}, {len(found.only_second)} only in {other.name}."
    )
    for remark in found.remarks:
        say(remark)
    if not found.same_unit:
        say(f"Weights differ: {one.source.weight_unit}, {other.source.weight_unit}.")
    table = Table(
        *("layer", "in both", f"only {one.name}", f"only {other.name}"),
        *("Jaccard index", "rank correlation of weights"),
    )
    for layer, row in found.layers.items():
        add_row(
            table,
            layer,
            *(str(value) for value in (row.both, row.only_first, row.only_second)),
            *(_short(value) for value in (row.jaccard, row.weight_correlation)),
        )
    print_table(table)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignSettings:
    """Signs of a connectome."""

    signs: str | None = setting(
        None,
        "Sign rule; by default the connections are exported as they are",
        choices="isochron.connectome:SIGN_RULES",
    )


@connectome.command(cls=SettingsCommand, settings={"signing": SignSettings})
@click.argument("identifier", metavar="ID")
@click.option(
    "--out", type=PATH, required=True, help="File for the connectome: .csv, .graphml or .nc."
)
@force_option
@json_option
@debug_option
def export(identifier: str, signing: SignSettings, out: Path, force: bool, as_json: bool) -> None:
    """Write a data set as a list of connections, a graph or labeled matrices."""
    from isochron.connectome import Connectome, write_csv, write_graphml
    from isochron.sims import save_dataset

    writers: dict[str, Callable[[Connectome, Path], object]] = {
        ".csv": write_csv,
        ".graphml": write_graphml,
        ".nc": lambda connectome, path: save_dataset(connectome.to_xarray(), path),
    }
    if out.suffix not in writers:
        raise ValueError(f"--out must end in {', '.join(writers)}, got {str(out)!r}.")
    rule = sign_rule(signing.signs)
    refuse_to_replace(out, force)
    connectome = open_connectome(identifier)
    if rule is not None:
        connectome = connectome.with_signs(rule)
    writers[out.suffix](connectome, out)
    report_file(out, as_json)


@connectome.command()
@click.argument("identifier", metavar="ID")
@click.option(
    "--out", type=PATH, help="File for the figure: .png, .pdf or .svg.  [default: ID.png]"
)
@force_option
@json_option
@debug_option
def plot(identifier: str, out: Path | None, force: bool, as_json: bool) -> None:
    """Draw the adjacency matrix, the circuit layer by layer, and the positions."""
    out = out or Path(f"{Path(identifier).stem}.png")
    if out.suffix not in (".png", ".pdf", ".svg"):
        raise ValueError(f"--out must end in .png, .pdf or .svg, got {str(out)!r}.")
    refuse_to_replace(out, force)
    connectome = open_connectome(identifier)
    from isochron.workflows.connectome_figure import draw_connectome

    draw_connectome(connectome, out)
    report_file(out, as_json)


def _flat(tree: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key, value in tree.items():
        rows += _flat(value, (*above, key)) if isinstance(value, dict) else [(*above, key)]
    return rows


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree[key] if isinstance(tree, dict) else None
    return tree


def _short(value: Any) -> str:
    if isinstance(value, list):
        single = sum(item == 1 for item in value)
        large = [str(item) for item in value if item != 1]
        return ", ".join([*large[:5], *(["…"] if len(large) > 5 else []), f"{single} single"])
    if isinstance(value, float):
        return f"{value:.3f}"
    return "–" if value is None else str(value)
