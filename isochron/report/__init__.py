"""Parts that the reports of all studies share."""

from isochron.report.drawing import STYLE, to_data_uri
from isochron.report.page import fill_template, load_results

__all__ = ["STYLE", "fill_template", "load_results", "to_data_uri"]
