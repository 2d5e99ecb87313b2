from dataclasses import replace

from isochron.runs.results import (
    Dimensionality,
    FixedPointFound,
    FreeRunning,
    Locking,
    NetworkCycle,
    SurveyCounts,
    TongueEdges,
    TrainingRecord,
)
from isochron.studies.compare.claims import describe_system, findings
from isochron.studies.compare.results import NetKind, NetSystem, WormCycle, WormSystem
from isochron.studies.compare.table import COLUMNS, SHORT, format_table, table_row

WORM = WormSystem(
    name="worm",
    n_units=279,
    dataset="varshney2011",
    seed=0,
    resting=False,
    fixed_points=(
        FixedPointFound(
            condition="constant 1000 pA",
            stable=True,
            residual=1e-12,
            leading_eigenvalue=(-0.01, 0.0),
            n_starts=2,
        ),
    ),
    limit_cycles=(
        WormCycle(
            condition="constant 2000 pA",
            period_ms=1808.3,
            stable=True,
            residual=1e-9,
            multipliers=((0.897, 0.0),),
            multiplier_periods=1,
            largest_nontrivial_multiplier=0.897,
            output_phase_cycles=None,
            how_found="shooting",
            checks={},
            n_starts=6,
            n_starts_arrived=6,
        ),
    ),
    locking=Locking(
        plv=0.999,
        plv_uncoupled=0.32,
        reference_amplitude=5.0,
        reference_frequency_Hz=0.542,
        amplitude_unit="pA",
        noise="none",
        tongue=TongueEdges(low_Hz=0.523, high_Hz=0.591, low_open=False, high_open=False),
        tongue_by_amplitude=(),
    ),
    dimensionality=Dimensionality(variance_in_2_components=0.997, participation_ratio=1.46),
    free_running=FreeRunning(oscillates=True, amplitude=1.0, frequency_Hz=0.553),
    notes=("shooting",),
)


def net(
    kind: NetKind = "low-rank",
    *,
    trained=True,
    learned=True,
    phases=(0.4, 0.9),
    oscillates=False,
):
    loss = 0.03 if learned else 0.5
    return NetSystem(
        name=f"{kind}-0",
        kind=kind,
        trained=trained,
        n_units=512,
        dataset=None,
        seed=0,
        loss=loss,
        standard_error=0.001,
        chance=0.5,
        learned=learned,
        fixed_points=(),
        limit_cycles=tuple(
            NetworkCycle(
                condition="reference",
                period_ms=120.0,
                stable=True,
                residual=1e-9,
                multipliers=((0.2, 0.0),),
                multiplier_periods=1,
                largest_nontrivial_multiplier=0.2,
                output_phase_cycles=phase,
                output_amplitude=1.0,
                how_found="",
                checks={},
            )
            for phase in phases
        ),
        memories=tuple(phases),
        locking=Locking(
            plv=0.999,
            plv_uncoupled=None,
            reference_amplitude=1.0,
            reference_frequency_Hz=8.3,
            amplitude_unit="1",
            noise="none",
            tongue=TongueEdges(low_Hz=7.0, high_Hz=16.0, low_open=False, high_open=True),
            tongue_by_amplitude=(),
        ),
        dimensionality=None,
        free_running=FreeRunning(
            oscillates=oscillates, amplitude=1.0, frequency_Hz=7.7 if oscillates else None
        ),
        survey=SurveyCounts(
            n_starts=48, n_not_entrained=0, undetected_basin_bound=0.06, index_sum=1
        ),
        notes=(),
        training=TrainingRecord(steps=400, losses=(0.5,), loss=loss, standard_error=0.001),
    )


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
    assert "this network did not learn the task in 400 steps" in describe_system(bad)
    assert "0 of 1 trained low-rank networks learned" in " ".join(findings(WORM, [bad], 2))


def test_the_answer_follows_the_numbers():
    untrained = net(trained=False, learned=False, phases=(0.4,))
    yes = findings(WORM, [net(), untrained], 2)[-1]
    assert "yes" in yes
    assert "no untrained network does" in yes
    assert "not always" in findings(WORM, [net(), net(phases=(0.4,))], 2)[-1]
    assert "No answer" in findings(WORM, [net(learned=False)], 2)[-1]
    still = replace(WORM, limit_cycles=())
    assert "No answer" in findings(still, [net()], 2)[-1]
    assert "no stable limit cycle was found" in findings(still, [net()], 2)[0]


def test_the_control_is_weighed():
    both = findings(WORM, [net("connectome"), net("rewired")], 2)
    assert "rewired control learns as well" in both[-1]
    assert "rewired control" not in findings(WORM, [net("connectome")], 2)[-1]


def test_half_a_cycle_is_said_only_when_it_is():
    assert "half a cycle apart" in " ".join(findings(WORM, [net()], 2))
    assert "half a cycle apart" not in " ".join(findings(WORM, [net(phases=(0.4, 0.8))], 2))
