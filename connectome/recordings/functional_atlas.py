"""The signal-propagation atlas of Randi et al. (2023), ``funatlas.h5``."""

import os

import h5py
import numpy as np
import xarray as xr

from isochron.connectome.recordings import _hdf5
from isochron.connectome.recordings._dataset import describe_unresolved, neuron_names, provenance
from isochron.files import reads_data, require_file

STRAINS = ("wt", "unc31")
VARIABLES = {
    "response": ("dFF", "mean response, fluorescence change over baseline"),
    "q": ("q", "false-discovery rate of a response"),
    "q_equivalence": ("q_eq", "false-discovery rate of the absence of a response"),
    "occurrences": ("occ1", "number of times that both were observed"),
}
_CUT_SHORT = {"AWCOF": "AWCOFF"}  # the file stores names of five characters


def is_functional_atlas(file: h5py.File) -> bool:
    """Whether a file is laid out as the atlas."""
    return "neuron_ids" in file and any(strain in file for strain in STRAINS)


@reads_data
def load_functional_atlas(path: str | os.PathLike) -> xr.Dataset:
    """Load the atlas of responses of each neuron to the stimulation of each other neuron.

    The atlas is not a recording over time, so `load_recording` does not read it. ``unc31`` are
    mutants that lack release from dense-core vesicles, and thereby most extrasynaptic signaling.

    Parameters
    ----------
    path : path-like
        File ``funatlas.h5`` as released with the paper.

    Returns
    -------
    xarray.Dataset
        Dimensions ``strain`` (``wt``, ``unc31``; those that the file has), ``post`` (the
        responding neuron) and ``pre`` (the stimulated one). Variables ``response``, ``q``,
        ``q_equivalence``, NaN where a pair was not observed, and ``occurrences``.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If it is not the atlas, is damaged, or stores data in other files.

    References
    ----------
    Randi, Sharma, Dvali and Leifer (2023), Nature 623:406.

    Examples
    --------
    A file with the layout of the atlas, of two neurons and one strain:

    >>> import h5py
    >>> from isochron.connectome.recordings import load_functional_atlas
    >>> with h5py.File("funatlas.h5", "w") as file:
    ...     file["neuron_ids"] = ["AVAL", "AVDR"]
    ...     file["wt/dFF"] = [[np.nan, 0.4], [0.1, np.nan]]
    ...     file["wt/q"] = [[np.nan, 0.01], [0.6, np.nan]]
    ...     file["wt/q_eq"] = [[np.nan, 0.9], [0.02, np.nan]]
    ...     file["wt/occ1"] = [[0, 12], [9, 0]]
    >>> atlas = load_functional_atlas("funatlas.h5").sel(strain="wt")
    >>> float(atlas.response.sel(post="AVAL", pre="AVDR"))
    0.4
    """
    path = require_file(path)
    with _hdf5.opened(path) as file:
        if not is_functional_atlas(file):
            raise ValueError(
                f"{path} is not the functional atlas: it has no neuron_ids with wt or unc31."
            )
        written = _hdf5.texts(file["neuron_ids"], "neuron_ids")
        strains = [strain for strain in STRAINS if strain in file]
        variables = {
            name: _stack(file, strains, key, len(written)) for name, (key, _) in VARIABLES.items()
        }
    labels = [_CUT_SHORT.get(name, name) for name in written]
    names = neuron_names(labels)
    return xr.Dataset(
        {
            name: (("strain", "post", "pre"), values, {"long_name": VARIABLES[name][1]})
            for name, values in variables.items()
        },
        coords={"strain": strains, "post": names, "pre": names},
        attrs={
            "format": "funatlas.h5",
            "unresolved_labels": describe_unresolved(labels),
            "reference": "Randi et al. (2023), Nature 623:406",
            **provenance(path),
        },
    )


def _stack(file: h5py.File, strains: list[str], key: str, n: int) -> np.ndarray:
    layers = [
        _hdf5.numbers(file.get(f"{strain}/{key}"), f"{strain}/{key}", 2) for strain in strains
    ]
    for strain, layer in zip(strains, layers, strict=True):
        if layer.shape != (n, n):
            raise ValueError(f"{strain}/{key} has shape {layer.shape}, but there are {n} names.")
    stacked = np.stack(layers)
    return stacked.astype(np.int64) if key == "occ1" else stacked
