"""A worm and a network of a comparison in sentences."""

from isochron.studies.compare.results import (
    NetSystem,
    WormSystem,
)
from isochron.studies.compare.table import (
    NONE,
    format_tongue,
)
from isochron.studies.entries import UNKNOWN_TASK
from isochron.wording import counted, joined


def describe_worm(worm: WormSystem) -> str:
    """The worm in a few sentences."""
    rests = worm.stable_points
    rest = f" At {rests[0].condition} it rests at a stable fixed point." if rests else ""
    if worm.resting:
        return about_rest(worm)
    locking = worm.locking
    if not worm.stable_cycles or locking is None:
        return f"The worm: no stable limit cycle was found ({worm.notes[0]}).{rest}"
    cycle = worm.limit_cycles[0]
    return (
        f"Under {cycle.condition} the worm has a stable limit cycle with a period of "
        f"{cycle.period_ms / 1e3:.3f} s; its largest nontrivial |multiplier| is "
        f"{cycle.largest_nontrivial_multiplier:.3f}. {cycle.n_starts_arrived} of "
        f"{cycle.n_starts} random initial states converge to it.{rest} A reference of "
        f"{locking.reference_amplitude:g} pA locks it 1:1 at {format_tongue(locking.tongue)} Hz."
        f"{_about_weak_forcing(worm, 'Hz/pA')}"
    )


def _about_weak_forcing(system: WormSystem | NetSystem, unit: str) -> str:
    """Phase response of an intrinsic cycle; empty without one."""
    weak = system.weak_forcing
    if weak is None:
        return ""
    return (
        f" The first harmonic is {100 * weak.first_harmonic:.0f} % of the phase response to the "
        f"input of the reference; a weak reference locks it 1:1 in a range of "
        f"{weak.tongue_Hz:.3g} {unit}."
    )


def about_rest(worm: WormSystem) -> str:
    """Why a worm does not have a rhythm; empty if it has."""
    if not worm.resting:
        return ""
    return f"The worm does not have a limit cycle. {worm.notes[0]}"


def describe_net(net: NetSystem) -> str:
    """One network in a few sentences."""
    parts = [_about_training(net)]
    parts.append(_about_cycles(net))
    intrinsic = net.intrinsic
    if intrinsic.found:
        shown = joined([f"{1e3 / cycle.period_ms:.2f} Hz" for cycle in intrinsic.cycles])
        parts.append(
            f"With the reference off it oscillates at {shown}, from {intrinsic.n_oscillating} of "
            f"{intrinsic.n_starts} starts."
            f"{_about_weak_forcing(net, 'Hz for each unit of its amplitude')}"
        )
    else:
        parts.append(
            f"With the reference off no oscillation was proved from {intrinsic.n_starts} starts."
        )
    if net.driven is not None:
        parts.append(
            f"Under an irregular reference its distance to the driven worm is "
            f"{net.driven.distance:.3f} ({net.driven.between_halves:.3f} between two halves)."
        )
    return " ".join([*parts, *net.notes])


def _about_cycles(net: NetSystem) -> str:
    """The cycles under the reference, or that there is none."""
    if not net.forced:
        return "Its task does not have a reference, so it is analyzed without one."
    stable = net.stable_cycles
    phases = ", ".join(f"{phase:.3f}" for phase in net.memories) or NONE
    return (
        f"Under the reference: {counted(len(stable), 'stable entrained cycle')} with "
        f"{counted(len(net.memories), 'output phase')} ({phases} cycles), "
        f"{counted(len(net.limit_cycles) - len(stable), 'unstable one')}; index sum {net.survey}."
    )


def _about_learning(net: NetSystem) -> str:
    """Whether a network that was trained elsewhere did not learn or learned in part."""
    if not net.failed and net.learned is not False:
        return ""
    return " It did not learn the task." if net.failed else " It learned the task in part."


def _about_training(net: NetSystem) -> str:
    """Loss of a network, and whether it is that of a trained one."""
    loss = "Loss not known" if net.loss is None else f"Loss {net.loss:.3f}"
    text = f"{loss}, chance {net.chance:g}." if net.chance is not None else f"{loss}."
    if not net.trained:
        return f"Before training; {text[0].lower()}{text[1:]}"
    if net.source is not None:
        kind = (
            "Its task is not known."
            if net.task == UNKNOWN_TASK
            else f"Trained elsewhere on {net.task}."
        )
        return f"{kind} {text}{_about_learning(net)}"
    if net.failed and net.training is not None:
        learned = "learned the task, but did" if net.learned else "did not learn the task and did"
        return f"{text} It {learned} not reach the loss in {net.training.steps} steps."
    return text
