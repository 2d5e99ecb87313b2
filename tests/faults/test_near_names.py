"""A name of a registry or of a setting that is misspelled: the nearest name."""

import click
import pytest

from isochron.cli import main
from isochron.cli.options import NearestChoice


@pytest.mark.parametrize(
    ("command", "near"),
    [
        ("study energi", "energy"),
        ("study Energy-", "energy"),
        ("reproduce pals2042", "pals2024"),
        ("train --network gur", "gru"),
        ("train --task flipflop", "flip-flop"),
        ("sweep run x.toml --out x --executor slrum", "slurm"),
        ("compare --executor locl", "local"),
        ("evaluate x --device cuad", "cuda"),
        ("attractors --signs gabba", "gaba"),
        ("attractors --dataset varshny2011", "varshney2011"),
        ("attractors --null-model rewir", "rewire"),
        ("connectome show varshny2011", "varshney2011"),
        ("connectome export varshney2011 --signs gabba --out x.csv", "gaba"),
        ("simulate --duration 1 --engine nmba", "numba"),
        ("simulate --duration 1 --engine numba,scpy --out run", "scipy"),
        ("simulate --duration 1 --model grded", "graded"),
        ("simulate --duration 1 --dataset varshny2011", "varshney2011"),
        ("simulate --duration 1 --stimulate AVAX=10", "AVAL"),
        ("simulate --duration 1 --method multstep", "multistep"),
        ("crawl --medium agr", "agar"),
        ("bench --row wrm", "worm"),
        ("simulat", "simulate"),
    ],
)
def test_a_misspelled_name(tmp_path, monkeypatch, capsys, command, near):
    monkeypatch.chdir(tmp_path)
    code, errors = main(command.split()), capsys.readouterr().err
    assert code == 2, errors
    assert "Did you mean" in errors
    assert near in errors.partition("Did you mean")[2].partition("?")[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["compare --quick", "study energy", "study pruning"])
def test_a_misspelled_setting(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_text("[worm]\ndatset = 'varshney2011'\n")
    assert main([*command.split(), "--config", "c.toml", "--out", "run"]) == 2
    errors = capsys.readouterr().err
    assert "Did you mean worm.dataset?" in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "run").exists()


def commands(group, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_choice_of_the_command_line_has_a_hint():
    """A choice of click itself lists the names, without the nearest one."""
    from isochron.cli import app
    from isochron.cli.options import ListedChoice

    plain = [
        (*path, parameter.name)
        for path, command in commands(app)
        for parameter in command.params
        if isinstance(parameter.type, click.Choice)
        and not isinstance(parameter.type, NearestChoice | ListedChoice)
    ]
    assert plain == []


def test_an_argument_is_named_as_in_the_help(capsys):
    assert main(["study", "energi"]) == 2
    assert "Invalid value for 'NAME': 'energi' is not one of" in capsys.readouterr().err
