"""What `isochron bench` measures: time of this package next to that of other methods.

`isochron.bench.registry` lists the rows. Each is a function of one module here; it runs in a fresh
process, so that rows do not share threads, memory or compiled code.
"""
