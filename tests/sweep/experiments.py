"""Experiments that fail in every way; each is ``tests.sweep.experiments:NAME``."""

import os
import signal
import time

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
