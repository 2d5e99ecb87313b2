"""Each engine has a default step."""

import click
import numpy as np
import pytest

from isochron import connectome, sims
from isochron.cli.simulate import simulate as command
from isochron.sims.engines import ENGINES, default_step

EXPLICIT = ("brian2", "jneuroml", "neuron")


def engine_or_skip(name):
    try:
        return ENGINES.load(name)
    except ModuleNotFoundError:
        pytest.skip(f"the engine {name} is not installed")


@pytest.mark.parametrize("engine", ["numba", "torch", "scipy"])
def test_the_default_step_is_that_of_the_settings(small, engine):
    assert default_step(engine, small) == ENGINES.load_settings(engine)().step_ms == 0.5


@pytest.mark.parametrize("engine", EXPLICIT)
@pytest.mark.parametrize("dataset", ["varshney2011", "cook2019-hermaphrodite", "white1986-whole"])
def test_explicit_engines_take_a_stable_step(engine, dataset):
    """It is 1, 2 or 5 times a power of ten, so that samples coincide with steps."""
    module = engine_or_skip(engine)
    network = sims.GradedNetwork(connectome.load(dataset))
    step = default_step(engine, network)
    assert step <= min(0.05, module.largest_stable_step(network) / 2)
    assert f"{step:e}"[0] in "125"
    assert 1 / step == pytest.approx(round(1 / step), rel=1e-12)
    assert step > module.largest_stable_step(network) / 5.1 or step == 0.05


def test_a_network_without_connections_has_a_step():
    """Only the leak limits it, at 2 C / G = 300 ms."""
    alone = connectome.from_matrices(["AVAL"], np.zeros((1, 1)), rows="postsynaptic", name="x")
    for engine in EXPLICIT:
        engine_or_skip(engine)
        assert default_step(engine, sims.GradedNetwork(alone)) == 0.05


@pytest.mark.slow
def test_brian2_runs_without_a_step(small, drive):
    engine_or_skip("brian2")
    start = small.random_state(drive, np.random.default_rng(0))
    options = {"duration_s": 0.02, "initial_state": start}
    run = sims.simulate(small, drive, engine="brian2", **options)
    assert run.attrs["step_ms"] == default_step("brian2", small)
    exact = sims.simulate(small, drive, engine="scipy", **options)
    # A method of first order, whose error is a share step / (time constant) of the change.
    apart = np.abs(run.V.values - exact.V.values).max()
    assert apart < 0.05 * np.ptp(exact.V.values)


def test_the_help_shows_the_default_steps():
    options = command.get_params(click.Context(command))
    texts = {option.name: getattr(option, "help", "") for option in options}
    for engine in ENGINES:
        step_ms = ENGINES.load_settings(engine)().step_ms
        before, after = texts["how__step_ms"].split(", at most ")
        assert f"{step_ms:g} for" in (after if engine in EXPLICIT else before)
        assert engine in (after if engine in EXPLICIT else before)
