"""External simulators as processes: found, run without a shell, stopped at a time limit."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from isochron.extras import MissingExtraError

TIME_LIMIT_S = 6 * 3600.0
_LOG = "log.txt"


class SimulatorError(RuntimeError):
    """A simulator is missing, failed, or took too long."""


class MissingSimulatorError(SimulatorError, MissingExtraError):
    """A simulator, or a program that it needs, is not installed."""


def jneuroml_command() -> list[str]:
    """Command that starts jNeuroML: Java, and the archive inside pyneuroml.

    Raises
    ------
    MissingSimulatorError
        If either is missing; the message states what to install.
    """
    spec = find_spec("pyneuroml")
    folders = spec.submodule_search_locations if spec else None
    jars = sorted(
        jar for folder in folders or () for jar in Path(folder, "lib").glob("jNeuroML-*.jar")
    )
    if not jars:
        raise MissingSimulatorError(
            'jNeuroML is not installed; it comes with pyneuroml: pip install "isochron[neuroml]".'
        )
    java = shutil.which("java")
    if java is None:
        raise MissingSimulatorError(
            "jNeuroML needs Java, and the program java was not found. Install a Java runtime "
            "(Debian: apt-get install default-jre-headless) or set PATH."
        )
    return [java, "-Djava.awt.headless=true", "-jar", str(jars[-1])]


def run_process(
    command: Sequence[str],
    folder: Path,
    *,
    name: str,
    produces: str,
    variables: Mapping[str, str] | None = None,
    time_limit_s: float | None = None,
) -> Path:
    """Run a program in a folder and return the file that it writes there.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        Working directory.
    name : str
        Name of the program in error messages.
    produces : str
        Name of the file, whose absence means failure; exit codes are not reliable.
    variables : mapping of str to str, optional
        Environment variables in addition to those of this process.
    time_limit_s : float, optional
        Time after which it and its children are killed, in s; `TIME_LIMIT_S` by default. They are
        also killed if this process is interrupted.

    Raises
    ------
    SimulatorError
        If it fails or takes too long, with the last lines that it wrote.
    """
    limit = TIME_LIMIT_S if time_limit_s is None else time_limit_s
    with open(folder / _LOG, "wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise SimulatorError(
                f"{name} was stopped after {limit:g} s.{_last_lines(folder)}"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    made = folder / produces
    if code or not made.exists():
        raise SimulatorError(f"{name} failed with exit code {code}.{_last_lines(folder)}")
    return made


def _last_lines(folder: Path, n_lines: int = 12) -> str:
    lines = (folder / _LOG).read_text(errors="replace").splitlines()
    told = [line for line in lines if line.strip() and not line.lstrip().startswith("at ")]
    return " Its last lines:\n" + "\n".join(line[:300] for line in told[-n_lines:])
