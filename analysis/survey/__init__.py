"""Surveys of attractors.

`samplers` draw initial states, `motion` follows them and `places` tells where they are. Attractors
of any kind: `attractors` (search, results, `aperiodic` sets). Cycles of a forced map:
`entrained_cycles`, from `refinement` by Newton's method, `basins` and their boundaries, `symmetry`,
and `completeness`, the sum of the indices.
"""
