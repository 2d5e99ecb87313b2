"""Experiments: configuration, run folder, provenance, recipes."""
