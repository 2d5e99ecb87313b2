"""The plots contain the given data; their appearance was checked by eye."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from isochron.analysis import plotting


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_stable_and_unstable_differ_in_the_portrait_without_color(ax):
    circle = np.c_[np.cos(np.arange(9)), np.sin(np.arange(9))]
    drawn = plotting.plot_phase_portrait(
        stable_cycles=[circle],
        unstable_cycles=[2 * circle],
        unstable_points=np.zeros((1, 2)),
        labels=("a", "b"),
        ax=ax,
    )
    assert drawn is ax
    np.testing.assert_array_equal(lines(ax)["stable cycle"].get_xydata(), circle)
    assert lines(ax)["unstable cycle"].get_linestyle() == "--"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
    assert ax.collections[0].get_facecolor()[0, :3].tolist() == [1, 1, 1]


def test_multipliers_far_away_are_drawn_at_the_edge(ax):
    plotting.plot_multipliers([(np.array([0.5, -3.0]), False)], ax=ax)
    circle = ax.lines[0].get_xydata()
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 1)
    near, far = (marks.get_offsets() for marks in ax.collections)
    np.testing.assert_allclose(near, [[0.5, 0]])
    np.testing.assert_allclose(far, [[-1.5, 0]], atol=1e-12)


def test_a_branch_changes_style_where_it_changes_stability(ax):
    x = np.linspace(-2, 2, 21)
    parameter = x - x**3 / 3
    plotting.plot_bifurcation_diagram(
        [(parameter, x, np.abs(x) > 1)], special_points=[("fold", 2 / 3, 1.0)], ax=ax
    )
    drawn = [line for line in ax.lines if line.get_linestyle() != "None"]
    assert [line.get_linestyle() for line in drawn] == ["-", "--", "-"]
    for before, after in zip(drawn, drawn[1:], strict=False):
        np.testing.assert_array_equal(before.get_xydata()[-1], after.get_xydata()[0])
    assert ax.texts[0].get_text() == "fold"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["stable", "unstable"]


def test_the_phase_response_has_phases_below_and_a_line_for_each_variable(ax):
    phases = np.linspace(0, 2 * np.pi, 9)
    response = np.c_[np.sin(phases), np.cos(phases)]
    plotting.plot_phase_response(phases, response, names=["AVA", "AVB"], ax=ax)
    np.testing.assert_array_equal(lines(ax)["AVB"].get_ydata(), response[:, 1])
    assert lines(ax)["AVA"].get_linestyle() != lines(ax)["AVB"].get_linestyle()
    assert [tick.get_text() for tick in ax.get_xticklabels()][2] == "π"
    assert "phase" in ax.get_xlabel()


def test_isochrons_of_a_clock_are_its_rays(ax):
    axis = np.linspace(-1, 1, 41)
    phases = np.arctan2(*np.meshgrid(axis, axis)[::-1]) % (2 * np.pi)
    phases[20, 20] = np.nan  # the center does not have a phase
    cycle = np.array([[0.5, 0.0], [0.0, 0.5], [-0.5, 0.0], [0.5, 0.0]])
    plotting.plot_isochrons(axis, axis, phases, cycle=cycle, n_lines=4, ax=ax)
    contours = ax.collections[1:]
    assert len(contours) == 4
    for contour, (i, sign) in zip(contours, [(0, 1), (1, 1), (0, -1), (1, -1)], strict=True):
        points = np.concatenate([path.vertices for path in contour.get_paths()])
        assert (sign * points[:, i] > -1e-9).all()
        np.testing.assert_allclose(points[:, 1 - i], 0, atol=1e-9)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), cycle)
    assert ax.figure.axes[1].get_ylabel() == "asymptotic phase (rad)"


def test_the_tongue_marks_open_ends(ax):
    low, high = np.array([np.nan, 0.9, 0.8]), np.array([np.nan, 1.1, 1.2])
    plotting.plot_tongue(
        low,
        high,
        np.array([0.0, 0.1, 0.2]),
        open_ends=(np.array([False, False, True]), np.zeros(3, bool)),
        ax=ax,
    )
    arrows = next(line for line in ax.lines if line.get_marker() == "<")
    np.testing.assert_allclose(arrows.get_xydata(), [[0.8, 0.2]])


def test_a_raster_has_the_first_cell_on_top(ax):
    events = [np.array([0.1, 0.4]), np.array([]), np.array([0.3])]
    plotting.plot_raster(events, names=["AVA", "AVB", "AVC"], ax=ax)
    assert [len(row.get_positions()) for row in ax.collections] == [2, 0, 1]
    assert ax.get_ylim() == (2.5, -0.5)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["AVA", "AVB", "AVC"]


def test_a_heat_map_has_a_row_for_each_signal(ax):
    values = np.arange(12.0).reshape(4, 3)
    plotting.plot_heat_map(np.arange(4.0), values, names=["a", "b", "c"], label="mV", ax=ax)
    np.testing.assert_array_equal(ax.collections[0].get_array(), values.T)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.figure.axes[1].get_ylabel() == "mV"


def test_a_signed_heat_map_is_white_at_0_with_symmetric_limits(ax):
    values = np.array([[0.0, -3.0], [np.nan, 1.0]])
    plotting.plot_heat_map(np.arange(2.0), values, signed=True, ax=ax)
    image = ax.collections[0]
    assert image.get_clim() == (-3, 3)
    white, blue, red = (np.array(image.to_rgba(value))[:3] for value in (0.0, -3.0, 3.0))
    assert white.min() > 0.96
    assert np.ptp(white) < 0.01
    assert blue[2] > 2 * blue[0]
    assert red[0] > 2 * red[2]
    assert np.abs(np.array(ax.get_facecolor())[:3] - white).min() > 0.2  # NaN is not 0


def test_a_signed_heat_map_of_zeros_is_white(ax):
    plotting.plot_heat_map(np.arange(2.0), np.zeros((2, 2)), signed=True, ax=ax)
    low, high = ax.collections[0].get_clim()
    assert low == -high < 0


def test_a_heat_map_without_a_sign_has_a_sequential_map(ax):
    values = np.array([[-70.0, -60.0], [-50.0, -20.0]])
    plotting.plot_heat_map(np.arange(2.0), values, ax=ax)
    image = ax.collections[0]
    image.autoscale_None()
    assert image.get_clim() == (-70, -20)
    lightness = np.array([sum(image.to_rgba(value)[:3]) for value in np.linspace(-70, -20, 9)])
    assert (np.diff(lightness) > 0).all()


def test_a_spectrum_is_drawn_with_its_interval(ax):
    f = np.arange(1.0, 5)
    plotting.plot_spectrum(f, 2 / f, low=1 / f, high=3 / f, ax=ax)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), 2 / f)
    corners = ax.collections[0].get_paths()[0].vertices
    assert corners[:, 1].max() == 3
    assert ax.get_yscale() == "log"


def test_series_with_an_offset_are_named_next_to_the_axis(ax):
    plotting.plot_series(np.arange(3.0), np.ones((3, 2)), names=["a", "b"], offset=5.0, ax=ax)
    np.testing.assert_array_equal(lines(ax)["b"].get_ydata(), -4)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]


def test_without_axes_a_figure_is_made():
    drawn = plotting.plot_raster([np.array([0.1])])
    assert drawn.get_ylabel() == "cell"
    plt.close(drawn.figure)
