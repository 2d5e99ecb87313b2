"""NeuroGym's environments as tasks, against NeuroGym itself."""

import importlib

import numpy as np
import pytest
import torch

from isochron import ann_bridge
from isochron.ann_bridge.tasks import NeuroGymTask, masked_loss

neurogym = pytest.importorskip("neurogym")
core = importlib.import_module("neurogym.core")
gymnasium = importlib.import_module("gymnasium")
pytestmark = pytest.mark.filterwarnings("ignore:.*render_modes")

NAME = "DelayMatchSample-v0"


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_trials_are_those_of_neurogym():
    """The same seed, and NeuroGym's own trials in turn."""
    task = NeuroGymTask(name=NAME, periods=("decision",))
    trials = task.sample(5, generator())
    assert trials.inputs.shape == (32, 5, 3)
    environment = neurogym.make(NAME).unwrapped
    environment.seed(int(torch.randint(2**31, (), generator=generator())))
    for k in range(5):
        environment.new_trial()
        np.testing.assert_array_equal(trials.inputs[:, k], environment.ob)
        np.testing.assert_array_equal(trials.targets[:, k].argmax(dim=1), environment.gt)
        np.testing.assert_array_equal(trials.targets[:, k].sum(dim=1), 1)
        decision = np.zeros(32)
        decision[environment.start_ind["decision"] :] = 1
        np.testing.assert_array_equal(trials.mask[:, k], decision)


def test_a_seed_gives_the_same_trials_and_chance_is_that_of_the_best_constant():
    task = NeuroGymTask(name=NAME, periods=("decision",))
    first, again, other = (task.sample(400, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.inputs, other.inputs)
    # Match or not, each with 1/2: variances 0, 1/4, 1/4.
    assert task.chance == pytest.approx(1 / 6, rel=0.02)
    constant = torch.tensor([0.0, 0.5, 0.5]).expand_as(first.targets)
    found = masked_loss(constant, first)
    assert float(found) == pytest.approx(1 / 6, rel=1e-5)


def test_trials_of_random_length_are_padded():
    task = NeuroGymTask(name="ReadySetGo-v0", step_ms=50.0)
    trials = task.sample(50, generator())
    lengths = trials.mask.sum(dim=0)
    assert len(set(lengths.tolist())) > 1
    assert lengths.max() <= task.n_steps
    assert (trials.inputs[trials.mask == 0] == 0).all()
    for length, mask in zip(lengths.int(), trials.mask.T, strict=True):
        assert (mask[:length] == 1).all()


def test_many_environments_are_tasks():
    for name in ("PerceptualDecisionMaking-v0", "GoNogo-v0", "ReachingDelayResponse-v0"):
        task = NeuroGymTask(name=name)
        trials = task.sample(3, generator())
        assert trials.inputs.shape == (task.n_steps, 3, task.n_inputs)
        outputs = (task.n_outputs,) if task.n_outputs > 1 else ()
        assert trials.targets.shape == (task.n_steps, 3, *outputs)
        assert trials.inputs.isfinite().all()


def test_a_net_learns_one():
    """Which of two signals is stronger; the limit lies well below chance."""
    task = NeuroGymTask(
        name="PerceptualDecisionMaking-v0", periods=("decision",), options={"sigma": 0.1}
    )
    net = ann_bridge.GRUNet(
        n_units=32, n_inputs=task.n_inputs, n_outputs=task.n_outputs, step_ms=task.step_ms
    )
    budget = ann_bridge.TrainingParameters(steps=80, batch_size=16, learning_rate=1e-2)
    ann_bridge.train(net, task, budget, seed=0)
    assert ann_bridge.evaluate(net, task, seed=5) < 0.6 * task.chance


class Bare(core.BaseEnv):
    """An environment without trials."""

    action_space = gymnasium.spaces.Discrete(2)
    observation_space = gymnasium.spaces.Box(-1, 1, (1,))


def test_what_is_no_task_is_refused():
    gymnasium.register("Bare-v0", entry_point=Bare)
    with pytest.raises(ValueError, match="cannot make 'Nothing-v0'"):
        NeuroGymTask(name="Nothing-v0")
    with pytest.raises(ValueError, match="no period 'test2'.*fixation"):
        NeuroGymTask(name=NAME, periods=("test2",))
    with pytest.raises(ValueError, match="no ground truth"):
        NeuroGymTask(name="DawTwoStep-v0")
    with pytest.raises(ValueError, match="has no trials"):
        NeuroGymTask(name="Bare-v0")
