"""Neurons that a run both omits and names."""

from collections.abc import Iterable, Sequence

from isochron.connectome import Connectome


def check_not_ablated(
    connectome: Connectome, ablated: Sequence[str], named: Iterable[str], *, what: str
) -> None:
    """Raise if nothing is left of what is named.

    Parameters
    ----------
    connectome : Connectome
        With all its neurons.
    ablated, named : iterable of str
        Names, classes, types or patterns, as for `Connectome.select`.
    what : str
        What is done with `named`: ``stimulated``.

    Raises
    ------
    ValueError
        If one of them is not in the connectome, or all its neurons are ablated.
    """
    gone = set(connectome.select(*ablated))
    for name in named:
        chosen = connectome.select(name)
        if gone.issuperset(chosen):
            neurons = "" if chosen == (name,) else f" ({', '.join(chosen)})"
            raise ValueError(
                f"{name}{neurons} is both {what} and ablated (ablated: {', '.join(ablated)}). "
                f"Remove it from one of the two."
            )
