"""The experiment `pals2024` of a sweep: one network of a condition a run."""

from typing import Any

import numpy as np
import pytest
import torch

from isochron.ann_bridge.tasks import PhaseMemory, SyntheticTheta
from isochron.runs.sweep import EXPERIMENTS, sweep
from isochron.studies.pals2024.conditions import build_net, build_task, parse_condition
from isochron.studies.pals2024.configuration import Pals2024Config
from isochron.studies.pals2024.experiment_settings import Pals2024RunSettings

TINY = {
    "n_units": 16, "steps": 2, "batch_size": 4, "n_starts": 6, "n_intrinsic_starts": 4,
    "n_trials": 3,
}  # fmt: skip


RUNS = [
    TINY | {"readout": readout, "reference": reference, "theta_noise_std": 0.4}
    for readout in ("linear", "tanh")
    for reference in ("sines", "theta")
]


@pytest.fixture(scope="module")
def experiment():
    return EXPERIMENTS.load("pals2024")("pals2024")


@pytest.fixture(scope="module")
def found(experiment, tmp_path_factory):
    return experiment.run(RUNS, [7] * len(RUNS), tmp_path_factory.mktemp("batch"))


def test_each_network_has_its_measures(found, experiment):
    rows = found.variables
    assert set(rows) == set(experiment.measures)
    assert found.reasons == ("",) * len(RUNS)
    assert all(array.shape == (len(RUNS),) for array in rows.values())
    assert (rows["steps"] == 2).all()
    assert not rows["learned"].any()
    for name in ("loss", "stable_cycles", "index_sum", "phase_difference", "rate_difference"):
        assert np.isfinite(rows[name]).all(), name
    np.testing.assert_array_equal(rows["complete"], rows["index_sum"] == 1)
    np.testing.assert_array_equal(rows["oscillates"], rows["intrinsic_share"] > 0)
    np.testing.assert_array_equal(
        np.isfinite(rows["intrinsic_frequency_Hz"]), rows["oscillates"].astype(bool)
    )


def test_runs_do_not_depend_on_their_batch(found, experiment, tmp_path):
    alone = experiment.run(RUNS[2:3], [7], tmp_path)
    for name, array in found.variables.items():
        np.testing.assert_array_equal(alone.variables[name], array[2:3], err_msg=name)


def test_a_network_that_oscillates_has_its_frequency(experiment, tmp_path):
    """Loadings of an oscillator of 8 Hz, hardly trained: the cycle that most starts reach."""
    run = TINY | {"n_units": 200, "steps": 1, "initialization": "oscillatory"}
    rows = experiment.run([run], [0], tmp_path).variables
    assert rows["oscillates"] == 1
    assert rows["intrinsic_share"] == 1
    assert rows["intrinsic_amplitude"] > 0.01
    assert rows["intrinsic_frequency_Hz"] == pytest.approx(8.0, abs=1.0)  # 200 random loadings


def test_a_training_that_diverges_is_a_failed_run(experiment, tmp_path):
    found = experiment.run([TINY | {"learning_rate": 1e30, "steps": 5}], [0], tmp_path)
    assert found.reasons[0]
    assert np.isnan(found.variables["loss"]).all()


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers(tmp_path):
    paired = {"values": ["sines", "theta"], "paired": True}
    grid = {"fixed": TINY, "axes": {"reference": paired, "replicate": [0, 1]}, "batch": 1}
    one, two = (sweep("pals2024", grid, out=tmp_path / str(n), workers=n) for n in (1, 2))
    assert one.digest() == two.digest()
    rows = one.dataset()
    assert rows.loss.dims == ("reference", "replicate")
    assert (rows.status == 1).all()


def test_a_run_is_a_network_of_the_study():
    """The settings left out are those of the study."""
    run = Pals2024RunSettings(rank="3", readout="tanh", initialization="oscillatory", n_stimuli=4)
    assert run.condition == "rank-3-tanh-oscillatory-four"
    config, condition = run.config, parse_condition(run.condition)
    assert config.low_rank == Pals2024Config().low_rank
    assert config.four_stimuli == Pals2024Config().four_stimuli
    net = build_net(config, condition, torch.Generator().manual_seed(0))
    assert (net.settings.n_units, net.settings.rank) == (512, 3)
    full = Pals2024RunSettings(rank="full", n_units=7, steps=11, learning_rate=0.5)
    assert full.condition == "full-rank-linear"
    assert (full.config.full_rank.n_units, full.config.full_rank.steps) == (7, 11)
    assert full.config.low_rank == Pals2024Config().low_rank


def test_theta_has_its_parameters_and_sines_ignore_them():
    theta: Any = {"theta_noise_std": 0.4, "theta_phase_diffusion": 3.0, "theta_amplitude_std": 0.3}
    run = Pals2024RunSettings(reference="theta", **theta)
    task = build_task(run.config, parse_condition(run.condition))
    assert task == PhaseMemory(
        reference=SyntheticTheta(noise_std=0.4, phase_diffusion=3.0, amplitude_std=0.3)
    )
    sines = Pals2024RunSettings(**theta)
    assert build_task(sines.config, parse_condition(sines.condition)) == PhaseMemory()


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"rank": "4"}, "rank must be one of 1, 2, 3, full, got '4'"),
        ({"rank": "1", "initialization": "oscillatory"}, "rank 2 or more"),
        ({"rank": "full", "initialization": "oscillatory"}, "rank 2 or more"),
        ({"n_stimuli": 3}, "n_stimuli must be 2 or 4"),
        ({"n_units": 0}, "n_units must be at least 1"),
        ({"steps": 0}, "steps"),
        ({"reference": "lfp"}, "reference must be one of sines, theta"),
        ({"theta_noise_std": -1.0}, "theta_noise_std must be >= 0"),
        ({"n_starts": 0}, "n_starts"),
        ({"units": 3}, "units"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_any_work(fixed, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        sweep("pals2024", {"fixed": fixed, "axes": {"replicate": [0]}}, out=tmp_path / "S")
