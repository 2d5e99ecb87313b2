import re
import time

from isochron.runs.training_progress import training_progress


def test_the_rate_is_that_of_the_steps_since_the_first_call():
    told = []
    tell = training_progress(lambda fraction, text: told.append((fraction, text)), 40)
    for step in (11, 12, 13):  # a training that was taken up at step 10
        tell(step, 0.5)
        time.sleep(0.02)
    assert told[0] == (11 / 40, "loss 0.500")
    found = re.fullmatch(r"loss 0\.500, (\d+\.\d) steps/s", told[-1][1])
    assert found is not None
    assert 2 < float(found[1]) <= 50  # a sleep is never shorter
