"""A trained worm in a file: connectome, constants, stimulus and choices as JSON.

Numbers are restored bit-identically. Sizes are checked before memory is allocated.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from isochron.ann_bridge.fitting.parameters import Choice, ConnectionScale, Constant, Current
from isochron.connectome import Cell, Connectome, Source, infer_species
from isochron.sims import GradedNetwork, GradedParameters, Stimulus, step_current

CHOICES: dict[str, Any] = {kind.__name__: kind for kind in (Constant, ConnectionScale, Current)}
LARGEST_CONNECTOME = 2**26  # entries of all its matrices; the adult male has 10**6

Worm = tuple[GradedNetwork, Stimulus, list[Choice]]


def write_worm(network: GradedNetwork, stimulus: Stimulus, choices: Sequence[Choice]) -> bytes:
    """A network, a constant stimulus and choices as JSON in UTF-8."""
    connectome = network.connectome
    layers = ("chemical", "gap", "neuromuscular", *connectome.extrasynaptic)
    described = {
        "parameters": asdict(network.parameters),
        "connectome": {
            "name": connectome.name,
            "neurons": connectome.neurons,
            "muscles": connectome.muscles,
            "species": connectome.species,
            "layers": {layer: _entries(connectome.layer(layer)) for layer in layers},
            "signs": _entries(np.asarray(connectome.signs)),
            "cells": [asdict(cell) for cell in connectome.cells],
            "source": asdict(connectome.source),
            "history": connectome.history,
        },
        "stimulus": [[part.neurons, part.offset] for part in stimulus.parts],
        "choices": [{"kind": type(choice).__name__} | asdict(choice) for choice in choices],
    }
    return json.dumps(described, allow_nan=False).encode()


def read_worm(content: bytes) -> Worm:
    """Network, stimulus and choices that `write_worm` wrote.

    Raises
    ------
    ValueError
        If it is not JSON of this form, or a value is out of range.
    """
    try:
        described = json.loads(content)
        network = GradedNetwork(
            _connectome(described.get("connectome") or described["wiring"]),  # name in 0.1
            GradedParameters(**described["parameters"]),
        )
        parts = [
            step_current(_texts(neurons), amplitude_pA=float(current))
            for neurons, current in described["stimulus"]
        ]
        choices = [_choice(dict(choice)) for choice in described["choices"]]
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise ValueError(f"the description of the worm is not valid: {error!r}") from error
    return network, sum(parts, Stimulus()), choices


def _entries(weights: np.ndarray) -> list[list[Any]]:
    """Row, column and value of each entry that is not zero."""
    rows, columns = np.nonzero(weights)
    values = weights[rows, columns].tolist()
    return [list(entry) for entry in zip(rows.tolist(), columns.tolist(), values, strict=True)]


def _connectome(described: dict[str, Any]) -> Connectome:
    neurons, muscles = _texts(described["neurons"]), _texts(described["muscles"])
    n, m, entries = len(neurons), len(muscles), dict(described["layers"])
    if len(entries) * (n + m) * n > LARGEST_CONNECTOME:
        raise ValueError(
            f"{len(entries)} layers of {n} neurons and {m} muscles are too large to be read."
        )
    known = "species" in described  # files written before there was one
    species = described["species"] if known else infer_species((*neurons, *muscles))
    layers = {
        name: _matrix(entries[name], (m if name == "neuromuscular" else n, n)) for name in entries
    }
    return Connectome(
        name=described["name"],
        neurons=neurons,
        muscles=muscles,
        chemical=layers.pop("chemical"),
        gap=layers.pop("gap"),
        neuromuscular=layers.pop("neuromuscular"),
        extrasynaptic=layers,
        signs=_matrix(described["signs"], (n, n)),
        species=species,
        cells=tuple(map(_cell, described["cells"])),
        source=Source(**described["source"]),
        history=_texts(described["history"]),
    )


def _matrix(entries: list[list[Any]], shape: tuple[int, int]) -> np.ndarray:
    whole = all(isinstance(value, int) for _, _, value in entries)
    matrix = np.zeros(shape, dtype=np.int64 if whole else np.float64)
    for row, column, value in entries:
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise ValueError(f"The connection {row}, {column} is outside a layer of shape {shape}.")
        matrix[row, column] = value
    return matrix


def _cell(described: dict[str, Any]) -> Cell:
    place = described["position"]
    position = None if place is None else tuple(map(float, place))
    given: dict[str, Any] = {
        "transmitters": _texts(described["transmitters"]),
        "merged": _texts(described.get("merged", [])),  # files of 0.1 do not have it
        "position": position,
    }
    return Cell(**(described | given))


def _choice(described: dict[str, Any]) -> Choice:
    kind = CHOICES[described.pop("kind")]
    named = {key: _texts(value) for key, value in described.items() if isinstance(value, list)}
    return kind(**(described | named))


def _texts(values: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"names must be texts, got {values!r:.80}")
    return tuple(values)
