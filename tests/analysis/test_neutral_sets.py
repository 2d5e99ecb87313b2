"""Neutral sets are not attractors, and angles that a survey cannot treat are named."""

import numpy as np
import pytest

from isochron.analysis import Flow, SteppedMap, find_all_attractors, uniform_box

TURN = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
FIFTH = 2 * np.pi / 5
TURN_BY_A_FIFTH = np.array([[np.cos(FIFTH), -np.sin(FIFTH)], [np.sin(FIFTH), np.cos(FIFTH)]])
SHEAR = np.array([1.0, 0.5])
STANDARD = 0.2


def standard_map(k, x):
    """Chirikov's map, area-preserving; its island reaches from -π to π and to p = ±0.9."""
    p = x[..., 1] - STANDARD * np.sin(x[..., 0])
    return np.stack([x[..., 0] + p, p], axis=-1)


MAPS = {
    "rotation": (lambda k, x: x @ TURN.T, None, 2, "quasi-periodic orbits"),
    "rotation, tangent": (lambda k, x: x @ TURN.T, lambda k, x, v: TURN @ v, 2, "quasi-periodic"),
    "rational rotation": (lambda k, x: x @ TURN_BY_A_FIFTH.T, None, 2, "closed orbits"),
    "identity": (lambda k, x: 1.0 * x, None, 1, "fixed points"),
    "line": (lambda k, x: SHEAR * x, None, 2, "fixed points"),
    "standard map": (standard_map, None, 2, "quasi-periodic orbits"),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_neutral_map_has_no_attractors(name):
    step, tangent, n, members = MAPS[name]
    found = find_all_attractors(
        SteppedMap(step, tangent, n), uniform_box([-0.6] * n, [0.6] * n),
        np.random.default_rng(0), transient=300, observation=300, n_starts=4,
    )  # fmt: skip
    (family,) = found.attractors
    assert (family.kind, family.n_starts, len(family.states)) == ("continuum", 4, 4)
    assert members in family.message
    assert "no member is an attractor" in family.message
    assert "continuum" in found.cannot_exclude
    assert not found.failures


def test_a_neutral_rotation_in_many_dimensions():
    """All but two of 40 variables decay."""
    turn = 0.5 * np.eye(40)
    turn[:2, :2] = TURN
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(40, 40)))[0]
    matrix = basis @ turn @ basis.T
    found = find_all_attractors(
        SteppedMap(lambda k, x: x @ matrix.T, lambda k, x, v: matrix @ v, 40),
        uniform_box([-1.0] * 40, [1.0] * 40),
        np.random.default_rng(0), transient=300, observation=300, n_starts=3,
    )  # fmt: skip
    assert [(each.kind, each.n_starts) for each in found.attractors] == [("continuum", 3)]


def test_an_attracting_circle_is_no_continuum():
    """The radius converges to 1, the angle turns by an irrational part."""

    def step(k, x):
        radius = np.hypot(x[..., 0], x[..., 1])[..., None]
        return x @ TURN.T * (1 + radius) / (2 * radius)

    found = find_all_attractors(
        SteppedMap(step, None, 2), uniform_box([-2.0] * 2, [2.0] * 2),
        np.random.default_rng(0), transient=100, observation=500, n_starts=4,
    )  # fmt: skip
    assert [(each.kind, each.n_starts) for each in found.attractors] == [("quasi-periodic", 4)]


FIELDS = {
    "Lotka-Volterra": (
        lambda t, x: np.array([x[0] * (1 - x[1]), x[1] * (x[0] - 1)]), "closed orbits"
    ),
    "line": (lambda t, x: np.array([x[1] - x[0], x[0] - x[1]]), "fixed points"),
}  # fmt: skip


@pytest.mark.parametrize("unit", [1.0, 1e-6])
@pytest.mark.parametrize("name", FIELDS)
def test_a_neutral_field_has_no_attractors(name, unit):
    field, members = FIELDS[name]
    found = find_all_attractors(
        Flow(lambda t, x: unit * field(t, x / unit)), uniform_box([0.5 * unit] * 2, [2 * unit] * 2),
        np.random.default_rng(0), transient=20, observation=40, n_starts=2,
    )  # fmt: skip
    (family,) = found.attractors
    assert (family.kind, family.n_starts) == ("continuum", 2)
    assert members in family.message


def kuramoto(t, x):
    return np.array([1.0, 1.1, 0.9]) + np.sin(x[None] - x[:, None]).mean(axis=1)


def running_pendulum(t, x):
    return np.array([x[1], 1.5 - x[1] - np.sin(x[0])])


@pytest.mark.parametrize(
    ("system", "n", "angles"),
    [
        (Flow(kuramoto), 3, "(0, 1, 2)"),
        (Flow(running_pendulum), 2, "(0,)"),
        (SteppedMap(lambda k, x: x + 0.6 - 0.5 * np.sin(x), None, 1), 1, "(0,)"),
    ],
)
def test_an_angle_is_named(system, n, angles):
    found = find_all_attractors(
        system, uniform_box([-1.0] * n, [1.0] * n), np.random.default_rng(0),
        transient=40, observation=60, n_starts=1,
    )  # fmt: skip
    assert not found.attractors
    (failure,) = found.failures
    assert f"Give angles={angles}" in failure.message
