"""Systems that the analysis accepts: vector fields, maps, and what is derived from them.

`protocols` states what a field and a map are and which of the two a system is; `functions` and
`family` make systems of plain functions; `differences`, `integration`, `flow`, `return_map`,
`extrapolation`, `units` and `scales` are what the searches derive from them.
"""
