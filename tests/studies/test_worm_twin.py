"""The study of twins of the worm: closed loops with a known rhythm, trials, learning, a tiny run."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from isochron.studies.worm_twin.configuration import LoopSection
from isochron.studies.worm_twin.loops import Loop
from isochron.studies.worm_twin.measure import (
    ClosedLoop,
    measure_loop,
    pooled_correlation,
)
from isochron.studies.worm_twin.results import CYCLE, REST, Curve, WormRow, judge
from isochron.studies.worm_twin.target import Rhythm

STEP_MS, TURN, GROWTH, ONSET = 40.0, 0.14, 3e-7, 800.0  # growth per ms and pA
CURRENT, LEAST, MOST = 2000.0, 500.0, 2400.0
SETTINGS = LoopSection(n_starts=4, settle_s=150.0, n_harmonics=4, n_currents=6)


class KnownLoop(Loop):
    """z' = (g (I - I0) + i w) z - g (2000 pA - I0) |z|² z, exact over a step; inputs then move z.

    Radius² is a logistic function of time, and the angle turns at a constant rate, so that at
    2000 pA the radius is 1, the period 2 pi / w, the multiplier exp(-2 g (I - I0) T), the onset
    I0, and the phase response (-sin, cos).
    """

    dimension, n_outputs = 2, 2

    def __init__(self, *, turn=TURN, growth=GROWTH, onset=ONSET, pushes=None):
        super().__init__()
        self.turn, self.growth, self.onset = turn, growth, onset
        pushes = torch.eye(2, dtype=torch.float64) if pushes is None else pushes
        self.register_buffer("pushes", pushes)

    def stepper(self):
        def advance(states, inputs):
            rate = self.growth * (inputs[..., 2:] - self.onset)
            square = states.square().sum(-1, keepdim=True)
            grown = torch.exp(2 * rate * STEP_MS)
            cubic = self.growth * (CURRENT - self.onset)
            gain = torch.sqrt(grown / (1 + cubic * square * (grown - 1) / rate))
            cos, sin = np.cos(self.turn), np.sin(self.turn)
            x, y = states[..., :1], states[..., 1:]
            turned = torch.cat([cos * x - sin * y, sin * x + cos * y], -1)
            return gain * turned + inputs[..., :2] @ self.pushes

        return advance


def closed(loop):
    return ClosedLoop(loop, lambda current: np.array([0.0, 0.0, current]), 2, STEP_MS)


def known_rhythm():
    """The inputs move z at the end of a step, where the phase is ahead by the turn of a step."""
    period = 2 * np.pi * STEP_MS / TURN
    phases = 2 * np.pi * np.arange(64) / 64
    after = phases + TURN
    return Rhythm(
        period_ms=period,
        multiplier=np.exp(-2 * GROWTH * (CURRENT - ONSET) * period),
        onset_pA=ONSET,
        outputs=np.stack([np.cos(phases), np.sin(phases)], axis=1),
        response=np.stack([-np.sin(after), np.cos(after)], axis=1),
    )


def measured(loop, rhythm=None):
    starts = 0.05 * np.random.default_rng(0).standard_normal((4, loop.dimension))
    rhythm = known_rhythm() if rhythm is None else rhythm
    return measure_loop(closed(loop), CURRENT, starts, rhythm, SETTINGS, (LEAST, MOST))


def worm_row(rhythm):
    return WormRow(
        period_ms=rhythm.period_ms, multiplier=rhythm.multiplier, onset_pA=rhythm.onset_pA,
        curve=Curve.of(rhythm.outputs, rhythm.response), share=1.0, largest=(), share_of_largest=0,
    )  # fmt: skip


def test_a_loop_of_the_known_oscillator_meets_every_criterion():
    rhythm = known_rhythm()
    row = measured(KnownLoop())
    assert (row.motion, row.n_on_cycle) == (CYCLE, 4)
    assert row.period_ms == pytest.approx(rhythm.period_ms, rel=1e-6)
    assert row.multiplier == pytest.approx(rhythm.multiplier, abs=2e-3)
    assert row.onset_pA == pytest.approx(ONSET, abs=0.5)
    assert row.response_correlation > 0.999
    np.testing.assert_allclose(np.array(row.curve.response), rhythm.response, atol=0.1)
    assert judge(0.99, row, worm_row(rhythm)).n_met == 6
