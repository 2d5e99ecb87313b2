import copy

import pytest

from isochron.runs.measures import common_tongue, distinct_phases
from isochron.studies.compare.claims import describe_system, findings
from isochron.studies.compare.table import COLUMNS, SHORT, format_table, table_row

WORM = {
    "name": "worm",
    "kind": "worm",
    "n_units": 279,
    "loss": None,
    "chance": None,
    "learned": None,
    "fixed_points": [{"condition": "constant 1000 pA", "stable": True}],
    "limit_cycles": [
        {
            "condition": "constant 2000 pA",
            "period_ms": 1808.3,
            "stable": True,
            "largest_nontrivial_multiplier": 0.897,
            "n_starts": 6,
            "n_starts_arrived": 6,
        }
    ],
    "locking": {
        "plv": 0.999,
        "plv_uncoupled": 0.32,
        "reference_amplitude": 5.0,
        "reference_frequency_Hz": 0.542,
        "tongue": {"low_Hz": 0.523, "high_Hz": 0.591, "low_open": False, "high_open": False},
    },
    "dimensionality": {"variance_in_2_components": 0.997, "participation_ratio": 1.46},
    "notes": ["shooting"],
}


def net(kind="low-rank", *, trained=True, learned=True, phases=(0.4, 0.9), oscillates=False):
    cycle = {"period_ms": 120.0, "stable": True, "largest_nontrivial_multiplier": 0.2}
    return {
        "name": f"{kind}-0",
        "kind": kind,
        "trained": trained,
        "n_units": 512,
        "loss": 0.03 if learned else 0.5,
        "chance": 0.5,
        "learned": learned,
        "fixed_points": [],
        "limit_cycles": [{**cycle, "output_phase_cycles": phase} for phase in phases],
        "memories": list(phases),
        "locking": {
            "plv": 0.999,
            "tongue": {"low_Hz": 7.0, "high_Hz": 16.0, "low_open": False, "high_open": True},
        },
        "dimensionality": None,
        "free_running": {"oscillates": oscillates, "frequency_Hz": 7.7 if oscillates else None},
        "survey": {"n_starts": 48, "n_not_entrained": 0, "undetected_basin_bound": 0.06},
        "training": {"steps": 400},
    }


def test_the_table_has_a_row_for_each_system():
    rows = [table_row(WORM), table_row(net())]
    assert len(COLUMNS) == len(SHORT) == len(rows[0])
    assert rows[0][4:9] == ("1", "1", "1808.3", "0.553", "0.897")
    assert rows[0][10] == "0.523 – 0.591"
    assert rows[1][10] == "7.00 – ≥ 16.00"
    lines = format_table([WORM, net()]).splitlines()
    assert len(lines) == 4
    assert "worm, graded model" in lines[2]


def test_a_net_that_has_not_learnt_is_called_so():
    bad = net(learned=False, phases=(0.4,))
    assert "not learned" in table_row(bad)[1]
    assert "this net has not learned the task in 400 steps" in describe_system(bad)
    assert "0 of 1 trained low-rank nets learned" in " ".join(findings([WORM, bad], 2))


def test_the_answer_follows_the_numbers():
    untrained = net(trained=False, learned=False, phases=(0.4,))
    yes = findings([WORM, net(), untrained], 2)[-1]
    assert "yes" in yes
    assert "none of the untrained ones does" in yes
    assert "not always" in findings([WORM, net(), net(phases=(0.4,))], 2)[-1]
    assert "cannot say" in findings([WORM, net(learned=False)], 2)[-1]
    still = copy.deepcopy(WORM)
    still["limit_cycles"] = []
    assert "cannot say" in findings([still, net()], 2)[-1]
    assert "no stable limit cycle was found" in findings([still, net()], 2)[0]


def test_the_control_is_weighed():
    both = findings([WORM, net("connectome"), net("rewired")], 2)
    assert "rewired control learns as well" in both[-1]
    assert "rewired control" not in findings([WORM, net("connectome")], 2)[-1]


def test_half_a_cycle_is_said_only_when_it_is():
    assert "half a cycle apart" in " ".join(findings([WORM, net()], 2))
    assert "half a cycle apart" not in " ".join(findings([WORM, net(phases=(0.4, 0.8))], 2))


@pytest.mark.parametrize(
    ("phases", "expected"),
    [([0.98, 0.01, 0.5], 2), ([0.1, 0.2, 0.3], 3), ([], 0), ([0.4, 0.401], 1)],
)
def test_phases_are_told_apart_around_the_circle(phases, expected):
    assert len(distinct_phases(phases)) == expected


def test_the_common_tongue_is_the_overlap():
    rows = [
        {"low_Hz": 7.0, "high_Hz": 10.0, "low_open": False, "high_open": True},
        {"low_Hz": 6.0, "high_Hz": 9.0, "low_open": True, "high_open": False},
    ]
    assert common_tongue(rows) == {
        "low_Hz": 7.0,
        "high_Hz": 9.0,
        "low_open": False,
        "high_open": False,
    }
    lost = {"low_Hz": None, "high_Hz": None, "low_open": False, "high_open": False}
    assert common_tongue([*rows, lost]) == lost
