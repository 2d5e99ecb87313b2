"""Options made from settings dataclasses."""

import subprocess
import sys
from dataclasses import MISSING, dataclass

import click
import pytest
from click.testing import CliRunner

from isochron.cli import app, main
from isochron.cli.options import SettingsCommand, make_option, option_name, reject_given
from isochron.settings import setting


@dataclass(frozen=True, kw_only=True)
class Wave:
    n_cycles: int = setting(3, "number of cycles")
    step_ms: float = setting(MISSING, "Time step", unit="ms")
    shape: str | None = setting(None, "Shape", choices=("sine", "square"))
    range_Hz: tuple[float, float] = setting((1.0, 2.5), "Range", unit="Hz")
    name: tuple[str, ...] = setting((), "Name; may be repeated", form="NAME")
    loud: bool = setting(False, "Play it loudly")
    plot: bool = setting(True, "Draw it")

    def __post_init__(self):
        if self.n_cycles < 1:
            raise ValueError("n_cycles must be at least 1.")


@click.command(cls=SettingsCommand, settings={"wave": Wave})
@click.argument("file")
@click.option("--short", is_flag=True)
def play(file, wave, short):
    if short:
        reject_given("wave", ["n_cycles"], "does not apply with --short.")
    click.echo(f"{file} {wave}")


def played(*arguments):
    return CliRunner().invoke(play, list(map(str, arguments)))


def test_a_command_receives_the_dataclass():
    everything = ("--cycles", 5, "--step", 0.5, "--shape", "sine", "--range", 2, 3, "--name", "a",
                  "--name", "b", "--loud", "--no-plot")  # fmt: skip
    wanted = Wave(
        n_cycles=5, step_ms=0.5, shape="sine", range_Hz=(2.0, 3.0), name=("a", "b"), loud=True,
        plot=False,
    )  # fmt: skip
    assert played("f", *everything).output == f"f {wanted}\n"
    assert played("f", "--step", 1).output == f"f {Wave(step_ms=1.0)}\n"


def test_help_states_unit_choices_and_default_once():
    shown = " ".join(played("--help").output.split())
    for text in (
        "--cycles INTEGER Number of cycles. [default: 3]",
        "--step FLOAT Time step (ms). [required]",
        "--shape [sine|square] Shape.",
        "--range FLOAT... Range (Hz). [default: 1 2.5]",
        "--name NAME Name; may be repeated.",
        "--loud Play it loudly.",
        "--plot / --no-plot Draw it.",
    ):
        assert text in shown
    assert shown.index("--cycles") < shown.index("--short")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["f"], "Missing option '--step'"),
        (["f", "--step", "1", "--shape", "sin"], "is not one of 'sine', 'square'. Did you mean"),
        (["f", "--step", "1", "--cycles", "9", "--short"], "--cycles does not apply with --short."),
    ],
)
def test_wrong_options_are_named(arguments, message):
    result = played(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert isinstance(played("f", "--step", 1, "--cycles", 0).exception, ValueError)


@pytest.mark.parametrize("command", sorted(app.commands))
def test_every_help_is_instant_and_each_option_is_a_sentence(command):
    code = "import sys; from isochron.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    words = [sys.executable, "-c", code, command, "--help"]
    found = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    heavy = {"torch", "numba", "brian2", "matplotlib", "pandas", "scipy", "xarray"}
    assert not heavy & set(found.splitlines()[-1].split())
    context = click.Context(app.commands[command], info_name=command)
    for option in app.commands[command].get_params(context):
        if isinstance(option, click.Option):
            text = option.help or ""
            assert text[:1].isupper(), (option.name, text)
            assert not text.startswith(("Of ", "How ", "To ")), (option.name, text)


def test_names_of_options():
    fields = {it.name: it for it in Wave.__dataclass_fields__.values()}
    assert [option_name(it) for it in fields.values()][:4] == [
        "--cycles", "--step", "--shape", "--range"
    ]  # fmt: skip
    assert make_option(fields["step_ms"], "wave").name == "wave__step_ms"


def test_several_choices_stand_between_commas():
    field = setting("sine", "Shapes", choices=("sine", "square", "saw"), several=True)
    field.name, field.type = "shapes", "str"
    option = make_option(field)
    context = click.Context(play)
    assert option.type.convert("saw,sine", option, context) == "saw,sine"
    with pytest.raises(click.UsageError, match="Did you mean square"):
        option.type.convert("sine,sqare", option, context)
    offered = option.type.shell_complete(context, option, "sine,s")
    assert [item.value for item in offered] == ["sine,square", "sine,saw"]


@pytest.mark.parametrize(
    "arguments", ["train --out", "simulate --duration 1 --stimulus", "evaluate", "cycles"]
)
def test_an_empty_path_is_not_the_current_folder(arguments, capsys):
    assert main([*arguments.split(), ""]) == 2
    assert "the path is empty" in capsys.readouterr().err
