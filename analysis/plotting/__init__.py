"""Draw results: every function takes axes and returns them; none computes results."""

from isochron.analysis.plotting.orbits import (
    plot_bifurcation_diagram,
    plot_multipliers,
    plot_phase_portrait,
)
from isochron.analysis.plotting.phase import plot_isochrons, plot_phase_response, plot_tongue
from isochron.analysis.plotting.series import plot_heat_map, plot_raster, plot_series, plot_spectrum
from isochron.analysis.plotting.style import (
    REFERENCE,
    SERIES_COLORS,
    STABLE,
    TRAJECTORY,
    UNSTABLE,
    place_legend_below,
)

__all__ = [
    "REFERENCE",
    "SERIES_COLORS",
    "STABLE",
    "TRAJECTORY",
    "UNSTABLE",
    "place_legend_below",
    "plot_bifurcation_diagram",
    "plot_heat_map",
    "plot_isochrons",
    "plot_multipliers",
    "plot_phase_portrait",
    "plot_phase_response",
    "plot_raster",
    "plot_series",
    "plot_spectrum",
    "plot_tongue",
]
