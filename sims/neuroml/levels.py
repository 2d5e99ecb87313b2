"""Names of the models that can be exported."""

LEVELS = ("graded", "A", "B", "C1")  # the letters are levels of OpenWorm's c302
