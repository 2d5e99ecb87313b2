"""The report of a sweep."""

from isochron.report.sweep.page import build_sweep_report

__all__ = ["build_sweep_report"]
