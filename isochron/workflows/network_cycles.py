"""Fixed points, cycles and other attractors of a saved network, with and without a reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isochron import analysis, ann_bridge
from isochron.ann_bridge.tasks import ReferenceInput
from isochron.runs.cycle_surveys import (
    CIRCLE_TOLERANCE,
    LONGEST_CYCLE,
    OBSERVATION_STEPS,
    TRANSIENT_STEPS,
    fit_circle,
    survey_entrained_cycles,
)
from isochron.runs.saved_network import SavedNet, TrainingSummary
from isochron.wording import counted
from isochron.workflows.cycle_rows import Row, circle_row, cycle_row, fixed_point_row, set_row

N_FIXED_POINT_STARTS = 8
FAR = 1e100  # a start whose state is larger has diverged
UNFORCED = "no reference"
UNDECIDED = "quasi-periodic or a long cycle"  # no smooth circle was fitted
AT_REST = 1e-9  # a resting network moves less, relative to the largest state, starts included


@dataclass(frozen=True, kw_only=True)
class NetworkRhythms:
    """The rhythms of a saved network.

    Attributes
    ----------
    source, system : str
        File, and network in words.
    training : TrainingSummary
    rhythms : tuple of Row
    notes : tuple of str
    """

    source: str
    system: str
    training: TrainingSummary
    rhythms: tuple[Row, ...]
    notes: tuple[str, ...]


def find_net_rhythms(
    saved: SavedNet,
    reference: ReferenceInput | None,
    n_starts: int,
    seed: int,
    assumed: Sequence[str] = (),
) -> NetworkRhythms:
    """The rhythms of a saved network.

    Under a reference these are the cycles that it entrains, and the fixed points without it.
    Without one they are all attractors of the map: fixed points, cycles of several steps,
    invariant circles, chaotic sets; and unstable fixed points. `assumed` are notes to add.
    """
    system = saved.map_under(reference)
    rng = np.random.default_rng(seed)
    starts = system.initial_states(n_starts, rng)
    if not system.smooth:
        rhythms, notes = [], _notes_of_spikes(system, starts)
    elif reference is None:
        rhythms, notes = _find_free(system, starts, rng)
        if saved.task is None:
            notes.append(
                "The file names no task, so no input is forced. To force one: --frequency HZ "
                "--input NUMBER."
            )
    else:
        rhythms, notes = _find_entrained(saved, system, reference, starts)
    return NetworkRhythms(
        source=str(saved.path),
        system=saved.description,
        training=saved.training,
        rhythms=tuple(rhythms),
        notes=(*saved.training.notes, *assumed, *notes),
    )


def _find_entrained(
    saved: SavedNet, system: ann_bridge.TrainedMap, reference: ReferenceInput, starts: np.ndarray
) -> tuple[list[Row], list[str]]:
    survey = survey_entrained_cycles(system, starts)
    free = saved.map_under(None)
    candidates = [np.zeros(free.dimension), *starts[:N_FIXED_POINT_STARTS]]
    candidates += [cycle.point for cycle in survey.cycles]
    points = find_mirrored_fixed_points(free, candidates)
    rhythms: list[Row] = [fixed_point_row(point, "reference off", how) for point, how in points]
    condition = (
        f"reference {system.frequency_Hz:.4g} Hz, amplitude {reference.amplitude:g}"
        + f", input {reference.channel}" * (reference.channel != 0)
    )
    for cycle, basin in zip(survey.cycles, survey.basins, strict=True):
        how = f"{basin} of {survey.n_starts} starts; {cycle.message}"
        rhythms.append(cycle_row(cycle, condition, how, system.forcing_cycles))
    notes = [describe_unforced(saved, starts), survey.cannot_exclude]
    if survey.bounded and survey.index_sum == 1:
        notes.append("The indices of the cycles add up to 1, as those of all cycles do.")
    notes.append(_count_fixed_points(free, [point for point, _ in points]))
    if abs(system.frequency_Hz / reference.frequency_Hz - 1) > 1e-6:
        notes.insert(
            0,
            f"Analyzed at {system.frequency_Hz:.6g} Hz instead of {reference.frequency_Hz:.6g} Hz, "
            f"where {system.forcing_cycles} periods are {system.n_steps} steps.",
        )
    return rhythms, notes


def _find_free(
    system: ann_bridge.TrainedMap, starts: np.ndarray, rng: np.random.Generator
) -> tuple[list[Row], list[str]]:
    times = analysis.SurveyTimes(
        transient=TRANSIENT_STEPS, observation=OBSERVATION_STEPS, max_period=LONGEST_CYCLE, rounds=1
    )
    survey = analysis.find_all_attractors(
        system, lambda rng, n: starts[:n], rng, times=times, n_starts=len(starts)
    )
    candidates = [np.zeros(system.dimension), *starts[:N_FIXED_POINT_STARTS]]
    candidates += [attractor.states.mean(axis=0) for attractor in survey.attractors]
    rhythms: list[Row] = []
    placed = []
    for attractor in survey.attractors:
        how = f"{attractor.n_starts} of {survey.n_starts} starts"
        rhythms.append(_describe(system, attractor, how))
        if attractor.kind == "fixed point":
            placed.append(attractor.solution)
    further = [
        (point, how)
        for point, how in find_mirrored_fixed_points(system, candidates, placed)
        if not any(_is_same(point, other) for other in placed)
    ]
    rhythms += [fixed_point_row(point, UNFORCED, how) for point, how in further]
    points = [*placed, *(point for point, _ in further)]
    return rhythms, [
        "The survey cannot exclude: " + survey.cannot_exclude,
        _count_fixed_points(system, points),
    ]


def find_mirrored_fixed_points(
    system: ann_bridge.TrainedMap, starts: Sequence[np.ndarray], known: Sequence[Any] = ()
) -> list[tuple[Any, str]]:
    """Fixed points from some starts, and how each was found.

    If the map is odd, F(-x) = -F(x), Newton's method is also started at the mirror images of these
    and of the known fixed points.
    """
    points = list(analysis.find_fixed_points(system, starts))
    found = [(point, "Newton's method") for point in points]
    if not analysis.has_odd_symmetry(system, np.array(starts)):
        return found
    images = analysis.find_fixed_points(system, [-point.point for point in (*points, *known)])
    found += [
        (image, "mirror image")
        for image in images
        if not any(_is_same(image, point) for point in points)
    ]
    return sorted(found, key=lambda item: not item[0].stable)


def _count_fixed_points(system: ann_bridge.TrainedMap, points: Sequence[Any]) -> str:
    """Number of fixed points found and the sum of their indices, in words."""
    text = f"{counted(len(points), 'fixed point')} found: a lower bound."
    if not system.bounded or any(point.degenerate for point in points):
        return text
    total = sum((-1) ** int(np.sum(np.real(point.eigenvalues) > 1)) for point in points)
    text += f" Their indices add up to {total}"
    if total == 1:
        return f"{text}, as those of all fixed points of a bounded map do."
    missing = counted(abs(total - 1), "fixed point is", "fixed points are")
    return f"{text}; those of a bounded map have the sum 1: at least {missing} missing."


def _is_same(point: Any, other: Any) -> bool:
    size = max(float(np.abs(other.point).max()), 1e-9)
    return bool(np.abs(point.point - other.point).max() < 1e-5 * size)


def _describe(system: ann_bridge.TrainedMap, attractor: analysis.FoundAttractor, how: str) -> Row:
    if attractor.kind == "fixed point":
        return fixed_point_row(attractor.solution, UNFORCED, how)  # type: ignore[arg-type]
    if attractor.kind == "limit cycle":
        solution: Any = attractor.solution
        return cycle_row(solution, UNFORCED, f"{how}; {solution.message}")
    kind: str = attractor.kind
    if kind == "quasi-periodic":
        try:
            circle, remark = _fit_circle(system, attractor.states[-1])
        except ArithmeticError as error:
            kind, how = UNDECIDED, f"{how}; {error}"
        else:
            return circle_row(circle, system.step_ms, UNFORCED, how + remark)
    return set_row(kind, attractor.exponent, attractor.exponent_error, UNFORCED, how)


def _fit_circle(
    system: ann_bridge.TrainedMap, start: np.ndarray
) -> tuple[analysis.InvariantCircle, str]:
    """The circle through a state, and a remark if it is known only roughly."""
    circle = fit_circle(system, start)
    if circle.residual <= CIRCLE_TOLERANCE:
        return circle, ""
    return circle, (
        f"; approximate: the orbit is off the fitted circle by {circle.residual:.1e} of its size, "
        f"above {CIRCLE_TOLERANCE:g}"
    )


def describe_unforced(saved: SavedNet, starts: np.ndarray) -> str:
    """Number of starts that converge to rest without inputs, and its meaning for the cycles."""
    system = saved.map_under(None)
    resting, moving = count_resting(system, starts)
    text = f"Without the reference {resting} of {len(starts)} starts converge to rest"
    if resting == len(starts):
        return (
            f"{text}: no intrinsic rhythm was found, and the cycles are the response to the "
            "reference."
        )
    diverging = len(starts) - moving - resting
    return f"{text}; {moving} continue to move" + (f"; {diverging} diverge." if diverging else ".")


def count_resting(system: ann_bridge.TrainedMap, starts: np.ndarray) -> tuple[int, int]:
    """Numbers of starts that converge to rest and that continue to move; others diverge."""
    period = system.n_steps
    with np.errstate(over="ignore", invalid="ignore"):
        states = system.advance(starts, -(-TRANSIENT_STEPS // period) * period)
        bounded = np.isfinite(states).all(axis=-1) & (np.abs(states).max(axis=-1) < FAR)
        if not bounded.any():
            return 0, 0
        orbit = system.orbit(states[bounded], max(OBSERVATION_STEPS, period))
        moves = np.ptp(orbit, axis=0).max(axis=-1)
    size = max(float(np.abs(orbit).max()), float(np.abs(starts).max()))
    resting = int(np.sum(moves <= AT_REST * size))
    return resting, int(bounded.sum()) - resting


def _notes_of_spikes(system: ann_bridge.TrainedMap, starts: np.ndarray) -> list[str]:
    """Notes on a discontinuous map: number of starts that converge to rest."""
    resting, moving = count_resting(system, starts)
    return [
        "The map of a spiking network is discontinuous at every spike, so its fixed points and "
        "cycles cannot be computed by Newton's method. Use TrainedMap.orbit with the phase and "
        "spectra of its outputs.",
        f"{resting} of {len(starts)} starts converge to rest; {moving} continue to fire or move.",
    ]
