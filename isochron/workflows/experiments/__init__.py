"""Experiments of sweeps that compute what a command computes; a sweep loads them by path."""
