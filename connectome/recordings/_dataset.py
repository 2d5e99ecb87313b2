"""Conversion of the content of a format to one labeled dataset."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from isochron._version import __version__
from isochron.connectome.cells import cells
from isochron.connectome.names import C_ELEGANS, canonical_name, joint_cells, known_species
from isochron.connectome.signs import say
from isochron.files import file_sha256
from isochron.wording import counted

SHORTEST_S, LONGEST_S = 1e-3, 60.0  # between samples of a recording of many neurons
_TAXON_OF_THE_WORM = re.compile(r"(?<!\d)6239$")  # NCBITaxon_6239


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Content of a recording that every reader returns.

    Attributes
    ----------
    time_s : ndarray of float, shape (n_times,)
        In s.
    variables : mapping of str to ndarray of float, shape (n_times, n_neurons)
        ``activity``, and other variables of the format with that shape.
    quantity : mapping of str to str
        Description of each variable.
    units : mapping of str to str
        Unit of each variable; 1 for those that it does not contain.
    labels : sequence of str, length n_neurons
        As the file writes them; empty where a neuron has none.
    confidence : ndarray of float, shape (n_neurons,), or None
        Confidence of the labels, in the scale of the file.
    attrs : mapping of str to str
        Format, identifier, paper.
    species : str
        As the file states it; empty if it does not, which is taken for C. elegans.
    """

    time_s: np.ndarray
    variables: Mapping[str, np.ndarray]
    quantity: Mapping[str, str]
    labels: Sequence[str]
    units: Mapping[str, str] = field(default_factory=dict)
    confidence: np.ndarray | None = None
    attrs: Mapping[str, str] = field(default_factory=dict)
    species: str = ""


def to_dataset(traces: Traces, path: Path) -> xr.Dataset:
    """The dataset of `load_recording`.

    Raises
    ------
    ValueError
        If shapes do not fit, time is not finite and rising, or a trace is infinite.
    """
    _check(traces, path)
    _say_if_implausible(traces, path)
    time_ms = traces.time_s * 1000
    species = _species_of(traces.species)
    worm = species == C_ELEGANS
    coordinates = {
        "time": ("time", time_ms, {"units": "ms"}),
        "neuron": ("neuron", neuron_names(traces.labels, of_the_worm=worm)),
        "label": (
            "neuron",
            np.array([*traces.labels], dtype=str),
            {"long_name": "name as the file writes it"},
        ),
    }
    if traces.confidence is not None:
        coordinates["confidence"] = ("neuron", traces.confidence, {"units": "1"})
    return xr.Dataset(
        {
            name: (
                ("time", "neuron"),
                values,
                {"long_name": traces.quantity[name], "units": traces.units.get(name, "1")},
            )
            for name, values in traces.variables.items()
        },
        coords=coordinates,
        attrs={
            **traces.attrs,
            "sampling_rate_hz": float(1000 / np.median(np.diff(time_ms))),
            "species": species if traces.species else f"not stated, read as {C_ELEGANS}",
            "unresolved_labels": describe_unresolved(traces.labels, of_the_worm=worm),
            **provenance(path),
        },
    )


def _species_of(stated: str) -> str:
    """The species that a file states by a name or by its number in the taxonomy of NCBI."""
    if not stated or _TAXON_OF_THE_WORM.search(stated):
        return C_ELEGANS
    try:
        return known_species(stated) or C_ELEGANS
    except ValueError:  # worm, C. elegnas
        return C_ELEGANS


def neuron_names(labels: Sequence[str], *, of_the_worm: bool = True) -> list[str]:
    """A different name for every neuron.

    The canonical name where the label is that of a neuron and no other label is, else
    ``?`` and the number of the neuron in the file, from 1 on. For other animals than
    C. elegans every label that occurs once is a name as it is.
    """
    known = [canonical_name(label) if of_the_worm else label.strip() for label in labels]
    named = cells() if of_the_worm else set(known) - {""}
    return [
        name if name in named and known.count(name) == 1 else f"?{number}"
        for number, name in enumerate(known, start=1)
    ]


def describe_unresolved(labels: Sequence[str], *, of_the_worm: bool = True) -> str:
    """Labels without a name, and the reason: ``?7: EF1/2 names several cells (EF1, EF2)``.

    Neurons without a label are not listed.
    """
    found = []
    names = neuron_names(labels, of_the_worm=of_the_worm)
    for number, (label, name) in enumerate(zip(labels, names, strict=True), 1):
        if not label.strip() or name != f"?{number}" or label == name:
            continue
        if not of_the_worm:
            found.append(f"{name}: {label} is the label of several neurons")
            continue
        form = canonical_name(label)
        if joint := joint_cells(label):
            reason = f"names several cells ({', '.join(joint)})"
        elif form in cells():
            reason = f"is one of several labels of {form}"
        else:
            reason = "is not the name of a neuron"
        found.append(f"{name}: {label} {reason}")
    return "; ".join(found)


def provenance(path: Path) -> dict[str, str]:
    """Provenance of a dataset: file name, its SHA-256, and the version of isochron."""
    return {"file": path.name, "sha256": file_sha256(path), "isochron_version": __version__}


def _say_if_implausible(traces: Traces, path: Path) -> None:
    """Log a warning if the interval of the samples is implausible for recorded neurons."""
    interval = float(np.median(np.diff(traces.time_s)))
    if not SHORTEST_S <= interval <= LONGEST_S:
        say(
            [
                f"{path}: the samples are {interval:g} s apart. Times and rates of a file are in s "
                "and Hz; if these are in ms or kHz, correct the file."
            ]
        )


def _check(traces: Traces, path: Path) -> None:
    time, n = traces.time_s, len(traces.labels)
    if time.size < 2 or n < 1:
        raise ValueError(
            f"{path} has {counted(n, 'neuron')} at {counted(time.size, 'time')}; at least 1 and 2 "
            "are needed."
        )
    if not np.isfinite(time).all() or (np.diff(time) <= 0).any():
        wrong = ~np.isfinite(time)
        wrong[1:] |= ~(np.diff(time) > 0)
        i = int(np.argmax(wrong))
        raise ValueError(
            f"{path}: the times must be finite and ascending; they are not: time {i} (from 0) is "
            f"{time[i]:g} s{f', after {time[i - 1]:g} s' if i else ''}."
        )
    for name, values in traces.variables.items():
        if values.shape != (time.size, n):
            raise ValueError(
                f"{path}: {name} has shape {values.shape}, but there are "
                f"{counted(time.size, 'time')} and {counted(n, 'neuron')}."
            )
        if np.isinf(values).any():
            raise ValueError(f"{path}: {name} has infinite values; mark missing ones as NaN.")
