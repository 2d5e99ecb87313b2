"""What the reports of all studies share."""

from isochron.report.drawing import STYLE, to_data_uri
from isochron.report.page import fill_template, load_results, render_report

__all__ = ["STYLE", "fill_template", "load_results", "render_report", "to_data_uri"]
