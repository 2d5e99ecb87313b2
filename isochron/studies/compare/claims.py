"""What a run found, in sentences made from its numbers and nothing else."""

from collections.abc import Iterable, Sequence

from isochron.studies.compare.results import NetSystem, System, WormSystem
from isochron.studies.compare.table import KINDS, format_tongue
from isochron.wording import counted

HALF_CYCLE_TOLERANCE = 0.03


def findings(worm: WormSystem, nets: Sequence[NetSystem], n_stimuli: int) -> list[str]:
    """Sentences about the worm, the trained nets, the controls, and the answer."""
    lines = [_about_worm(worm)]
    for kind in ("low-rank", "connectome", "rewired"):
        trained = [net for net in nets if net.kind == kind and net.trained]
        if trained:
            lines.append(_about_nets(trained, n_stimuli))
    untrained = [net for net in nets if not net.trained]
    if untrained:
        counts = ", ".join(f"{net.name}: {len(net.stable_cycles)}" for net in untrained)
        lines.append(f"Before training, the number of stable entrained cycles is {counts}.")
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
            f"Loss {system.loss:.3f}, chance {system.chance:g}: this net has not learned "
            f"the task in {system.training.steps} steps; what follows is not a memory."
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
            f"{survey.n_not_entrained} of {survey.n_starts} starts settled on no entrained cycle."
        )
    else:
        parts.append(
            f"All {survey.n_starts} starts came to these; an attractor that draws more than "
            f"{100 * survey.undetected_basin_bound:.0f} % of such starts would have been seen "
            "(95 % confidence)."
        )
    parts.append(_own_rhythm(system))
    return " ".join(parts)


def _about_worm(worm: WormSystem) -> str:
    stable = [cycle for cycle in worm.limit_cycles if cycle.stable]
    rests = worm.stable_points
    rest = f" At {rests[0].condition} it rests at a stable fixed point." if rests else ""
    if worm.resting:
        return f"The worm has no limit cycle. {worm.notes[0]}"
    locking = worm.locking
    if not stable or locking is None:
        return f"The worm: no stable limit cycle was found ({worm.notes[0]}).{rest}"
    cycle = stable[0]
    return (
        f"The worm under {cycle.condition} has a stable limit cycle of "
        f"{cycle.period_ms / 1e3:.3f} s, largest non-trivial |multiplier| "
        f"{cycle.largest_nontrivial_multiplier:.3f}; {cycle.n_starts_arrived} of "
        f"{cycle.n_starts} random starts come to it.{rest} A reference of "
        f"{locking.reference_amplitude:g} pA locks it 1:1 at "
        f"{format_tongue(locking.tongue)} Hz (PLV {locking.plv:.3f} at "
        f"{locking.reference_frequency_Hz:.3f} Hz; {locking.plv_uncoupled:.3f} when it "
        "does not feel the reference)."
    )


def _about_nets(nets: Sequence[NetSystem], n_stimuli: int) -> str:
    learned = [net for net in nets if net.learned]
    text = f"{len(learned)} of {len(nets)} trained {KINDS[nets[0].kind]}s learned the task".replace(
        "connectomes", "connectome"
    )
    if not learned:
        losses = ", ".join(f"{net.loss:.3f}" for net in nets)
        return f"{text} (loss {losses}; chance {nets[0].chance:g})."
    counts = _listed(len(net.stable_cycles) for net in learned)
    memories = _listed(len(net.memories) for net in learned)
    cycles = "cycle" if counts == "1" else "cycles"
    phases = "output phase" if memories == "1" else "different output phases"
    text += f": {counts} stable locked {cycles}, {memories} {phases}"
    if n_stimuli == 2 and all(_half_cycle(net) for net in learned):
        text += ", half a cycle apart"
    going = sum(net.free_running.oscillates for net in learned)
    return f"{text}. With the reference off, {going} of {len(learned)} go on oscillating."


def _answer(worm: WormSystem, nets: Sequence[NetSystem], n_stimuli: int) -> str:
    learned = [net for net in nets if net.trained and net.learned]
    before = [net for net in nets if not net.trained]
    if not learned or not worm.stable_cycles:
        return "The answer: this run cannot say; see above what is missing."
    holds = [net for net in learned if len(net.memories) >= n_stimuli]
    gained = all(len(net.memories) < n_stimuli for net in before)
    if len(holds) < len(learned):
        return (
            f"The answer: not always. {len(holds)} of {len(learned)} nets that learned hold one "
            "phase-locked cycle for each stimulus."
        )
    text = (
        "The answer, for these systems: yes. Every net that learned holds one phase-locked limit "
        "cycle, at least, for each stimulus"
    )
    text += ", and none of the untrained ones does." if before and gained else "."
    alone = sum(net.free_running.oscillates for net in learned)
    text += (
        " But the worm's cycle is its own and the reference only entrains it, while with the "
        f"reference off {alone} of {len(learned)} nets oscillate."
    )
    kinds = {net.kind for net in learned}
    if {"connectome", "rewired"} <= kinds:
        text += (
            " The rewired control learns as well: this run gives no sign that the task needs "
            "more of the worm's connectome than its degrees."
        )
    return text


def _own_rhythm(system: System) -> str:
    free = system.free_running
    if free.oscillates:
        return f"With the reference off it oscillates at {free.frequency_Hz:.2f} Hz."
    return "With the reference off it falls silent or rests."


def _half_cycle(net: NetSystem) -> bool:
    phases = net.memories
    return len(phases) == 2 and abs(abs(phases[1] - phases[0]) - 0.5) < HALF_CYCLE_TOLERANCE


def _listed(numbers: Iterable[int]) -> str:
    """2 and 2 and 3; one number if all are alike."""
    texts = [str(number) for number in numbers]
    return texts[0] if len(set(texts)) == 1 else " and ".join(texts)
