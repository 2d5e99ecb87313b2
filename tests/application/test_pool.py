import os
import time

import pytest

from isochron.runs.pool import Step, run_steps


class Silent:
    def __init__(self):
        self.seen = []

    def begin(self, step):
        self.seen.append(("begin", step))

    def update(self, step, fraction, text):
        self.seen.append(("update", step))

    def end(self, step, seconds):
        self.seen.append(("end", step))


def double(x, report):
    report(0.5, "half")
    return 2 * x


def threads(report):
    return os.environ["OMP_NUM_THREADS"]


def fail(report):
    raise ArithmeticError("no")


def sleep(report):
    time.sleep(60)


def test_steps_run_in_order_of_need_and_finished_ones_do_not():
    results, progress = {}, Silent()
    steps = [
        Step("b", double, (2,), after=("a",)),
        Step("a", double, (1,)),
        Step("done", fail),
        Step("threads", threads),
    ]
    run_steps(
        steps,
        finished={"done"},
        finish=lambda name, result, seconds: results.__setitem__(name, result),
        progress=progress,
        workers=2,
    )
    assert results == {"a": 2, "b": 4, "threads": "1"}
    assert progress.seen.index(("end", "a")) < progress.seen.index(("begin", "b"))


def test_a_failing_step_ends_the_others_at_once():
    began = time.perf_counter()
    with pytest.raises(ArithmeticError, match="no"):
        run_steps(
            [Step("long", sleep), Step("bad", fail)],
            finished=set(),
            finish=lambda *_: None,
            progress=Silent(),
            workers=2,
        )
    assert time.perf_counter() - began < 40
