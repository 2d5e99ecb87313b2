"""The models that are exported."""

LEVELS = ("graded", "A", "B", "C1")  # the letters are levels of OpenWorm's c302
