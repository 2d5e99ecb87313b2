"""`isochron study energy`: networks between symmetric and antisymmetric, and their energy."""
