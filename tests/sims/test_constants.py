"""Constants of the worm: numbers of NumPy are accepted, anything else is an error of one line."""

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from isochron import sims

WRONG = ["5", None, [5], 1 + 0j, np.array([5.0]), 10**400, {}, np.nan]
WRONG_WORDS = [None, 5, [5], 1 + 0j, np.array([5.0]), {1: 2}, np.nan]
CLASSES: list[Any] = [
    sims.GradedParameters, sims.BodyParameters, sims.MuscleParameters, sims.Proprioception,
    sims.RMDParameters, sims.BistableParameters, sims.Medium, sims.WormRunSettings,
    sims.WormEnsembleSettings,
]  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_field_rejects_what_is_not_of_its_type_by_name(kind):
    for field in fields(kind):
        for wrong in WRONG if field.type in (int, float) else WRONG_WORDS:
            with pytest.raises((TypeError, ValueError)) as caught:
                kind(**{field.name: wrong})
            message = str(caught.value)
            assert field.name in message, message
            assert "\n" not in message
            assert len(message) < 200, message


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_numbers_of_numpy_and_whole_numbers_are_constants(kind):
    usual = kind()
    for field in fields(kind):
        value = getattr(usual, field.name)
        if field.type is float:
            for number in (np.float64(value), np.float32(value), 1 if value < 1 else 2):
                assert getattr(kind(**{field.name: number}), field.name) == number
        if field.type is int:
            assert getattr(kind(**{field.name: np.int64(value)}), field.name) == value


def test_numbers_of_numpy_are_saved_with_a_run(small):
    """The description of the constants is JSON; it was an error after the simulation."""
    network = small.with_parameters(gap_conductance=np.float32(0.5))
    touch = sims.step_current(["N0"], amplitude_pA=1)
    run = sims.simulate(network, touch, duration_s=0.01, rng=np.random.default_rng(0))
    assert '"gap_conductance": 0.5' in run.parameters
    for parameters in (kind() for kind in CLASSES):
        numbers = {
            field.name: np.array(getattr(parameters, field.name))
            for field in fields(parameters)
            if field.type in (int, float, bool)
        }
        assert json.dumps([getattr(type(parameters)(**numbers), name) for name in numbers])


def test_a_network_rejects_the_constant_before_the_simulation(small):
    for wrong in (np.array([5.0]), "5", None, 10**400):
        with pytest.raises(ValueError, match="^gap_conductance must"):
            small.with_parameters(gap_conductance=wrong)


def test_a_duration_beyond_all_numbers_is_one_error(small):
    for simulate, rest in ((sims.simulate_worm, (None,)), (sims.simulate_worm_many, ())):
        with pytest.raises(ValueError, match=r"^duration_s must lie between"):
            simulate(small, *rest, duration_s=10**400, rng=np.random.default_rng(0))  # pyright: ignore[reportCallIssue, reportArgumentType]
