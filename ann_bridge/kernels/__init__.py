"""The leaky recurrence: its gradient in torch, and compiled kernels of tanh units."""
