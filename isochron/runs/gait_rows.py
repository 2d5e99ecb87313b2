"""Numbers of a gait in the order in which tables show them. Light, so that help is instant."""

# Label, field of `isochron.sims.Gait`, and field of the error in `isochron.sims.AnimalGait`.
GAIT_ROWS = (
    ("frequency (Hz)", "frequency_Hz", "frequency_error"),
    ("wavelength (body lengths)", "wavelength", "wavelength_error"),
    ("speed (mm/s)", "speed", "speed_error"),
    ("speed / speed of the wave", "efficiency", ""),
    ("rms curvature (1/mm)", "rms_curvature", ""),
    ("peak curvature (1/mm)", "peak_curvature", ""),
    ("traveling index", "traveling_index", ""),
)
