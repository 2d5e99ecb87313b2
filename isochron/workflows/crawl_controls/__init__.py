"""Controls of a crawl: rewired connectomes with the same search budget, and no connections.

`settings` are those of the command, `search` computes the runs as sweeps, `summary` tests the
connectome against the rewired ones, and `page` is the report.
"""
