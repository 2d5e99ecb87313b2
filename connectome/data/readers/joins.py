"""Joins that drop nothing unseen: what matches no cell is counted, named, and must be listed."""

from collections import Counter


def check_unmatched(source, unmatched, listed):
    """Fail unless every name that a join drops is listed.

    Parameters
    ----------
    source : str
        What is read, for the error.
    unmatched : iterable of str
        Names without a match, once for each row.
    listed : collection of str
        Names that may have no match; sources.toml lists them.

    Returns
    -------
    Counter of str
        Rows of each listed name.

    Raises
    ------
    ValueError
        If a name is not listed.
    """
    found = Counter(unmatched)
    if missing := sorted(set(found) - set(listed)):
        counts = ", ".join(f"{name} ({found[name]})" for name in missing)
        raise ValueError(
            f"{source}: {sum(found[name] for name in missing)} rows match no cell: {counts}. Add "
            "an alias in connectome/names.py, or list the names under [unmatched] in sources.toml."
        )
    return found


def unique(source, pairs):
    """A dictionary of pairs; a key may stand twice only with the same value.

    Raises
    ------
    ValueError
        If a key has two values.
    """
    found = {}
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            raise ValueError(f"{source}: {key} is {found[key]!r} and also {value!r}.")
    return found
