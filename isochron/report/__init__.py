"""The report of a run: a self-contained HTML page, its table as text, its figures."""

from isochron.report.figures import draw_overview, draw_panels
from isochron.report.page import build_report, load_results
from isochron.report.table import format_table

__all__ = ["build_report", "draw_overview", "draw_panels", "format_table", "load_results"]
