"""How fast a sweep is now, from the log of its store, whoever computes it."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

WINDOW_S = 300.0
BATCHES = 3  # a window has at least this many of the longest batch


def current_rate(lines: Iterable[Mapping[str, Any]], now: float | None = None) -> float | None:
    """Runs per second in the last minutes.

    Parameters
    ----------
    lines : iterable of mapping
        Log of a store: ``runs``, ``seconds`` and the time ``at`` the end of each batch.
    now : float, optional
        Time in s since 1970; the present by default.

    Returns
    -------
    float or None
        None if no batch has ended in the last minutes.
    """
    now = time.time() if now is None else now
    known = [line for line in lines if line["at"] <= now + 1]
    longest = max((line["seconds"] for line in known), default=0.0)
    since = now - max(WINDOW_S, BATCHES * longest)
    recent = [line for line in known if line["at"] > since]
    if not recent:
        return None
    began = max(since, min(line["at"] - line["seconds"] for line in recent))
    return sum(line["runs"] for line in recent) / max(now - began, 0.1)
