"""Surveys of attractors: sampling, refinement, basins, completeness."""
