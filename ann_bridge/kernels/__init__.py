"""Compiled kernels of the leaky tanh recurrence on a CPU."""
