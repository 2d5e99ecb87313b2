"""Cells of C. elegans that each neuron of a connectome with merged neurons represents."""

from collections.abc import Iterable, Mapping
from functools import cache

from isochron.connectome.cells import cells
from isochron.connectome.names import joint_cells


def cells_behind(
    names: Iterable[str], merged: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Cells of C. elegans that each neuron of a connectome represents.

    Parameters
    ----------
    names : iterable of str
        Names of all neurons of one connectome, in canonical form.
    merged : mapping of str to tuple of str, optional
        Cells of the neurons for which they are known, as `Connectome.by_class` states them; those
        of other neurons are inferred from the names.

    Returns
    -------
    dict of str to tuple of str
        For each name the names of its cells, of `connectome.cells`: AVAL is itself; IL1D is
        IL1DL and IL1DR, which become one when left and right are merged; DD is the class DD1 to
        DD6; EF1/2 is EF1 and EF2. A class represents those of its cells that no other name
        represents: if RMED and RMEV are present, RME is RMEL and RMER. Empty for other names.
    """
    names, merged = tuple(names), merged or {}
    found = {name: merged.get(name) or _unless_class(name) for name in names}
    taken = {cell for behind in found.values() for cell in behind}
    for name in names:
        if not found[name]:
            found[name] = tuple(cell for cell in _classes().get(name, ()) if cell not in taken)
    return found


def _unless_class(name: str) -> tuple[str, ...]:
    if name in cells():
        return (name,)
    if name in _classes():
        return ()
    twins = (f"{name}L", f"{name}R")
    return twins if cells().keys() >= set(twins) else joint_cells(name)


@cache
def _classes() -> dict[str, tuple[str, ...]]:
    """The cells of each class, by its name."""
    found: dict[str, tuple[str, ...]] = {}
    for cell in cells().values():
        found[cell.cell_class] = (*found.get(cell.cell_class, ()), cell.name)
    return found
