import time

from isochron.runs.training_progress import describe_duration, training_progress


def test_the_remaining_time_is_that_of_the_rate_since_the_first_call(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    told = []
    tell = training_progress(lambda fraction, text: told.append((fraction, text)), 40)
    for step in (11, 12, 15):  # a training that was resumed at step 10
        tell(step, 0.5)
        now[0] += 2.0
    assert told == [
        (11 / 40, "step 11/40, loss 0.500"),
        (12 / 40, "step 12/40, loss 0.500, 56 s left"),
        (15 / 40, "step 15/40, loss 0.500, 25 s left"),  # 4 steps in 4 s
    ]


def test_a_duration_has_the_unit_that_suits_it():
    assert [describe_duration(s) for s in (0.2, 99, 754, 9000)] == [
        "0 s",
        "99 s",
        "13 min",
        "2.5 h",
    ]
