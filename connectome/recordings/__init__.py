"""Real recordings: whole-brain calcium imaging of worms, and the functional atlas.

These functions read files of the user; the package does not contain or download recordings.
"""

from isochron.connectome.recordings.functional_atlas import load_functional_atlas
from isochron.connectome.recordings.loading import load_recording

__all__ = ["load_functional_atlas", "load_recording"]
