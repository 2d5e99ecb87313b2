"""Numbers of Hwang et al. (2019) and of the specification, to their printed digits."""

import math

import numpy as np
import pytest

from isochron import connectome
from isochron.analysis.sign_networks import (
    complexity,
    fixed_point_complexity,
    limit_at_zero_symmetry,
    mean_fixed_points,
    mean_two_cycles,
    solve_cycles,
)
from isochron.runs.sign_couplings import connectome_couplings
from isochron.workflows.attractors import NullModels, place_on_axis

SIGMA_1 = {
    1: 0.199228, 0.96: 0.194036, 0.8: 0.171742, 0.6: 0.139820, 8 / 17: 0.116188, 0.25: 0.068842,
    0.1: 0.029941, -0.1: -0.034017, -0.25: -0.095115, -8 / 17: -0.219360, -0.8: -0.611677,
}  # fmt: skip


@pytest.mark.parametrize(("symmetry", "printed"), SIGMA_1.items())
def test_the_complexity_of_fixed_points(symmetry, printed):
    assert fixed_point_complexity(symmetry) == pytest.approx(printed, abs=5.1e-7)
    assert complexity(2, symmetry).interior == pytest.approx(2 * printed, abs=1.1e-6)


@pytest.mark.parametrize(
    ("n", "symmetry", "printed", "digits"),
    [
        (10, 1, 7.76568, 5), (10, 0.8, 5.80261, 5), (10, 8 / 17, 3.25168, 5), (10, 0, 1, 9),
        (10, -8 / 17, 0.116446, 6), (20, 1, 56.6913, 4), (20, 0.8, 32.2267, 4),
        (20, 8 / 17, 10.3807, 4),
    ],
)  # fmt: skip
def test_the_mean_number_of_fixed_points(n, symmetry, printed, digits):
    assert mean_fixed_points(n, symmetry) == pytest.approx(printed, abs=0.51 * 10**-digits)


@pytest.mark.parametrize(
    ("n", "printed"),
    [(8, 0.80714), (10, 0.89346), (12, 0.96410), (20, 1.14370), (50, 1.29001), (1000, 1.23038)],
)
def test_the_mean_number_of_two_cycles(n, printed):
    assert mean_two_cycles(n) == pytest.approx(printed, abs=5.1e-6)


def test_limits_at_zero_symmetry():
    printed = (1, 1.228, 0.449, 0.792, 0.249, 0.482)
    for length, value in enumerate(printed, start=1):
        assert limit_at_zero_symmetry(length) == pytest.approx(value, abs=5.1e-4)


def test_the_fixed_points_of_the_signed_worm():
    """Exactly 3974, chemical synapses, GABA signs, ties to +1."""
    pytest.importorskip("ortools")
    couplings = connectome_couplings(connectome.load("varshney2011"), ["chemical"], "gaba")
    solved = solve_cycles(couplings, tie="plus")
    assert solved.complete
    assert solved.count == 3974


@pytest.mark.long
def test_the_worm_on_the_axis():
    graph = connectome.load("varshney2011")
    result = place_on_axis(graph, layers=["chemical"], nulls=NullModels(n=2), n_starts=200, seed=3)
    again = place_on_axis(graph, layers=["chemical"], nulls=NullModels(n=2), n_starts=200, seed=3)
    assert result == again
    assert result.n == 279
    for rule, sample in result.sampled_by_tie_rule.items():
        assert sum(sample.starts_by_length.values()) == 200, rule
    # ties matter: neurons without input stay under "keep" and change under "flip"
    assert 1 not in result.sampled_by_tie_rule["flip"].found_by_length
    assert result.sampled_by_tie_rule["keep"].n_found > result.sampled.n_found
    for null in result.nulls:
        assert abs(null.symmetry_degree) < 0.1
    eta = result.symmetry_degree
    W = connectome_couplings(graph, ["chemical"], "gaba")
    assert eta == pytest.approx(np.sum(W * W.T) / np.sum(W * W))
    theory = result.theory
    assert theory.mean_fixed_points.value is not None
    assert theory.ln_mean_fixed_points == pytest.approx(math.log(theory.mean_fixed_points.value))


def test_unknown_layers_and_signs():
    graph = connectome.load("varshney2011")
    with pytest.raises(ValueError, match="No layer 'peptide'. Known: chemical, gap"):
        connectome_couplings(graph, ["peptide"], "gaba")
    with pytest.raises(ValueError, match="No sign rule 'dale'"):
        connectome_couplings(graph, ["gap"], "dale")
