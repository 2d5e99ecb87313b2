"""Numbered draws from null models of a connectome: the same in every command. Light."""

from typing import TYPE_CHECKING

from isochron.connectome.null_models import NULL_MODELS
from isochron.runs.provenance import derive_seed

if TYPE_CHECKING:
    import numpy as np

    from isochron.connectome import Connectome
    from isochron.connectome.signs import SignRule

NO_NULL = "none"
OF_SIGNS = "shuffle-signs"  # a sign rule after it would undo it


def check_null_model(null_model: str, draw: int) -> None:
    """Check the name of a null model, or ``"none"``, and the number of a draw.

    Raises
    ------
    ValueError
        If the null model is unknown or the number negative.
    """
    if null_model != NO_NULL:
        NULL_MODELS.check(null_model)
    if draw < 0:
        raise ValueError(f"draw must be 0 or more, got {draw!r}.")


def randomized(
    connectome: "Connectome",
    null_model: str,
    rng: "np.random.Generator",
    signs: "SignRule | None" = None,
) -> "Connectome":
    """A draw from a null model, signed by a rule if one is given.

    The rule is applied to the draw, but before it if the null model permutes the signs.
    """
    draw = NULL_MODELS.load(null_model)
    if signs is None:
        return draw(connectome, rng)
    if null_model == OF_SIGNS:
        return draw(connectome.with_signs(signs), rng)
    return draw(connectome, rng).with_signs(signs)


def draw_connectome(
    dataset: str,
    null_model: str = NO_NULL,
    draw: int = 0,
    signs: "SignRule | None" = None,
) -> "Connectome":
    """The connectome of a data set or file, or a draw from a null model of it, and its signs.

    See `randomized` for the order of null model and sign rule.
    """
    import numpy as np

    from isochron.runs.datasets import open_connectome

    connectome = open_connectome(dataset)
    if null_model == NO_NULL:
        return connectome if signs is None else connectome.with_signs(signs)
    rng = np.random.default_rng(derive_seed("null model", connectome.name, null_model, draw))
    return randomized(connectome, null_model, rng, signs)
