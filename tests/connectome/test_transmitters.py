import dataclasses

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome.names import known_species


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("gaba",), ("GABA",)),
        (("Gaba",), ("GABA",)),
        (("GABA ",), ("GABA",)),
        (("GABA (?)",), ("GABA?",)),
        (("gaba?",), ("GABA?",)),
        (("? GABA",), ("GABA?",)),
        (("GABAergic",), ("GABA",)),
        (("ACh", "5-HT"), ("acetylcholine", "serotonin")),
        (("Glu",), ("glutamate",)),
        (("unknown", ""), ()),
        ("GABA", ("GABA",)),
        (("glycine",), ("glycine",)),
        (("glutamine",), ("glutamine",)),
    ],
)
def test_spellings_of_transmitters(given, expected):
    assert connectome.Cell("A", "A", "motor", transmitters=given).transmitters == expected


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gabba", "Did you mean GABA"),
        ("glutamat", "Did you mean glutamate"),
        ("Acetylcoline?", "Did you mean acetylcholine"),
        ("GABA+glutamate", r"transmitters=\('GABA', 'glutamate',\)"),
        ("ACh, peptide", "names several"),
    ],
)
def test_misspelled_transmitters_are_refused(word, message):
    with pytest.raises(ValueError, match=message):
        connectome.Cell("A", "A", "motor", transmitters=(word,))


@pytest.mark.parametrize("word", ["gaba", "GABA (?)", "GABAergic", " Gaba"])
def test_a_neuron_inhibits_in_every_spelling(word):
    cells = tuple(connectome.Cell(x, x, "motor", transmitters=(word,)) for x in "AB")
    graph = connectome.from_matrices(["A", "B"], np.ones((2, 2)), rows="postsynaptic")
    graph = dataclasses.replace(graph, cells=cells)
    assert (connectome.TransmitterSigns()(graph) == -1).all()


def test_another_substance_inhibits_in_either_case():
    cells = tuple(connectome.Cell(x, x, "motor", transmitters=(x,)) for x in ("Glycine", "glycine"))
    graph = connectome.from_matrices(["Glycine", "glycine"], np.ones((2, 2)), rows="postsynaptic")
    graph = dataclasses.replace(graph, cells=cells)
    assert (connectome.TransmitterSigns(inhibitory=("glycine",))(graph) == -1).all()


@pytest.mark.parametrize("word", ["worm", "Elegans", "nematode", "C. elegnas", "C. elegan"])
def test_a_species_that_may_mean_the_worm_is_refused(word):
    with pytest.raises(ValueError, match=f"'{word}' may mean 'C. elegans'"):
        known_species(word)


@pytest.mark.parametrize(
    "name", ["C. briggsae", "Caenorhabditis briggsae", "Pristionchus pacificus", "C. remanei"]
)
def test_other_nematodes_are_other_animals(name):
    assert known_species(name) == name
