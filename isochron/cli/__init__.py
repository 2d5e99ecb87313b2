"""The command line. One command, one file; nothing heavy is imported before it is needed."""

import errno
import io
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from isochron._version import __version__
from isochron.cli.attractors import attractors
from isochron.cli.bench import bench
from isochron.cli.compare import compare
from isochron.cli.connectome import connectome
from isochron.cli.crawl import crawl
from isochron.cli.cycles import cycles
from isochron.cli.environment import check_environment
from isochron.cli.errors import describe_error, end_quietly
from isochron.cli.evaluate import evaluate
from isochron.cli.export_neuroml import export_neuroml
from isochron.cli.follow import follow
from isochron.cli.options import NearestGroup
from isochron.cli.report import report
from isochron.cli.reproduce import reproduce
from isochron.cli.signals import CODES, INTERRUPTED, WORDS, handled_signals
from isochron.cli.simulate import simulate
from isochron.cli.study import study
from isochron.cli.sweep import sweep
from isochron.cli.tongue import tongue
from isochron.cli.train import train
from isochron.cli.view import view
from isochron.wording import print_warning


class _Commands(NearestGroup):
    """A group whose interrupt click does not announce with an empty line."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _interrupt_as_exit():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _interrupt_as_exit():
            return super().invoke(ctx)


@contextmanager
def _interrupt_as_exit() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        stopped = SystemExit(INTERRUPTED)
        for note in getattr(error, "__notes__", ()):
            stopped.add_note(note)
        raise stopped from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="isochron", message="%(prog)s %(version)s")
def app() -> None:
    """Compare the rhythms of trained recurrent networks with those of a real nervous system."""


app.add_command(attractors)
app.add_command(bench)
app.add_command(compare)
app.add_command(connectome)
app.add_command(crawl)
app.add_command(cycles)
app.add_command(evaluate)
app.add_command(export_neuroml)
app.add_command(follow)
app.add_command(report)
app.add_command(reproduce)
app.add_command(simulate)
app.add_command(study)
app.add_command(sweep)
app.add_command(tongue)
app.add_command(train)
app.add_command(view)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; return its exit code.

    0 done; 1 failed while running; 2 wrong usage or configuration; 3 bad data file;
    4 numerical failure; 5 resources; 130 interrupted; 141 output closed; 143 terminated.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # workers inherit it
        os.environ["MPLBACKEND"] = "agg"  # figures are files: no window, whatever was set
        if "--debug" not in arguments:
            warnings.showwarning = print_warning
        if isinstance(sys.stdout, io.TextIOWrapper):  # characters that its encoding lacks
            sys.stdout.reconfigure(errors="backslashreplace")
        if "--json" not in arguments:
            os.environ.setdefault("ISOCHRON_ANNOUNCE_COMPILATION", "1")
    _open_closed_outputs()
    streams = sys.stdout, sys.stderr
    try:
        with handled_signals(to_the_end=argv is None) as came:
            code = _run(arguments, came)
            sys.stdout.flush()
    except BrokenPipeError as error:
        code = end_quietly(streams)
        return describe_error(error, arguments) if code is None else code
    except (KeyboardInterrupt, SystemExit) as error:  # before or after the command
        return describe_error(error, arguments)
    finally:
        sys.stdout, sys.stderr = streams  # click replaces them when a pipe is closed
    return code


def _open_closed_outputs() -> None:
    """Point outputs that were closed before the process started at nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _run(arguments: list[str], came: list[int]) -> int:
    streams = sys.stdout, sys.stderr
    try:
        check_environment()
        return int(app(arguments, prog_name="isochron", standalone_mode=False) or 0)
    except BrokenPipeError:
        raise
    except click.Abort:
        return describe_error(KeyboardInterrupt(), arguments)
    except SystemExit as error:
        if (sys.stdout, sys.stderr) != streams:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe") from error
        # Shell completion ends by itself, with a code and nothing more to say.
        if isinstance(error.code, int) and error.code not in WORDS:
            return error.code
        return describe_error(error, arguments)
    except (Exception, KeyboardInterrupt) as error:
        # Compiled code that a signal stopped may answer with an error of its library.
        stopped = SystemExit(CODES[signal.Signals(came[0])]) if came else error
        return describe_error(stopped, arguments)
