"""A null model and a sign rule together: neither undoes the other."""

from typing import Any

import numpy as np
import pytest

from isochron import connectome
from isochron.connectome import SIGN_RULES, gaba_inhibitory
from isochron.connectome.null_models import NULL_MODELS
from isochron.runs.null_models import OF_SIGNS, draw_connectome
from isochron.workflows.experiments.attractors import _of_connectome
from isochron.workflows.experiments.settings import AttractorSettings


@pytest.mark.parametrize("rule", sorted(SIGN_RULES))
def test_permuted_signs_are_those_of_the_rule_in_a_different_order(rule):
    rule = SIGN_RULES.load(rule)
    signed = connectome.load("varshney2011").with_signs(rule).signs
    found = draw_connectome("varshney2011", OF_SIGNS, 0, rule).signs
    assert signed is not None
    assert found is not None
    np.testing.assert_array_equal(found != 0, signed != 0)
    assert (found != signed).any()


def test_a_rule_signs_the_connections_of_every_other_null_model():
    for name in NULL_MODELS:
        drawn = draw_connectome("varshney2011", name, 1, gaba_inhibitory)
        alone = draw_connectome("varshney2011", name, 1)
        np.testing.assert_array_equal(drawn.chemical, alone.chemical)
        if name != OF_SIGNS:
            np.testing.assert_array_equal(drawn.signs, gaba_inhibitory(alone))


def test_without_a_null_model_only_the_rule_counts():
    worm = connectome.load("varshney2011")
    drawn = draw_connectome("varshney2011", signs=gaba_inhibitory)
    np.testing.assert_array_equal(drawn.signs, gaba_inhibitory(worm))
    assert draw_connectome("varshney2011").signs is None


@pytest.mark.parametrize("seed", [None, 3])
def test_the_sweep_of_attractors_keeps_permuted_signs(seed):
    """With explicit signs as with those by default; both differ from the connectome."""
    settings: dict[str, Any] = {
        "dataset": "varshney2011",
        "layers": ("chemical",),
        "n_starts": 5,
        "seed": seed,
    }
    runs = [
        settings | {"null_model": OF_SIGNS, "signs": "gaba"},
        settings | {"null_model": OF_SIGNS},
        settings,
    ]
    explicit, default, original = (
        _of_connectome(AttractorSettings(**run), seed=0).symmetry_degree for run in runs
    )
    assert explicit == default != original
    with pytest.raises(ValueError, match="choose gaba or own, not none"):
        AttractorSettings(dataset="varshney2011", null_model=OF_SIGNS, signs="none")
