"""The report of a run: a self-contained HTML page, and its table as text."""

from isochron.report.page import build_report
from isochron.report.table import format_table

__all__ = ["build_report", "format_table"]
