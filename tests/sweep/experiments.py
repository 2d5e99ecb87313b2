"""Experiments that fail in every way; each is ``tests.sweep.experiments:NAME``."""

import os
import signal
import sys
import time
import warnings

import numpy as np

BAD = 5


def square(runs, seeds):
    """x², a draw from the seed, and a row of two numbers."""
    x = np.array([run["x"] for run in runs], dtype=float)
    draws = np.array([np.random.default_rng(seed).random() for seed in seeds])
    return {"square": x**2 * runs[0].get("factor", 1), "draw": draws, "pair": np.stack([x, -x], 1)}


def poison(runs, seeds):
    """Kills its process where x is BAD."""
    if any(run["x"] == BAD for run in runs):
        os.kill(os.getpid(), signal.SIGKILL)
    return square(runs, seeds)


def exiting(runs, seeds):
    """Ends the program where x is BAD."""
    if any(run["x"] == BAD for run in runs):
        sys.exit(3)
    return square(runs, seeds)


def raising(runs, seeds):
    """Raises where x is BAD."""
    if any(run["x"] == BAD for run in runs):
        raise ZeroDivisionError("planted")
    return square(runs, seeds)


def hanging(runs, seeds):
    """Sleeps where x is BAD."""
    if any(run["x"] == BAD for run in runs):
        time.sleep(600)
    return square(runs, seeds)


def hungry(runs, seeds):
    """Takes 64 GiB where x is BAD."""
    if any(run["x"] == BAD for run in runs):
        np.ones(8 * 2**30)
    return square(runs, seeds)


def slow(runs, seeds):
    """Takes a tenth of a second."""
    time.sleep(0.1)
    return square(runs, seeds)


def ragged(runs, seeds):
    """Returns one number for all runs."""
    return {"x": np.zeros(1)}


def named(runs, seeds):
    """A text as long as x."""
    return {"text": np.array(["a" * run["x"] for run in runs])}


def large(runs, seeds):
    """64 kB for a run where x is 4 or more."""
    n = 8000 if runs[0]["x"] >= 4 else 8
    return {"y": np.array([np.random.default_rng(seed).random(n) for seed in seeds])}


def wave(runs, seeds):
    """A complex number, after a change of the folder of the process."""
    os.chdir("/")
    return {"wave": np.exp(1j * np.array([run["x"] for run in runs]))}


def unnamed(runs, seeds):
    """Returns a list."""
    return [0.0]


def misnamed(runs, seeds):
    """Returns a variable with the name of one of the store."""
    return {"status": np.zeros(len(runs))}


def verbose(runs, seeds):
    """Raises a long error where x is BAD."""
    if any(run["x"] == BAD for run in runs):
        raise ValueError("long " * 100_000)
    return square(runs, seeds)


def warning(runs, seeds):
    """Warns of each x, in two lines."""
    for run in runs:
        warnings.warn(f"{run['x']} is\nodd", UserWarning, stacklevel=1)
    return square(runs, seeds)
