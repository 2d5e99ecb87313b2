"""The structure of the connectome against Varshney et al. (2011) and Towlson et al. (2013)."""

import tomllib
from importlib.resources import files

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import null_models, statistics

EXPECTED = files("isochron.connectome.data").joinpath("expected")
VARSHNEY = tomllib.loads(EXPECTED.joinpath("varshney2011_structure.toml").read_text("utf-8"))
TOWLSON = tomllib.loads(EXPECTED.joinpath("towlson2013.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def worm():
    return connectome.load("varshney2011")


@pytest.fixture(scope="module")
def layers(worm):
    return {"gap": worm.gap, "chemical": worm.chemical, "combined": worm.chemical + worm.gap}


@pytest.mark.parametrize("name", ["gap", "chemical", "combined"])
def test_giant_component_paths_and_clustering_of_varshney(layers, name):
    giant = statistics.giant_component(layers[name])
    within = layers[name][np.ix_(giant, giant)]
    expected = VARSHNEY[name]
    assert giant.size == expected["giant"]
    assert round(statistics.mean_path_length(within), 2) == expected["mean_path"]
    clustering = statistics.clustering(within, definition="out-neighbor")
    assert round(clustering, 2) == expected["clustering"]


def test_components_of_the_gap_junctions_of_varshney(layers):
    expected = VARSHNEY["gap"]
    sizes = statistics.components(layers["gap"]).sizes.tolist()
    parts = [expected["giant"], *expected["other_components"], *[1] * expected["isolated"]]
    assert sizes == parts


@pytest.mark.parametrize(
    ("layer", "tail", "kind"),
    [
        ("gap", "degree", "partners"),
        ("chemical", "in_degree", "incoming"),
        ("chemical", "out_degree", "outgoing"),
    ],
)
def test_tail_exponents_of_varshney(layers, layer, tail, kind):
    """Agreement to the printed digit; the smallest value of the tail is found, not given."""
    expected = VARSHNEY[layer]["tails"][tail]
    fit = statistics.power_law_tail(getattr(statistics.degrees(layers[layer]), kind))
    assert fit.k_min == expected["k_min"]
    assert round(fit.exponent, 2) == expected["exponent"]


def test_the_rich_club_of_towlson(worm, layers):
    undirected = (layers["combined"] + layers["combined"].T > 0) & ~np.eye(279, dtype=bool)
    partners = undirected.sum(axis=0)
    expected = TOWLSON["rich_club"]
    assert len(undirected) == TOWLSON["neurons"]
    assert partners.sum() / 2 == TOWLSON["connections"]
    members = np.array(worm.neurons)[partners >= expected["least_partners"]]
    assert len(members) == expected["size"]
    assert members.tolist() == expected["members"]


def test_the_rich_club_of_towlson_exceeds_random_networks_of_its_degrees(layers):
    """φ(k) is of those with more than k partners. 100 random networks know their deviation to
    7 %, and the excess at k = 43 is 3.6 of them."""
    undirected = (layers["combined"] + layers["combined"].T > 0) & ~np.eye(279, dtype=bool)
    rng = np.random.default_rng(0)
    random = (null_models.rewire_undirected(undirected, rng) for _ in range(100))
    club = statistics.rich_club(undirected, random)
    k = TOWLSON["rich_club"]["least_partners"] - 1
    assert club.z[k] > TOWLSON["rich_club"]["standard_deviations"]
    assert abs(club.z[31]) < 2
