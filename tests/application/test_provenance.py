"""The promise "same seed, bit-identical": seeds that may never change."""

import pytest

from isochron.connectome import load
from isochron.runs.provenance import Provenance, derive_seed, find_provenance
from isochron.runs.results import from_json_values, to_json_values


@pytest.mark.parametrize(
    ("parts", "digest"),
    [
        # First eight digits of: printf '0/worm' | sha256sum
        ((0, "worm"), "64ed386a"),
        ((0, "net", 1, "training"), "9f112983"),
        ((7, "a", "bc"), "6df8b262"),
        ((7, "ab", "c"), "5fc1bafa"),
        ((12,), "6b51d431"),
    ],
)
def test_seeds_are_those_of_the_first_release(parts, digest):
    assert derive_seed(*parts) == int(digest, 16)


def test_parts_are_kept_apart():
    """Different parts give different seeds, even if their texts are joined to the same text."""
    apart = [("a", "bc"), ("ab", "c"), ("abc",), (1, 2), (12,), (1, "2x"), (12, "x")]
    assert len({derive_seed(*parts) for parts in apart}) == len(apart)


def test_json_values_have_a_dataset_only_where_there_is_one():
    without = to_json_values(find_provenance())
    assert list(without) == ["isochron", "python", "packages", "machine"]
    found = find_provenance(load("varshney2011"))
    values = to_json_values(found)
    assert values["dataset"]["id"] == "varshney2011"
    assert from_json_values(values, Provenance) == found
    assert from_json_values(without, Provenance).dataset is None
