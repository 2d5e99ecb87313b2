"""Currents of a stimulus as generators of NeuroML 2."""

import math
from collections.abc import Iterator
from functools import singledispatch
from xml.etree.ElementTree import Element

from isochron.sims.neuroml.xml import element, quantity
from isochron.sims.waveforms import Constant, PulseTrain, Sinusoid, Step, Waveform


def generators(part: Waveform, duration_ms: float) -> list[Element]:
    """Generators, without ids, that add up to a current from time 0 to `duration_ms`.

    Raises
    ------
    ValueError
        If NeuroML does not have a generator of that shape.
    """
    constant = [_pulse(0.0, duration_ms, part.offset)] if part.offset else []
    return [*constant, *_varying(part, duration_ms)]


@singledispatch
def _varying(part: Waveform, duration_ms: float) -> Iterator[Element]:
    raise ValueError(
        f"NeuroML cannot represent a current of the shape {type(part).__name__}; it has constant "
        "and sinusoidal ones, steps without rise, and pulses."
    )


@_varying.register
def _(part: Constant, duration_ms: float) -> Iterator[Element]:  # noqa: ARG001
    yield from ()


@_varying.register
def _(part: Sinusoid, duration_ms: float) -> Iterator[Element]:
    if part.amplitude and part.frequency:
        yield element(
            "sineGenerator",
            phase=part.phase,
            delay="0.0 ms",
            duration=quantity(duration_ms, "ms"),
            amplitude=quantity(part.amplitude, "pA"),
            period=quantity(1e3 / part.frequency, "ms"),
        )
    elif part.amplitude:
        yield _pulse(0.0, duration_ms, part.amplitude * math.sin(part.phase))


@_varying.register
def _(part: Step, duration_ms: float) -> Iterator[Element]:
    if part.rise:
        raise ValueError(
            f"NeuroML cannot represent a step that rises over {part.rise:g} ms; use rise_ms=0."
        )
    end = duration_ms if part.duration is None else min(part.onset + part.duration, duration_ms)
    yield from _within(part.onset, end, part.amplitude)


@_varying.register
def _(part: PulseTrain, duration_ms: float) -> Iterator[Element]:
    edges = iter(part.breaks)
    for begin, end in zip(edges, edges, strict=True):
        yield from _within(begin, min(end, duration_ms), part.amplitude)


def _within(begin: float, end: float, amplitude: float) -> Iterator[Element]:
    """The part of a pulse after time 0."""
    if amplitude and end > max(begin, 0.0):
        yield _pulse(max(begin, 0.0), end, amplitude)


def _pulse(begin: float, end: float, amplitude: float) -> Element:
    return element(
        "pulseGenerator",
        delay=quantity(begin, "ms"),
        duration=quantity(end - begin, "ms"),
        amplitude=quantity(amplitude, "pA"),
    )
