"""A reader that closes the output, and shell completion, end a command without a message."""

import os
import subprocess
import sys

import pytest

from isochron.cli import main

ISOCHRON = [sys.executable, "-m", "isochron"]


def run_into_a_closed_pipe(arguments, *, also_errors=False, unbuffered=""):
    """Exit code, and what reached standard error, of a command whose output nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [*ISOCHRON, *arguments],
            stdout=writing,
            stderr=writing if also_errors else subprocess.PIPE,
            check=False,
            timeout=60,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    finally:
        os.close(writing)
    return result.returncode, (result.stderr or b"").decode()


@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [
        (["--help"], ""),
        (["connectome", "list"], ""),  # a table
        (["connectome", "cells", "varshney2011", "--json"], ""),
        (["nonsense", "--json"], ""),  # an error, as JSON
        (["--help"], "1"),
        (["nonsense", "--json"], "1"),
    ],
)
def test_a_closed_output_ends_a_command_quietly(arguments, unbuffered):
    """141 is what a shell reports of a process that SIGPIPE ends.

    A buffer that could not be written is written again at the end of Python.
    """
    assert run_into_a_closed_pipe(arguments, unbuffered=unbuffered) == (141, "")


def test_a_closed_standard_error_too():
    arguments = ["nonsense"]
    assert run_into_a_closed_pipe(arguments, also_errors=True)[0] == 141


@pytest.mark.parametrize(
    ("redirect", "command", "code"),
    [
        (">&-", "connectome list", 0),
        (">&-", "connectome show varshney2011 --json", 0),
        ("2>&-", "connectome show nope", 2),
        (">&- 2>&-", "connectome show nope --json", 2),
    ],
)
def test_an_output_closed_from_the_start_is_no_error(redirect, command, code):
    result = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m isochron {command} {redirect}"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == code
    assert result.stderr == b""


@pytest.mark.parametrize(("shell", "current"), [("bash", "1"), ("zsh", "1"), ("fish", "sim")])
def test_completion_offers_commands(shell, current):
    setting = {
        "_ISOCHRON_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "isochron sim",
        "COMP_CWORD": current,
    }
    result = subprocess.run(
        ISOCHRON, env=os.environ | setting, capture_output=True, text=True, check=False, timeout=60
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "simulate" in result.stdout


def test_a_different_broken_pipe_is_an_error(monkeypatch, capfd):
    """A pipe to a worker or a simulator is not the output."""

    def broken(*arguments, **options):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("isochron.cli.app", broken)
    assert main(["report", "x"]) == 1
    assert "Broken pipe" in capfd.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_output_on_a_full_disk_is_one_line(options):
    words = [sys.executable, "-m", "isochron", "connectome", "show", "varshney2011", *options]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (5, "isochron: The disk is full. Free space on it.\n")


def test_an_output_in_ascii_has_escapes():
    words = [sys.executable, "-m", "isochron", "connectome", "list"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, capture_output=True, env=environment, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\xb3" in done.stdout
