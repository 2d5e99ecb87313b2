"""Loading of a connectome, in fresh processes."""

import subprocess
import sys

from isochron.bench.results import Measurement, Peer
from isochron.bench.timing import Job, Stopwatch

DATASET = "cook2019-hermaphrodite"
OURS = f"from isochron import connectome; connectome.load({DATASET!r})"
CECT = """
import contextlib, io, warnings
warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    from cect.readers import Cook2019HermReader as reader
    reader.get_instance(from_cache={cache})
"""


def measure_loading(watch: Stopwatch, *, from_cache: bool = True) -> Measurement:
    """A fresh process that loads Cook (2019), with its imports; cect from its cache or source."""
    from importlib.util import find_spec

    name = "cect, its cache" if from_cache else "cect, the spreadsheet"
    ours, bare = watch.take_turns(fresh(OURS), fresh("import numpy"))
    if find_spec("cect") is None:
        peer = Peer(name=name, note='not installed: pip install "isochron[crosscheck]"')
    else:
        job = fresh(CECT.format(cache=from_cache))
        peer = Peer(name=name, seconds=watch.take_turns(job, turns=1 + from_cache, warm=0)[0])
    return Measurement(
        seconds=ours, peers=(peer,), limit_s=bare, limit="import numpy", note=DATASET
    )


def fresh(code: str) -> Job:
    """A job that runs code in a fresh process."""
    return lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
