"""The promise "same seed, bit-identical": seeds that may never change."""

import pytest

from isochron.runs.provenance import derive_seed


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
    """What belongs to one purpose is not shared with a purpose that is spelled alike."""
    apart = [("a", "bc"), ("ab", "c"), ("abc",), (1, 2), (12,), (1, "2x"), (12, "x")]
    assert len({derive_seed(*parts) for parts in apart}) == len(apart)
