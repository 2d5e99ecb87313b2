"""Connections as a file lists them, and the matrices that they add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from isochron.connectome.gap_junctions import UnequalGap, symmetric_gap
from isochron.connectome.weights import whole

Duplicates = Literal["error", "sum"]


class Link(NamedTuple):
    """One entry of a file.

    Attributes
    ----------
    pre, post : str
        Sender and receiver.
    layer : str
        Canonical name.
    weight : float
        Not negative.
    sign : int or None
        None if the file gives none.
    where : str
        Line or edge, for messages.
    directed : bool
        False: the connection counts in both directions.
    part : str
        Entries of one pair and layer that differ in `part` add up; those that do not are
        duplicates.
    """

    pre: str
    post: str
    layer: str
    weight: float
    sign: int | None
    where: str
    directed: bool = True
    part: str = ""


@dataclass(frozen=True)
class Rules:
    """Treatment of entries that contradict each other.

    Raises
    ------
    ValueError
        If `duplicates` is not a rule.
    """

    unequal_gap: UnequalGap = "error"
    duplicates: Duplicates = "error"

    def __post_init__(self) -> None:
        if self.duplicates not in get_args(Duplicates):
            raise ValueError(f"duplicates must be 'error' or 'sum', got {self.duplicates!r}.")


def merge_duplicates(links: Iterable[Link], rule: Duplicates) -> tuple[list[Link], int]:
    """Each entry once, and the number of entries added to an earlier one.

    The second of two undirected entries of one pair, one each way with one weight, is not a
    duplicate; nor is that of a gap junction.

    Raises
    ------
    ValueError
        If an entry is repeated and the rule is ``"error"``, or the signs of two differ.
    """
    first: dict[tuple[str, ...], Link] = {}
    added = 0
    for link in links:
        key = (link.pre, link.post, link.layer, link.part)
        if (before := first.get(key)) is None:
            first[key] = link
            continue
        same = (before.weight, before.sign) == (link.weight, link.sign)
        if same and link.layer == "gap" and link.pre == link.post:
            continue
        if rule == "error":
            raise ValueError(
                f"{link.where}: the {link.layer} connection {link.pre} to {link.post} is listed "
                f"twice, with weights {before.weight:g} and {link.weight:g}. duplicates='sum' "
                "adds them up."
            )
        first[key] = before._replace(
            weight=before.weight + link.weight, sign=_common_sign(before, link)
        )
        added += 1
    return list(first.values()), added


def layer_matrix(
    links: Iterable[Link], layer: str, posts: Sequence[str], pres: Sequence[str], rules: Rules,
    where: str,
) -> tuple[np.ndarray, tuple[str, ...]]:  # fmt: skip
    """Weights of a layer, shape (n_posts, n_pres), and what was done to make it symmetric."""
    links = [link for link in links if link.layer == layer]
    weights = _added(links, posts, pres)
    history: tuple[str, ...] = ()
    if layer == "gap":
        weights, history = symmetric_gap(
            weights, posts, unequal_gap=rules.unequal_gap, where=where, listed_once=True
        )
    elif not all(link.directed for link in links):
        check_same_both_ways(links)
        undirected = _added([link for link in links if not link.directed], posts, pres)
        weights = np.where(weights < undirected.T, undirected.T, weights)
    return whole(weights), history


def sign_matrix(links: Iterable[Link], names: Sequence[str]) -> np.ndarray | None:
    """Signs of the chemical connections, shape (n, n); None if the file gives none."""
    chemical = [link for link in links if link.layer == "chemical"]
    if all(link.sign is None for link in chemical):
        return None
    index = {name: i for i, name in enumerate(names)}
    signs = np.zeros((len(names), len(names)), dtype=np.int8)
    for link in chemical:
        if link.weight and link.sign is not None:
            i, j = index[link.post], index[link.pre]
            for at in ((i, j),) if link.directed else ((i, j), (j, i)):
                if signs[at] and signs[at] != link.sign:
                    raise ValueError(
                        f"{link.where}: the signs of {link.pre} to {link.post} contradict: "
                        "a connection has one sign. Delete the entries of one sign."
                    )
                signs[at] = link.sign
    return signs


def check_same_both_ways(links: Iterable[Link]) -> None:
    """Raise if undirected entries of one pair have weights or signs that differ by direction.

    Raises
    ------
    ValueError
        If they differ; the message states the pair and both weights.
    """
    seen: dict[tuple[str, str], Link] = {}
    for link in links:
        back = seen.get((link.post, link.pre), link)
        undirected = not (link.directed and back.directed)
        if undirected and (link.weight, link.sign) != (back.weight, back.sign):
            raise ValueError(
                f"{link.where}: the undirected {link.layer} connection of {link.pre} and "
                f"{link.post} is listed in both directions, with weights {back.weight:g} and "
                f"{link.weight:g}, or with two signs."
            )
        seen[link.pre, link.post] = link


def count_unsigned(links: Iterable[Link]) -> int:
    """Chemical connections without a sign, if others have one."""
    given = [link.sign is not None for link in links if link.layer == "chemical" and link.weight]
    return given.count(False) if any(given) else 0


def _added(links: Iterable[Link], posts: Sequence[str], pres: Sequence[str]) -> np.ndarray:
    row = {name: i for i, name in enumerate(posts)}
    column = {name: j for j, name in enumerate(pres)}
    weights = np.zeros((len(posts), len(pres)))
    for link in links:
        weights[row[link.post], column[link.pre]] += link.weight
    return weights


def _common_sign(one: Link, other: Link) -> int | None:
    if one.sign != other.sign:
        raise ValueError(
            f"{other.where}: the entries of {other.pre} to {other.post} differ in sign, so they "
            "cannot be added up: a connection has one sign. Delete the entries of one sign."
        )
    return one.sign
