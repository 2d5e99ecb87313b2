"""The body of C. elegans: an overdamped chain of links in a medium. Units: mm, s, µN."""
