"""Size of a run against that of the paper."""

from isochron.studies.pals2024.conditions import RANKED, budget_of, parse_condition, section_of
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.wording import joined

PAPER_UNITS = {RANKED: 512, "full-rank": 100}
PAPER_BATCH = 128
PAPER_NETWORKS = 12  # in each condition, as released
_WORDS = {RANKED: "low-rank", "full-rank": "full-rank"}


def describe_size(config: Pals2024Config) -> str:
    """A replication at the size of the paper, or at reduced size with all sizes that are smaller.

    Kinds of networks that are not in the paper do not have a size there.
    """
    units: dict[str, set[int]] = {kind: set() for kind in PAPER_UNITS}
    batches = set()
    for condition in map(parse_condition, config.conditions):
        if condition.kind in PAPER_UNITS:
            units[condition.kind].add(section_of(config, condition).n_units)
            batches.add(budget_of(config, condition).batch_size)
    sizes = [_smaller({config.nets}, PAPER_NETWORKS, "{} networks in a condition")]
    sizes += [
        _smaller(units[kind], paper, f"{_WORDS[kind]} networks of {{}} units")
        for kind, paper in PAPER_UNITS.items()
    ]
    sizes.append(_smaller(batches, PAPER_BATCH, "{} trials in a training step"))
    reduced = [size for size in sizes if size]
    if not reduced:
        return "Replication at the size of the paper."
    return f"Replication at reduced size: {joined(reduced)}."


def _smaller(ours: set[int], paper: int, words: str) -> str:
    """Those of our sizes that are smaller than that of the paper, in words; empty if none is."""
    few = [str(size) for size in sorted(ours) if size < paper]
    return f"{words.format(joined(few))} (paper: {paper})" if few else ""
