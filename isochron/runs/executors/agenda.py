"""The order of work: each item once what it needs is done."""

import heapq
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

from isochron.runs.executors import Item


class Agenda:
    """Items in the order of preference, each once what it needs is done.

    An item whose need fails is never ready. Needs that are not among the items are done.

    Parameters
    ----------
    items : sequence of Item

    Raises
    ------
    ValueError
        If items need each other in a circle.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = list(items)
        self._rank = {item.key: rank for rank, item in enumerate(items)}
        needs = {it.key: [key for key in it.after if key in self._rank] for it in items}
        self._sorter = TopologicalSorter(needs)
        self._sorter.prepare()
        self._ready: list[int] = []
        self._collect()

    def __bool__(self) -> bool:
        """Whether an item is ready."""
        return bool(self._ready)

    def pop(self) -> Item:
        """Take the first item that is ready."""
        return self._items[heapq.heappop(self._ready)]

    def pop_all(self) -> Iterator[Item]:
        """Take all items that are ready."""
        while self._ready:
            yield self.pop()

    def give_back(self, item: Item) -> None:
        """An item that was taken is not done."""
        heapq.heappush(self._ready, self._rank[item.key])

    def done(self, item: Item) -> None:
        """An item that was taken has results: those that need it may be ready now."""
        self._sorter.done(item.key)
        self._collect()

    def _collect(self) -> None:
        for key in self._sorter.get_ready():
            heapq.heappush(self._ready, self._rank[key])
