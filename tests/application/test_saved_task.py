"""Tasks of saved networks are made again from their texts."""

import pytest

from isochron import ann_bridge
from isochron.ann_bridge import tasks
from isochron.ann_bridge.registry import TASKS
from isochron.runs.saved_task import read_task


@pytest.mark.parametrize("kind", list(TASKS))
def test_every_task_is_the_same_after_its_text(kind):
    task = TASKS.load(kind)()
    found = read_task(str(task))
    assert (found.kind, found.task) == (kind, task)


def test_settings_and_references_are_those_of_the_text():
    theta = tasks.SyntheticTheta(noise_std=0.3)
    task = tasks.PhaseMemory(duration_ms=600.0, reference=theta)
    assert read_task(str(task)).task == task


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ""),
        ("Repeat(n_inputs=1)", "Repeat"),
        ("FlipFlop(n_bits=", "flip-flop"),
        ("FlipFlop(colour=1)", "flip-flop"),
        ("FlipFlop(3)", "flip-flop"),
        ("FlipFlop(n_bits=__import__('os').getpid())", "flip-flop"),
        ("FlipFlop(n_bits=FlipFlop)", "flip-flop"),
        ("PhaseMemory(reference=<RecordedReference of 3 s>)", "phase-memory"),
        ("FlipFlop(n_bits=" + "(" * 5000 + ")" * 5000 + ")", "flip-flop"),
    ],
)
def test_a_text_that_is_not_a_whole_task_gives_its_name_only(text, kind):
    found = read_task(text)
    assert (found.kind, found.task) == (kind, None)


def test_a_task_that_does_not_fit_the_network_is_not_used():
    net = ann_bridge.LowRankRNN.for_task(tasks.FlipFlop(n_bits=1), n_units=4, rank=1)
    assert read_task(str(tasks.FlipFlop(n_bits=1)), net).task == tasks.FlipFlop(n_bits=1)
    assert read_task(str(tasks.FlipFlop(n_bits=2)), net).task is None
