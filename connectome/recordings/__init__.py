"""Real recordings: whole-brain calcium imaging of worms, and the functional atlas.

Nothing is shipped and nothing is fetched: these functions read files that a user has.
"""

from isochron.connectome.recordings.functional_atlas import load_functional_atlas
from isochron.connectome.recordings.loading import load_recording

__all__ = ["load_functional_atlas", "load_recording"]
