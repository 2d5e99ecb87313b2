"""Results of a run as sentences, made from its numbers alone."""

from collections.abc import Iterable, Sequence

from isochron.studies.compare.results import NetSystem, System, WormSystem
from isochron.studies.compare.table import KINDS, format_tongue
from isochron.wording import counted

HALF_CYCLE_TOLERANCE = 0.03


def findings(worm: WormSystem, nets: Sequence[NetSystem], n_stimuli: int) -> list[str]:
    """Sentences about the worm, the trained networks, the controls, and the answer."""
    lines = [_about_worm(worm)]
    for kind in ("low-rank", "connectome", "rewired"):
        trained = [net for net in nets if net.kind == kind and net.trained]
        if trained:
            lines.append(_about_nets(trained, n_stimuli))
    untrained = [net for net in nets if not net.trained]
    if untrained:
        counts = ", ".join(f"{net.name}: {len(net.stable_cycles)}" for net in untrained)
        lines.append(f"Number of stable entrained cycles before training: {counts}.")
    lines.append(_answer(worm, nets, n_stimuli))
    return lines


def describe_system(system: WormSystem | NetSystem) -> str:
    """One system in two or three sentences."""
    if isinstance(system, WormSystem):
        return _about_worm(system)
    parts = []
    if system.learned:
        parts.append(f"Loss {system.loss:.3f}, chance {system.chance:g}: learned.")
    elif system.trained:
        parts.append(
            f"Loss {system.loss:.3f}, chance {system.chance:g}: this network did not learn "
            f"the task in {system.training.steps} steps; its cycles are not memories."
        )
    else:
        parts.append(f"Before training; loss {system.loss:.3f}, chance {system.chance:g}.")
    stable, survey = system.stable_cycles, system.survey
    unstable = len(system.limit_cycles) - len(stable)
    phases = ", ".join(f"{phase:.3f}" for phase in system.memories)
    if stable:
        parts.append(
            f"Under the reference: {counted(len(stable), 'stable entrained cycle')} with "
            f"{counted(len(system.memories), 'output phase')} ({phases} cycles), "
            f"{counted(unstable, 'unstable one')} found."
        )
    if survey.n_not_entrained:
        parts.append(
            f"{survey.n_not_entrained} of {survey.n_starts} initial states did not converge to an "
            "entrained cycle."
        )
    else:
        parts.append(
            f"All {survey.n_starts} initial states converged to these; an attractor whose basin "
            f"contains more than {100 * survey.undetected_basin_bound:.0f} % of such states would "
            "have been found (95 % confidence)."
        )
    parts.append(_own_rhythm(system))
    return " ".join(parts)


def _about_worm(worm: WormSystem) -> str:
    stable = [cycle for cycle in worm.limit_cycles if cycle.stable]
    rests = worm.stable_points
    rest = f" At {rests[0].condition} it rests at a stable fixed point." if rests else ""
    if worm.resting:
        return f"The worm does not have a limit cycle. {worm.notes[0]}"
    locking = worm.locking
    if not stable or locking is None:
        return f"The worm: no stable limit cycle was found ({worm.notes[0]}).{rest}"
    cycle = stable[0]
    return (
        f"Under {cycle.condition} the worm has a stable limit cycle with a period of "
        f"{cycle.period_ms / 1e3:.3f} s; its largest nontrivial |multiplier| is "
        f"{cycle.largest_nontrivial_multiplier:.3f}. {cycle.n_starts_arrived} of "
        f"{cycle.n_starts} random initial states converge to it.{rest} A reference of "
        f"{locking.reference_amplitude:g} pA locks it 1:1 at "
        f"{format_tongue(locking.tongue)} Hz. The phase-locking value is {locking.plv:.3f} at "
        f"{locking.reference_frequency_Hz:.3f} Hz, and {locking.plv_uncoupled:.3f} if the "
        "reference is not applied to the worm."
    )


def _about_nets(nets: Sequence[NetSystem], n_stimuli: int) -> str:
    learned = [net for net in nets if net.learned]
    kinds = KINDS[nets[0].kind].replace("network", "networks", 1)
    text = f"{len(learned)} of {len(nets)} trained {kinds} learned the task"
    if not learned:
        losses = ", ".join(f"{net.loss:.3f}" for net in nets)
        return f"{text} (losses {losses}; chance level {nets[0].chance:g})."
    counts = _listed(len(net.stable_cycles) for net in learned)
    memories = _listed(len(net.memories) for net in learned)
    cycles = "cycle" if counts == "1" else "cycles"
    phases = "output phase" if memories == "1" else "different output phases"
    text += f": {counts} stable entrained {cycles}, {memories} {phases}"
    if n_stimuli == 2 and all(_half_cycle(net) for net in learned):
        text += ", half a cycle apart"
    going = sum(net.free_running.oscillates for net in learned)
    return f"{text}. With the reference off, {going} of {len(learned)} oscillate."


def _answer(worm: WormSystem, nets: Sequence[NetSystem], n_stimuli: int) -> str:
    learned = [net for net in nets if net.trained and net.learned]
    before = [net for net in nets if not net.trained]
    if not learned or not worm.stable_cycles:
        return "No answer: no network of this run learned, or the worm's cycle was not found."
    remember = [net for net in learned if len(net.memories) >= n_stimuli]
    gained = all(len(net.memories) < n_stimuli for net in before)
    if len(remember) < len(learned):
        return (
            f"Answer: not always. {len(remember)} of {len(learned)} networks that learned have one "
            "phase-locked limit cycle for each stimulus."
        )
    text = (
        "Answer, for these systems: yes. Every network that learned has at least one phase-locked "
        "limit cycle for each stimulus"
    )
    text += ", and no untrained network does." if before and gained else "."
    alone = sum(net.free_running.oscillates for net in learned)
    text += (
        " But the worm's cycle is intrinsic and the reference only entrains it; with the reference "
        f"off, {alone} of {len(learned)} networks oscillate."
    )
    kinds = {net.kind for net in learned}
    if {"connectome", "rewired"} <= kinds:
        text += (
            " The rewired control learns as well: in this run the task does not need more of the "
            "worm's connectome than its degrees."
        )
    return text


def _own_rhythm(system: System) -> str:
    free = system.free_running
    if free.oscillates:
        return f"With the reference off it oscillates at {free.frequency_Hz:.2f} Hz."
    return "With the reference off it does not oscillate."


def _half_cycle(net: NetSystem) -> bool:
    phases = net.memories
    return len(phases) == 2 and abs(abs(phases[1] - phases[0]) - 0.5) < HALF_CYCLE_TOLERANCE


def _listed(numbers: Iterable[int]) -> str:
    """Numbers as text: ``2 and 2 and 3``; one number if all are equal."""
    texts = [str(number) for number in numbers]
    return texts[0] if len(set(texts)) == 1 else " and ".join(texts)
