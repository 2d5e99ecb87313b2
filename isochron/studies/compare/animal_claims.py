"""Recordings, their order by phase and the atlas as sentences: where the model agrees or fails."""

from isochron.studies.compare.animals import AnimalRhythm
from isochron.studies.compare.atlas import AtlasComparison
from isochron.studies.compare.phase_order import ALPHA, OrderComparison
from isochron.studies.compare.results import CompareResults
from isochron.wording import counted, joined

FAR = 2.0  # ratio of periods from which the model is said to fail


def describe_animals(results: CompareResults) -> list[str]:
    """What the recordings and the atlas say about the model of the worm."""
    cycles = results.worm.stable_cycles
    period_s = cycles[0].period_ms / 1e3 if cycles else None
    lines = [_rhythm(animal, period_s) for animal in results.animals]
    if results.phase_order is not None:
        lines.append(_order(results.phase_order))
    if results.atlas is not None:
        lines.append(_atlas(results.atlas))
    return lines


def _rhythm(animal: AnimalRhythm, model_s: float | None) -> str:
    what = "A synthetic recording, not an animal," if animal.synthetic else animal.name
    few = f"; {animal.remark.rstrip('.')}" if animal.remark else ""
    turns = (
        f"{what} turns {animal.cycles_per_minute:.2g} times a minute in the plane of its first "
        f"two components (p = {animal.p_value:.2g} against amplitude-adjusted surrogates{few})"
    )
    if animal.p_value > ALPHA:
        return f"{turns}: these turns are not a rhythm beyond chance."
    if model_s is None or animal.period_s is None:
        return f"{turns}."
    ratio = animal.period_s / model_s
    text = f"{turns}: one turn takes {ratio:.3g} times the period of the model of the worm."
    fails = not animal.synthetic and not 1 / FAR < ratio < FAR
    return f"{text} The model fails to reproduce this period." if fails else text


def _order(order: OrderComparison) -> str:
    omitted = [f"{it.name}, {it.omitted}" for it in order.animals if it.omitted]
    if order.correlation is None:
        reasons = f" ({'; '.join(omitted)})" if omitted else ""
        return f"The order of neurons by phase was not compared: {_small(order.remark)}{reasons}."
    tested = [it for it in order.animals if not it.omitted]
    number = (
        f"mean circular rank correlation {order.correlation:.2f} with the cycle of the model, "
        f"{joined([str(it.n_shared) for it in tested])} labeled neurons, p = {order.p_value:.2g} "
        "in permutations of the labels"
    )
    if order.synthetic:
        return (
            f"Order by phase in the synthetic recording: {number}. Its labels were given in "
            "alphabetical order, so this number is not evidence about the worm."
        )
    left = f" Omitted: {'; '.join(omitted)}." if omitted else ""
    where = counted(len(tested), "recording")
    return f"Order by phase in {where}: {number}. {_verdict(order)}{left}"


def _verdict(order: OrderComparison) -> str:
    if (order.p_value or 0) <= ALPHA:
        return "The order resembles that of the model."
    return "The model fails to reproduce the order, or the labels are too few to show it."


def _atlas(atlas: AtlasComparison) -> str:
    where = f"{atlas.n_pairs} pairs of {atlas.n_neurons} neurons of {atlas.name}"
    if atlas.correlation is None or atlas.p_value is None:
        return f"The responses of {where} were not compared: {_small(atlas.remark)}."
    text = (
        f"Responses of {where}: Spearman's correlation with the steady responses of the model "
        f"{atlas.correlation:.2f} (p = {atlas.p_value:.2g} in permutations of the neurons), with "
        f"the weights of the connectome {atlas.of_weights:.2f}."
    )
    if atlas.p_value > ALPHA:
        return f"{text} The model fails to predict them."
    share = f"The model accounts for {100 * atlas.correlation**2:.2g} % of the variance of ranks"
    if atlas.correlation <= atlas.of_weights:
        return f"{text} {share}, not more than the weights do: its dynamics do not add to them."
    return f"{text} {share}, the weights for {100 * atlas.of_weights**2:.2g} %."


def _small(remark: str) -> str:
    """A sentence within another one."""
    return f"{remark[:1].lower()}{remark[1:].rstrip('.')}"
