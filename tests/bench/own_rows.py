"""Rows of the tests, which the process of a row imports."""

import json
import os
import sys

from isochron.bench.results import Measurement
from isochron.runs.results import to_json_values


def quick(seconds=1.0):
    threads = os.environ["OMP_NUM_THREADS"]
    return Measurement(seconds=seconds, note=f"{threads} threads, process {os.getpid()}")


def measure_here(name, device):
    if name == "fails":
        raise ValueError("no way")
    sys.stdout.write("a line that a library prints\n" + json.dumps(to_json_values(quick(2.0))))
