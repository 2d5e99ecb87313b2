import numpy as np
import pytest

from isochron.analysis import ShootingControl
from isochron.analysis.limit_cycles import find_close_returns, find_recurrent_cycles
from isochron.analysis.systems.flow import flow
from tests import truths


def test_close_returns_of_a_noisy_rhythm_are_its_periods():
    t = np.arange(0, 50, 0.05)
    noise = 0.01 * np.random.default_rng(0).normal(size=(t.size, 2))
    states = np.c_[np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)] + noise
    found = find_close_returns(states, lags=range(5, 50), closest=0.1)
    assert found
    assert all(abs(c.end - c.begin - 20) <= 1 or abs(c.end - c.begin - 40) <= 1 for c in found)
    assert [c.distance for c in found] == sorted(c.distance for c in found)


@pytest.mark.parametrize("lags", [range(0, 5), range(1, 101), []])
def test_close_returns_refuse_lags_that_do_not_fit(lags):
    with pytest.raises(ValueError, match="lags"):
        find_close_returns(np.zeros((100, 2)), lags=lags)


def test_periods_must_be_in_order():
    with pytest.raises(ValueError, match="shortest period <= longest period"):
        find_recurrent_cycles(
            truths.lorenz(),
            np.ones(3),
            duration=10.0,
            periods=(2.0, 1.0),
            interval=0.01,
        )


def lorenz_cycles(duration, max_period, max_candidates):
    start = flow(truths.lorenz(), [1.0, 1.0, 20.0], 50.0, rtol=1e-9)
    return find_recurrent_cycles(
        truths.lorenz(),
        start,
        duration=duration,
        periods=(1.3, max_period),
        interval=0.01,
        max_candidates=max_candidates,
        control=ShootingControl(tolerance=1e-11),
    )


def check_lorenz(cycle):
    """Multiplier product exp(-41/3 T); the orbit closes under an independent integrator."""
    assert cycle.index == 1
    np.testing.assert_allclose(np.real(cycle.multipliers[1]), 1.0, atol=1e-8)
    logarithm = np.log(np.abs(cycle.multipliers)).sum()
    np.testing.assert_allclose(logarithm, -41 / 3 * cycle.period, rtol=1e-10)
    assert cycle.checks["liouville"] < 1e-10
    # The velocity is above 10 everywhere here, so the period errs by 1e-10 at most.
    gap = np.linalg.norm(truths.lorenz_by_taylor(cycle.point, cycle.period) - cycle.point)
    assert gap < 1e-9


@pytest.mark.long
def test_the_shortest_cycle_of_the_lorenz_attractor():
    found = lorenz_cycles(40.0, 1.8, 4)
    (cycle,) = found.cycles
    np.testing.assert_allclose(cycle.period, 1.5586522107161747, rtol=1e-10)
    assert cycle.method == "multiple shooting"
    check_lorenz(cycle)


@pytest.mark.slow
def test_all_cycles_of_the_lorenz_attractor_up_to_four_symbols():
    """AB; AAB and ABB, AAAB and ABBB, mirror images; AABB. Turns are minima of |z - 27|."""
    found = lorenz_cycles(250.0, 3.2, 60)
    periods = [cycle.period for cycle in found.cycles]
    for cycle in found.cycles:
        check_lorenz(cycle)
    names = sorted(symbols(cycle) for cycle in found.cycles)
    assert names == ["AAAB", "AAB", "AABB", "AB", "ABB", "ABBB"]
    # From lorenz_by_taylor: the return errors above confirm all digits.
    expected = [1.55865221072, 2.30590726394, 2.30590726394]
    expected += [3.02358370343, 3.02358370343, 3.08427677582]
    np.testing.assert_allclose(periods, expected, rtol=1e-10)


def symbols(cycle):
    """Turns around C- (A) and C+ (B), one for each maximum of |x|; the least rotation."""
    z, x = cycle.states[:-1, 2], cycle.states[:-1, 0]
    tops = (z > np.roll(z, 1)) & (z >= np.roll(z, -1))
    word = "".join("B" if value > 0 else "A" for value in x[tops])
    return min(word[i:] + word[:i] for i in range(len(word)))


@pytest.mark.slow
def test_the_cycles_of_the_roessler_attractor_up_to_three_symbols():
    """ChaosBook gives 1, 10 and 100 with periods and multipliers; 100 to eight digits only."""
    system = truths.roessler()
    start = flow(system, [1.0, 1.0, 0.0], 200.0, rtol=1e-9)
    found = find_recurrent_cycles(
        system,
        start,
        duration=1500.0,
        periods=(5.0, 24.0),
        interval=0.05,
        max_candidates=60,
        control=ShootingControl(tolerance=1e-11),
        closest=0.05,
    ).cycles
    periods = [cycle.period for cycle in found]
    np.testing.assert_allclose(periods[:2], [5.88108845586, 11.7586260717], rtol=1e-10)
    np.testing.assert_allclose(periods[2], 17.5157912663, rtol=2e-8)
    leading = [np.real(cycle.multipliers[0]) for cycle in found[:2]]
    np.testing.assert_allclose(leading, [-2.403953527, -3.512006980], rtol=1e-8)
    assert len(found) >= 4
    assert all(cycle.checks["liouville"] < 1e-10 for cycle in found)
